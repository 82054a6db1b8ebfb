//! Who goes where, and whether the numbers can be trusted.

use super::clocks::{Dates, READ_AT};
use super::count::{
    Count, Second,
    Seen::{ByCompany, Inside},
    reckoned, sorted,
};
use super::expected::{Expected, Order, Shown, count, number, percent, time, words};
use super::people::member_days;
use super::records::Row;
use super::service_desk::{idle, only, open, shown};
use super::tenant::LIMIT;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use taskgauge_model::entity::{Entity, Kind, Refresh, Rule};

pub const SECOND: &[Second] = &[
    ("calls_today", ByCompany, |c| {
        let today = c.dates("today");
        calls_list(c, |call| !is_canceled(call) && c.within(today, call.time("startDateTime")))
    }),
    ("calls_upcoming", ByCompany, |c| {
        let week = c.dates("next_7d");
        calls_list(c, |call| {
            !is_canceled(call) && !call.is("isComplete") && c.within(week, call.time("startDateTime"))
        })
    }),
    ("calls_overdue", ByCompany, overdue),
    ("calls_completed", ByCompany, completed),
    ("calls_load", Inside, load),
    ("waiting_no_call", ByCompany, unscheduled),
    ("data_freshness", Inside, freshness),
    ("api_budget", Inside, budget),
    ("count_reconciliation", Inside, reconciliation),
    ("permission_gaps", Inside, permissions),
    ("data_quality_exceptions", ByCompany, exceptions),
];

fn is_canceled(call: &Row) -> bool {
    call.time("canceledDateTime").is_some()
}

/// A ticket or task on a service call; a call without either stands by itself.
struct Stop<'a> {
    call: &'a Row,
    /// The ticket or task.
    work: Option<&'a Row>,
    members: Vec<i64>,
    /// As a list is ordered: tasks before tickets, the later first.
    place: i64,
}

fn stops<'a>(c: &Count<'a>) -> Vec<Stop<'a>> {
    stops_of(c, c.of("ServiceCalls"))
}

fn stops_of<'a>(c: &Count<'a>, calls: impl IntoIterator<Item = &'a Row>) -> Vec<Stop<'a>> {
    let records = c.records;
    let members = |entity: &str, field: &str, line: &Row| -> Vec<i64> {
        let of_line = |row: &&Row| row.int(field) == Some(line.id());
        records.all(entity).iter().filter(of_line).filter_map(|row| row.int("resourceID")).collect()
    };
    let mut stops = Vec::new();
    for call in calls {
        let of_call = |row: &&Row| row.int("serviceCallID") == Some(call.id());
        let before = stops.len();
        for line in records.all("ServiceCallTickets").iter().filter(of_call) {
            stops.push(Stop {
                call,
                work: records.get("Tickets", line.int("ticketID")),
                members: members("ServiceCallTicketResources", "serviceCallTicketID", line),
                place: line.id(),
            });
        }
        for line in records.all("ServiceCallTasks").iter().filter(of_call) {
            stops.push(Stop {
                call,
                work: records.get("Tasks", line.int("taskID")),
                members: members("ServiceCallTaskResources", "serviceCallTaskID", line),
                place: -line.id(),
            });
        }
        if stops.len() == before {
            stops.push(Stop { call, work: None, members: Vec::new(), place: i64::MAX });
        }
    }
    stops
}

fn stop_shown(c: &Count<'_>, stop: &Stop<'_>) -> Shown {
    let names: Vec<String> = stop.members.iter().filter_map(|id| c.member(Some(*id))).collect();
    let names = names.join(", ");
    let status = c.records.label("ServiceCalls", "status", stop.call.int("status"));
    let number = stop
        .work
        .and_then(|work| if stop.place < 0 { work.text("taskNumber") } else { work.text("ticketNumber") });
    vec![
        ("end_date_time", time(stop.call.time("endDateTime"))),
        ("company", words(c.company(stop.call.int("companyID")))),
        ("number", words(number)),
        ("title", words(stop.work.and_then(|work| work.text("title")))),
        ("resources", words((!names.is_empty()).then_some(names))),
        ("status", words(status)),
    ]
}

fn calls_list(c: &Count<'_>, meant: impl Fn(&Row) -> bool) -> Expected {
    let mut stops = stops(c);
    stops.retain(|stop| meant(stop.call));
    stops.sort_by_key(|stop| (stop.call.time("startDateTime"), stop.place));
    let rows = stops.iter().map(|stop| {
        let mut shown = stop_shown(c, stop);
        shown.push(("start_date_time", time(stop.call.time("startDateTime"))));
        shown
    });
    Expected::rows(rows.collect(), 100)
}

/// Each call once, with its first ticket, else its first task.
fn once<'a>(c: &Count<'a>) -> Vec<Stop<'a>> {
    let mut stops = stops(c);
    stops.sort_by_key(|stop| (stop.call.id(), stop.place < 0, stop.place.abs()));
    stops.dedup_by_key(|stop| stop.call.id());
    stops
}

fn overdue(c: &Count<'_>) -> Expected {
    let mut stops = once(c);
    stops.retain(|stop| {
        !stop.call.is("isComplete")
            && !is_canceled(stop.call)
            && stop.call.time("endDateTime").is_some_and(|end| end < c.at)
    });
    stops.sort_by_key(|stop| (stop.call.time("endDateTime"), stop.place));
    Expected::rows(stops.iter().map(|stop| stop_shown(c, stop)).collect(), 100)
}

fn completed(c: &Count<'_>) -> Expected {
    let of = |dates: Dates| {
        let ended = |call: &&Row| !is_canceled(call) && c.within(dates, call.time("endDateTime"));
        let calls: Vec<&Row> = c.of("ServiceCalls").into_iter().filter(ended).collect();
        (calls.iter().filter(|call| call.is("isComplete")).count(), calls.len())
    };
    let dates = c.dates("last_week");
    let ((done, all), (done_before, all_before)) = (of(dates), of(dates.before()));
    Expected::compared(percent(done as f64, all as f64), percent(done_before as f64, all_before as f64))
        .figure("completed", count(done))
}

fn load(c: &Count<'_>) -> Expected {
    let dates = c.dates("next_7d");
    let mut scheduled: BTreeMap<(String, String), f64> = BTreeMap::new();
    let mut known: BTreeSet<(i64, i64)> = BTreeSet::new();
    for stop in stops(c) {
        let Some(day) = c.date(stop.call.time("startDateTime")).filter(|day| dates.hold(Some(*day))) else {
            continue;
        };
        for member in stop.members.iter().filter(|_| !is_canceled(stop.call)) {
            if known.insert((stop.call.id(), *member)) {
                let place = (member.to_string(), day.to_string());
                *scheduled.entry(place).or_insert(0.0) += stop.call.sum("duration");
            }
        }
    }
    let days = member_days(c, dates);
    let available: f64 = days.iter().map(|day| day.available).sum();
    let total: f64 = scheduled.values().sum();
    let shares = days
        .iter()
        .filter_map(|day| {
            let place = (day.member.id().to_string(), day.date.to_string());
            let hours = scheduled.get(&place)?;
            Some((place.clone(), percent(*hours, day.available)?))
        })
        .collect();
    Expected::cells(percent(total, available), shares)
}

fn unscheduled(c: &Count<'_>) -> Expected {
    let is_ahead = |stop: &&Stop<'_>| {
        let until = stop.call.time("endDateTime").or(stop.call.time("startDateTime"));
        stop.place >= 0
            && !is_canceled(stop.call)
            && !stop.call.is("isComplete")
            && until.is_some_and(|until| until >= c.at)
    };
    // The call may be for another company than the ticket.
    let stops = stops_of(c, c.records.all("ServiceCalls"));
    let scheduled: BTreeSet<i64> =
        stops.iter().filter(is_ahead).filter_map(|stop| Some(stop.work?.id())).collect();
    let mut rows = open(c);
    rows.retain(|row| {
        c.records.holds_word("Tickets", "status", row.int("status"), &["scheduled"])
            && !scheduled.contains(&row.id())
    });
    sorted(&mut rows, true, |row| idle(c, row).map(|hours| (hours * 1e4).round()));
    let columns = ["ticket_number", "title", "company", "status", "priority", "assigned_resource"];
    let rows = rows.into_iter().map(|row| {
        let mut shown = only(shown(c, row), &columns);
        shown.push(("idle_hours", number(idle(c, row))));
        shown
    });
    Expected::rows(rows.collect(), 50)
}

fn read_at() -> DateTime<Utc> {
    READ_AT.parse().unwrap()
}

/// Everything was read by the last run; before it, nothing is old.
fn freshness(c: &Count<'_>) -> Expected {
    let age = ((c.at - read_at()).num_seconds() as f64 / 3600.0).max(0.0);
    let rows = Entity::all().into_iter().map(|entity| {
        let schedule = match entity.refresh {
            Refresh::Sweep { hours } => f64::from(hours),
            // With every sync: syncs are ten minutes apart, or as often as is set where that is rarer.
            _ => 10.0 / 60.0,
        };
        let state = match age / schedule {
            ..=2.0 => "Green",
            ..=4.0 => "Amber",
            _ => "Red",
        };
        vec![
            ("state", words(Some(state))),
            ("records", words(Some(entity.label))),
            ("age_hours", number(Some(age))),
            ("schedule_hours", number(Some(schedule))),
            ("read_at", time(Some(read_at()))),
            ("rows_kept", number(count(c.records.all(entity.name).len()))),
        ]
    });
    Expected::alike(rows.collect())
}

fn budget(c: &Count<'_>) -> Expected {
    let is_known = read_at() > c.at - TimeDelta::minutes(60);
    let (used, allowed) = LIMIT;
    let own = if read_at() <= c.at { c.records.requests as f64 } else { 0.0 };
    let share = |requests: f64| percent(requests, allowed as f64).filter(|_| is_known);
    Expected::value(share(used as f64)).figure("own", share(own))
}

fn holds(rule: &Rule, row: &Row, now: DateTime<Utc>) -> bool {
    match rule {
        Rule::All => true,
        Rule::Eq(field, value) => row.int(field) == Some(*value),
        Rule::NotEq(field, value) => row.int(field) != Some(*value),
        Rule::Since(field, days) => {
            row.time(field).is_some_and(|at| at >= now - TimeDelta::days((*days).into()))
        }
        Rule::Before(field, days) => {
            row.time(field).is_none_or(|at| at < now - TimeDelta::days((*days).into()))
        }
        Rule::Any(rules) => rules.iter().any(|rule| holds(rule, row, now)),
        Rule::Every(rules) => rules.iter().all(|rule| holds(rule, row, now)),
    }
}

fn fields(rule: &Rule) -> Vec<&'static str> {
    match rule {
        Rule::All => Vec::new(),
        Rule::Eq(field, _) | Rule::NotEq(field, _) | Rule::Since(field, _) | Rule::Before(field, _) => {
            vec![field]
        }
        Rule::Any(rules) | Rule::Every(rules) => rules.iter().flat_map(fields).collect(),
    }
}

/// Whole collections, and the windows of those that are loaded in parts, unless a calendar date cuts them.
fn reconciliation(c: &Count<'_>) -> Expected {
    let mut rows = Vec::new();
    for entity in Entity::all() {
        let records = c.records.all(entity.name);
        let mut parts = vec![("all records", records.len())];
        for slice in entity.slices.iter().filter(|_| entity.slices.len() > 1) {
            let is_date = |field: &&str| {
                entity.columns.iter().any(|column| column.field == *field && column.kind == Kind::Date)
            };
            let is_compared =
                matches!(entity.refresh, Refresh::Stamped { .. }) && !fields(&slice.rule).iter().any(is_date);
            if is_compared {
                let held = records.iter().filter(|row| holds(&slice.rule, row, read_at()));
                parts.push((slice.name, held.count()));
            }
        }
        for (part, there) in parts {
            rows.push(vec![
                ("entity", words(Some(entity.name))),
                ("part", words(Some(part))),
                ("rows_there", number(count(there))),
                ("rows_here", number(count(there))),
                ("repaired", number(count(0))),
                ("apart", number(count(0))),
                ("counted_at", time(Some(read_at()))),
            ]);
        }
    }
    Expected::alike(rows)
}

/// The tenant hides nothing: what has rows is readable.
fn permissions(c: &Count<'_>) -> Expected {
    let rows = Entity::all().into_iter().map(|entity| {
        let there = c.records.at_first[entity.name];
        let finding = if there > 0 { "Readable" } else { "Empty" };
        vec![
            ("finding", words(Some(finding))),
            ("records", words(Some(entity.label))),
            ("rows_there", number((there > 0).then_some(there as f64))),
        ]
    });
    Expected::alike(rows.collect())
}

fn exceptions(c: &Count<'_>) -> Expected {
    let mut found: Vec<&str> = Vec::new();
    for row in c.of("Tickets") {
        let created = row.time("createDate");
        let later =
            ["completedDate", "resolvedDateTime", "firstResponseDateTime"].map(|field| row.time(field));
        if row.int("companyID").is_none() {
            found.push("Ticket without company");
        }
        let plan = row.time("resolutionPlanDateTime");
        if later.iter().chain([&plan]).flatten().any(|at| Some(*at) < created) {
            found.push("Negative duration");
        }
        if later.iter().flatten().chain(created.iter()).any(|at| *at > c.at + TimeDelta::hours(1)) {
            found.push("Date in the future");
        }
    }
    for row in c.of("Opportunities") {
        if row
            .time("closedDate")
            .zip(row.time("createDate"))
            .is_some_and(|(closed, created)| closed < created)
        {
            found.push("Negative duration");
        }
    }
    for work in c.work() {
        let row = work.row;
        let is_placed =
            ["ticketID", "taskID", "internalBillingCodeID"].iter().any(|id| row.int(id).is_some());
        if !is_placed {
            found.push("Time without ticket or task");
        }
        let wrong_way = row.time("startDateTime").zip(row.time("endDateTime")).is_some_and(|(a, b)| b < a);
        if work.hours < 0.0 || wrong_way {
            found.push("Negative duration");
        }
        if work.hours > 16.0 {
            found.push("Entry over 16 hours");
        }
        if work.date.is_some_and(|date| date > c.today) {
            found.push("Date in the future");
        }
    }
    let since = c.at.date_naive() - chrono::Days::new(730);
    let of_contract = |row: &Row| {
        c.records.get("Contracts", row.int("contractID")).and_then(|contract| contract.int("companyID"))
    };
    for row in c.of_company("ContractServiceUnits", of_contract) {
        let price = row.num("internalCurrencyPrice").or(row.num("price"));
        let sold = c.records.get("ContractServices", row.int("contractServiceID"));
        let of_one = sold.and_then(|sold| sold.num("internalCurrencyUnitPrice").or(sold.num("unitPrice")));
        let is_known = row.date("startDate").is_some_and(|start| start >= since);
        if is_known && row.sum("units") > 1.0 && price == of_one && price.is_some_and(|price| price != 0.0) {
            found.push("Price of one unit for several");
        }
    }
    let total = count(found.len());
    let groups = Count::by(found, |reason| ((*reason).to_owned(), Some((*reason).to_owned())));
    Expected::groups(total, Order::Falling, reckoned(&groups, |rows| vec![("records", count(rows.len()))]))
}
