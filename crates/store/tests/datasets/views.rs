//! What the views say.

use crate::{World, dataset};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::collections::HashSet;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, TABLE_ROWS_MAX, TableQuery},
    entity::{Entity, column_name},
};
use taskgauge_store::Scope;

#[tokio::test]
async fn views_have_exactly_the_declared_columns() {
    let mut world = World::new().await;
    for dataset in &Catalogue::shipped().datasets {
        let columns: Vec<(String, String)> = sqlx::query_as(
            "select a.attname::text, format_type(a.atttypid, null)
            from pg_catalog.pg_attribute a
            where a.attrelid = to_regclass('dataset.' || quote_ident($1)) and a.attnum > 0
            order by a.attnum",
        )
        .bind(&dataset.slug)
        .fetch_all(&mut world.sql)
        .await
        .expect("the catalogue is readable");
        let declared =
            std::iter::once("datasource_id").chain(dataset.columns.iter().map(|c| c.name.as_str()));
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, declared.collect::<Vec<_>>(), "{}", dataset.slug);
        for (column, (_, sql)) in dataset.columns.iter().zip(&columns[1..]) {
            let fits = match column.kind {
                ColumnKind::Id => sql == "bigint",
                ColumnKind::Text => sql == "text",
                ColumnKind::Integer => matches!(sql.as_str(), "integer" | "bigint"),
                ColumnKind::Number | ColumnKind::Hours | ColumnKind::Money => sql == "numeric",
                ColumnKind::Percent => matches!(sql.as_str(), "numeric" | "bigint"),
                ColumnKind::Flag => sql == "boolean",
                ColumnKind::Time => sql == "timestamp with time zone",
                ColumnKind::Date => sql == "date",
                ColumnKind::Json => sql == "jsonb",
            };
            assert!(fits, "{}.{} is {:?} and {sql}", dataset.slug, column.name, column.kind);
        }
    }
}

/// A column that is said to show a field of Autotask shows what is stored of that field.
#[tokio::test]
async fn columns_that_are_fields_show_them() {
    let mut world = World::new().await;
    let mut compared = 0;
    for dataset in &Catalogue::shipped().datasets {
        let Some(entity) = dataset.entities.first().and_then(|name| Entity::named(name)) else { continue };
        for column in &dataset.columns {
            let Some(field) = &column.field else { continue };
            let sql = format!(
                "select count(*) filter (where d.{0} is distinct from t.{1}), count(t.{1})
                from dataset.{2} d
                join autotask.{3} t on t.datasource_id = d.datasource_id and t.id = d.id",
                column.name,
                column_name(field),
                dataset.slug,
                entity.table
            );
            let (differ, filled): (i64, i64) =
                sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut world.sql).await.expect("columns");
            assert_eq!(differ, 0, "{}.{} is not {field}", dataset.slug, column.name);
            compared += usize::from(filled > 0);
        }
    }
    assert!(compared > 120, "{compared}");
}

#[tokio::test]
async fn rows_are_told_apart_by_their_id_where_all_have_one() {
    let mut world = World::new().await;
    // A call without a ticket or a task.
    world
        .run("insert into autotask.service_calls (datasource_id, id, changed_at) values ({ds}, 2, now())")
        .await;
    let mut lone = 0;
    for dataset in &Catalogue::shipped().datasets {
        if dataset.column("id").is_none() {
            continue;
        }
        let sql = format!(
            "select count(*), count(id), count(distinct id) from dataset.{} where datasource_id = $1",
            dataset.slug
        );
        let (rows, with_id, ids): (i64, i64, i64) = sqlx::query_as(AssertSqlSafe(sql))
            .bind(world.datasource.0)
            .fetch_one(&mut world.sql)
            .await
            .expect("a count");
        assert_eq!(with_id, ids, "{}: an id twice", dataset.slug);
        assert!(rows == with_id || dataset.some_without_id, "{}: rows without an id", dataset.slug);
        lone += rows - with_id;
        if dataset.some_without_id {
            // Every row is on a page, those without an id too.
            let query = TableQuery { limit: TABLE_ROWS_MAX, ..TableQuery::default() };
            let page =
                world.db.store.table(world.datasource, dataset, &query, &Scope::All).await.expect("a page");
            assert_eq!(i64::try_from(page.rows.len()), Ok(rows), "{}", dataset.slug);
            assert_eq!(page.total, rows.cast_unsigned(), "{}", dataset.slug);
        }
    }
    assert!(lone > 0);
}

#[tokio::test]
async fn joins_multiply_nothing_and_tenants_do_not_mix() {
    let world = World::new().await;
    for (slug, expected) in [
        ("tickets_all", 8),
        ("tickets_14d", 5),
        ("tickets_210d", 6),
        ("time_all", 4),
        ("time_14d", 2),
        ("time_210d", 3),
        ("sla_results", 2),
        ("surveys", 2),
        ("members", 4),
        ("companies", 3),
        ("contacts", 2),
        ("company_notes", 2),
        ("opportunities", 2),
        ("projects", 2),
        ("phases", 1),
        ("tasks", 1),
        ("contracts", 2),
        ("contract_blocks", 1),
        ("service_units", 1),
        ("bundle_units", 1),
        ("invoices", 1),
        ("service_calls", 3),
        ("config_items", 3),
        ("quotes", 1),
        ("billing_items", 1),
        ("profit_lines", 5),
        ("block_balances", 1),
    ] {
        let dataset = dataset(slug);
        // All columns, so that every join and subquery is there.
        let columns: Vec<String> = dataset.columns.iter().map(|column| column.name.clone()).collect();
        let query = TableQuery { columns, limit: TABLE_ROWS_MAX, ..TableQuery::default() };
        let page = world.table(slug, &query).await;
        assert_eq!((page.total, page.rows.len() as u64), (expected, expected), "{slug}");
        let ids: HashSet<i64> = page.rows.iter().map(|row| row.values[0].as_i64().expect("an id")).collect();
        assert_eq!(ids.len(), page.rows.len(), "ids repeat in {slug}");
        let count = world.db.store.dataset_count(world.datasource, dataset, &query, &Scope::All).await;
        assert_eq!(count.expect("counted"), expected, "{slug}");
    }
    assert_ne!(world.datasource, world.other);
}

#[tokio::test]
async fn tickets_say_what_was_derived() {
    let world = World::new().await;
    for (id, column, expected) in [
        (1, "is_stale", json!(true)),
        (2, "is_stale", json!(false)),
        (3, "is_stale", json!(false)),
        (4, "is_stale", json!(false)),
        (3, "is_waiting", json!(true)),
        (3, "is_overdue", json!(true)),
        (1, "is_overdue", json!(false)),
        (2, "is_overdue", json!(false)),
        (4, "is_new", json!(true)),
        (4, "is_unassigned", json!(true)),
        (2, "is_reactive", json!(true)),
        (1, "is_reactive", json!(false)),
        (4, "age_hours", json!(1)),
        (2, "age_hours", Value::Null),
        (3, "idle_hours", json!(360)),
        (2, "first_response_hours", json!(1)),
        (2, "resolution_hours", json!(22)),
        (1, "resolution_hours", Value::Null),
        (2, "first_response_hours_sla", json!(0.75)),
        (2, "created_on", json!("2026-03-10")),
        (2, "completed_on", json!("2026-03-10")),
        (2, "same_day", json!(true)),
        (5, "same_day", json!(false)),
        (2, "fr_breached", json!(true)),
        (2, "res_breached", json!(false)),
        (2, "is_breached", json!(true)),
        (3, "next_due", json!("2026-03-18T11:00:00Z")),
        (2, "next_due", Value::Null),
        (2, "touches", json!(2)),
        (2, "hours_worked", json!(2)),
        (1, "touches", json!(0)),
        (2, "closed_by_resource", json!("Theo Tech")),
        (5, "closed_by_resource", json!("Tess Tech")),
        (1, "secondary_resources", json!("Tess Tech, Theo Tech")),
        (4, "company", json!("#99")),
        (4, "priority", json!("#77")),
        (4, "priority_order", Value::Null),
        (3, "priority_order", json!(1)),
        (2, "contact", json!("Ann Alder")),
        (3, "contact", json!("Bob")),
        (2, "sla_met", json!(true)),
        (1, "udf", json!({"Site": "North"})),
        (2, "create_date", json!("2026-03-09T23:30:00Z")),
    ] {
        assert_eq!(world.value("tickets_all", id, column).await, expected, "{column} of ticket {id}");
    }
}

#[tokio::test]
async fn settings_change_what_counts() {
    let mut world = World::new().await;
    world
        .run(
            "update taskgauge.datasources
            set settings = '{
                \"stale_days\": 2000, \"waiting_statuses\": [\"PROGRESS\"], \"reactive_types\": [\"service request\"],
                \"excluded_ticket_categories\": [4], \"merged_ticket_status\": 5, \"queues_in_scope\": [20],
                \"endpoint_types\": [\"print\"], \"csat_positive_from\": 80.5, \"loaded_cost_per_hour\": 30
            }'
            where id = {ds}",
        )
        .await;
    assert_eq!(world.value("tickets_all", 1, "is_stale").await, json!(false));
    assert_eq!(world.value("tickets_all", 1, "is_waiting").await, json!(true));
    assert_eq!(world.value("tickets_all", 1, "is_reactive").await, json!(true));
    assert_eq!(world.value("tickets_all", 2, "is_reactive").await, json!(false));
    assert_eq!(world.value("tickets_all", 2, "resolution_hours").await, Value::Null);
    let ids: Vec<i64> = world.column("tickets_all", "id").await.into_keys().collect();
    assert_eq!(ids, [1, 2, 5, 6, 7, 8], "ticket 3 is in another queue, ticket 4 of another category");
    assert_eq!(world.value("config_items", 2, "is_endpoint").await, json!(true));
    assert_eq!(world.value("surveys", 1, "is_positive").await, json!(false));
    assert_eq!(world.value("time_all", 2, "cost").await, json!(15));
}

#[tokio::test]
async fn other_datasets_say_what_was_derived() {
    let world = World::new().await;
    for (slug, id, column, expected) in [
        ("time_all", 1, "class", json!("Billable")),
        ("time_all", 2, "class", json!("Non-billable")),
        ("time_all", 3, "class", json!("Billable")),
        ("time_all", 4, "class", json!("Internal")),
        ("time_all", 3, "company", json!("Alder & Sons")),
        ("time_all", 4, "company_id", Value::Null),
        ("time_all", 3, "project", json!("Move")),
        ("time_all", 1, "is_reactive", json!(true)),
        ("time_all", 4, "is_client", json!(false)),
        ("time_all", 1, "entry_lag_hours", json!(2)),
        // The end of 10 March in Berlin is 23:00 UTC.
        ("time_all", 2, "entry_lag_hours", json!(-1)),
        ("time_all", 1, "department", json!("Service")),
        ("time_all", 1, "value_at_role_rate", json!(240)),
        ("time_all", 1, "cost", json!(75)),
        ("time_all", 2, "cost", Value::Null),
        ("members", 10, "is_technician", json!(true)),
        ("members", 4, "is_technician", json!(false)),
        ("members", 12, "is_technician", json!(false)),
        ("members", 10, "monday_hours", json!(4)),
        ("members", 10, "tuesday_hours", json!(8)),
        ("members", 10, "weekly_hours", json!(36)),
        ("members", 11, "weekly_hours", json!(40)),
        ("members", 10, "weekly_billable_hours_goal", json!(25)),
        ("members", 10, "role", json!("Engineer")),
        ("companies", 1, "open_tickets", json!(1)),
        ("companies", 1, "endpoints", json!(1)),
        ("companies", 1, "active_contacts", json!(1)),
        ("companies", 0, "is_own_company", json!(true)),
        ("companies", 1, "last_contact_date", json!("2026-03-01T10:00:00Z")),
        ("companies", 1, "days_since_contact", json!(17)),
        ("contacts", 2, "is_active", json!(false)),
        ("config_items", 1, "is_endpoint", json!(true)),
        ("config_items", 2, "is_endpoint", json!(false)),
        ("config_items", 3, "is_endpoint", json!(false)),
        ("surveys", 1, "is_positive", json!(true)),
        ("surveys", 2, "is_positive", Value::Null),
        ("surveys", 2, "company", json!("Alder & Sons")),
        ("surveys", 1, "closed_by_resource", json!("Theo Tech")),
        ("sla_results", 1, "priority", json!("High")),
        ("sla_results", 1, "completed_on", json!("2026-03-10")),
        ("opportunities", 1, "state", json!("Open")),
        ("opportunities", 2, "state", json!("Won")),
        ("opportunities", 1, "weighted", json!(400)),
        ("opportunities", 1, "is_overdue", json!(true)),
        ("opportunities", 2, "days_to_win", json!(2)),
        ("projects", 1, "is_client_project", json!(true)),
        ("projects", 2, "is_client_project", json!(false)),
        ("projects", 1, "worked_hours", json!(4)),
        ("projects", 1, "is_over_budget", json!(true)),
        ("projects", 1, "is_overdue", json!(true)),
        ("projects", 1, "earned_hours", json!(2)),
        ("projects", 1, "cpi", json!(0.5)),
        ("projects", 1, "task_progress", json!(50)),
        ("phases", 1, "is_overdue", json!(true)),
        ("phases", 1, "is_client_project", json!(true)),
        ("phases", 1, "is_project_active", json!(true)),
        ("tasks", 1, "is_template", json!(false)),
        ("tasks", 1, "due_or_now", Value::Null),
        ("tasks", 1, "project_status", json!("New")),
        ("projects", 1, "cpi_at_completion", Value::Null),
        ("opportunities", 2, "onetime_value", json!(500)),
        ("opportunities", 2, "recurring_value", json!(0)),
        ("companies", 1, "is_not_contacted", json!(false)),
        ("companies", 2, "is_not_contacted", json!(true)),
        ("companies", 0, "is_not_contacted", json!(false)),
        ("phases", 1, "company_id", json!(1)),
        ("contracts", 1, "is_active", json!(true)),
        ("contracts", 2, "is_active", json!(false)),
        ("contracts", 1, "days_to_end", json!(0)),
        ("contract_blocks", 1, "hours_left", json!(15)),
        ("contract_blocks", 1, "is_active", json!(true)),
        ("contract_blocks", 1, "days_to_empty", json!(225)),
        ("service_units", 1, "monthly_price", json!(100)),
        ("bundle_units", 1, "monthly_price", Value::Null),
        ("invoices", 1, "days_overdue", json!(10)),
        ("service_calls", 1, "is_first", json!(true)),
        ("service_calls", 2, "is_first", json!(false)),
        ("service_calls", -1, "is_first", json!(false)),
        ("service_calls", 1, "resources", json!("Theo Tech, Tess Tech")),
        ("service_calls", 1, "duration", json!(1.5)),
        ("service_calls", 1, "scheduled_hours", json!(3)),
        ("service_calls", 1, "is_overdue", json!(true)),
        ("quotes", 1, "total", json!(200)),
        ("quotes", 1, "is_open", json!(true)),
        ("quotes", 1, "company", json!("Alder & Sons")),
        ("billing_items", 1, "margin", json!(60)),
        ("billing_items", 1, "is_labor", json!(true)),
        ("billing_items", 1, "invoice", json!("I1")),
    ] {
        assert_eq!(world.value(slug, id, column).await, expected, "{slug}.{column} of {id}");
    }
}

#[tokio::test]
async fn amounts_are_in_the_tenants_own_currency_where_autotask_has_it() {
    let mut world = World::new().await;
    for (slug, id, column, expected) in [
        ("billing_items", 1, "total_amount", 100),
        ("service_units", 1, "price", 600),
        ("quotes", 1, "total", 200),
    ] {
        assert_eq!(world.value(slug, id, column).await, json!(expected), "{slug}.{column} of one currency");
    }
    world
        .run(
            "update autotask.billing_items
            set project_id = 1, rate = 10, internal_currency_rate = 12, extended_price = 90,
                internal_currency_extended_price = 110, internal_currency_total_amount = 120, tax_dollars = 5,
                internal_currency_tax_dollars = 6
            where datasource_id = {ds} and id = 1;
            insert into autotask.billing_items (datasource_id, id, company_id, project_id, total_amount, changed_at)
            values ({ds}, 2, 1, 1, 30, now());
            insert into autotask.contract_services
                (datasource_id, id, unit_price, internal_currency_unit_price, changed_at)
            values ({ds}, 1, 600, 720, now());
            update autotask.contract_service_units
            set contract_service_id = 1, cost = 20, internal_currency_price = 720
            where datasource_id = {ds} and id = 1;
            update autotask.contract_service_bundle_units set cost = 20, internal_currency_price = 720
            where datasource_id = {ds} and id = 1;
            update autotask.quote_items
            set internal_currency_unit_price = 120, unit_discount = 10, internal_currency_unit_discount = 20,
                line_discount = 5, internal_currency_line_discount = 6
            where datasource_id = {ds} and id = 1;
            update autotask.contracts
            set setup_fee = 100, internal_currency_setup_fee = 120, overage_billing_rate = 50,
                internal_currency_overage_billing_rate = 60
            where datasource_id = {ds} and id = 1",
        )
        .await;
    for (slug, id, column, expected) in [
        ("billing_items", 1, "rate", 12),
        ("billing_items", 1, "extended_price", 110),
        ("billing_items", 1, "total_amount", 120),
        ("billing_items", 1, "tax_dollars", 6),
        ("billing_items", 1, "margin", 80),
        ("projects", 1, "posted_revenue", 150),
        ("service_units", 1, "price", 720),
        ("service_units", 1, "margin", 700),
        ("service_units", 1, "monthly_price", 120),
        ("service_units", 1, "unit_price", 720),
        ("bundle_units", 1, "price", 720),
        ("bundle_units", 1, "margin", 700),
        // Two at 120 less 20, less a tenth, less 6; and one at 20 that has no other amount.
        ("quotes", 1, "total", 194),
        ("contracts", 1, "setup_fee", 120),
        ("contracts", 1, "overage_billing_rate", 60),
    ] {
        assert_eq!(world.value(slug, id, column).await, json!(expected), "{slug}.{column}");
    }
}

#[tokio::test]
async fn ids_of_other_records_become_names() {
    let mut world = World::new().await;
    world
        .run(
            "insert into autotask.picklist_values (datasource_id, entity, field, code, label)
            values
                ({ds}, 'Tickets', 'currentServiceThermometerRating', '3', 'Happy'),
                ({ds}, 'Products', 'productCategory', '2', 'Hardware'),
                ({ds}, 'Resources', 'payrollType', '1', 'Salary'),
                ({ds}, 'Resources', 'emailTypeCode', 'PRIMARY', 'Primary'),
                ({ds}, 'Opportunities', 'revenueSpreadUnit', 'm', 'Months');
            update autotask.tickets
            set first_response_assigned_resource_id = 11, current_service_thermometer_rating = 3
            where datasource_id = {ds} and id = 2;
            insert into autotask.sales_orders (datasource_id, id, title, changed_at)
            values ({ds}, 1, 'Racks', now());
            update autotask.opportunities
            set sales_order_id = id, use_quote_totals = true, revenue_spread = 12, revenue_spread_unit = 'm'
            where datasource_id = {ds};
            insert into autotask.billing_codes (datasource_id, id, name, changed_at)
            values ({ds}, 1, 'Onboarding', now());
            update autotask.contracts set setup_fee_billing_code_id = id where datasource_id = {ds};
            insert into autotask.products (datasource_id, id, name, product_category, changed_at)
            values ({ds}, 1, 'Notebook', 2, now());
            update autotask.configuration_items set product_id = 1 where datasource_id = {ds} and id = 1;
            update autotask.resources set payroll_type = 1, email_type_code = 'PRIMARY'
            where datasource_id = {ds} and id = 10;
            update autotask.invoices set invoice_status = 2 where datasource_id = {ds}",
        )
        .await;
    for (slug, id, column, expected) in [
        ("tickets_all", 2, "first_response_assigned_resource", json!("Theo Tech")),
        ("tickets_14d", 2, "first_response_assigned_resource_id", json!(11)),
        ("tickets_210d", 2, "current_service_thermometer_rating", json!("Happy")),
        ("tickets_all", 1, "current_service_thermometer_rating", Value::Null),
        ("opportunities", 1, "sales_order", json!("Racks")),
        ("opportunities", 2, "sales_order", json!("#2")),
        ("opportunities", 1, "use_quote_totals", json!(true)),
        ("opportunities", 1, "revenue_spread", json!(12)),
        ("opportunities", 1, "revenue_spread_unit", json!("Months")),
        ("contracts", 1, "setup_fee_billing_code", json!("Onboarding")),
        ("contracts", 2, "setup_fee_billing_code", json!("#2")),
        ("config_items", 1, "product_category", json!("Hardware")),
        ("config_items", 2, "product_category", Value::Null),
        ("members", 10, "payroll_type", json!("Salary")),
        ("members", 10, "email_type", json!("Primary")),
        ("invoices", 1, "invoice_status", json!(2)),
    ] {
        assert_eq!(world.value(slug, id, column).await, expected, "{slug}.{column} of {id}");
    }
}

#[tokio::test]
async fn columns_that_are_not_asked_for_cost_nothing() {
    let mut world = World::new().await;
    for slug in ["tickets_14d", "time_210d", "sla_results", "surveys"] {
        let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
            "explain select count(*) from dataset.{slug} where datasource_id = 1"
        )))
        .fetch_all(&mut world.sql)
        .await
        .expect("a plan");
        let plan = plan.join("\n");
        for table in ["companies", "resources", "picklist_values", "contracts", "contacts", "roles"] {
            assert!(!plan.contains(&format!(" on {table} ")), "{slug} reads {table} for a count:\n{plan}");
        }
    }
}

#[test]
fn views_look_labels_up_under_their_own_names() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/views");
    let mut found = 0;
    for file in std::fs::read_dir(folder).expect("the views are there") {
        let path = file.expect("a file").path();
        let view = std::fs::read_to_string(&path).expect("text");
        for part in view.split(".entity = '").skip(1) {
            let (entity, rest) = part.split_once('\'').expect("a quoted name");
            let Some((_, field)) = rest.split_once(".field = '") else { continue };
            let field = field.split('\'').next().expect("a quoted name");
            let declared =
                Entity::named(entity).and_then(|entity| entity.columns.iter().find(|c| c.field == field));
            assert!(
                declared.is_some_and(|column| column.kind.is_listed()),
                "{entity}.{field} in {} is no picklist",
                path.display()
            );
            found += 1;
        }
    }
    assert!(found > 60, "only {found} labels were found");
}
