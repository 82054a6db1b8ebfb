//! Every shipped gauge beside a second count, made in plain Rust from the simulated tenant's own records, at several
//! clocks and in workspaces on both sides of UTC. The tenant is read by a sync once; each moment has a copy of its
//! database.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of a test tenant are small"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../store/tests/gauges/spots.rs"]
mod spots;

mod clients;
mod clocks;
mod count;
mod edges;
mod expected;
mod health;
mod invariants;
mod money;
mod own_count;
mod people;
mod projects;
mod properties;
mod questions;
mod records;
mod sales;
mod service_desk;
mod service_level;
mod tenant;

use clocks::Moment;
use count::{Count, Second, Seen};
use records::Row;
use rstest::rstest;
use std::collections::BTreeSet;
use taskgauge_model::catalogue::Catalogue;
use taskgauge_model::gauge::{Filters, Gauge, Status};
use taskgauge_store::Scope;

fn seconds() -> Vec<Second> {
    [
        service_desk::SECOND,
        service_level::SECOND,
        people::SECOND,
        clients::SECOND,
        projects::SECOND,
        sales::SECOND,
        money::SECOND,
        health::SECOND,
    ]
    .concat()
}

/// Counts every gauge again for whoever may see these companies, and compares.
async fn compare(moment: Moment, companies: Option<&[i64]>, range: Option<&str>) {
    let read = tenant::read();
    let copy = read.copy(&moment).await;
    let chosen = range.map(|range| moment.dates(range));
    let count = Count::new(&read.records, moment, companies).over(chosen);
    let filters = Filters { range: range.map(|range| range.parse().unwrap()), ..Filters::default() };
    let scope = companies.map_or(Scope::All, |companies| Scope::Companies(companies.to_vec()));
    let seconds = seconds();
    let gauges: Vec<&Gauge> =
        seconds.iter().map(|(id, ..)| Catalogue::shipped().gauge(id).unwrap()).collect();
    let at = moment.at();
    let answers = copy.store.answers(copy.datasource, &gauges, &filters, &scope, at).await;
    let mut wrong = Vec::new();
    for ((gauge, answer), (id, seen, second)) in gauges.iter().zip(answers).zip(seconds) {
        let answer = answer.unwrap_or_else(|error| panic!("{id}: {error:?}"));
        let withheld = companies.is_some() && seen == Seen::Inside;
        if withheld || answer.status == Status::NotPermitted {
            if !(withheld && answer.status == Status::NotPermitted) {
                wrong.push(format!("{id}: {:?} where {seen:?}", answer.status));
            }
            continue;
        }
        let found = second(&count).compare(gauge, &answer);
        wrong.extend(found.into_iter().take(6).map(|what| format!("{id}: {what}")));
    }
    copy.store.close().await;
    assert!(wrong.is_empty(), "{}, {} differ:\n{}", moment.name, wrong.len(), wrong.join("\n"));
}

#[test]
fn every_gauge_is_counted_a_second_time() {
    let shipped: BTreeSet<&str> = Catalogue::shipped().gauges.iter().map(|gauge| gauge.id.as_str()).collect();
    let counted: Vec<&str> = seconds().iter().map(|(id, ..)| *id).collect();
    let once: BTreeSet<&str> = counted.iter().copied().collect();
    assert_eq!(once.len(), counted.len(), "a gauge is counted twice");
    assert_eq!(once, shipped);
}

#[rstest]
#[case::ordinary(clocks::ORDINARY)]
#[case::forward_west(clocks::FORWARD_WEST)]
#[case::after_forward(clocks::AFTER_FORWARD)]
#[case::forward_east(clocks::FORWARD_EAST)]
#[case::back(clocks::BACK)]
#[case::year_end_east(clocks::YEAR_END_EAST)]
#[case::year_start_east(clocks::YEAR_START_EAST)]
#[case::year_end_west(clocks::YEAR_END_WEST)]
#[case::own_settings(clocks::OWN_SETTINGS)]
#[tokio::test(flavor = "multi_thread")]
async fn gauges_agree_with_the_second_count(#[case] moment: Moment) {
    compare(moment, None, None).await;
}

/// Whoever may see some companies only has the numbers of their rows, or none at all.
#[rstest]
#[case::ordinary(clocks::ORDINARY)]
#[case::forward_west(clocks::FORWARD_WEST)]
#[case::year_end_east(clocks::YEAR_END_EAST)]
#[tokio::test(flavor = "multi_thread")]
async fn a_scope_has_the_count_of_its_own_rows(#[case] moment: Moment) {
    let all: Vec<i64> = tenant::read().records.all("Companies").iter().map(Row::id).collect();
    let some: Vec<i64> = all.iter().copied().filter(|id| *id != 0).step_by(3).collect();
    compare(moment, Some(&some), None).await;
    compare(moment, Some(&[]), None).await;
}

/// A range that the viewer chose takes the place of each gauge's own: in quarters and years that begin with the fiscal
/// year.
#[rstest]
#[case::quarter(clocks::FORWARD_EAST, "qtd")]
#[case::whole_year(clocks::YEAR_END_EAST, "ytd")]
#[case::first_day(clocks::YEAR_START_EAST, "ytd")]
#[case::last_week(clocks::FORWARD_WEST, "last_week")]
#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_range_is_counted(#[case] moment: Moment, #[case] range: &str) {
    compare(moment, None, Some(range)).await;
}
