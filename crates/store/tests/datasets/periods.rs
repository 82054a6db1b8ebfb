//! Views of windows, days and months.

use crate::{World, dataset, whole};
use chrono::{NaiveDate, TimeDelta};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use taskgauge_model::{
    dataset::{TABLE_ROWS_MAX, TableQuery},
    gauge::{Condition, Op, Scalar},
};
use taskgauge_store::Scope;

#[tokio::test]
async fn windows_end_at_their_instant_and_move_with_the_clock() {
    let world = World::new().await;
    assert_eq!(world.column("tickets_14d", "id").await.into_keys().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(world.column("tickets_210d", "id").await.into_keys().collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
    assert_eq!(world.column("time_14d", "id").await.into_keys().collect::<Vec<_>>(), [1, 2]);
    world.db.clock.set(world.db.clock.now() + TimeDelta::seconds(1));
    assert_eq!(world.column("tickets_14d", "id").await.into_keys().collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(world.column("tickets_210d", "id").await.into_keys().collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    assert_eq!(world.column("time_14d", "id").await.into_keys().collect::<Vec<_>>(), [1]);
    assert!(world.column("tasks", "id").await.is_empty());
    assert!(world.column("invoices", "id").await.is_empty());
}

#[tokio::test]
async fn the_backlog_of_every_day_is_what_was_open_at_its_end() {
    let mut world = World::new().await;
    // Many tickets with dates from a fixed sequence, some of them before the window, at midnight and in the future.
    world
        .run(
            "insert into autotask.tickets
                (datasource_id, id, company_id, queue_id, priority, status, create_date, completed_date, changed_at)
            select
                {ds}, 1000 + n, n % 3, 20 + n % 2, n % 4, case when n % 5 = 0 then 1 else 5 end, created,
                case when n % 5 > 0 then created + (n * 7919 % 3000) * interval '20 minutes' end, now()
            from (
                select n, timestamptz '2026-03-20T23:00:00Z' - (n * 104729 % 10600) * interval '1 hour' as created
                from generate_series(1, 400) n
            ) x",
        )
        .await;
    let today: NaiveDate = "2026-03-18".parse().expect("a date");
    let tickets: Vec<(i64, NaiveDate, Option<NaiveDate>)> = sqlx::query_as(
        "select
            coalesce(company_id, -1),
            (create_date at time zone 'Europe/Berlin')::date,
            case
                when status = 5 then least(
                    date '2026-03-18', (completed_date at time zone 'Europe/Berlin')::date
                )
            end
        from autotask.tickets
        where datasource_id = $1 and deleted_at is null",
    )
    .bind(world.datasource.0)
    .fetch_all(&mut world.sql)
    .await
    .expect("tickets");
    let columns = ["date", "company_id", "opened", "closed", "open_at_end"].map(str::to_owned).to_vec();
    let dataset = dataset("ticket_daily");
    let query = TableQuery { columns, ..TableQuery::default() };
    let rows =
        world.db.store.dataset_json(world.datasource, dataset, &query, &Scope::All).await.expect("rows");
    let rows: Vec<Value> = serde_json::from_str(&whole(rows).await).expect("JSON");
    let mut found: BTreeMap<(NaiveDate, i64), [i64; 3]> = BTreeMap::new();
    for row in &rows {
        let date = row["date"].as_str().expect("a date").parse().expect("a date");
        let sums = found.entry((date, row["company_id"].as_i64().expect("an id"))).or_default();
        for (sum, name) in sums.iter_mut().zip(["opened", "closed", "open_at_end"]) {
            *sum += row[name].as_i64().expect("a number");
        }
    }
    let mut expected: BTreeMap<(NaiveDate, i64), [i64; 3]> = BTreeMap::new();
    for date in (0..400).map(|back| today - TimeDelta::days(back)) {
        for (company, opened, closed) in &tickets {
            if *opened > today {
                continue;
            }
            let counts = [
                i64::from(*opened == date),
                i64::from(*closed == Some(date)),
                i64::from(*opened <= date && closed.is_none_or(|closed| closed > date)),
            ];
            if counts != [0; 3] {
                let sums = expected.entry((date, *company)).or_default();
                for (sum, count) in sums.iter_mut().zip(counts) {
                    *sum += count;
                }
            }
        }
    }
    assert_eq!(found.first_key_value().map(|((date, _), _)| *date), Some(today - TimeDelta::days(399)));
    let differs = expected.iter().find(|(key, counts)| found.get(*key) != Some(*counts));
    assert_eq!(differs.map(|(key, counts)| (key, counts, found.get(key))), None);
    assert_eq!(found.len(), expected.len());
}

#[tokio::test]
async fn members_have_hours_on_every_day() {
    let mut world = World::new().await;
    world
        .run(
            "insert into autotask.internal_locations (datasource_id, id, name, holiday_set_id, changed_at)
            values ({ds}, 1, 'Office', 1, now());
            insert into autotask.holidays (datasource_id, id, holiday_set_id, holiday_date, changed_at)
            values ({ds}, 1, 1, '2026-03-11', now()), ({ds}, 2, 2, '2026-03-10', now());
            insert into autotask.time_off_requests
                (datasource_id, id, resource_id, request_date, hours, approved_date_time, changed_at)
            values
                ({ds}, 1, 10, '2026-03-12', 2, '2026-03-01T00:00:00Z', now()),
                ({ds}, 2, 10, '2026-03-12', 1, '2026-03-01T00:00:00Z', now()),
                ({ds}, 3, 10, '2026-03-13', 8, null, now());
            update autotask.resources set location_id = 1 where datasource_id = {ds} and id = 10",
        )
        .await;
    let columns = [
        "date",
        "scheduled_hours",
        "available_hours",
        "time_off_hours",
        "hours_worked",
        "client_hours",
        "billable_hours",
        "missing_hours",
    ];
    let query = TableQuery { columns: columns.map(str::to_owned).to_vec(), ..TableQuery::default() };
    let conditions = vec![Condition {
        column: "resource".to_owned(),
        op: Op::Is,
        value: Scalar::Text("Tess Tech".to_owned()),
    }];
    let query = TableQuery { conditions, limit: TABLE_ROWS_MAX, ..query };
    let page = world.table("member_days", &query).await;
    assert_eq!(page.total, 400 + 90);
    let days: HashMap<&str, Vec<f64>> = page
        .rows
        .iter()
        .map(|row| {
            let numbers = row.values[1..].iter().map(|value| value.as_f64().expect("hours")).collect();
            (row.values[0].as_str().expect("a date"), numbers)
        })
        .collect();
    for (date, expected) in [
        ("2026-03-09", [4.0, 4.0, 0.0, 0.0, 0.0, 0.0, 4.0]),
        ("2026-03-10", [8.0, 8.0, 0.0, 1.5, 1.5, 1.5, 6.5]),
        ("2026-03-11", [8.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        ("2026-03-12", [8.0, 5.0, 3.0, 0.0, 0.0, 0.0, 5.0]),
        ("2026-03-13", [8.0, 8.0, 0.0, 0.0, 0.0, 0.0, 8.0]),
        ("2026-03-14", [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        ("2026-03-17", [8.0, 8.0, 0.0, 6.0, 4.0, 4.0, 2.0]),
        // Today is not over.
        ("2026-03-18", [8.0, 8.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    ] {
        assert_eq!(days[date], expected, "{date}");
    }
    let everybody = world.table("member_days", &TableQuery::default()).await;
    assert_eq!(everybody.total, 2 * 490, "two technicians");
}

#[tokio::test]
async fn recurring_prices_are_spread_over_their_months() {
    let mut world = World::new().await;
    world
        .run(
            "insert into autotask.contract_service_units
                (datasource_id, id, contract_id, service_id, start_date, end_date, units, price, changed_at)
            values ({ds}, 3, 1, 1, '2026-01-31', '2026-03-15', 1, 60, now())",
        )
        .await;
    let columns = ["month", "period_id", "monthly_price"].map(str::to_owned).to_vec();
    let page = world.table("recurring_months", &TableQuery { columns, ..TableQuery::default() }).await;
    let months: Vec<(&str, i64, f64)> = page
        .rows
        .iter()
        .map(|row| {
            let [month, period, price] = &row.values[..] else { panic!("three values") };
            (
                month.as_str().expect("a date"),
                period.as_i64().expect("an id"),
                price.as_f64().expect("an amount"),
            )
        })
        .collect();
    assert_eq!(
        months,
        [
            // Half a year that ended early; the one-time bundle is nowhere.
            ("2026-03-01", 3, 10.0),
            ("2026-02-01", 3, 10.0),
            ("2026-01-01", 3, 10.0),
            ("2024-08-01", 1, 100.0),
            ("2024-07-01", 1, 100.0),
            ("2024-06-01", 1, 100.0),
            ("2024-05-01", 1, 100.0),
            ("2024-04-01", 1, 100.0),
            ("2024-03-01", 1, 100.0),
        ]
    );
}
