//! The gauges of the board, counted from the records themselves.

use super::spots::{mean, percentile};
use super::world::{Ticket, Work, World};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Timelike, Utc};
use std::{collections::BTreeMap, ops::RangeInclusive};
use taskgauge_model::format;

/// Numbers of a group by measure.
pub type Measures = Vec<(String, Option<f64>)>;

/// What a gauge should answer.
pub enum Expected {
    Number {
        value: Option<f64>,
        rows: u64,
    },
    /// Label and measures per group, in order.
    Groups {
        value: Option<f64>,
        groups: Vec<(String, Measures)>,
    },
    /// Cells that are not 0.
    Matrix(BTreeMap<(String, String), f64>),
    /// Numbers of the tickets.
    Rows(Vec<&'static str>),
}

/// Which tickets are left by filters and scope.
#[derive(Default)]
pub struct Keep {
    pub queues: Option<Vec<i64>>,
    pub priorities: Option<Vec<i64>>,
    pub companies: Option<Vec<i64>>,
}

impl Keep {
    fn company(&self, company: Option<i64>) -> bool {
        self.companies.as_ref().is_none_or(|kept| company.is_some_and(|company| kept.contains(&company)))
    }

    fn ticket(&self, ticket: &Ticket) -> bool {
        let kept = |kept: &Option<Vec<i64>>, value: Option<i64>| {
            kept.as_ref().is_none_or(|kept| value.is_some_and(|value| kept.contains(&value)))
        };
        kept(&self.queues, ticket.queue)
            && kept(&self.priorities, ticket.priority)
            && self.company(ticket.company)
    }
}

type Dates = RangeInclusive<NaiveDate>;

fn queue(ticket: &Ticket) -> String {
    label(ticket.queue, "No queue", &[(8, "Level I"), (9, "Level II")])
}

fn priority(ticket: &Ticket) -> String {
    label(ticket.priority, "No priority", &[(1, "High"), (2, "Medium"), (3, "Low"), (4, "Critical")])
}

fn status(ticket: &Ticket) -> String {
    label(
        Some(ticket.status),
        "No status",
        &[(1, "New"), (5, "Complete"), (7, "Waiting Customer"), (8, "In Progress")],
    )
}

fn company(ticket: &Ticket) -> String {
    ticket.company.map_or_else(|| "No client".to_owned(), |company| format!("Client {company:02}"))
}

fn issue(ticket: &Ticket) -> String {
    let parts: Vec<_> = [
        ticket.issue.map(|id| label(Some(id), "", &[(10, "Hardware"), (11, "Network")])),
        ticket.sub_issue.map(|id| label(Some(id), "", &[(100, "Printer")])),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { "No issue type".to_owned() } else { parts.join(" / ") }
}

fn label(id: Option<i64>, none: &str, labels: &[(i64, &str)]) -> String {
    let Some(id) = id else { return none.to_owned() };
    labels
        .iter()
        .find(|(value, _)| *value == id)
        .map_or_else(|| format!("#{id}"), |(_, label)| (*label).to_owned())
}

fn hours(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).num_seconds() as f64 / 3_600.0
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64 * 100.0)
}

/// Counts by label, the largest first.
fn ranked<'a>(
    tickets: impl Iterator<Item = &'a Ticket>,
    by: fn(&Ticket) -> String,
    top: Option<usize>,
) -> Expected {
    let mut counts = BTreeMap::<String, usize>::new();
    for ticket in tickets {
        *counts.entry(by(ticket)).or_default() += 1;
    }
    let total: usize = counts.values().sum();
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(label, count)| (usize::MAX - count, label.to_lowercase()));
    if let Some(top) = top.filter(|top| counts.len() > *top) {
        let rest = counts.drain(top..).map(|(_, count)| count).sum();
        counts.push(("Other".to_owned(), rest));
    }
    let id = if top == Some(10) { "opened" } else { "open" };
    Expected::Groups {
        value: Some(total as f64),
        groups: counts
            .into_iter()
            .map(|(label, count)| (label, vec![(id.to_owned(), Some(count as f64))]))
            .collect(),
    }
}

pub fn expected(world: &World, keep: &Keep) -> BTreeMap<&'static str, Expected> {
    let (at, today) = (world.at, world.today());
    let tickets: Vec<&Ticket> = world.tickets.iter().filter(|ticket| keep.ticket(ticket)).collect();
    let month = today.with_day(1).expect("a month begins");
    let mtd = month..=today;
    let last = |days: u64| today - Days::new(days - 1)..=today;
    let opened = |dates: &Dates| -> Vec<&Ticket> {
        tickets.iter().copied().filter(|ticket| dates.contains(&world.day(ticket.created))).collect()
    };
    let closed = |dates: &Dates| -> Vec<&Ticket> {
        tickets
            .iter()
            .copied()
            .filter(|ticket| ticket.completed.is_some_and(|at| dates.contains(&world.day(at))))
            .collect()
    };
    let open = || tickets.iter().copied().filter(|ticket| ticket.is_open());
    let count = |count: usize| Expected::Number { value: Some(count as f64), rows: count as u64 };
    let mut expected = BTreeMap::new();

    expected.insert("open_tickets", count(open().count()));
    expected.insert(
        "new_unassigned",
        count(open().filter(|ticket| ticket.status == 1 || ticket.resource.is_none()).count()),
    );
    let just_today = today..=today;
    let (in_today, out_today) = (opened(&just_today).len(), closed(&just_today).len());
    expected.insert("tickets_opened_today", count(in_today));
    expected.insert("tickets_closed_today", count(out_today));
    expected.insert(
        "kill_rate_today",
        Expected::Number { value: share(out_today, in_today), rows: in_today as u64 },
    );
    expected.insert(
        "stale_tickets",
        count(open().filter(|ticket| ticket.status != 7 && hours(ticket.active, at) > 72.0).count()),
    );

    let responses = |tickets: &[&Ticket]| -> Vec<f64> {
        tickets.iter().filter_map(|ticket| Some(hours(ticket.created, ticket.responded?))).collect()
    };
    let resolutions = |tickets: &[&Ticket]| -> Vec<f64> {
        tickets.iter().filter_map(|ticket| Some(hours(ticket.created, ticket.completed?))).collect()
    };
    let number = |numbers: &[f64]| Expected::Number { value: mean(numbers), rows: numbers.len() as u64 };
    expected.insert("avg_first_response", number(&responses(&opened(&mtd))));
    expected.insert("avg_resolution", number(&resolutions(&closed(&mtd))));
    let known: Vec<_> = closed(&mtd).into_iter().filter_map(|ticket| ticket.sla_met).collect();
    let met = known.iter().filter(|met| **met).count();
    expected.insert(
        "sla_overall_met",
        Expected::Number { value: share(met, known.len()), rows: known.len() as u64 },
    );
    let of_30_days = closed(&last(30));
    let same_day = of_30_days
        .iter()
        .filter(|it| it.completed.is_some_and(|at| world.day(at) == world.day(it.created)))
        .count();
    expected.insert(
        "same_day_resolution",
        Expected::Number { value: share(same_day, of_30_days.len()), rows: of_30_days.len() as u64 },
    );

    let by_day = |dates: Dates| -> Vec<NaiveDate> {
        dates.start().iter_days().take_while(|day| dates.contains(day)).collect()
    };
    let two = |day: NaiveDate| {
        let day = day..=day;
        vec![
            ("opened".to_owned(), Some(opened(&day).len() as f64)),
            ("closed".to_owned(), Some(closed(&day).len() as f64)),
        ]
    };
    expected.insert(
        "opened_vs_closed_by_day",
        Expected::Groups {
            value: Some(opened(&last(14)).len() as f64),
            groups: by_day(last(14)).into_iter().map(|day| (format::day(day, false), two(day))).collect(),
        },
    );
    let bands = [0.0, 1.0, 3.0, 7.0, 14.0, 30.0, f64::INFINITY];
    let labels = ["0–1", "1–3", "3–7", "7–14", "14–30", "30+"];
    let age = |ticket: &Ticket| (hours(ticket.created, at) / 24.0 * 1e4).round() / 1e4;
    expected.insert(
        "backlog_age",
        Expected::Groups {
            value: Some(open().count() as f64),
            groups: if open().count() == 0 { Vec::new() } else { Vec::from(labels) }
                .iter()
                .zip(bands.windows(2))
                .map(|(label, band)| {
                    let count = open().filter(|ticket| (band[0]..band[1]).contains(&age(ticket))).count();
                    ((*label).to_owned(), vec![("open".to_owned(), Some(count as f64))])
                })
                .collect(),
        },
    );
    expected.insert("open_by_status", ranked(open(), status, None));
    expected.insert("open_by_queue", ranked(open(), queue, None));
    let Expected::Groups { value, mut groups } = ranked(open(), priority, None) else { unreachable!() };
    let place =
        |label: &str| ["Critical", "High", "Medium", "Low"].iter().position(|it| *it == label).unwrap_or(9);
    groups.sort_by_key(|(label, _)| place(label));
    expected.insert("open_by_priority", Expected::Groups { value, groups });
    expected.insert("open_by_client", ranked(open().filter(|it| it.company != Some(0)), company, Some(15)));

    let at_end = |day: NaiveDate| {
        let is_open = |ticket: &&&Ticket| {
            world.day(ticket.created) <= day && ticket.completed.is_none_or(|at| world.day(at) > day)
        };
        tickets.iter().filter(is_open).count() as f64
    };
    expected.insert(
        "backlog_trend",
        Expected::Groups {
            value: Some(at_end(today)),
            groups: by_day(last(90))
                .into_iter()
                .map(|day| (format::day(day, true), vec![("open".to_owned(), Some(at_end(day)))]))
                .collect(),
        },
    );
    let months: Vec<_> = (0..=12).rev().map(|back| month - Months::new(back)).collect();
    let whole = |first: NaiveDate| first..=(first + Months::new(1) - Days::new(1)).min(today);
    let measures = |dates: &Dates| -> Measures {
        let (response, resolution) = (responses(&opened(dates)), resolutions(&closed(dates)));
        vec![
            ("response_median".to_owned(), percentile(response.clone(), 0.5)),
            ("response_p90".to_owned(), percentile(response, 0.9)),
            ("resolution_median".to_owned(), percentile(resolution.clone(), 0.5)),
            ("resolution_p90".to_owned(), percentile(resolution, 0.9)),
        ]
    };
    expected.insert(
        "response_trend",
        Expected::Groups {
            value: measures(&(months[0]..=today))[0].1,
            groups: months
                .iter()
                .filter(|_| measures(&(months[0]..=today)).iter().any(|(_, value)| value.is_some()))
                .map(|first| (format::month(*first), measures(&whole(*first))))
                .collect(),
        },
    );

    expected.insert("tickets_by_issue", ranked(opened(&last(30)).into_iter(), issue, Some(10)));
    let mut breaches = BTreeMap::new();
    for ticket in opened(&last(30)).into_iter().filter(|ticket| ticket.is_breached(at)) {
        *breaches.entry((queue(ticket), priority(ticket))).or_insert(0.0) += 1.0;
    }
    expected.insert("sla_by_queue_priority", Expected::Matrix(breaches));
    let mut arrivals = BTreeMap::new();
    for ticket in opened(&last(90)) {
        let local = ticket.created.with_timezone(&world.zone);
        *arrivals.entry((local.weekday().to_string(), format!("{:02}", local.hour()))).or_insert(0.0) += 1.0;
    }
    expected.insert("arrivals_heat", Expected::Matrix(arrivals));

    let mut clients = BTreeMap::<String, (usize, usize)>::new();
    let mut total = (0, 0);
    for (ticket, met) in
        of_30_days.iter().filter(|it| it.company != Some(0)).filter_map(|it| Some((it, it.sla_met?)))
    {
        for counts in [clients.entry(company(ticket)).or_default(), &mut total] {
            counts.0 += usize::from(met);
            counts.1 += 1;
        }
    }
    let mut worst: Vec<_> = clients
        .into_iter()
        .filter(|(_, counts)| counts.1 >= 5)
        .map(|(name, counts)| (name, share(counts.0, counts.1)))
        .collect();
    worst.sort_by(|a, b| a.1.unwrap_or(0.0).total_cmp(&b.1.unwrap_or(0.0)).then(a.0.cmp(&b.0)));
    worst.truncate(15);
    expected.insert(
        "sla_by_client",
        Expected::Groups {
            value: share(total.0, total.1),
            groups: worst
                .into_iter()
                .map(|(name, share)| (name, vec![("share".to_owned(), share)]))
                .collect(),
        },
    );

    let last_month = month - Months::new(1)..=month - Days::new(1);
    // Endpoints have no queue and no priority, so neither narrows what is divided by them.
    expected.insert(
        "tickets_per_endpoint",
        per_endpoint(world, keep, "per_endpoint", |company| {
            let is_of =
                |it: &&Ticket| it.company == Some(company) && last_month.contains(&world.day(it.created));
            world.tickets.iter().filter(is_of).count() as f64
        }),
    );
    let worked = |work: &&Work, company: i64| {
        last_month.contains(&work.date)
            && world
                .tickets
                .iter()
                .any(|it| it.id == work.ticket && it.company == Some(company) && it.kind == Some(2))
    };
    expected.insert(
        "rhem",
        per_endpoint(world, keep, "rhem", |company| {
            world.work.iter().filter(|work| worked(work, company)).map(|work| work.hours).sum()
        }),
    );

    let mut oldest: Vec<_> = open().collect();
    oldest.sort_by_key(|ticket| (ticket.created, ticket.id));
    let numbers = oldest.iter().take(10).map(|ticket| &*format!("T{}", ticket.id).leak()).collect();
    expected.insert("oldest_open", Expected::Rows(numbers));
    expected
}

/// Clients with endpoints, the largest ratio first.
fn per_endpoint(world: &World, keep: &Keep, id: &str, amount: impl Fn(i64) -> f64) -> Expected {
    let mut ratios = Vec::new();
    let (mut amounts, mut endpoints) = (0.0, 0.0);
    for company in 1..=20 {
        let own =
            world.endpoints.iter().filter(|it| **it == company && keep.company(Some(company))).count() as f64;
        if own > 0.0 {
            amounts += amount(company);
            endpoints += own;
            ratios.push((format!("Client {company:02}"), amount(company) / own));
        }
    }
    ratios.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ratios.truncate(15);
    Expected::Groups {
        value: (endpoints > 0.0).then(|| amounts / endpoints),
        groups: ratios.into_iter().map(|(name, ratio)| (name, vec![(id.to_owned(), Some(ratio))])).collect(),
    }
}
