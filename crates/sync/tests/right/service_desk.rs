//! Tickets that come in and go out, and the backlog as it stands.

use super::clocks::Dates;
use super::count::{COMPLETE, Count, Second, Seen::ByCompany, Ticket, hours, largest, reckoned, sorted};
use super::expected::{
    Expected, Group, Numbers, Order, Shown, count, key, mean, number, percent, time, words,
};
use super::records::Row;
use chrono::{Datelike, NaiveDate, Timelike, Weekday};
use std::collections::BTreeMap;

pub const SECOND: &[Second] = &[
    ("tickets_opened_today", ByCompany, |c| in_period(c, "today", opened)),
    ("tickets_closed_today", ByCompany, |c| in_period(c, "today", closed)),
    ("kill_rate_today", ByCompany, |c| kill_rate_of(c, "today")),
    ("kill_rate_mtd", ByCompany, |c| kill_rate_of(c, "mtd")),
    ("kill_rate_by_day", ByCompany, kill_rate_by_day),
    ("opened_vs_closed_by_day", ByCompany, opened_and_closed_by_day),
    ("opened_vs_closed_by_month", ByCompany, opened_and_closed_by_month),
    ("tickets_opened_period", ByCompany, |c| in_period(c, "last_month", opened)),
    ("tickets_closed_period", ByCompany, |c| in_period(c, "last_month", closed)),
    ("tickets_by_source", ByCompany, |c| new_by_list(c, "source", "No source")),
    ("tickets_by_issue", ByCompany, by_issue),
    ("tickets_by_type", ByCompany, |c| new_by_list(c, "ticketType", "No type")),
    ("arrivals_heat", ByCompany, arrivals),
    ("top_requesters", ByCompany, requesters),
    ("reopened_tickets", ByCompany, reopened),
    ("open_tickets", ByCompany, |c| Expected::value(count(open(c).len()))),
    ("new_unassigned", ByCompany, new_or_unassigned),
    ("open_by_status", ByCompany, |c| open_by_list(c, "status", Order::Falling)),
    ("open_by_priority", ByCompany, |c| open_by_list(c, "priority", Order::Given)),
    ("open_by_queue", ByCompany, |c| open_by_list(c, "queueID", Order::Falling)),
    ("open_by_resource", ByCompany, open_by_member),
    ("open_by_client", ByCompany, open_by_client),
    ("stale_tickets", ByCompany, |c| Expected::value(count(stale(c).len()))),
    ("stale_list", ByCompany, stale_list),
    ("overdue_tickets", ByCompany, |c| {
        count_open(c, |row| row.time("dueDateTime").is_some_and(|due| due < c.at))
    }),
    ("due_today", ByCompany, |c| count_open(c, |row| c.within(c.dates("today"), row.time("dueDateTime")))),
    ("waiting_tickets", ByCompany, |c| count_open(c, |row| is_waiting(c, row))),
    ("backlog_age", ByCompany, by_age),
    ("avg_open_age", ByCompany, mean_age),
    ("oldest_open", ByCompany, oldest),
    ("backlog_trend", ByCompany, trend),
    ("my_open_list", ByCompany, my_open),
];

pub fn is_closed(row: &Row) -> bool {
    row.int("status") == COMPLETE
}

pub fn open<'a>(c: &Count<'a>) -> Vec<&'a Row> {
    c.tickets().iter().copied().filter(|row| !is_closed(row)).collect()
}

fn count_open(c: &Count<'_>, meant: impl Fn(&Row) -> bool) -> Expected {
    Expected::value(count(open(c).into_iter().filter(|row| meant(row)).count()))
}

pub fn opened<'a>(c: &Count<'a>, dates: Dates) -> Vec<&'a Row> {
    c.dated_tickets().iter().filter(|ticket| dates.hold(ticket.opened)).map(|ticket| ticket.row).collect()
}

pub fn closed<'a>(c: &Count<'a>, dates: Dates) -> Vec<&'a Row> {
    c.dated_tickets().iter().filter(|ticket| dates.hold(ticket.closed)).map(|ticket| ticket.row).collect()
}

pub fn is_waiting(c: &Count<'_>, row: &Row) -> bool {
    c.holds_one_of(&c.settings.waiting_statuses, "Tickets", "status", row.int("status"))
}

fn in_period<'a>(c: &Count<'a>, range: &str, rows: fn(&Count<'a>, Dates) -> Vec<&'a Row>) -> Expected {
    let dates = c.dates(range);
    Expected::compared(count(rows(c, dates).len()), count(rows(c, dates.before()).len()))
}

fn kill_rate(c: &Count<'_>, dates: Dates) -> Option<f64> {
    percent(closed(c, dates).len() as f64, opened(c, dates).len() as f64)
}

fn kill_rate_of(c: &Count<'_>, range: &str) -> Expected {
    let dates = c.dates(range);
    Expected::compared(kill_rate(c, dates), kill_rate(c, dates.before()))
}

fn each_day(dates: Dates, numbers: impl Fn(Dates) -> Numbers) -> Vec<Group> {
    dates
        .each()
        .map(|day| Group { key: day.to_string(), label: String::new(), numbers: numbers(Dates(day, day)) })
        .collect()
}

fn kill_rate_by_day(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_14d");
    let workdays: Vec<NaiveDate> =
        dates.each().filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)).collect();
    let of_all = |rows: fn(&Count<'_>, Dates) -> usize| -> f64 {
        workdays.iter().map(|day| rows(c, Dates(*day, *day)) as f64).sum()
    };
    let whole = percent(of_all(|c, day| closed(c, day).len()), of_all(|c, day| opened(c, day).len()));
    let mut groups = each_day(dates, |day| vec![("kill_rate", kill_rate(c, day))]);
    groups.retain(|group| workdays.iter().any(|day| day.to_string() == group.key));
    Expected::groups(whole, Order::Given, groups)
}

fn opened_and_closed_by_day(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_14d");
    let groups = each_day(dates, |day| {
        vec![("opened", count(opened(c, day).len())), ("closed", count(closed(c, day).len()))]
    });
    Expected::groups(count(opened(c, dates).len()), Order::Given, groups)
}

/// The dates of a month that are within a range.
pub fn of_month(dates: Dates, month: NaiveDate) -> Dates {
    let last = (month + chrono::Months::new(1)).pred_opt().unwrap();
    Dates(month.max(dates.0), last.min(dates.1))
}

fn opened_and_closed_by_month(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_12m");
    let groups = dates.months().into_iter().map(|month| {
        let month_dates = of_month(dates, month);
        let (opened, closed) = (opened(c, month_dates).len(), closed(c, month_dates).len());
        Group {
            key: month.to_string(),
            label: String::new(),
            numbers: vec![
                ("opened", count(opened)),
                ("closed", count(closed)),
                ("net", Some(opened as f64 - closed as f64)),
            ],
        }
    });
    let groups = groups.collect();
    Expected::groups(count(opened(c, dates).len()), Order::Given, groups)
}

/// The key and label of a value of a list of tickets.
pub fn listed(c: &Count<'_>, row: &Row, field: &str, none: &str) -> (String, Option<String>) {
    let value = row.int(field);
    let label = if value.is_none() { Some(none) } else { c.records.label("Tickets", field, value) };
    (key(value), label.map(str::to_owned))
}

fn new_by_list(c: &Count<'_>, field: &str, none: &str) -> Expected {
    let rows = opened(c, c.dates("last_30d"));
    let total = count(rows.len());
    let groups = Count::by(rows, |row| listed(c, row, field, none));
    Expected::groups(total, Order::Falling, reckoned(&groups, |rows| vec![("opened", count(rows.len()))]))
}

fn by_issue(c: &Count<'_>) -> Expected {
    let rows = opened(c, c.dates("last_30d"));
    let total = count(rows.len());
    let groups = Count::by(rows, |row| {
        let parts: Vec<&str> = ["issueType", "subIssueType"]
            .iter()
            .filter_map(|field| c.records.label("Tickets", field, row.int(field)))
            .collect();
        let label = parts.join(" / ");
        (label.clone(), Some(if label.is_empty() { "No issue type".to_owned() } else { label }))
    });
    let groups = largest(reckoned(&groups, |rows| vec![("opened", count(rows.len()))]), 10);
    Expected::groups(total, Order::Falling, groups)
}

fn arrivals(c: &Count<'_>) -> Expected {
    let rows = opened(c, c.dates("last_90d"));
    let mut cells = BTreeMap::new();
    for row in &rows {
        let local = row.time("createDate").unwrap().with_timezone(&c.moment.zone);
        let place = (local.weekday().number_from_monday().to_string(), local.hour().to_string());
        *cells.entry(place).or_insert(0.0) += 1.0;
    }
    Expected::cells(count(rows.len()), cells)
}

fn requesters(c: &Count<'_>) -> Expected {
    let rows = opened(c, c.dates("last_30d"));
    let total = count(rows.len());
    let groups = Count::by(rows, |row| {
        let contact = row.int("contactID");
        let name = if contact.is_none() {
            Some("No contact".to_owned())
        } else {
            c.records.person("Contacts", contact)
        };
        (key(contact), name)
    });
    let groups = largest(reckoned(&groups, |rows| vec![("opened", count(rows.len()))]), 10);
    Expected::groups(total, Order::Falling, groups)
}

fn reopened(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_30d");
    let seen = c.tickets().iter().filter(|row| {
        let at = c.records.reopened.iter().filter(|(id, _)| *id == row.id()).map(|(_, at)| *at).max();
        c.within(dates, at)
    });
    Expected::value(percent(seen.count() as f64, closed(c, dates).len() as f64))
}

fn new_or_unassigned(c: &Count<'_>) -> Expected {
    count_open(c, |row| {
        c.records.is_labelled("Tickets", "status", row.int("status"), &["new"])
            || row.int("assignedResourceID").is_none()
    })
}

fn open_by_list(c: &Count<'_>, field: &str, order: Order) -> Expected {
    let rows = open(c);
    let total = count(rows.len());
    let groups = Count::by(rows, |row| (listed(c, row, field, "").0, listed(c, row, field, "").1));
    let mut groups = reckoned(&groups, |rows| vec![("open", count(rows.len()))]);
    c.by_place(&mut groups, "Tickets", field);
    Expected::groups(total, order, groups)
}

fn open_by_member(c: &Count<'_>) -> Expected {
    let rows = open(c);
    let total = count(rows.len());
    let groups = Count::by(rows, |row| {
        let member = row.int("assignedResourceID");
        let name = if member.is_none() { Some("Unassigned".to_owned()) } else { c.member(member) };
        (key(member), name)
    });
    Expected::groups(total, Order::Falling, reckoned(&groups, |rows| vec![("open", count(rows.len()))]))
}

fn open_by_client(c: &Count<'_>) -> Expected {
    let rows: Vec<&Row> = open(c).into_iter().filter(|row| row.int("companyID") != Some(0)).collect();
    let total = count(rows.len());
    let groups = Count::by(rows, |row| (key(row.int("companyID")), c.company(row.int("companyID"))));
    let groups = largest(reckoned(&groups, |rows| vec![("open", count(rows.len()))]), 15);
    Expected::groups(total, Order::Falling, groups)
}

/// Hours since anything happened on a ticket.
pub fn idle(c: &Count<'_>, row: &Row) -> Option<f64> {
    let last = row.time("lastActivityDate").max(row.time("lastTrackedModificationDateTime"));
    hours(last, Some(c.at))
}

fn stale<'a>(c: &Count<'a>) -> Vec<&'a Row> {
    let is_stale = |row: &&Row| {
        !is_waiting(c, row)
            && idle(c, row).is_some_and(|hours| hours > 24.0 * f64::from(c.settings.stale_days))
    };
    open(c).into_iter().filter(is_stale).collect()
}

/// What a list of tickets shows of each.
pub fn shown(c: &Count<'_>, row: &Row) -> Shown {
    vec![
        ("ticket_number", words(row.text("ticketNumber"))),
        ("title", words(row.text("title"))),
        ("company", words(c.company(row.int("companyID")))),
        ("priority", words(c.records.label("Tickets", "priority", row.int("priority")))),
        ("status", words(c.records.label("Tickets", "status", row.int("status")))),
        ("assigned_resource", words(c.member(row.int("assignedResourceID")))),
    ]
}

/// Those of the columns that a list has.
pub fn only(mut row: Shown, columns: &[&str]) -> Shown {
    row.retain(|(name, _)| columns.contains(name));
    assert_eq!(row.len(), columns.len(), "{columns:?}");
    row
}

fn stale_list(c: &Count<'_>) -> Expected {
    let mut rows = stale(c);
    sorted(&mut rows, true, |row| idle(c, row).map(|hours| (hours * 1e4).round()));
    let rows = rows.into_iter().map(|row| {
        let mut shown = shown(c, row);
        shown.push(("idle_hours", number(idle(c, row))));
        shown
    });
    Expected::rows(rows.collect(), 50)
}

fn by_age(c: &Count<'_>) -> Expected {
    let rows = open(c);
    let total = count(rows.len());
    let bands = [0.0, 1.0, 3.0, 7.0, 14.0, 30.0];
    let band = |row: &Row| {
        let days = hours(row.time("createDate"), Some(c.at))? / 24.0;
        Some(bands.iter().filter(|from| **from <= days).count())
    };
    let mut groups: Vec<Group> = (1..=bands.len())
        .map(|nth| {
            let rows = rows.iter().filter(|row| band(row) == Some(nth)).count();
            Group { key: nth.to_string(), label: String::new(), numbers: vec![("open", count(rows))] }
        })
        .collect();
    // What was created after the moment has no age.
    let later = rows.iter().filter(|row| band(row).is_none()).count();
    if later > 0 {
        groups.push(Group {
            key: String::new(),
            label: String::new(),
            numbers: vec![("open", count(later))],
        });
    }
    Expected::groups(total, Order::Given, groups)
}

fn mean_age(c: &Count<'_>) -> Expected {
    let ages = open(c).into_iter().filter_map(|row| hours(row.time("createDate"), Some(c.at)));
    Expected::value(mean(ages).map(|hours| hours / 24.0))
}

fn oldest(c: &Count<'_>) -> Expected {
    let mut rows = open(c);
    sorted(&mut rows, false, |row| row.time("createDate"));
    let rows = rows.into_iter().map(|row| {
        let mut shown =
            only(shown(c, row), &["ticket_number", "title", "company", "status", "assigned_resource"]);
        shown.push(("create_date", time(row.time("createDate"))));
        shown.push(("age_days", number(hours(row.time("createDate"), Some(c.at)).map(|hours| hours / 24.0))));
        shown
    });
    Expected::rows(rows.collect(), 10)
}

/// Open at the end of a day: created by then and not completed by then; today as it stands.
fn trend(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_90d");
    let open = |day: NaiveDate| {
        let is_open = |ticket: &&Ticket<'_>| {
            let is_done = ticket.closed.is_some_and(|closed| closed.min(c.today) <= day);
            ticket.opened.unwrap() <= day && !is_done
        };
        count(c.dated_tickets().iter().filter(is_open).count())
    };
    let groups = each_day(dates, |day| vec![("open", open(day.0))]);
    Expected::groups(open(dates.1), Order::Given, groups)
}

fn my_open(c: &Count<'_>) -> Expected {
    let mut rows = open(c);
    let place = |row: &Row| c.records.place("Tickets", "priority", row.int("priority")?);
    sorted(&mut rows, false, |row| row.time("dueDateTime"));
    rows.sort_by(|one, other| match (place(one), place(other)) {
        (Some(one), Some(other)) => one.partial_cmp(&other).unwrap(),
        (one, other) => one.is_none().cmp(&other.is_none()),
    });
    let rows = rows.into_iter().map(|row| {
        let mut shown = only(shown(c, row), &["ticket_number", "title", "company", "status", "priority"]);
        shown.push(("due_date_time", time(row.time("dueDateTime"))));
        shown.push(("last_activity_date", time(row.time("lastActivityDate"))));
        shown
    });
    Expected::rows(rows.collect(), 100)
}
