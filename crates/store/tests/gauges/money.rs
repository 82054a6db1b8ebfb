//! Contracts, money and service calls: numbers reckoned by hand from a few records.

use super::{close, gauge, world::World};
use chrono_tz::Europe;
use sqlx::AssertSqlSafe;
use taskgauge_model::gauge::{Answer, Filters, Status};
use taskgauge_store::Scope;

pub async fn provider() -> World {
    let world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let sql = include_str!("money.sql").replace("{ds}", &world.datasource.0.to_string());
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&world.pool).await.expect("the world is valid");
    world
}

/// A group's label, and its values by series.
type Wanted<'a> = (&'a str, &'a [(&'a str, Option<f64>)]);

/// Label and values of each group, in order.
#[track_caller]
fn groups(answer: &Answer, wanted: &[Wanted<'_>]) {
    let labels: Vec<_> = answer.groups.iter().map(|group| group.label.as_str()).collect();
    assert_eq!(labels, wanted.iter().map(|(label, _)| *label).collect::<Vec<_>>(), "{}", answer.gauge);
    for (group, (label, values)) in answer.groups.iter().zip(wanted) {
        for (id, value) in *values {
            let place = answer.series.iter().position(|series| series.id == *id || series.label == *id);
            let series = place.unwrap_or_else(|| panic!("{}: no series {id}", answer.gauge));
            let got = group.values.get(&answer.series[series].id).copied();
            close(&answer.gauge, &format!("{label}/{id}"), got, *value);
        }
    }
}

/// The first words of each row of a list.
fn first(answer: &Answer) -> Vec<String> {
    let table = answer.table.as_ref().unwrap_or_else(|| panic!("{}: no table", answer.gauge));
    table.rows.iter().map(|row| row.values[0].to_string().trim_matches('"').to_owned()).collect()
}

fn cell(answer: &Answer, row: usize, column: &str) -> serde_json::Value {
    let table = answer.table.as_ref().expect("a table");
    let place = table.columns.iter().position(|name| name == column).expect("the column");
    table.rows[row].values[place].clone()
}

#[tokio::test]
async fn recurring_revenue_is_spread_over_months() {
    let world = provider().await;
    let mrr = world.answer("mrr").await;
    let months: Vec<_> = mrr.groups.iter().map(|group| group.values["mrr"]).collect();
    // A year from October, a quarter from January, months of February and March; neither what is billed once, nor ours.
    assert_eq!(months, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 100.0, 100.0, 100.0, 110.0, 210.0, 230.0]);
    assert_eq!(mrr.value, Some(230.0));
    let clients = world.answer("mrr_by_client").await;
    assert_eq!(clients.value, Some(230.0));
    groups(
        &clients,
        &[
            ("Client 01", &[("mrr", Some(130.0)), ("share", Some(13_000.0 / 230.0))]),
            ("Client 02", &[("mrr", Some(100.0)), ("share", Some(10_000.0 / 230.0))]),
        ],
    );
}

#[tokio::test]
async fn contracts_end_within_ninety_days_and_blocks_burn_once() {
    let world = provider().await;
    assert_eq!(first(&world.answer("contracts_expiring").await), ["Own", "Managed", "Later"]);
    let blocks = world.answer("block_hours_left").await;
    assert_eq!(first(&blocks), ["Blocks"]);
    // 20 + 10 bought, 5 used; 6 hours in 30 days.
    for (column, wanted) in [("hours_left", 25.0), ("hours_30d", 6.0), ("days_to_empty", 125.0)] {
        close("block_hours_left", column, cell(&blocks, 0, column).as_f64(), Some(wanted));
    }
}

#[tokio::test]
async fn invoices_count_by_month_and_unpaid_ones_by_age() {
    let world = provider().await;
    let invoiced = world.answer("invoiced").await;
    let months: Vec<_> = invoiced.groups.iter().map(|group| group.values["invoiced"]).collect();
    assert_eq!(months, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 130.0, 0.0, 90.0, 200.0, 680.0]);
    let unpaid = world.answer("unpaid_invoices").await;
    assert_eq!(unpaid.value, Some(600.0));
    groups(
        &unpaid,
        &[
            ("Current", &[("unpaid", Some(100.0))]),
            ("1–30 days", &[("unpaid", Some(240.0))]),
            ("31–60 days", &[("unpaid", Some(50.0))]),
            ("61–90 days", &[("unpaid", Some(60.0))]),
            ("Over 90 days", &[("unpaid", Some(70.0))]),
            ("No due date", &[("unpaid", Some(80.0))]),
        ],
    );
}

#[tokio::test]
async fn revenue_is_split_and_set_against_hours_and_cost() {
    let world = provider().await;
    let revenue = world.answer("revenue_by_client").await;
    assert_eq!(revenue.value, Some(670.0));
    groups(
        &revenue,
        &[
            (
                "Client 01",
                &[("Recurring Service", Some(300.0)), ("Labor", Some(200.0)), ("Charge", Some(0.0))],
            ),
            ("Client 02", &[("Charge", Some(100.0))]),
            ("Client 03", &[("Labor", Some(70.0))]),
        ],
    );
    // 800 in 10 hours; a charge is no service; who was billed without hours has no rate.
    let rate = world.answer("effective_hourly_rate").await;
    groups(&rate, &[("Client 01", &[("rate", Some(80.0))]), ("Client 02", &[("rate", Some(0.0))])]);
    close("effective_hourly_rate", "the value", rate.value, Some(800.0 / 15.0));
    assert_eq!(rate.note.as_deref(), Some("Left out, without hours: Client 03."));

    let profit = world.answer("gross_profit_client").await;
    assert_eq!((profit.status, profit.value), (Status::Ok, Some(300.0)));
    groups(
        &profit,
        &[
            (
                "Client 01",
                &[
                    ("profit", Some(250.0)),
                    ("margin", Some(50.0)),
                    ("labor", Some(200.0)),
                    ("hours", Some(5.0)),
                ],
            ),
            ("Client 03", &[("profit", Some(70.0)), ("margin", Some(100.0)), ("hours", Some(0.0))]),
            ("Client 02", &[("profit", Some(-20.0)), ("margin", Some(-20.0)), ("items", Some(80.0))]),
        ],
    );
    let contracts = world.answer("contract_profitability").await;
    groups(
        &contracts,
        &[
            (
                "Managed · Recurring Service",
                // Three hours are Bob's, whose cost nobody knows.
                &[
                    ("profit", Some(300.0)),
                    ("margin", Some(50.0)),
                    ("hours", Some(8.0)),
                    ("uncosted", Some(3.0)),
                ],
            ),
            (
                "Blocks · Block Hours",
                &[("profit", Some(-180.0)), ("margin", Some(-180.0)), ("uncosted", Some(0.0))],
            ),
        ],
    );
}

#[tokio::test]
async fn time_waits_for_approval_after_seven_days() {
    let world = provider().await;
    let waiting = world.answer("unposted_time").await;
    assert_eq!((waiting.value, waiting.rows), (Some(6.0), 1));
    let mut worth = gauge("unposted_time").clone();
    worth.values.remove(0);
    worth.layers.remove(0);
    let worth = world.ask(&worth, &Filters::default(), &Scope::All).await.expect("an answer");
    assert_eq!(worth.value, Some(600.0));
}

#[tokio::test]
async fn money_and_members_are_not_for_viewers_of_some_companies() {
    let world = provider().await;
    for id in [
        "mrr",
        "mrr_by_client",
        "invoiced",
        "unpaid_invoices",
        "revenue_by_client",
        "effective_hourly_rate",
        "gross_profit_client",
        "contract_profitability",
        "unposted_time",
        "data_freshness",
        "api_budget",
        "calls_load",
    ] {
        let answer = world.ask(gauge(id), &Filters::default(), &Scope::Companies(vec![1])).await;
        assert_eq!(answer.expect("an answer").status, Status::NotPermitted, "{id}");
    }
    let ending =
        world.ask(gauge("contracts_expiring"), &Filters::default(), &Scope::Companies(vec![1])).await;
    let ending = ending.expect("an answer");
    assert_eq!(first(&ending), ["Managed"]);
}

#[tokio::test]
async fn filters_of_clients_and_types_of_contracts_reach_money() {
    let world = provider().await;
    let by_type = super::filters(&[("contract_type", &["7"])]);
    let profit = world.ask(gauge("contract_profitability"), &by_type, &Scope::All).await.expect("an answer");
    assert_eq!((profit.value, profit.groups.len(), profit.unfiltered.len()), (Some(300.0), 1, 0));
    let rate = world.ask(gauge("effective_hourly_rate"), &by_type, &Scope::All).await.expect("an answer");
    assert_eq!(rate.unfiltered, ["Contract type"]);
    assert_eq!(
        rate.value,
        world.answer("effective_hourly_rate").await.value,
        "revenue of a type by all hours"
    );
    let by_client = super::filters(&[("client", &["2"])]);
    let share = world.ask(gauge("mrr_by_client"), &by_client, &Scope::All).await.expect("an answer");
    groups(&share, &[("Client 02", &[("mrr", Some(100.0)), ("share", Some(100.0))])]);
    let store = &world.database.store;
    let types = store.filter_choices(world.datasource, "contract_type", &Scope::All).await.expect("choices");
    assert_eq!(
        types,
        [("4".to_owned(), "Block Hours".to_owned()), ("7".to_owned(), "Recurring Service".to_owned())]
    );
    assert!(store.filter_choices(world.datasource, "team", &Scope::All).await.expect("choices").is_empty());
}

#[tokio::test]
async fn calls_are_listed_by_line_and_counted_once() {
    let world = provider().await;
    let today = world.answer("calls_today").await;
    assert_eq!(
        (cell(&today, 0, "number"), cell(&today, 1, "number"), today.rows),
        ("T1".into(), "T2".into(), 2)
    );
    assert_eq!(cell(&today, 0, "resources"), "Ann Doe, Bob Doe");
    assert_eq!(first(&world.answer("calls_upcoming").await), ["2026-03-18", "2026-03-18", "2026-03-19"]);
    let overdue = world.answer("calls_overdue").await;
    let numbers: Vec<_> = (0..3).map(|row| cell(&overdue, row, "number")).collect();
    assert_eq!((numbers, overdue.rows), (vec!["T14".into(), "T2".into(), "T1".into()], 3));
    let completed = world.answer("calls_completed").await;
    assert_eq!((completed.value, completed.rows, completed.previous), (Some(50.0), 2, None));
    // A call is of everybody who is on it, not only of who is named first.
    let of = async |id: &str, member: &str| {
        let answer = world.ask(gauge(id), &super::filters(&[("member", &[member])]), &Scope::All).await;
        let answer = answer.expect("an answer");
        (answer.value, answer.rows, answer.unfiltered)
    };
    for (member, calls) in [("29", 2), ("30", 2), ("31", 0), ("nobody at all", 0), ("Ann Doe", 2)] {
        assert_eq!(of("calls_today", member).await, (None, calls, Vec::new()), "{member}");
    }
    assert_eq!(of("calls_upcoming", "30").await, (None, 3, Vec::new()));
    assert_eq!(of("calls_completed", "30").await, (None, 0, Vec::new()), "Bob was on none of last week's");
    assert_eq!(of("calls_overdue", "").await.1, 2, "calls that nobody is on");
}

#[tokio::test]
async fn members_have_the_hours_of_a_call_once() {
    let world = provider().await;
    let load = world.answer("calls_load").await;
    close("calls_load", "the value", load.value, Some(7.0 / 120.0 * 100.0));
    let names: Vec<_> = load.groups.iter().map(|group| group.label.as_str()).collect();
    assert_eq!(names, ["Bob Doe", "Ann Doe", "Eve Doe"]);
    let of = |member: usize, day: &str| load.groups[member].values.get(day).copied();
    assert_eq!((of(0, "2026-03-18"), of(0, "2026-03-19")), (Some(18.75), Some(50.0)));
    assert_eq!((of(1, "2026-03-18"), of(1, "2026-03-19")), (Some(18.75), Some(0.0)));
    // Nobody is there on a Saturday.
    assert_eq!((of(0, "2026-03-21"), load.series.len()), (None, 7));
}

#[tokio::test]
async fn a_scheduled_ticket_without_a_call_is_listed() {
    let world = provider().await;
    let waiting = world.answer("waiting_no_call").await;
    assert_eq!((first(&waiting), waiting.rows), (vec!["T11".into(), "T13".into(), "T14".into()], 3));
}
