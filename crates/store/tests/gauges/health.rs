//! What Data Health says of the copy, reckoned by hand.

use super::{close, world::World};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::TableQuery,
    datasource::{Doctor, Finding, Probe},
    entity::{Entity, Refresh},
    gauge::{Answer, Filters, Status},
};
use taskgauge_store::Scope;

impl World {
    async fn run(&self, sql: &str) {
        let sql = sql.replace("{ds}", &self.datasource.0.to_string()).replace("{at}", &self.at.to_rfc3339());
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&self.pool).await.expect("the statement is valid");
    }
}

fn rows(answer: &Answer, shown: usize) -> Vec<Vec<Value>> {
    let table = answer.table.as_ref().unwrap_or_else(|| panic!("{}: no table", answer.gauge));
    table.rows.iter().map(|row| row.values[..shown].to_vec()).collect()
}

fn probe(entity: &str, finding: Finding, right: Option<(&str, &str)>) -> Probe {
    Probe {
        entity: entity.to_owned(),
        label: entity.to_owned(),
        finding,
        right: right.map(|(tab, row)| (tab.to_owned(), row.to_owned())),
        datasets: Vec::new(),
        gauges: Vec::new(),
    }
}

async fn world() -> World {
    World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await
}

#[tokio::test]
async fn each_kind_of_record_has_the_age_of_its_own_schedule() {
    let world = world().await;
    let read = |minutes: i64| -> DateTime<Utc> { world.at - TimeDelta::minutes(minutes) };
    // With every sync: green to 20 minutes, amber to 40. Read again once a day: green to two days.
    for (entity, minutes) in [
        ("Tickets", 20),
        ("TimeEntries", 21),
        ("Contacts", 40),
        ("Companies", 41),
        ("Roles", 2 * 24 * 60),
        ("Departments", 2 * 24 * 60 + 1),
        ("Surveys", 4 * 24 * 60 + 1),
    ] {
        sqlx::query(
            "insert into taskgauge.entity_state (datasource_id, entity, read_at) values ($1, $2, $3)",
        )
        .bind(world.datasource.0)
        .bind(entity)
        .bind(read(minutes))
        .execute(&world.pool)
        .await
        .expect("inserted");
    }
    let doctor = Doctor { probes: vec![probe("Invoices", Finding::Forbidden, None)], ..Doctor::default() };
    world.database.store.set_doctor(world.datasource, &doctor).await.expect("set");
    let answer = world.answer("data_freshness").await;
    let found = rows(&answer, 2);
    let state = |records: &str| {
        let row = found.iter().find(|row| row[0] == records).unwrap_or_else(|| panic!("no {records}"));
        row[1].as_str().expect("a state").to_owned()
    };
    for (records, wanted) in [
        ("Tickets", "Green"),
        ("Time entries", "Amber"),
        ("Contacts", "Amber"),
        ("Companies", "Red"),
        ("Roles", "Green"),
        ("Departments", "Amber"),
        ("Surveys", "Red"),
        ("Projects", "Red"),
        ("Invoices", "Not permitted"),
    ] {
        assert_eq!(state(records), wanted, "{records}");
    }
    assert_eq!(found[0][1], "Red");
    assert_eq!(found.last().expect("rows")[1], "Green");
}

#[tokio::test]
async fn the_schedules_are_those_of_the_declarations() {
    let world = world().await;
    let mut shown: Vec<(String, String, Option<f64>)> = sqlx::query_as(
        "select entity, records, case when schedule_hours < 1 then null else schedule_hours::float8 end
        from dataset.data_age",
    )
    .fetch_all(&world.pool)
    .await
    .expect("readable");
    let mut declared: Vec<_> = Entity::all()
        .iter()
        .map(|entity| {
            let hours = match entity.refresh {
                Refresh::Sweep { hours } => Some(f64::from(hours)),
                _ => None,
            };
            (entity.name.to_owned(), entity.label.to_owned(), hours)
        })
        .collect();
    shown.sort_by(|a, b| a.0.cmp(&b.0));
    declared.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(shown, declared);
}

#[tokio::test]
async fn requests_are_those_of_the_last_hour() {
    let world = world().await;
    world
        .run(
            "update taskgauge.datasources
            set hour_used = 4000, hour_limit = 10000, hour_at = '{at}'::timestamptz - interval '59 minutes'
            where id = {ds};
            insert into taskgauge.runs (datasource_id, kind, state, queued_at, started_at, ended_at, requests)
            select {ds}, 'incremental', 'done', t, t, t + interval '1 minute', v.requests
            from (values (30, 500), (61, 200), (62, 900)) as v (minutes, requests)
            cross join lateral (select '{at}'::timestamptz - v.minutes * interval '1 minute' as t) x;
            update taskgauge.runs set ended_at = '{at}'::timestamptz - interval '59 minutes' where requests = 200",
        )
        .await;
    let answer = world.answer("api_budget").await;
    assert_eq!((answer.status, answer.value), (Status::Ok, Some(40.0)));
    let mut own = super::gauge("api_budget").clone();
    own.values.remove(0);
    own.layers.remove(0);
    let own = world.ask(&own, &Filters::default(), &Scope::All).await.expect("an answer");
    close("api_budget", "our own", own.value, Some(7.0));
    world
        .run("update taskgauge.datasources set hour_at = '{at}'::timestamptz - interval '60 minutes' where id = {ds}")
        .await;
    let answer = world.answer("api_budget").await;
    assert_eq!((answer.status, answer.value), (Status::NoData, None));
    assert!(answer.note.is_some_and(|note| note.contains("60 minutes")));
}

#[tokio::test]
async fn the_latest_counts_stand_beside_those_of_autotask() {
    let world = world().await;
    world
        .run(
            "insert into taskgauge.comparisons (datasource_id, entity, part, at, there, here, repaired, apart)
            values
                ({ds}, 'Tickets', 'all records', '2026-03-17T01:00:00Z', 90, 50, 0, 40),
                ({ds}, 'Tickets', 'all records', '2026-03-18T01:00:00Z', 100, 98, 2, 0),
                ({ds}, 'Invoices', '2 years', '2026-03-17T01:00:00Z', 20, 15, 0, 5)",
        )
        .await;
    let answer = world.answer("count_reconciliation").await;
    assert_eq!(
        rows(&answer, 6),
        [
            vec![json!("Invoices"), json!("2 years"), json!(20), json!(15), json!(0), json!(5)],
            vec![json!("Tickets"), json!("all records"), json!(100), json!(98), json!(2), json!(0)],
        ]
    );
}

#[tokio::test]
async fn permissions_say_what_to_change_and_the_worst_comes_first() {
    let world = world().await;
    assert_eq!(world.answer("permission_gaps").await.status, Status::NoData);
    let hidden = Finding::Gap { id: "costs".to_owned(), why: "No cost is visible.".to_owned() };
    let doctor = Doctor {
        probes: vec![
            probe("Tickets", Finding::Readable { rows: 7 }, None),
            probe("Surveys", Finding::Empty, None),
            probe("Roles", Finding::SuspiciouslyEmpty, Some(("Admin", "Roles"))),
            probe("Invoices", Finding::Forbidden, Some(("Contracts", "Invoicing: View"))),
        ],
        gaps: vec![probe("BillingItems", hidden, None)],
        ..Doctor::default()
    };
    world.database.store.set_doctor(world.datasource, &doctor).await.expect("set");
    assert_eq!(
        rows(&world.answer("permission_gaps").await, 5),
        [
            vec![
                json!("Invoices"),
                json!("Forbidden"),
                json!("Contracts → Invoicing: View"),
                json!(null),
                json!(null)
            ],
            vec![
                json!("BillingItems"),
                json!("Partly hidden"),
                json!(null),
                json!("No cost is visible."),
                json!(null)
            ],
            vec![
                json!("Roles"),
                json!("Suspiciously empty"),
                json!("Admin → Roles"),
                json!(null),
                json!(null)
            ],
            vec![json!("Surveys"), json!("Empty"), json!(null), json!(null), json!(null)],
            vec![json!("Tickets"), json!("Readable"), json!(null), json!(null), json!(7)],
        ]
    );
}

#[tokio::test]
async fn records_that_distort_are_counted_by_reason() {
    let world = world().await;
    assert_eq!(world.answer("data_quality_exceptions").await.status, Status::NoData);
    world
        .run(
            "insert into autotask.tickets
                (datasource_id, id, company_id, status, create_date, completed_date, changed_at, deleted_at)
            values
                ({ds}, 1, null, 8, '2026-03-01T10:00:00Z', null, now(), null),
                ({ds}, 2, 1, 5, '2026-03-02T10:00:00Z', '2026-03-01T10:00:00Z', now(), null),
                ({ds}, 3, 1, 8, '2026-03-18T11:00:01Z', null, now(), null),
                ({ds}, 4, 1, 8, '2026-03-18T11:00:00Z', null, now(), null),
                ({ds}, 5, null, 8, '2026-03-01T10:00:00Z', null, now(), now());
            insert into autotask.time_entries
                (datasource_id, id, ticket_id, internal_billing_code_id, resource_id, date_worked, hours_worked, changed_at)
            values
                ({ds}, 1, null, null, 29, '2026-03-01', 1, now()), ({ds}, 2, null, 3, 29, '2026-03-01', 1, now()),
                ({ds}, 3, 2, null, 29, '2026-03-01', 16, now()), ({ds}, 4, 2, null, 29, '2026-03-01', 16.25, now()),
                ({ds}, 5, 2, null, 29, '2026-03-01', -1, now()), ({ds}, 6, 2, null, 29, '2026-03-19', 1, now());
            insert into autotask.contracts (datasource_id, id, company_id, contract_name, changed_at)
            values ({ds}, 1, 1, 'Managed', now());
            insert into autotask.services (datasource_id, id, name, changed_at) values ({ds}, 1, 'Backup', now());
            insert into autotask.contract_services (datasource_id, id, contract_id, service_id, unit_price, changed_at)
            values ({ds}, 1, 1, 1, 12, now());
            insert into autotask.contract_service_units
                (datasource_id, id, contract_id, service_id, contract_service_id, start_date, end_date, units, price, changed_at)
            values
                ({ds}, 1, 1, 1, 1, '2026-03-01', '2026-03-31', 10, 12, now()),
                ({ds}, 2, 1, 1, 1, '2026-03-01', '2026-03-31', 10, 120, now()),
                ({ds}, 3, 1, 1, 1, '2026-03-01', '2026-03-31', 1, 12, now());
            insert into taskgauge.quarantine (datasource_id, entity, id, reason, \"row\", at)
            values ({ds}, 'Tickets', 77, 'no date', '{}', '2026-03-01T10:00:00Z')",
        )
        .await;
    let answer = world.answer("data_quality_exceptions").await;
    let got: Vec<_> =
        answer.groups.iter().map(|group| (group.label.as_str(), group.values["records"])).collect();
    assert_eq!(
        got,
        [
            ("Date in the future", 2.0),
            ("Negative duration", 2.0),
            ("Entry over 16 hours", 1.0),
            ("Price of one unit for several", 1.0),
            ("Record that could not be read", 1.0),
            ("Ticket without company", 1.0),
            ("Time without ticket or task", 1.0),
        ]
    );
    assert_eq!((answer.value, answer.rows), (Some(9.0), 9));
    // Each row opens its own kind of record, where Autotask has an address for it.
    let dataset = Catalogue::shipped().dataset("data_quality").expect("a dataset");
    let query = TableQuery { columns: vec!["entity".to_owned()], ..TableQuery::default() };
    let table = world.database.store.table(world.datasource, dataset, &query, &Scope::All).await;
    let opened: BTreeSet<(String, Option<String>)> = table
        .expect("rows")
        .rows
        .into_iter()
        .map(|row| {
            let code =
                row.link.and_then(|link| Some(link.split_once("Code=")?.1.split_once('&')?.0.to_owned()));
            (row.values[0].as_str().expect("a name").to_owned(), code)
        })
        .collect();
    let wanted = [
        ("ContractServiceUnits", None),
        ("Tickets", Some("OpenTicketDetail")),
        ("TimeEntries", Some("EditTimeEntry")),
    ];
    assert_eq!(opened, wanted.map(|(entity, code)| (entity.to_owned(), code.map(str::to_owned))).into());
}
