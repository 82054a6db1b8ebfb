//! Who closes tickets and works hours, and what their hours are measured against.

use super::clocks::Dates;
use super::count::{
    Count, Second,
    Seen::{ByCompany, Inside},
    Work, first, largest, reckoned, sorted,
};
use super::expected::{Expected, Group, Order, count, date, key, mean, number, percent, time, words};
use super::records::Row;
use super::service_desk::closed;
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeZone as _, Utc, Weekday};
use std::collections::BTreeMap;
use taskgauge_model::settings::UtilizationBasis;

pub const SECOND: &[Second] = &[
    ("closed_leaderboard", ByCompany, |c| closed_by_member(c, "wtd")),
    ("closed_leaderboard_today", ByCompany, |c| closed_by_member(c, "today")),
    ("hours_leaderboard", ByCompany, hours_by_member),
    ("hours_today", Inside, hours_today),
    ("hours_period", ByCompany, |c| in_period(c, "wtd", |c, dates| Some(c.hours(dates, |_| true)))),
    ("utilization", Inside, |c| {
        in_period(c, "mtd", |c, dates| {
            percent(c.hours(dates, |work| is_utilized(c, work)), known_available_in(c, dates)?)
        })
    }),
    ("billable_utilization", Inside, billable_utilization),
    ("utilization_by_member", Inside, utilization_by_member),
    ("billable_pct", ByCompany, |c| {
        in_period(c, "mtd", |c, dates| {
            percent(c.hours(dates, |work| work.is_billable), c.hours(dates, |_| true))
        })
    }),
    ("realization", ByCompany, |c| {
        in_period(c, "mtd", |c, dates| {
            let billable = c.work().iter().filter(|work| dates.hold(work.date) && work.is_billable);
            let to_bill = billable.map(|work| work.row.sum("hoursToBill")).sum();
            percent(to_bill, c.hours(dates, |work| work.is_billable))
        })
    }),
    ("hours_split", ByCompany, hours_by_class),
    ("hours_by_work_type", ByCompany, hours_by_work_type),
    ("time_entry_lag", ByCompany, |c| in_period(c, "wtd", entered_on_time)),
    ("missing_time", Inside, missing),
    ("member_time_list", ByCompany, entries_of_a_day),
    ("member_closed_list", ByCompany, closed_on_a_day),
    ("member_csat", ByCompany, |c| {
        in_period(c, "last_90d", |c, dates| {
            let answers = c
                .surveys()
                .into_iter()
                .filter(|row| c.within(dates, row.time("completeDate")) && row.int("ticketID").is_some());
            mean(answers.filter_map(|row| row.num("surveyRating")))
        })
    }),
];

fn in_period(c: &Count<'_>, range: &str, number: fn(&Count<'_>, Dates) -> Option<f64>) -> Expected {
    let dates = c.dates(range);
    Expected::compared(number(c, dates), number(c, dates.before()))
}

fn closed_by(row: &Row) -> Option<i64> {
    row.int("completedByResourceID").or(row.int("assignedResourceID"))
}

fn closed_by_member(c: &Count<'_>, range: &str) -> Expected {
    let rows = closed(c, c.dates(range));
    let total = count(rows.len());
    let groups = Count::by(rows, |row| (key(closed_by(row)), c.member(closed_by(row))));
    let groups = largest(reckoned(&groups, |rows| vec![("closed", count(rows.len()))]), 20);
    Expected::groups(total, Order::Falling, groups)
}

/// Hours for clients; only those that are billable, where the settings say so.
fn is_utilized(c: &Count<'_>, work: &Work<'_>) -> bool {
    work.is_client && (work.is_billable || c.settings.utilization_basis == UtilizationBasis::Client)
}

/// The time entries of a range.
pub fn entries<'a>(c: &Count<'a>, range: &str) -> Vec<Work<'a>> {
    let dates = c.dates(range);
    c.work().iter().copied().filter(|work| dates.hold(work.date)).collect()
}

pub fn sum(work: &[Work<'_>]) -> f64 {
    work.iter().map(|work| work.hours).sum()
}

fn hours_by_member(c: &Count<'_>) -> Expected {
    let entries = entries(c, "wtd");
    let total = sum(&entries);
    let groups = Count::by(entries, |work| {
        let member = work.row.int("resourceID");
        (key(member), c.member(member))
    });
    let groups = largest(reckoned(&groups, |entries| vec![("hours", Some(sum(entries)))]), 20);
    Expected::groups(Some(total), Order::Falling, groups)
}

/// A member on a date.
pub struct MemberDay<'a> {
    pub member: &'a Row,
    pub date: NaiveDate,
    pub available: f64,
    /// The part of the available hours that should be billable, where the member has a goal.
    pub goal: Option<f64>,
}

/// Everybody who works: active, no system account and no account of an interface.
fn members<'a>(c: &Count<'a>) -> impl Iterator<Item = &'a Row> {
    let records = c.records;
    records.all("Resources").iter().filter(|row| {
        let is_interface = |field| records.holds_word("Resources", field, row.int(field), &["api"]);
        row.is("isActive") && row.id() != 4 && !is_interface("licenseType") && !is_interface("userType")
    })
}

/// What each member has available on each date.
pub fn member_days<'a>(c: &Count<'a>, dates: Dates) -> Vec<MemberDay<'a>> {
    members(c).flat_map(|member| dates.each().map(move |date| member_day(c, member, date))).collect()
}

fn member_day<'a>(c: &Count<'_>, member: &'a Row, date: NaiveDate) -> MemberDay<'a> {
    let id = Some(member.id());
    let calendar =
        c.records.all("ResourceDailyAvailabilities").iter().find(|row| row.int("resourceID") == id);
    let usual = c.settings.default_daily_hours;
    let of_weekday = |weekday: Weekday| {
        let (field, usual) = match weekday {
            Weekday::Mon => ("mondayAvailableHours", usual),
            Weekday::Tue => ("tuesdayAvailableHours", usual),
            Weekday::Wed => ("wednesdayAvailableHours", usual),
            Weekday::Thu => ("thursdayAvailableHours", usual),
            Weekday::Fri => ("fridayAvailableHours", usual),
            Weekday::Sat => ("saturdayAvailableHours", 0.0),
            Weekday::Sun => ("sundayAvailableHours", 0.0),
        };
        calendar.and_then(|row| row.num(field)).unwrap_or(usual)
    };
    let place = c.records.get("InternalLocations", member.int("locationID"));
    let set = place.and_then(|row| row.int("holidaySetId"));
    let is_holiday =
        c.records.all("Holidays").iter().any(|row| {
            row.int("holidaySetID") == set && set.is_some() && row.date("holidayDate") == Some(date)
        });
    let off: f64 = c
        .records
        .all("TimeOffRequests")
        .iter()
        .filter(|row| {
            row.int("resourceID") == id
                && row.date("requestDate") == Some(date)
                && row.time("approvedDateTime").is_some()
        })
        .map(|row| row.sum("hours"))
        .sum();
    let is_hired = member.date("hireDate").is_none_or(|hired| hired <= date);
    let available = if is_holiday || !is_hired { 0.0 } else { (of_weekday(date.weekday()) - off).max(0.0) };
    let week: f64 = (0..7).map(|day| of_weekday(Weekday::try_from(day).unwrap())).sum();
    let weekly_goal = calendar.and_then(|row| row.num("weeklyBillableHoursGoal"));
    let goal = weekly_goal.filter(|_| week > 0.0).map(|goal| goal / week * available);
    MemberDay { member, date, available, goal }
}

fn available_in(c: &Count<'_>, dates: Dates) -> f64 {
    member_days(c, dates).iter().map(|day| day.available).sum()
}

/// What members had available is known for 400 dates, today included.
fn known_available_in(c: &Count<'_>, dates: Dates) -> Option<f64> {
    (dates.0 > c.today - Days::new(400)).then(|| available_in(c, dates))
}

fn hours_today(c: &Count<'_>) -> Expected {
    let today = c.dates("today");
    Expected::value(Some(c.hours(today, |_| true))).target(Some(available_in(c, today)))
}

fn billable_utilization(c: &Count<'_>) -> Expected {
    let share = |c: &Count<'_>, dates: Dates| {
        percent(c.hours(dates, |work| work.is_billable && work.is_client), known_available_in(c, dates)?)
    };
    let dates = c.dates("mtd");
    let days = member_days(c, dates);
    let goal: f64 = days.iter().filter_map(|day| day.goal).sum();
    let available: f64 = days.iter().filter(|day| day.goal.is_some()).map(|day| day.available).sum();
    Expected::compared(share(c, dates), share(c, dates.before())).target(percent(goal, available))
}

fn utilization_by_member(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_week");
    let days =
        Count::by(member_days(c, dates), |day| (key(Some(day.member.id())), Some(day.member.person())));
    let mut all = (0.0, 0.0);
    let mut groups = Vec::new();
    for (member, (label, days)) in days {
        let available: f64 = days.iter().map(|day| day.available).sum();
        let hours = c.hours(dates, |work| is_utilized(c, work) && key(work.row.int("resourceID")) == member);
        if available > 0.0 {
            all = (all.0 + hours, all.1 + available);
        }
        groups.push(Group { key: member, label, numbers: vec![("share", percent(hours, available))] });
    }
    Expected::groups(percent(all.0, all.1), Order::Falling, first(groups, Order::Falling, 20))
}

/// Billable for a client, not billable for a client, or neither.
fn class(work: &Work<'_>) -> &'static str {
    match (work.is_client, work.is_billable) {
        (false, _) => "Internal",
        (true, true) => "Billable",
        (true, false) => "Non-billable",
    }
}

fn hours_by_class(c: &Count<'_>) -> Expected {
    let entries = entries(c, "last_90d");
    let mut cells = BTreeMap::new();
    for work in &entries {
        let week = c.moment.week_of(work.date.unwrap()).to_string();
        *cells.entry((week, class(work).to_owned())).or_insert(0.0) += work.hours;
    }
    Expected::cells(Some(sum(&entries)), cells)
}

fn hours_by_work_type(c: &Count<'_>) -> Expected {
    let entries = entries(c, "mtd");
    let total = sum(&entries);
    let groups = Count::by(entries, |work| {
        let code = work.row.int("billingCodeID").or(work.row.int("internalBillingCodeID"));
        let name = c.records.get("BillingCodes", code).and_then(|row| row.text("name"));
        (key(code), name.map(str::to_owned))
    });
    let groups = largest(reckoned(&groups, |entries| vec![("hours", Some(sum(entries)))]), 15);
    Expected::groups(Some(total), Order::Falling, groups)
}

/// Hours from the end of the work, else of its date, to the entry.
fn lag(c: &Count<'_>, work: &Work<'_>) -> Option<f64> {
    let end_of_day = || -> DateTime<Utc> {
        let midnight = (work.date.unwrap() + Days::new(1)).and_hms_opt(0, 0, 0).unwrap();
        c.moment.zone.from_local_datetime(&midnight).earliest().unwrap().to_utc()
    };
    let done = work.row.time("endDateTime").unwrap_or_else(end_of_day);
    Some((work.row.time("createDateTime")? - done).num_seconds() as f64 / 3600.0)
}

fn entered_on_time(c: &Count<'_>, dates: Dates) -> Option<f64> {
    let entries: Vec<&Work<'_>> = c.work().iter().filter(|work| dates.hold(work.date)).collect();
    let prompt = entries.iter().filter(|work| lag(c, work).is_some_and(|hours| hours <= 24.0));
    percent(prompt.count() as f64, entries.len() as f64)
}

fn missing(c: &Count<'_>) -> Expected {
    let mut worked: BTreeMap<(Option<i64>, Option<NaiveDate>), f64> = BTreeMap::new();
    for work in c.work() {
        *worked.entry((work.row.int("resourceID"), work.date)).or_insert(0.0) += work.hours;
    }
    let mut members: BTreeMap<i64, (String, f64)> = BTreeMap::new();
    for day in member_days(c, c.dates("wtd")) {
        let worked = worked.get(&(Some(day.member.id()), Some(day.date))).copied().unwrap_or(0.0);
        let missing = (day.available - worked).max(0.0);
        if day.date < c.today && missing > 0.0 {
            let name = day.member.person();
            members.entry(day.member.id()).or_insert((name, 0.0)).1 += missing;
        }
    }
    let all: f64 = members.values().map(|(_, hours)| hours).sum();
    let groups = members.into_iter().map(|(id, (label, hours))| Group {
        key: id.to_string(),
        label,
        numbers: vec![("missing", Some(hours))],
    });
    let groups: Vec<Group> = groups.collect();
    let value = (!groups.is_empty()).then_some(all);
    Expected::groups(value, Order::Falling, groups)
}

fn entries_of_a_day(c: &Count<'_>) -> Expected {
    let entries = entries(c, "last_1d");
    let mut rows: Vec<&Row> = entries.iter().map(|work| work.row).collect();
    sorted(&mut rows, true, |row| row.time("startDateTime"));
    let rows = rows.into_iter().map(|row| {
        let work = entries.iter().find(|work| work.row.id() == row.id()).unwrap();
        vec![
            ("date_worked", date(work.date)),
            ("resource", words(c.member(row.int("resourceID")))),
            ("company", words(c.company(work.company))),
            (
                "work",
                words(
                    work.ticket
                        .or_else(|| c.records.get("Tasks", row.int("taskID")))
                        .and_then(|of| of.text("title")),
                ),
            ),
            ("hours_worked", number(row.num("hoursWorked"))),
            ("hours_to_bill", number(row.num("hoursToBill"))),
            ("summary_notes", words(row.text("summaryNotes"))),
        ]
    });
    Expected::rows(rows.collect(), 100)
}

fn closed_on_a_day(c: &Count<'_>) -> Expected {
    let mut rows = closed(c, c.dates("last_1d"));
    sorted(&mut rows, true, |row| row.time("completedDate"));
    let rows = rows.into_iter().map(|row| {
        let of_ticket = |entry: &&Row| entry.int("ticketID") == Some(row.id());
        let worked: f64 =
            c.records.all("TimeEntries").iter().filter(of_ticket).map(|entry| entry.sum("hoursWorked")).sum();
        vec![
            ("ticket_number", words(row.text("ticketNumber"))),
            ("title", words(row.text("title"))),
            ("company", words(c.company(row.int("companyID")))),
            ("closed_by_resource", words(c.member(closed_by(row)))),
            ("completed_date", time(row.time("completedDate"))),
            ("hours_worked", number(Some(worked))),
        ]
    });
    Expected::rows(rows.collect(), 100)
}
