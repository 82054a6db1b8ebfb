//! A database of its own for every test, on a private cluster that the tests of a process share.
//!
//! The cluster is made when the first test asks for it and ends with the process, even when that is killed. Migrations
//! run once, into a template that every database is a copy of.

use crate::{
    Store,
    cluster::{Cluster, ClusterOptions, Tuning},
    datasources::StoredCredentials,
    drafts::TestedDraft,
    gauges::{days::DATED, plan::Key},
    sealing::Sealer,
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::{
    collections::BTreeMap,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};
use taskgauge_model::{
    catalogue::Catalogue,
    clock::Clock,
    dataset::Dataset,
    datasource::{Doctor, TestReport},
    ids::DatasourceId,
};
use uuid::Uuid;

/// The key that test databases are sealed with, as [`Sealer::from_key`] reads it.
pub const KEY: &str = "0101010101010101010101010101010101010101010101010101010101010101";

/// The instant that test clocks stand at: a Wednesday.
pub const NOW: &str = "2026-03-18T10:00:00Z";

/// Holds the cluster's lifeline for as long as the process lives; the watchdog removes its folder afterwards.
static CLUSTER: OnceLock<Cluster> = OnceLock::new();

/// Whether the cluster is to hold as much in memory as an installation's.
static ROOMY: AtomicBool = AtomicBool::new(false);

/// Lets the cluster hold as much in memory as an installation's does: for measurements, before the first database.
pub fn hold_as_much_as_an_installation() {
    ROOMY.store(true, Ordering::Relaxed);
}

/// A fresh, migrated database.
#[derive(Debug)]
pub struct TestDatabase {
    /// A store connected to it, with a clock that stands at [`NOW`].
    pub store: Store,
    /// Its address.
    pub url: SecretString,
    /// The store's clock.
    pub clock: Clock,
}

/// A fresh, migrated database. `TASKGAUGE_POSTGRES_BIN` names the folder of Postgres' programs, if need be.
///
/// # Panics
/// When there is no Postgres, or it does not start.
pub async fn database() -> TestDatabase {
    database_at(now()).await
}

/// As [`database`], with a clock that stands at another instant.
///
/// # Panics
/// As [`database`].
pub async fn database_at(now: DateTime<Utc>) -> TestDatabase {
    let url = copy_of("template").await;
    let clock = Clock::fixed(now);
    let store =
        Store::connect(&url, sealer(), clock.clone()).await.unwrap_or_else(|error| panic!("{error:?}"));
    TestDatabase { store, url, clock }
}

/// The address of a fresh database that nothing was done to yet.
///
/// # Panics
/// As [`database`].
pub async fn empty_database() -> SecretString {
    copy_of("template0").await
}

impl TestDatabase {
    /// Adds a datasource with made-up credentials, in the time zone Europe/Berlin.
    ///
    /// # Panics
    /// When the name is taken.
    pub async fn datasource(&self, name: &str) -> DatasourceId {
        self.store
            .add_datasource("test", &tested_draft(), name, "Europe/Berlin", None)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"))
    }
}

/// A connection that passed its test, with made-up credentials: tenant 1 in zone 5.
pub fn tested_draft() -> TestedDraft {
    let api_url = "https://webservices5.autotask.net/atservicesrest/v1.0/";
    TestedDraft {
        credentials: StoredCredentials {
            user_name: "api.user@example.com".into(),
            secret: "made-up secret".into(),
            integration_code: "MADEUPINTEGRATIONCODE".into(),
            api_url: api_url.into(),
        },
        report: TestReport {
            user_name: "api.user@example.com".into(),
            zone_name: "America East 2".into(),
            zone_number: Some(5),
            api_url: api_url.into(),
            web_url: Some("https://ww5.autotask.net/".into()),
            tenant: Some(1),
            company: Some("Example MSP".into()),
            api_version: "1.6".into(),
            round_trip_ms: 80,
            requests_used: 10,
            request_limit: 10_000,
            doctor: Doctor::default(),
        },
    }
}

/// The dates whose changes are noted by day, as `table.column`, each with the entities by whose changes it is.
pub fn noted_dates() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    let noted = DATED.iter().flat_map(|dated| dated.noted);
    let named: BTreeMap<_, _> = noted.map(|noted| (noted.name, noted.by.to_vec())).collect();
    named.into_iter()
}

/// A column whose values are names that are looked up by id.
#[derive(Debug)]
pub struct NamedColumn {
    /// Slug of its dataset.
    pub dataset: &'static str,
    /// The column with the id.
    pub id: &'static str,
    /// The column itself.
    pub label: &'static str,
    /// The statement that finds names: `$1` datasource, `$2` ids.
    pub sql: &'static str,
}

/// The columns of datasets that are counted by the day whose names are looked up by id.
pub fn named_columns() -> Vec<NamedColumn> {
    let datasets = Catalogue::shipped().datasets.iter();
    let is_counted = |dataset: &&Dataset| {
        let lead = dataset.entities.first();
        DATED
            .iter()
            .any(|it| lead.is_some_and(|lead| lead == it.entity) && dataset.column(it.column).is_some())
    };
    datasets
        .filter(is_counted)
        .flat_map(|dataset| {
            dataset.columns.iter().filter_map(|label| {
                let id = dataset.column(label.id.as_deref()?)?;
                let order = label.order.as_deref().and_then(|order| dataset.column(order));
                let names = Key::Column { label, id: Some(id), order }.names()?;
                Some(NamedColumn { dataset: &dataset.slug, id: &id.name, label: &label.name, sql: names.sql })
            })
        })
        .collect()
}

/// A sealer with [`KEY`].
///
/// # Panics
/// Never: the key is one.
pub fn sealer() -> Sealer {
    Sealer::from_key(&KEY.into()).unwrap_or_else(|error| panic!("{error}"))
}

/// Takes the database at this address away from everybody, as when its server is gone, or brings it back.
///
/// # Panics
/// When it is not there, or connections to it come faster than they can be ended.
pub async fn set_away(url: &str, away: bool) {
    let cluster = CLUSTER.get().unwrap_or_else(|| panic!("no database was made in this process"));
    let address = url.split('?').next().unwrap_or_default();
    let name = address.rsplit('/').next().unwrap_or_default();
    let hidden = format!("{name}_away");
    let (from, to) = if away { (name, hidden.as_str()) } else { (hidden.as_str(), name) };
    let mut admin = connection(cluster, "postgres").await;
    let mut tries = 0;
    loop {
        let ended = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
        let _ = sqlx::query(ended).bind(from).execute(&mut admin).await;
        let rename = format!("alter database {from} rename to {to}");
        match sqlx::raw_sql(AssertSqlSafe(rename)).execute(&mut admin).await {
            Ok(_) => break,
            // Somebody was quicker.
            Err(_) if tries < 100 => tries += 1,
            Err(error) => panic!("{error}"),
        }
    }
    let _ = admin.close().await;
}

fn now() -> DateTime<Utc> {
    NOW.parse().unwrap_or_else(|error| panic!("{error}"))
}

async fn copy_of(template: &'static str) -> SecretString {
    // Tests have a runtime each; the cluster must outlive them all, so it is started on a thread of its own.
    let cluster = tokio::task::spawn_blocking(|| CLUSTER.get_or_init(start)).await;
    let cluster = cluster.unwrap_or_else(|error| panic!("{error}"));
    let name = format!("test_{}", Uuid::new_v4().simple());
    let mut admin = connection(cluster, "postgres").await;
    sqlx::raw_sql(AssertSqlSafe(format!("create database {name} template {template}")))
        .execute(&mut admin)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let _ = admin.close().await;
    url_of(cluster, &name)
}

fn start() -> Cluster {
    let work = async {
        let folder = tempfile::Builder::new()
            .prefix("taskgauge-test-")
            .tempdir_in("/tmp")
            .unwrap_or_else(|error| panic!("{error}"))
            .keep();
        let options = ClusterOptions {
            data_dir: folder,
            bin_dir: std::env::var_os("TASKGAUGE_POSTGRES_BIN").map(Into::into),
        };
        let roomy = ROOMY.load(Ordering::Relaxed);
        let tuning = Tuning { durable: false, remove: true, roomy, connections: 300 };
        let cluster = Cluster::start_with(&options, tuning).await.unwrap_or_else(|error| panic!("{error}"));
        let mut admin = connection(&cluster, "postgres").await;
        sqlx::raw_sql("create database template template template0")
            .execute(&mut admin)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let _ = admin.close().await;
        let store = Store::connect(&url_of(&cluster, "template"), sealer(), Clock::fixed(now()))
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        store.migrate().await.unwrap_or_else(|error| panic!("{error:?}"));
        // A database that somebody is connected to cannot be copied.
        store.close().await;
        cluster
    };
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap_or_else(|error| panic!("{error}"))
            .block_on(work)
    })
    .join()
    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

async fn connection(cluster: &Cluster, database: &str) -> PgConnection {
    PgConnection::connect(url_of(cluster, database).expose_secret())
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

fn url_of(cluster: &Cluster, database: &str) -> SecretString {
    cluster.url().expose_secret().replacen("/taskgauge?", &format!("/{database}?"), 1).into()
}
