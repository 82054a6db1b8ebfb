//! The two ways into a table: copied in, and compared with what is there.

use chrono::{DateTime, NaiveDate, Utc};
use rstest::rstest;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use std::time::Duration;
use taskgauge_model::entity::{Entity, Kind, TICKETS};
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::run::RunKind;
use taskgauge_store::rows::{Cell, PageCommit, Row};
use taskgauge_store::runs::Lease;
use taskgauge_store::testing::{TestDatabase, database};

const NUMBERS: [&str; 14] = [
    "0",
    "-0.5",
    "1",
    "9999",
    "10000",
    "12345678.90123",
    "0.00001234",
    "-123450000",
    "0.1000",
    "100000000",
    "12.50",
    "-99999999.0001",
    "123456789012345678901234567890.12345678901234567890",
    "0.0",
];
const INSTANTS: [&str; 5] = [
    "2026-03-18T10:00:00.123456Z",
    "1999-12-31T23:59:59.9999999Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2000-01-01T00:00:00Z",
];
const DAYS: [&str; 4] = ["2000-01-01", "1999-12-31", "0001-01-01", "9999-12-31"];
const TEXTS: [&str; 4] = ["Printer", "\\N", "a\tb\nc\\\"'", "Ärger 🖨️ مرحبا"];

/// A value for each column, others for each row.
fn row(entity: &Entity, id: usize) -> Row {
    let cells = entity.columns.iter().enumerate().map(|(place, column)| {
        let turn = id + place;
        match column.kind {
            _ if turn % 7 == 6 => Cell::Null,
            Kind::Integer | Kind::Picklist => Cell::Whole([0, -1, i64::MAX, i64::MIN, 42][turn % 5]),
            Kind::Number => Cell::Number(NUMBERS[turn % NUMBERS.len()].to_owned()),
            Kind::Text | Kind::Code => Cell::Text(TEXTS[turn % TEXTS.len()].to_owned()),
            Kind::Flag => Cell::Flag(turn.is_multiple_of(2)),
            Kind::DateTime => {
                let at: DateTime<Utc> = INSTANTS[turn % INSTANTS.len()].parse().expect("an instant");
                Cell::Instant(at)
            }
            Kind::Date => {
                let day: NaiveDate = DAYS[turn % DAYS.len()].parse().expect("a day");
                Cell::Day(day)
            }
        }
    });
    let mut row = Row { id: id.try_into().expect("an id"), cells: cells.collect(), ..Row::default() };
    if id % 2 == 1 {
        row.extra.insert("newField".to_owned(), json!({"a": [1, "é\u{1}"]}));
        row.udf.insert("Site".to_owned(), json!("North"));
    }
    row
}

async fn lease(database: &TestDatabase, name: &str) -> Lease {
    let id = database.datasource(name).await;
    database.store.queue_run(id, RunKind::Full, None).await.expect("queued");
    database.store.claim_run(name, Duration::from_mins(1)).await.expect("claimed").expect("a run")
}

async fn stored(pool: &PgPool, entity: &Entity, datasource: DatasourceId) -> Vec<Value> {
    let table = entity.table;
    sqlx::query_scalar(AssertSqlSafe(format!(
        "select to_jsonb(t) - 'datasource_id' from autotask.{table} t where datasource_id = $1 order by id"
    )))
    .bind(datasource.0)
    .fetch_all(pool)
    .await
    .expect("rows")
}

#[tokio::test]
async fn rows_that_are_copied_in_are_those_that_would_have_been_inserted() {
    let database = database().await;
    let (copied, inserted) = (lease(&database, "copied").await, lease(&database, "inserted").await);
    let pool = PgPool::connect(database.url.expose_secret()).await.expect("a connection");
    for entity in Entity::all() {
        let rows: Vec<Row> = (0..30).map(|id| row(entity, id)).collect();
        for (lease, fresh) in [(&copied, true), (&inserted, false)] {
            let page = PageCommit { rows: rows.clone(), fresh, ..PageCommit::of(entity) };
            let written = database.store.commit_page(lease, &page).await.expect("written");
            assert_eq!((written.inserted, written.quarantined), (30, 0), "{} {fresh}", entity.name);
        }
        let left = stored(&pool, entity, copied.datasource).await;
        assert_eq!(left.len(), 30);
        assert_eq!(left, stored(&pool, entity, inserted.datasource).await, "{}", entity.name);
    }
}

/// What was copied in, in another way: rows are what they were.
#[tokio::test]
async fn what_was_copied_in_is_unchanged_when_it_comes_again() {
    let database = database().await;
    let lease = lease(&database, "copied").await;
    for entity in Entity::all() {
        let page = |fresh| {
            let rows = (0..30).map(|id| row(entity, id)).collect();
            PageCommit { rows, fresh, ..PageCommit::of(entity) }
        };
        database.store.commit_page(&lease, &page(true)).await.expect("written");
        let again = database.store.commit_page(&lease, &page(false)).await.expect("written");
        assert_eq!((again.unchanged, again.updated, again.inserted), (30, 0, 0), "{}", entity.name);
    }
}

#[rstest]
#[case::there_already("Fine", 1)]
#[case::impossible("9", 0)]
#[tokio::test]
async fn a_page_that_cannot_be_copied_in_is_compared(#[case] what: &str, #[case] known: i64) {
    let database = database().await;
    let lease = lease(&database, "copied").await;
    let place = |field: &str| TICKETS.columns.iter().position(|c| c.field == field).expect("a column");
    let ticket = |id: i64, hours: &str| {
        let mut row = Row { id, cells: vec![Cell::Null; TICKETS.columns.len()], ..Row::default() };
        row.cells[place("estimatedHours")] = Cell::Number(hours.to_owned());
        row
    };
    let page = |rows| PageCommit { rows, fresh: true, ..PageCommit::of(&TICKETS) };
    if known > 0 {
        database.store.commit_page(&lease, &page(vec![ticket(2, "7")])).await.expect("written");
    }
    // More digits before the point than a number has room for.
    let hours = if what == "Fine" { "1.5".to_owned() } else { what.repeat(200_000) };
    let rows = vec![ticket(1, "1"), ticket(2, &hours), ticket(3, "3")];
    let written = database.store.commit_page(&lease, &page(rows)).await.expect("written");
    let expected = if known > 0 { (2, 1, 0) } else { (2, 0, 1) };
    assert_eq!((written.inserted, written.updated, written.quarantined), expected);
}
