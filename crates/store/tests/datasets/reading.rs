//! Tables, counts and exports.

use crate::{World, dataset, text, whole};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, TABLE_ROWS_MAX, TablePage, TableQuery},
    gauge::{Condition, Op, Scalar},
    ids::DatasourceId,
};
use taskgauge_store::{Scope, StoreError};

#[tokio::test]
async fn readers_of_some_companies_see_their_rows_and_no_internals() {
    let world = World::new().await;
    let scope = Scope::Companies(vec![2]);
    let all = TableQuery { limit: TABLE_ROWS_MAX, ..TableQuery::default() };
    for dataset in &Catalogue::shipped().datasets {
        let page = world.try_table(&dataset.slug, &all, &scope).await.expect("readable");
        let whole = world.table(&dataset.slug, &all).await;
        assert!(page.total < whole.total || whole.total == 0, "{} is not scoped", dataset.slug);
        assert!(page.rows.iter().all(|row| row.link.is_none()));
        for column in
            dataset.columns.iter().filter(|column| column.internal || column.kind == ColumnKind::Json)
        {
            assert!(!page.columns.contains(&column.name), "{}.{}", dataset.slug, column.name);
            let asked = TableQuery { columns: vec![column.name.clone()], ..TableQuery::default() };
            let sorted = TableQuery { sort: column.name.clone(), ..TableQuery::default() };
            let condition = Condition { column: column.name.clone(), op: Op::Filled, value: Scalar::Nothing };
            let filtered = TableQuery { conditions: vec![condition], ..TableQuery::default() };
            for query in [asked, sorted, filtered] {
                let answer = world.try_table(&dataset.slug, &query, &scope).await;
                assert!(matches!(answer, Err(StoreError::Invalid(_))), "{}.{}", dataset.slug, column.name);
            }
        }
    }
    let page = world.try_table("tickets_all", &all, &scope).await.expect("readable");
    assert_eq!(page.total, 1);
    let nobody = world.try_table("tickets_all", &all, &Scope::Companies(Vec::new())).await.expect("readable");
    assert_eq!((nobody.total, nobody.rows.len()), (0, 0));
    let csv = world
        .db
        .store
        .dataset_csv(
            world.datasource,
            dataset("time_all"),
            &TableQuery::default(),
            &Scope::Companies(vec![1]),
        )
        .await
        .expect("an export");
    let csv = whole(csv).await;
    assert_eq!(csv.lines().count(), 1 + 3);
    assert!(!csv.contains("role_rate") && !csv.contains("udf"));
}

#[tokio::test]
async fn every_column_can_be_sorted_by_both_ways() {
    let world = World::new().await;
    // The windows of tickets and time have the columns of the whole.
    let is_window = |slug: &str| slug.ends_with("_14d") || slug.ends_with("_210d");
    for dataset in Catalogue::shipped().datasets.iter().filter(|dataset| !is_window(&dataset.slug)) {
        // Datasets by day have more rows than a page.
        let recent: Vec<Condition> = dataset
            .column("date")
            .map(|date| Condition { column: date.name.clone(), op: Op::AtLeast, value: text("2026-03-01") })
            .into_iter()
            .collect();
        for column in &dataset.columns {
            let ask = |sort: String| TableQuery {
                columns: vec![column.name.clone()],
                sort,
                conditions: recent.clone(),
                limit: TABLE_ROWS_MAX,
                ..TableQuery::default()
            };
            let up = world.try_table(&dataset.slug, &ask(column.name.clone()), &Scope::All).await;
            let down = world.try_table(&dataset.slug, &ask(format!("-{}", column.name)), &Scope::All).await;
            if column.kind == ColumnKind::Json {
                assert!(matches!(up, Err(StoreError::Invalid(_))));
                continue;
            }
            let (up, down) = (up.expect("sorted"), down.expect("sorted"));
            let filled = |page: TablePage| -> Vec<Value> {
                let values: Vec<Value> = page.rows.into_iter().map(|row| row.values[0].clone()).collect();
                let first_null = values.iter().position(Value::is_null).unwrap_or(values.len());
                assert!(
                    values[first_null..].iter().all(Value::is_null) || column.order.is_some(),
                    "nulls come last"
                );
                values.into_iter().filter(|value| !value.is_null()).collect()
            };
            let (up, mut down) = (filled(up), filled(down));
            down.reverse();
            // Rows that are equal in the column keep their order by id, so only the values are compared.
            if column.order.is_none() {
                let fold = |values: Vec<Value>| -> Vec<String> {
                    values.iter().map(|value| value.to_string().to_lowercase()).collect()
                };
                assert_eq!(fold(up), fold(down), "{}.{}", dataset.slug, column.name);
            }
        }
    }
    let by_priority = TableQuery { sort: "priority".to_owned(), ..TableQuery::default() };
    assert_eq!(world.ids("tickets_all", by_priority).await[0], 3, "Critical stands first in the picklist");
    let newest = TableQuery { sort: "-create_date".to_owned(), ..TableQuery::default() };
    assert_eq!(world.ids("tickets_all", newest).await[..2], [4, 2]);
}

#[tokio::test]
async fn conditions_do_what_they_are_called() {
    let world = World::new().await;
    let list = |values: &[&str]| Scalar::List(values.iter().map(|value| text(value)).collect());
    for (column, op, value, expected) in [
        ("status", Op::Is, text("waiting CUSTOMER"), vec![3]),
        ("status", Op::IsNot, text("Complete"), vec![1, 3, 4]),
        ("assigned_resource", Op::IsNot, text("tess tech"), vec![3, 4]),
        ("status", Op::In, list(&["new", "Waiting Customer"]), vec![3, 4]),
        ("assigned_resource", Op::NotIn, list(&["Tess Tech"]), vec![3, 4]),
        ("title", Op::Contains, text("QUOTED"), vec![3]),
        ("title", Op::Contains, text("50% \\ under_"), vec![4]),
        ("assigned_resource", Op::Empty, Scalar::Nothing, vec![4]),
        ("completed_date", Op::Filled, Scalar::Nothing, vec![2, 5, 6, 7, 8]),
        ("touches", Op::Over, Scalar::Number(1.0), vec![2]),
        ("touches", Op::AtLeast, Scalar::Number(2.0), vec![2]),
        ("touches", Op::Under, text("1"), vec![1, 3, 4, 5, 6, 7, 8]),
        ("touches", Op::AtMost, Scalar::Number(0.0), vec![1, 3, 4, 5, 6, 7, 8]),
        ("id", Op::Is, text("3"), vec![3]),
        ("company_id", Op::In, Scalar::List(vec![Scalar::Number(2.0), text("99")]), vec![3, 4]),
        ("is_open", Op::Is, Scalar::Flag(true), vec![1, 3, 4]),
        ("sla_met", Op::IsNot, Scalar::Flag(true), vec![1, 3, 4, 5, 6, 7, 8]),
        ("created_on", Op::AtLeast, text("2026-03-10"), vec![2, 4]),
        ("create_date", Op::Under, text("2025-01-01T00:00:00Z"), vec![1]),
        ("create_date", Op::Over, text("now-1d"), vec![4]),
        // Hostile text is data.
        ("title", Op::Is, text("'; drop table autotask.tickets; --"), vec![]),
        ("title", Op::Contains, text("\0"), vec![]),
    ] {
        assert_eq!(world.where_(column, op, value.clone()).await, expected, "{column} {op:?} {value:?}");
    }
    for (column, op, value) in [
        ("nothing", Op::Is, text("x")),
        ("title\" or true --", Op::Is, text("x")),
        ("touches", Op::Over, text("many")),
        ("create_date", Op::Over, text("soon")),
        ("touches", Op::Contains, text("1")),
        ("id", Op::Is, Scalar::Nothing),
        ("udf", Op::Is, text("x")),
    ] {
        let conditions = vec![Condition { column: column.to_owned(), op, value }];
        let query = TableQuery { conditions, ..TableQuery::default() };
        let answer = world.try_table("tickets_all", &query, &Scope::All).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{column} {op:?}");
    }
}

#[tokio::test]
async fn search_looks_for_all_words_in_all_text() {
    let world = World::new().await;
    for (search, expected) in [
        ("alder", vec![1, 2, 5, 6, 7, 8]),
        ("ALDER forgotten", vec![1]),
        ("theo waits", vec![3]),
        ("50%", vec![4]),
        ("r_s", vec![4]),
        ("100%", vec![]),
        ("'; select 1 --", vec![]),
        ("   ", vec![1, 2, 3, 4, 5, 6, 7, 8]),
    ] {
        let query = TableQuery { search: search.to_owned(), sort: "id".to_owned(), ..TableQuery::default() };
        assert_eq!(world.ids("tickets_all", query).await, expected, "{search}");
    }
    let long = "x".repeat(100_000);
    let query = TableQuery { search: format!("{long} {long}"), ..TableQuery::default() };
    assert!(world.ids("tickets_all", query).await.is_empty());
}

#[tokio::test]
async fn pages_are_cut_from_the_whole() {
    let mut world = World::new().await;
    world
        .run(
            "insert into autotask.tickets (datasource_id, id, title, status, last_activity_date, create_date, changed_at)
            select {ds}, 100 + n, 'Same', 1, '2026-03-18T00:00:00Z', '2026-03-18T00:00:00Z', now()
            from generate_series(1, 700) n",
        )
        .await;
    let first = world.table("tickets_all", &TableQuery::default()).await;
    assert_eq!((first.total, first.rows.len()), (708, 50));
    assert_eq!(first.columns, dataset("tickets_all").shown);
    let absurd = TableQuery { limit: u32::MAX, ..TableQuery::default() };
    assert_eq!(world.table("tickets_all", &absurd).await.rows.len(), 500);
    let beyond = TableQuery { offset: u64::MAX, ..TableQuery::default() };
    let beyond = world.table("tickets_all", &beyond).await;
    assert_eq!((beyond.total, beyond.rows.len()), (708, 0));
    let mut ids = Vec::new();
    for page in 0..8 {
        let query =
            TableQuery { offset: page * 100, limit: 100, sort: "title".to_owned(), ..TableQuery::default() };
        ids.extend(world.ids("tickets_all", query).await);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 708, "every row is on one page");
}

#[tokio::test]
async fn what_is_not_there_is_refused() {
    let world = World::new().await;
    for query in [
        TableQuery { columns: vec!["datasource_id".to_owned()], ..TableQuery::default() },
        TableQuery { columns: vec!["id; drop table x".to_owned()], ..TableQuery::default() },
        TableQuery { sort: "-nothing".to_owned(), ..TableQuery::default() },
        TableQuery { sort: "--id".to_owned(), ..TableQuery::default() },
    ] {
        let answer = world.try_table("tickets_all", &query, &Scope::All).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{query:?}");
    }
    let nowhere = DatasourceId(world.other.0 + 1);
    let query = TableQuery::default();
    let answer = world.db.store.table(nowhere, dataset("tickets_all"), &query, &Scope::All).await;
    assert!(matches!(answer, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn rows_open_in_autotask() {
    let mut world = World::new().await;
    world.run("update taskgauge.datasources set web_url = 'https://ww5.autotask.net/' where id = {ds}").await;
    let query =
        TableQuery { columns: vec!["title".to_owned()], sort: "id".to_owned(), ..TableQuery::default() };
    let page = world.table("tickets_all", &query).await;
    assert_eq!(
        page.rows[0].link.as_deref(),
        Some(
            "https://ww5.autotask.net/Autotask/AutotaskExtend/ExecuteCommand.aspx?Code=OpenTicketDetail&TicketID=1"
        )
    );
    assert_eq!(page.rows[0].values, [json!("Forgotten")]);
    let own = r#"'{"links": {"templates": {"ticket": "/Mvc/ServiceDesk/TicketDetail.mvc?ticketId={id}"}}}'"#;
    world.run(&format!("update taskgauge.datasources set settings = {own} where id = {{ds}}")).await;
    let page = world.table("tickets_all", &query).await;
    assert_eq!(
        page.rows[0].link.as_deref(),
        Some("https://ww5.autotask.net/Mvc/ServiceDesk/TicketDetail.mvc?ticketId=1")
    );
}

#[tokio::test]
async fn exports_are_whole_and_safe() {
    let mut world = World::new().await;
    let columns =
        ["id", "title", "company", "hours_worked", "create_date", "created_on", "is_open", "contact"];
    let query = TableQuery {
        columns: columns.map(str::to_owned).to_vec(),
        sort: "id".to_owned(),
        limit: 1,
        ..TableQuery::default()
    };
    let dataset = dataset("tickets_all");
    let csv =
        world.db.store.dataset_csv(world.datasource, dataset, &query, &Scope::All).await.expect("an export");
    let csv = whole(csv).await;
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines[0], "id,title,company,hours_worked,create_date,created_on,is_open,contact");
    assert_eq!(
        lines[2],
        "2,\"'=HYPERLINK(\"\"http://example.com\"\")\",Alder & Sons,2,2026-03-09T23:30:00Z,2026-03-10,false,Ann Alder"
    );
    assert_eq!(
        lines[3],
        "3,\"Waits, \"\"quoted\"\"\",\"Birch \"\"Ltd\"\"\",0,2026-03-01T08:00:00Z,2026-03-01,true,Bob"
    );
    assert_eq!(lines.len(), 1 + 8 + 1);

    // More rows than are read at a time.
    world
        .run(
            "insert into autotask.tickets (datasource_id, id, title, status, estimated_hours, changed_at)
            select {ds}, 100 + n, '+' || n, 1, 12345678901234567.25, now()
            from generate_series(1, 2500) n",
        )
        .await;
    let csv =
        world.db.store.dataset_csv(world.datasource, dataset, &TableQuery::default(), &Scope::All).await;
    let csv = whole(csv.expect("an export")).await;
    assert_eq!(csv.matches("\r\n").count(), 1 + 2508);
    assert!(csv.contains(",+7,") && csv.contains(",12345678901234567.25,"));
    let json = world.db.store.dataset_json(world.datasource, dataset, &query, &Scope::All).await;
    let rows: Vec<Value> = serde_json::from_str(&whole(json.expect("an export")).await).expect("JSON");
    assert_eq!(rows.len(), 2508);
    assert_eq!(
        rows[1],
        json!({
            "id": 2, "title": "=HYPERLINK(\"http://example.com\")", "company": "Alder & Sons", "hours_worked": 2,
            "create_date": "2026-03-09T23:30:00Z", "created_on": "2026-03-10", "is_open": false, "contact": "Ann Alder"
        })
    );
    let none = TableQuery { search: "nothing has this".to_owned(), ..query };
    let json =
        world.db.store.dataset_json(world.datasource, dataset, &none, &Scope::All).await.expect("an export");
    assert_eq!(serde_json::from_str::<Value>(&whole(json).await).expect("JSON"), json!([]));
}

#[tokio::test]
async fn a_dataset_is_as_old_as_its_oldest_entity() {
    let mut world = World::new().await;
    let dataset = dataset("invoices");
    let age = |world: &World| {
        let store = world.db.store.clone();
        let datasource = world.datasource;
        async move { store.dataset_ages(datasource, dataset).await.expect("readable") }
    };
    assert_eq!(age(&world).await, None);
    world
        .run(
            "insert into taskgauge.entity_state (datasource_id, entity, read_at)
            values ({ds}, 'Companies', '2026-03-18T08:00:00Z'), ({ds}, 'Tickets', '2026-01-01T00:00:00Z')",
        )
        .await;
    assert_eq!(age(&world).await, None, "invoices were not read");
    world
        .run(
            "insert into taskgauge.entity_state (datasource_id, entity, read_at)
            values ({ds}, 'Invoices', '2026-03-18T09:00:00Z'), ({ds}, 'Resources', '2026-03-17T09:00:00Z')",
        )
        .await;
    let at = |time: &str| Some(time.parse::<DateTime<Utc>>().expect("a time"));
    assert_eq!(age(&world).await, at("2026-03-18T08:00:00Z"), "names of people do not date invoices");
    world.run("update taskgauge.entity_state set read_at = null where entity = 'Companies'").await;
    assert_eq!(age(&world).await, at("2026-03-18T09:00:00Z"), "what was never read has no age");
}
