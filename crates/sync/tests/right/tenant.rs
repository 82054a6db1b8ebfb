//! The tenant that is counted: made and read once for all tests, and a copy of its database for each moment.

use super::clocks::{Moment, READ_AT};
use super::common::{Tenant, connector, credentials};
use super::records::Records;
use super::{edges, own_count};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use taskgauge_autotask::{Client, Filter};
use taskgauge_model::clock::Clock;
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::run::{RunKind, RunState};
use taskgauge_model::settings::Settings;
use taskgauge_simulator::{Config, World, entity_names};
use taskgauge_store::Store;

use taskgauge_store::testing::{database_at, sealer};
use taskgauge_sync::run_once;

/// Minutes between the first reading and the second.
const BETWEEN: u64 = 40;
/// Requests of all integrations in an hour, and how many there may be, as Autotask said last.
pub const LIMIT: (u64, u64) = (4_321, 10_000);

/// What was read, and what it was read from.
pub struct Read {
    pub records: Records,
    url: SecretString,
    datasource: DatasourceId,
}

/// A copy of the database in the workspace of a moment.
pub struct Copy {
    pub store: Store,
    pub datasource: DatasourceId,
    url: SecretString,
}

static READ: OnceLock<Read> = OnceLock::new();
static COPIES: AtomicU32 = AtomicU32::new(0);

/// Tests have a runtime each, and this outlives them all.
pub fn read() -> &'static Read {
    READ.get_or_init(|| {
        let work =
            || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(make());
        std::thread::spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

async fn make() -> Read {
    let end: DateTime<Utc> = READ_AT.parse().unwrap();
    let now = end - TimeDelta::minutes(BETWEEN.cast_signed());
    let mut world = World::generate(&Config { now, ..Config::default() });
    edges::add(&mut world);
    let mut records = Records::default();
    for entity in entity_names() {
        records.at_first.insert(entity.to_owned(), world.len(entity));
    }
    let tenant = Tenant::start_in(database_at(now).await, world).await;
    tenant.sync_well().await;
    tenant.advance(BETWEEN);
    records.reopened = reopen(&tenant);
    tenant.simulator.clear_log();
    let run =
        run_once(&tenant.database.store, &tenant.connector, tenant.datasource, RunKind::Reconcile).await;
    assert_eq!(run.unwrap().state, RunState::Done);
    records.requests = tenant.simulator.log().requests;
    tenant.database.store.note_hour(tenant.datasource, LIMIT.0, LIMIT.1).await.unwrap();
    tenant.simulator.with_world(|world| {
        for entity in entity_names() {
            records.add(entity, world.rows(entity).collect());
        }
    });
    let client = connector(&tenant.simulator).client(tenant.simulator.url(), credentials()).unwrap();
    read_lists(&client, &mut records).await;
    records.open_there = client.count("Tickets", &Filter::noteq("status", 5)).await.unwrap();
    records.own = own_count::ask(&tenant, end).await;
    let read = Read { records, url: tenant.database.url.clone(), datasource: tenant.datasource };
    // As Postgres does by itself after a while: statements are planned for the rows that are there.
    sqlx::raw_sql("analyze").execute(&tenant.pool).await.unwrap();
    // A database that somebody is connected to cannot be copied.
    tenant.pool.close().await;
    tenant.database.store.close().await;
    read
}

/// Some tickets that were complete are taken up again.
fn reopen(tenant: &Tenant) -> Vec<(i64, DateTime<Utc>)> {
    tenant.simulator.edit(|world| {
        let closed: Vec<i64> = world
            .rows("Tickets")
            .filter(|row| row["status"] == 5 && row["title"] != edges::TITLE)
            .filter_map(|row| row["id"].as_i64())
            .collect();
        let some = closed.iter().rev().step_by(7).take(5);
        some.map(|id| {
            let edit = json!({ "id": id, "status": 8, "completedDate": null, "resolvedDateTime": null });
            world.upsert("Tickets", edit.as_object().unwrap().clone()).unwrap();
            (*id, world.now())
        })
        .collect()
    })
}

/// The lists of values as the tenant itself tells them.
async fn read_lists(client: &Client, records: &mut Records) {
    for entity in [
        "Tickets",
        "Opportunities",
        "Projects",
        "Tasks",
        "Contracts",
        "BillingItems",
        "CompanyNotes",
        "Companies",
        "ConfigurationItems",
        "Resources",
        "ServiceCalls",
        "Services",
        "ServiceBundles",
    ] {
        for field in client.fields(entity).await.unwrap() {
            let mut values = field.picklist_values;
            values.sort_by_key(|value| value.sort_order);
            let values: Vec<(i64, String)> =
                values.into_iter().filter_map(|value| Some((value.number()?, value.label))).collect();
            if !values.is_empty() {
                records.add_list(entity, &field.name, values);
            }
        }
    }
}

impl Read {
    /// A database of its own in which the workspace is where the moment is.
    pub async fn copy(&self, moment: &Moment) -> Copy {
        let name = |url: &str| url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
        let url = self.url.expose_secret();
        let original = name(url);
        let copy = format!("{original}_{}", COPIES.fetch_add(1, Ordering::Relaxed));
        let at = |database: &str| url.replacen(&format!("/{original}?"), &format!("/{database}?"), 1);
        let mut admin = PgConnection::connect(&at("postgres")).await.unwrap();
        // Other tests copy it at the same time, which Postgres allows when nobody is connected to it.
        sqlx::raw_sql(AssertSqlSafe(format!(
            "create database {copy} template {original} strategy file_copy"
        )))
        .execute(&mut admin)
        .await
        .unwrap();
        admin.close().await.unwrap();
        let url = SecretString::from(at(&copy));
        let mut direct = PgConnection::connect(url.expose_secret()).await.unwrap();
        // It has been there for longer than any gauge looks back.
        sqlx::query(
            "update taskgauge.datasources set created_at = created_at - interval '3 years' where id = $1",
        )
        .bind(self.datasource.0)
        .execute(&mut direct)
        .await
        .unwrap();
        direct.close().await.unwrap();
        let store = Store::connect(&url, sealer(), Clock::fixed(moment.at())).await.unwrap();
        let copy = Copy { store, datasource: self.datasource, url };
        let settings = Settings {
            week_starts: moment.week_starts,
            fiscal_year_starts: u8::try_from(moment.year_starts).unwrap(),
            ..(moment.settings)()
        };
        copy.settle(moment.zone, &settings).await;
        copy
    }
}

impl Copy {
    /// Puts the workspace into a time zone, with these settings.
    pub async fn settle(&self, zone: Tz, settings: &Settings) {
        let mut direct = PgConnection::connect(self.url.expose_secret()).await.unwrap();
        sqlx::query("update taskgauge.datasources set time_zone = $2 where id = $1")
            .bind(self.datasource.0)
            .bind(zone.name())
            .execute(&mut direct)
            .await
            .unwrap();
        direct.close().await.unwrap();
        self.store.set_settings("test", self.datasource, settings).await.unwrap();
    }

    /// The same database, for somebody who has kept nothing of it yet.
    pub async fn anew(&self) -> Store {
        Store::connect(&self.url, sealer(), self.store.clock().clone()).await.unwrap()
    }
}
