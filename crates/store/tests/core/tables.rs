//! The tables of the schema `autotask` beside the declarations they mirror.

use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection};
use std::collections::{BTreeMap, BTreeSet};
use taskgauge_model::entity::{Entity, column_name};
use taskgauge_store::testing;

/// Columns that every entity's table has beside Autotask's fields.
const OWN: [(&str, &str); 7] = [
    ("datasource_id", "bigint"),
    ("id", "bigint"),
    ("extra", "jsonb"),
    ("udf", "jsonb"),
    ("changed_at", "timestamp with time zone"),
    ("absent_since", "timestamp with time zone"),
    ("deleted_at", "timestamp with time zone"),
];

/// Tables that mirror no entity.
const OTHERS: [&str; 2] = ["picklist_values", "user_defined_fields"];

#[tokio::test]
async fn tables_are_what_is_declared() {
    let database = testing::database().await;
    let mut connection = PgConnection::connect(database.url.expose_secret()).await.unwrap();
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'autotask'::regnamespace
            and c.relkind in ('r', 'p')
            and a.attnum > 0
            and not a.attisdropped",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (table, column, kind) in rows {
        tables.entry(table).or_default().insert(column, kind);
    }
    for entity in Entity::all() {
        let mut there = tables.remove(entity.table).unwrap_or_default();
        for (column, kind) in OWN {
            assert_eq!(there.remove(column).as_deref(), Some(kind), "{}.{column}", entity.table);
        }
        for column in entity.columns {
            // As Postgres writes it out.
            let kind = match column.kind.sql() {
                "timestamptz" => "timestamp with time zone",
                kind => kind,
            };
            let name = column_name(column.field);
            assert_eq!(there.remove(&name).as_deref(), Some(kind), "{}.{name}", entity.table);
        }
        assert!(there.is_empty(), "{} has columns that nothing is written to: {there:?}", entity.table);
    }
    let left: BTreeSet<&str> = tables.keys().map(String::as_str).collect();
    assert_eq!(left, OTHERS.into());
}
