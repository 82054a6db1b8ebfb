//! Response, resolution, service levels.

use super::clocks::Dates;
use super::count::{Count, Groups, Second, Seen::ByCompany, first, hours, reckoned, sorted};
use super::expected::{Expected, Group, Order, count, key, mean, percent, quantile, ratio, time};
use super::records::Row;
use super::service_desk::{closed, is_closed, is_waiting, listed, of_month, only, open, opened, shown};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

pub const SECOND: &[Second] = &[
    ("avg_first_response", ByCompany, |c| {
        let clock = on_the_clock(c, &opened(c, c.dates("mtd")), "firstResponseElapsedHours");
        in_month(c, |c, dates| mean(responses(c, dates))).figure("clock", mean(clock))
    }),
    ("avg_resolution", ByCompany, |c| {
        let clock = on_the_clock(c, &closed(c, c.dates("mtd")), "resolutionElapsedHours");
        in_month(c, |c, dates| mean(resolutions(c, dates))).figure("clock", mean(clock))
    }),
    ("avg_resolution_plan", ByCompany, |c| in_month(c, |c, dates| mean(plans(c, dates)))),
    ("response_by_priority", ByCompany, by_priority),
    ("response_trend", ByCompany, trend),
    ("sla_first_response_met", ByCompany, |c| {
        in_month(c, first_response_met).target(Some(c.settings.sla_target))
    }),
    ("sla_resolution_met", ByCompany, |c| in_month(c, resolution_met).target(Some(c.settings.sla_target))),
    ("sla_overall_met", ByCompany, |c| in_month(c, overall_met).target(Some(c.settings.sla_target))),
    ("sla_by_client", ByCompany, met_by_client),
    ("sla_by_queue_priority", ByCompany, breaches),
    ("sla_at_risk", ByCompany, at_risk),
    ("sla_breached_open", ByCompany, |c| {
        Expected::value(count(open(c).into_iter().filter(|row| is_breached(c, row)).count()))
    }),
    ("same_day_resolution", ByCompany, |c| {
        of_closed(c, |c, rows| {
            let same =
                rows.iter().filter(|row| c.date(row.time("createDate")) == c.date(row.time("completedDate")));
            percent(same.count() as f64, rows.len() as f64)
        })
    }),
    ("first_touch_resolution", ByCompany, |c| {
        of_closed(c, |c, rows| {
            let touches = by_ticket(c);
            let once = rows.iter().filter(|row| touches.get(&row.id()).is_some_and(|found| found.0 == 1));
            percent(once.count() as f64, rows.len() as f64)
        })
    }),
    ("hours_per_ticket", ByCompany, |c| {
        of_closed(c, |c, rows| {
            let touches = by_ticket(c);
            let hours = rows.iter().filter_map(|row| touches.get(&row.id())).map(|found| found.1).sum();
            ratio(hours, rows.len() as f64)
        })
    }),
];

fn in_month(c: &Count<'_>, number: fn(&Count<'_>, Dates) -> Option<f64>) -> Expected {
    let dates = c.dates("mtd");
    Expected::compared(number(c, dates), number(c, dates.before()))
}

fn of_closed(c: &Count<'_>, number: fn(&Count<'_>, &[&Row]) -> Option<f64>) -> Expected {
    let dates = c.dates("last_30d");
    Expected::compared(number(c, &closed(c, dates)), number(c, &closed(c, dates.before())))
}

fn response(row: &Row) -> Option<f64> {
    hours(row.time("createDate"), row.time("firstResponseDateTime"))
}

fn resolution(row: &Row) -> Option<f64> {
    hours(row.time("createDate"), row.time("resolvedDateTime").or(row.time("completedDate")))
}

fn responses(c: &Count<'_>, dates: Dates) -> Vec<f64> {
    opened(c, dates).into_iter().filter_map(response).collect()
}

fn resolutions(c: &Count<'_>, dates: Dates) -> Vec<f64> {
    closed(c, dates).into_iter().filter_map(resolution).collect()
}

/// What the last result of each ticket's service level says.
fn on_the_clock(c: &Count<'_>, tickets: &[&Row], field: &str) -> Vec<f64> {
    let mut last: BTreeMap<Option<i64>, &Row> = BTreeMap::new();
    for result in c.records.all("ServiceLevelAgreementResults") {
        let kept = last.entry(result.int("ticketID")).or_insert(result);
        if result.id() > kept.id() {
            *kept = result;
        }
    }
    tickets.iter().filter_map(|ticket| last.get(&Some(ticket.id()))?.num(field)).collect()
}

fn plans(c: &Count<'_>, dates: Dates) -> Vec<f64> {
    let planned = c.tickets().iter().filter(|row| c.within(dates, row.time("resolutionPlanDateTime")));
    planned.filter_map(|row| hours(row.time("createDate"), row.time("resolutionPlanDateTime"))).collect()
}

fn by_priority(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_30d");
    let (opened, closed) = (opened(c, dates), closed(c, dates));
    let group = |rows: &[&Row], key: &str| -> Vec<usize> {
        (0..rows.len()).filter(|at| listed(c, rows[*at], "priority", "").0 == key).collect()
    };
    let all =
        Count::by(opened.iter().chain(&closed).copied(), |row| listed(c, row, "priority", "No priority"));
    let mut groups: Vec<Group> = all
        .iter()
        .map(|(key, (label, _))| Group {
            key: key.clone(),
            label: label.clone(),
            numbers: vec![
                ("response", mean(group(&opened, key).into_iter().filter_map(|at| response(opened[at])))),
                ("resolution", mean(group(&closed, key).into_iter().filter_map(|at| resolution(closed[at])))),
            ],
        })
        .collect();
    groups.retain(|group| group.numbers.iter().any(|(_, number)| number.is_some()));
    c.by_place(&mut groups, "Tickets", "priority");
    Expected::groups(mean(responses(c, dates)), Order::Given, groups)
}

fn trend(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_12m");
    let groups = dates.months().into_iter().map(|month| {
        let of_month = of_month(dates, month);
        let (responses, resolutions) = (responses(c, of_month), resolutions(c, of_month));
        Group {
            key: month.to_string(),
            label: String::new(),
            numbers: vec![
                ("response_median", quantile(responses.clone(), 0.5)),
                ("response_p90", quantile(responses, 0.9)),
                ("resolution_median", quantile(resolutions.clone(), 0.5)),
                ("resolution_p90", quantile(resolutions, 0.9)),
            ],
        }
    });
    let groups = groups.collect();
    Expected::groups(quantile(responses(c, dates), 0.5), Order::Given, groups)
}

/// Results of service levels whose ticket is meant.
fn results<'a>(c: &Count<'a>, meant: impl Fn(&Row) -> bool) -> Vec<&'a Row> {
    let is_meant = |row: &&'a Row| {
        let ticket = c.records.get("Tickets", row.int("ticketID"));
        ticket
            .is_some_and(|ticket| c.is_seen(ticket.int("companyID")) && c.is_counted(ticket) && meant(ticket))
    };
    c.records.all("ServiceLevelAgreementResults").iter().filter(is_meant).collect()
}

fn met(rows: &[&Row], field: &str) -> Option<f64> {
    let known = rows.iter().filter_map(|row| row.flag(field));
    percent(rows.iter().filter(|row| row.is(field)).count() as f64, known.count() as f64)
}

/// A ticket counts when it was responded to; one that never was, when it was closed.
fn first_response_met(c: &Count<'_>, dates: Dates) -> Option<f64> {
    let rows = results(c, |ticket| {
        c.within(dates, ticket.time("firstResponseDateTime").or(ticket.time("completedDate")))
    });
    met(&rows, "isFirstResponseMet")
}

fn resolution_met(c: &Count<'_>, dates: Dates) -> Option<f64> {
    met(&results(c, |ticket| c.within(dates, ticket.time("completedDate"))), "isResolutionMet")
}

fn overall_met(c: &Count<'_>, dates: Dates) -> Option<f64> {
    met(&closed(c, dates), "serviceLevelAgreementHasBeenMet")
}

fn met_by_client(c: &Count<'_>) -> Expected {
    let mut rows = closed(c, c.dates("last_30d"));
    rows.retain(|row| row.int("companyID") != Some(0));
    let total = met(&rows, "serviceLevelAgreementHasBeenMet");
    let mut groups: Groups<&Row> =
        Count::by(rows, |row| (key(row.int("companyID")), c.company(row.int("companyID"))));
    groups.retain(|_, (_, rows)| {
        rows.iter().filter(|row| row.flag("serviceLevelAgreementHasBeenMet").is_some()).count() >= 5
    });
    let groups = reckoned(&groups, |rows| vec![("share", met(rows, "serviceLevelAgreementHasBeenMet"))]);
    Expected::groups(total, Order::Rising, first(groups, Order::Rising, 15))
        .target(Some(c.settings.sla_target))
}

fn is_late(done: Option<DateTime<Utc>>, due: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    due.is_some_and(|due| done.unwrap_or(now) > due)
}

fn is_breached(c: &Count<'_>, row: &Row) -> bool {
    let resolved = row.time("resolvedDateTime").or(row.time("completedDate"));
    is_late(row.time("firstResponseDateTime"), row.time("firstResponseDueDateTime"), c.at)
        || is_late(resolved, row.time("resolvedDueDateTime"), c.at)
}

fn breaches(c: &Count<'_>) -> Expected {
    let mut rows = opened(c, c.dates("last_30d"));
    rows.retain(|row| is_breached(c, row));
    let mut cells = BTreeMap::new();
    for row in &rows {
        *cells.entry((key(row.int("queueID")), key(row.int("priority")))).or_insert(0.0) += 1.0;
    }
    Expected::cells(count(rows.len()), cells)
}

/// The first of the due times that is not met yet.
fn next_due(row: &Row) -> Option<DateTime<Utc>> {
    [
        ("firstResponseDateTime", "firstResponseDueDateTime"),
        ("resolutionPlanDateTime", "resolutionPlanDueDateTime"),
        ("resolvedDateTime", "resolvedDueDateTime"),
    ]
    .into_iter()
    .filter(|(done, _)| row.time(done).is_none())
    .filter_map(|(_, due)| row.time(due))
    .min()
}

fn at_risk(c: &Count<'_>) -> Expected {
    let until = c.at + TimeDelta::hours(4);
    let mut rows: Vec<&Row> = open(c)
        .into_iter()
        .filter(|row| !is_waiting(c, row) && next_due(row).is_some_and(|due| c.at <= due && due <= until))
        .collect();
    assert!(rows.iter().all(|row| !is_closed(row)));
    sorted(&mut rows, false, next_due);
    let columns = ["ticket_number", "title", "company", "priority", "assigned_resource"];
    let rows = rows.into_iter().map(|row| {
        let mut shown = only(shown(c, row), &columns);
        shown.push(("next_due", time(next_due(row))));
        shown
    });
    Expected::rows(rows.collect(), 50)
}

/// How many time entries each ticket has, and their hours.
fn by_ticket(c: &Count<'_>) -> BTreeMap<i64, (usize, f64)> {
    let mut touches = BTreeMap::new();
    for row in c.records.all("TimeEntries") {
        if let Some(ticket) = row.int("ticketID") {
            let found: &mut (usize, f64) = touches.entry(ticket).or_default();
            found.0 += 1;
            found.1 += row.sum("hoursWorked");
        }
    }
    touches
}
