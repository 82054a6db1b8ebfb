//! What gauges and datasets say when the permission doctor found that something cannot be read.

use super::{gauge, spots::close, world::World};
use chrono_tz::Europe;
use taskgauge_model::{
    catalogue::Catalogue,
    datasource::{Doctor, Finding, Probe},
    gaps::Gap,
    gauge::{Answer, Filters, Gauge, Measure, Status},
    lacks,
    range::Range,
};
use taskgauge_store::Scope;

fn found(entity: &str, finding: Finding) -> Doctor {
    let probe = Probe {
        entity: entity.to_owned(),
        label: entity.to_owned(),
        finding,
        right: None,
        datasets: Vec::new(),
        gauges: Vec::new(),
    };
    Doctor { probes: vec![probe], ..Doctor::default() }
}

#[tokio::test]
async fn what_may_not_be_read_is_not_zero() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let store = &world.database.store;
    store.set_doctor(world.datasource, &found("Tickets", Finding::Forbidden)).await.expect("set");
    let answer = world.answer("open_tickets").await;
    assert_eq!((answer.status, answer.value), (Status::NotPermitted, None));
    assert!(answer.note.is_some_and(|note| note.contains("Tickets")));

    // Time is needed by measures of time alone.
    store.set_doctor(world.datasource, &found("TimeEntries", Finding::Forbidden)).await.expect("set");
    assert_eq!(world.answer("open_tickets").await.status, Status::Ok);
    for id in ["rhem", "hours_per_ticket", "first_touch_resolution"] {
        assert_eq!(world.answer(id).await.status, Status::NotPermitted, "{id}");
    }

    store.set_doctor(world.datasource, &found("Tickets", Finding::SuspiciouslyEmpty)).await.expect("set");
    let answer = world.answer("open_tickets").await;
    assert_eq!(answer.status, Status::Ok);
    assert!(answer.note.is_some_and(|note| note.contains("security level")));
}

/// A gap as the doctor keeps it.
fn silent(id: &str) -> Doctor {
    let gap = Gap::named(id).unwrap_or_else(|| panic!("there is no gap {id}"));
    let found = Probe {
        entity: gap.entity.to_owned(),
        label: gap.label.to_owned(),
        finding: Finding::Gap { id: id.to_owned(), why: format!("{} {}", gap.loses, gap.innocent) },
        right: Some((gap.right.tab.to_owned(), gap.right.row.to_owned())),
        datasets: Vec::new(),
        gauges: Vec::new(),
    };
    Doctor { gaps: vec![found], ..Doctor::default() }
}

/// A gauge of a viewer's own: the sum of a column.
fn sum_of(dataset: &str, column: &str) -> Gauge {
    let mut own = gauge("hours_period").clone();
    own.range = Range::Now;
    own.compare = false;
    own.layers.truncate(1);
    dataset.clone_into(&mut own.layers[0].dataset);
    own.layers[0].date = None;
    own.layers[0].measure = Measure::Sum(column.to_owned());
    own
}

#[tokio::test]
async fn what_is_hidden_marks_what_suffers_and_nothing_else() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let store = &world.database.store;
    let shown: Vec<&Gauge> = Catalogue::shipped().gauges.iter().collect();
    let answers = async || -> Vec<Answer> {
        let answers =
            store.answers(world.datasource, &shown, &Filters::default(), &Scope::All, world.at).await;
        answers.into_iter().map(|answer| answer.expect("an answer")).collect()
    };
    let before = answers().await;
    store.set_doctor(world.datasource, &silent("non_billable_time")).await.expect("set");
    let right = "Timesheets → Can view non-billable time entries";
    let mut marked = 0;
    // In the same minute, of the same rows: what was kept is not shown again.
    for (before, after) in before.iter().zip(answers().await) {
        let uses_time = gauge(&after.gauge).layers.iter().any(|layer| {
            let of_time = [
                "hours_worked",
                "hours_30d",
                "touches",
                "missing_hours",
                "worked_hours",
                "variance_hours",
                "is_over_budget",
                "cpi",
            ];
            layer.dataset.starts_with("time_")
                || layer.measure.column().is_some_and(|column| of_time.contains(&column))
                || layer.conditions.iter().any(|condition| of_time.contains(&condition.column.as_str()))
                || gauge(&after.gauge)
                    .rows
                    .iter()
                    .any(|list| list.columns.iter().any(|c| of_time.contains(&c.as_str())))
        });
        let is_marked = after.note.as_deref().is_some_and(|note| note.contains(right));
        assert_eq!(is_marked, uses_time, "{} {:?}", after.gauge, after.note);
        marked += usize::from(is_marked);
        // The findings themselves are what this one lists.
        if after.gauge == "permission_gaps" {
            assert_eq!((before.status, after.status, after.rows), (Status::NoData, Status::Ok, 1));
            continue;
        }
        // The number stays, but for the order in which fractions are added up, and so does what was said about it before.
        assert_eq!(after.status, before.status, "{}", after.gauge);
        close(&after.gauge, "value", after.value, before.value);
        assert_eq!(after.groups.len(), before.groups.len(), "{}", after.gauge);
        for (after_group, before_group) in after.groups.iter().zip(&before.groups) {
            assert_eq!((&after_group.key, &after_group.label), (&before_group.key, &before_group.label));
            for (series, value) in &before_group.values {
                close(&after.gauge, series, after_group.values.get(series).copied(), Some(*value));
            }
        }
        let kept = before.note.as_deref().unwrap_or_default();
        assert!(after.note.as_deref().unwrap_or_default().starts_with(kept), "{}", after.gauge);
    }
    assert!(marked > 3 && marked < before.len(), "{marked}");

    // Columns that are hidden mark what reads them, whoever made the gauge.
    store.set_doctor(world.datasource, &silent("costs")).await.expect("set");
    for (dataset, column, is_hidden) in [
        ("billing_items", "margin", true),
        ("recurring_months", "monthly_margin", true),
        ("billing_items", "total_amount", false),
        ("time_210d", "cost", false),
    ] {
        let own = sum_of(dataset, column);
        let answer = world.ask(&own, &Filters::default(), &Scope::All).await.expect("an answer");
        assert_eq!(answer.status, Status::Ok);
        assert_eq!(
            answer.note.is_some_and(|note| note.contains("Can't Read Costs")),
            is_hidden,
            "{dataset}.{column}"
        );
    }
    for answer in answers().await {
        let reads_costs = ["gross_profit_client", "contract_profitability"].contains(&answer.gauge.as_str());
        let is_marked = answer.note.as_deref().unwrap_or_default().contains("Can't Read Costs");
        assert_eq!(is_marked, reads_costs, "{}", answer.gauge);
    }
}

#[tokio::test]
async fn a_part_that_may_not_be_read_leaves_the_number_with_a_mark() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let capacity = sum_of("member_days", "available_hours");
    let worked = sum_of("member_days", "scheduled_hours");
    let store = &world.database.store;
    for doctor in [found("TimeOffRequests", Finding::Forbidden), silent("time_off")] {
        store.set_doctor(world.datasource, &doctor).await.expect("set");
        let marked = world.ask(&capacity, &Filters::default(), &Scope::All).await.expect("an answer");
        assert_eq!(marked.status, Status::Ok);
        assert!(marked.note.is_some_and(|note| note.contains("security level")));
        let plain = world.ask(&worked, &Filters::default(), &Scope::All).await.expect("an answer");
        assert_eq!(plain.note, None);
    }
    // A list lacks a column and stays a list; a number that is made from that column is none.
    store.set_doctor(world.datasource, &found("TimeEntries", Finding::Forbidden)).await.expect("set");
    let list = world.answer("member_closed_list").await;
    assert_ne!(list.status, Status::NotPermitted);
    assert!(list.note.is_some_and(|note| note.contains("“TimeEntries”")));
}

#[test]
fn datasets_say_what_they_lack() {
    let marked = |doctor: &Doctor| -> Vec<&str> {
        let datasets = Catalogue::shipped().datasets.iter();
        datasets
            .filter(|dataset| !lacks::of_dataset(doctor, dataset).is_empty())
            .map(|dataset| dataset.slug.as_str())
            .collect()
    };
    assert_eq!(marked(&Doctor::default()), [""; 0]);
    assert_eq!(marked(&found("Surveys", Finding::Readable { rows: 1 })), [""; 0]);
    assert_eq!(marked(&found("Surveys", Finding::Forbidden)), ["surveys"]);
    assert_eq!(marked(&silent("time_off")), ["member_days"]);
    assert_eq!(marked(&silent("invoices")), ["invoices", "billing_items"]);
    assert_eq!(
        marked(&silent("costs")),
        ["service_units", "bundle_units", "quotes", "billing_items", "recurring_months", "profit_lines"]
    );
    let invoices = Catalogue::shipped().dataset("invoices").expect("it ships");
    let said = lacks::of_dataset(&silent("invoices"), invoices).join(" ");
    assert!(said.contains("Contracts → Invoicing: View; and, for the API user itself"), "{said}");
}
