//! Groups are named as datasets show them, whether their names are read with the rows or looked up.

use super::{days::by, gauge, world::World};
use chrono_tz::Europe;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet};
use taskgauge_model::{
    gauge::{Answer, Filters, Gauge},
    range::Range,
};
use taskgauge_store::{Scope, testing};

/// A desk with records that have no name, and ids of records that are not there.
async fn world() -> World {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let id = world.datasource.0;
    let more = format!(
        "update autotask.companies set company_name = null where id = 3;
        delete from autotask.companies where id = 4;
        update autotask.resources set first_name = null, last_name = null where id = 30;
        delete from autotask.resources where id = 31;
        insert into autotask.contacts (datasource_id, id, first_name, last_name, changed_at)
        values ({id}, 1, 'Al', 'Bee', now()), ({id}, 2, null, null, now()), ({id}, 3, '', 'Dee', now());
        insert into autotask.roles (datasource_id, id, name, changed_at) values ({id}, 1, 'One', now());
        insert into autotask.billing_codes (datasource_id, id, name, changed_at) values ({id}, 1, 'Remote', now());
        insert into autotask.contracts (datasource_id, id, contract_name, contract_type, changed_at)
        values ({id}, 1, 'Care', 7, now()), ({id}, 2, null, 8, now()), ({id}, 3, 'Plain', null, now());
        insert into autotask.picklist_values (datasource_id, entity, field, code, label)
        values ({id}, 'Contracts', 'contractType', '7', 'Recurring');
        update autotask.tickets set contract_id = nullif(id % 5, 0);
        update autotask.time_entries set contract_id = nullif(id % 5, 0);
        update autotask.tickets set billing_code_id = nullif(id % 3, 0);
        update autotask.time_entries set
            billing_code_id = nullif(id % 3, 0), internal_billing_code_id = case when id % 3 = 0 then 1 end;
        update autotask.tickets set
            contact_id = nullif(id % 5, 0), assigned_resource_role_id = nullif(id % 3, 0),
            completed_by_resource_id = case when id % 7 > 3 then 29 + id % 7 % 4 end,
            first_response_initiating_resource_id = 28 + id % 5, last_activity_resource_id = 28 + id % 5,
            first_response_assigned_resource_id = 28 + id % 5;
        update autotask.time_entries set
            role_id = nullif(id % 3, 0), resource_id = 28 + id % 5, creator_user_id = 28 + id % 5,
            last_modified_user_id = 28 + id % 5, billing_approval_resource_id = 28 + id % 5;
        insert into autotask.billing_items
            (datasource_id, id, company_id, contract_id, role_id, billing_code_id, account_manager_when_approved_id, posted_date, changed_at)
        select {id}, n, nullif(n % 8, 0), nullif(n % 5, 0), nullif(n % 3, 0), nullif(n % 3, 0), 28 + n % 5, date '2026-03-10', now()
        from generate_series(1, 40) n;
        update autotask.picklist_values set label = 'Scheduled' where entity = 'Tickets' and field = 'status' and code = '8';"
    );
    sqlx::raw_sql(AssertSqlSafe(more)).execute(&world.pool).await.expect("written");
    world
}

#[tokio::test]
async fn names_by_id_are_those_that_datasets_show() {
    let world = world().await;
    let columns = testing::named_columns();
    let mut sql = world.pool.acquire().await.expect("a connection");
    sqlx::query("select set_config('taskgauge.now', $1, false)")
        .bind(world.at.to_rfc3339())
        .execute(&mut *sql)
        .await
        .expect("set");
    let mut compared = BTreeSet::new();
    for column in &columns {
        let shown = format!(
            "select distinct {}, {} from dataset.{} where {0} is not null",
            column.id, column.label, column.dataset
        );
        let shown: Vec<(i64, Option<String>)> =
            sqlx::query_as(AssertSqlSafe(shown)).fetch_all(&mut *sql).await.expect("rows");
        let ids: Vec<i64> = shown.iter().map(|(id, _)| *id).collect();
        let found: Vec<(i64, Option<String>)> = sqlx::query_as(column.sql)
            .bind(world.datasource.0)
            .bind(&ids)
            .fetch_all(&mut *sql)
            .await
            .expect("names");
        let found: BTreeMap<i64, Option<String>> = found.into_iter().collect();
        for (id, label) in &shown {
            let name = found.get(id).cloned().flatten().unwrap_or_else(|| format!("#{id}"));
            assert_eq!(label.as_deref(), Some(name.as_str()), "{column:?} {id}");
            compared.insert((column.dataset, column.label));
        }
    }
    // Every one of them has rows here, so that none agrees by being empty.
    let all: BTreeSet<_> = columns.iter().map(|column| (column.dataset, column.label)).collect();
    assert_eq!(compared, all);
}

#[tokio::test]
async fn new_names_are_shown_and_no_day_is_counted_for_them() {
    let world = world().await;
    let store = &world.database.store;
    let named = |column: &str| Gauge {
        range: Range::Last(200),
        groups: vec![by(column, None)],
        ..gauge("tickets_by_source").clone()
    };
    let gauges = ["company", "contact", "closed_by_resource", "assigned_role", "work_type"].map(named);
    let ask = async || {
        let mut answers: Vec<Answer> = Vec::new();
        for gauge in &gauges {
            let asked =
                store.answer(world.datasource, gauge, &Filters::default(), &Scope::All, world.at).await;
            answers.push(asked.expect("an answer"));
        }
        answers
    };
    let labels = |answers: &[Answer]| -> BTreeSet<String> {
        answers.iter().flat_map(|answer| &answer.groups).map(|group| group.label.clone()).collect()
    };
    let before = labels(&ask().await);
    for name in ["Client 05", "#3", "#4", "Al Bee", "#2", "Ann Doe", "#30", "#31", "One"] {
        assert!(before.contains(name), "{name}: {before:?}");
    }
    let counted = store.day_counts();
    assert!(counted.counted > 700);
    let renamed = "update autotask.companies set company_name = 'New name' where id = 5;
        update autotask.contacts set first_name = 'Zoe' where id = 1;
        update autotask.resources set last_name = 'Roe' where id = 29;
        update autotask.billing_codes set name = 'At the desk' where id = 1;
        update autotask.roles set name = 'Two' where id = 1;";
    sqlx::raw_sql(renamed).execute(&world.pool).await.expect("renamed");
    world.commit(&["Companies", "Contacts", "Resources", "Roles", "BillingCodes"]).await;
    let after = labels(&ask().await);
    for name in ["New name", "Zoe Bee", "Ann Roe", "Two", "At the desk"] {
        assert!(after.contains(name), "{name}: {after:?}");
    }
    assert!(!after.contains("Client 05"));
    let again = store.day_counts();
    assert_eq!(again.counted, counted.counted);
    assert!(again.asked > counted.asked);
}
