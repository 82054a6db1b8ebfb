//! What datasets say they rest on is what Postgres reads for them.

use super::{money, work, world::World};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe;
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::{BTreeMap, BTreeSet};
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{Dataset, DatasetColumn},
    entity::Entity,
};

/// Entities whose tables a question reads, by its plan: joins that it does not need are not in it.
async fn read(
    connection: &mut PgConnection,
    dataset: &Dataset,
    columns: &[&DatasetColumn],
) -> BTreeSet<String> {
    let columns: Vec<String> = columns.iter().map(|column| format!("d.\"{}\"", column.name)).collect();
    let columns = if columns.is_empty() { "1".to_owned() } else { columns.join(", ") };
    let sql = format!(
        "explain (format json, verbose) select {columns} from dataset.\"{}\" d where d.datasource_id = 1",
        dataset.slug
    );
    let plan: serde_json::Value =
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.expect("a plan");
    let mut found = BTreeSet::new();
    let mut nodes = vec![&plan[0]["Plan"]];
    while let Some(node) = nodes.pop() {
        nodes.extend(node["Plans"].as_array().into_iter().flatten());
        if node["Schema"] == "autotask" {
            let table = node["Relation Name"].as_str().expect("a table");
            found.extend(Entity::all().iter().filter(|it| it.table == table).map(|it| it.name.to_owned()));
        }
    }
    found
}

#[tokio::test]
async fn datasets_read_what_they_say_and_nothing_else() {
    let world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let mut connection = world.pool.acquire().await.expect("a connection");
    let mut compared = 0;
    for dataset in Catalogue::shipped().datasets.iter().filter(|dataset| !dataset.entities.is_empty()) {
        let slug = &dataset.slug;
        let rows: BTreeSet<String> = dataset.row_entities().iter().cloned().collect();
        assert_eq!(read(&mut connection, dataset, &[]).await, rows, "{slug}");
        // Columns that say the same are asked for together.
        let mut said: BTreeMap<BTreeSet<&String>, Vec<&DatasetColumn>> = BTreeMap::new();
        for column in &dataset.columns {
            said.entry(column.reads.iter().collect()).or_default().push(column);
        }
        let mut all = rows.clone();
        for (reads, columns) in said {
            let wanted: BTreeSet<String> = rows.iter().chain(reads).cloned().collect();
            let found = read(&mut connection, dataset, &columns).await;
            let names: Vec<&String> = columns.iter().map(|column| &column.name).collect();
            assert_eq!(found, wanted, "{slug}: {names:?}");
            all.extend(wanted);
            compared += columns.len();
        }
        let listed: BTreeSet<String> = dataset.entities.iter().cloned().collect();
        assert_eq!(all, listed, "{slug}: entities");
    }
    assert!(compared > 1_000, "{compared}");
}

/// What the columns say at an instant, as one text.
async fn said(world: &World, dataset: &Dataset, columns: &[&str], at: DateTime<Utc>) -> Option<String> {
    let columns: Vec<String> = columns.iter().map(|name| format!("d.\"{name}\"")).collect();
    let mut reading = world.pool.begin().await.expect("begun");
    sqlx::query("select set_config('taskgauge.now', $1, true)")
        .bind(at.to_rfc3339())
        .execute(&mut *reading)
        .await
        .expect("set");
    let sql = format!(
        "select string_agg(said, ';' order by said)
        from (select row({})::text as said from dataset.\"{}\" d where d.datasource_id = {}) rows",
        columns.join(", "),
        dataset.slug,
        world.datasource.0
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *reading).await.expect("rows")
}

#[tokio::test]
async fn what_does_not_rest_on_the_clock_is_the_same_all_day() {
    let morning: DateTime<Utc> = "2026-03-18T05:00:00Z".parse().expect("a time");
    let evening = morning + TimeDelta::hours(15);
    let desk = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let worlds = [desk, work::world().await, money::provider().await];
    let mut moving = BTreeSet::new();
    let datasets = Catalogue::shipped().datasets.iter().filter(|it| !it.clock && !it.entities.is_empty());
    for (dataset, world) in datasets.flat_map(|dataset| worlds.iter().map(move |world| (dataset, world))) {
        let (clock, still): (Vec<_>, Vec<_>) = dataset.columns.iter().partition(|column| column.clock);
        let names = |columns: &[&DatasetColumn]| -> Vec<String> {
            columns.iter().map(|column| column.name.clone()).collect()
        };
        for name in names(&still) {
            let (early, late) = (
                said(world, dataset, &[&name], morning).await,
                said(world, dataset, &[&name], evening).await,
            );
            assert_eq!(early, late, "{}: {name}", dataset.slug);
        }
        for name in names(&clock) {
            let early = said(world, dataset, &[&name], morning).await;
            if early != said(world, dataset, &[&name], evening).await {
                moving.insert(format!("{}.{name}", dataset.slug));
            }
        }
    }
    for name in [
        "tickets_all.age_hours",
        "tickets_all.is_stale",
        "companies.days_since_contact",
        "opportunities.age_days",
    ] {
        assert!(moving.contains(name), "{name} stands still");
    }
    // Families of windows are one view with several ends.
    for (narrow, all) in [
        ("tickets_14d", "tickets_all"),
        ("tickets_210d", "tickets_all"),
        ("time_14d", "time_all"),
        ("time_210d", "time_all"),
    ] {
        let flags = |slug: &str| -> Vec<(String, bool)> {
            let dataset = Catalogue::shipped().dataset(slug).expect("a dataset");
            dataset.columns.iter().map(|column| (column.name.clone(), column.clock)).collect()
        };
        assert_eq!(flags(narrow), flags(all), "{narrow}");
    }
}
