//! A simulated tenant, a database and a datasource that connects them.
#![allow(dead_code, reason = "every test file uses a part of it")]

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, PgPool};
use std::collections::BTreeMap;
use std::time::Duration;
use taskgauge_autotask::{Connector, Credentials, Options, RetryPolicy};
use taskgauge_model::datasource::Draft;
use taskgauge_model::entity::{Entity, Kind, column_name};
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::run::{Run, RunKind, RunState, Step};
use taskgauge_simulator::{Config, SimCredentials, Simulator, World};
use taskgauge_store::testing::{TestDatabase, database_at};
use taskgauge_sync::{run_once, test_connection};
use url::Url;

pub struct Tenant {
    pub simulator: Simulator,
    pub database: TestDatabase,
    pub connector: Connector,
    pub datasource: DatasourceId,
    pub pool: PgPool,
}

pub fn draft() -> Draft {
    let SimCredentials { user_name, secret, integration_code } = SimCredentials::default();
    Draft { name: "Northwind".into(), user_name, secret, integration_code, ..Draft::default() }
}

pub fn credentials() -> Credentials {
    let SimCredentials { user_name, secret, integration_code } = SimCredentials::default();
    Credentials::new(user_name, secret, integration_code)
}

pub fn connector(simulator: &Simulator) -> Connector {
    connector_at(simulator.url())
}

pub fn connector_at(url: Url) -> Connector {
    let options = Options {
        retry: RetryPolicy { base: Duration::from_millis(1), ..RetryPolicy::default() },
        longest_pace: Duration::from_millis(1),
        request_timeout: Duration::from_secs(5),
        ..Options::for_test_base(url)
    };
    Connector::new(options).unwrap()
}

impl Tenant {
    pub async fn start() -> Tenant {
        Self::start_on(database_at(Config::default().now).await).await
    }

    /// On this database, whose clock stands at the end of the tenant's history.
    pub async fn start_on(database: TestDatabase) -> Tenant {
        Self::start_in(database, World::generate(&Config::default())).await
    }

    /// On this database, whose clock stands where the world's does.
    pub async fn start_in(database: TestDatabase, world: World) -> Tenant {
        let now = world.now();
        let simulator = Simulator::start_with(world, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let connector = connector(&simulator);
        let mut tested = test_connection(&connector, &draft(), now).await.unwrap();
        tested.report.web_url = None;
        let datasource = database
            .store
            .add_datasource("test", &tested, "Northwind", "America/New_York", None)
            .await
            .unwrap();
        let pool = PgPool::connect(database.url.expose_secret()).await.unwrap();
        simulator.clear_log();
        Tenant { simulator, database, connector, datasource, pool }
    }

    /// Lets the tenant and this machine's clock go on together.
    pub fn advance(&self, minutes: u64) {
        self.simulator.advance(Duration::from_secs(minutes * 60));
        self.database.clock.set(self.database.clock.now() + TimeDelta::minutes(minutes.cast_signed()));
    }

    pub async fn sync(&self) -> Run {
        run_once(&self.database.store, &self.connector, self.datasource, RunKind::Incremental).await.unwrap()
    }

    pub async fn sync_full(&self) -> Run {
        run_once(&self.database.store, &self.connector, self.datasource, RunKind::Full).await.unwrap()
    }

    pub async fn sync_well(&self) -> Run {
        let run = self.sync().await;
        let failed: Vec<&Step> = run.steps.iter().filter(|step| step.state != RunState::Done).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert_eq!((run.state, run.problem.as_deref()), (RunState::Done, None));
        run
    }

    /// The stored rows of an entity that are not deleted, as JSON by column, by id.
    pub async fn stored(&self, entity: &Entity) -> BTreeMap<i64, Map<String, Value>> {
        let sql = format!(
            "select id, to_jsonb(t) - array['datasource_id', 'changed_at', 'absent_since', 'deleted_at']
            from autotask.{} t
            where datasource_id = $1 and deleted_at is null",
            entity.table
        );
        let rows: Vec<(i64, Value)> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(self.datasource.0).fetch_all(&self.pool).await.unwrap();
        rows.into_iter().map(|(id, row)| (id, row.as_object().unwrap().clone())).collect()
    }

    pub async fn value<T>(&self, sql: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(sql).bind(self.datasource.0).fetch_one(&self.pool).await.unwrap()
    }

    pub async fn execute(&self, sql: &'static str) {
        sqlx::query(sql).bind(self.datasource.0).execute(&self.pool).await.unwrap();
    }

    /// Every stored row of every entity beside the simulator's truth, field by field.
    pub async fn assert_complete(&self) {
        for entity in Entity::all() {
            self.assert_same(entity).await;
        }
    }

    pub async fn assert_same(&self, entity: &Entity) {
        let mut stored = self.stored(entity).await;
        let truth: Vec<Map<String, Value>> =
            self.simulator.with_world(|world| world.rows(entity.name).collect());
        for row in &truth {
            let id = row["id"].as_i64().unwrap();
            let Some(mine) = stored.remove(&id) else { panic!("{} {id} is not stored", entity.name) };
            for (field, value) in row {
                if field != "userDefinedFields" {
                    compare(entity, id, field, value, &mine);
                }
            }
            let sent: Map<String, Value> = row
                .get("userDefinedFields")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter(|field| field["value"].as_str().is_some_and(|text| !text.is_empty()))
                .map(|field| (field["name"].as_str().unwrap().to_owned(), field["value"].clone()))
                .collect();
            let kept = mine["udf"].as_object().cloned().unwrap_or_default();
            assert_eq!(kept, sent, "{} {id} user-defined fields", entity.name);
        }
        let left: Vec<_> = stored.keys().collect();
        assert!(left.is_empty(), "{}: stored and not in Autotask: {left:?}", entity.name);
    }
}

fn compare(entity: &Entity, id: i64, field: &str, sent: &Value, mine: &Map<String, Value>) {
    let what = format!("{} {id} {field}: sent {sent}", entity.name);
    if field == "id" {
        return;
    }
    let Some(column) = entity.columns.iter().find(|column| column.field.eq_ignore_ascii_case(field)) else {
        let kept = mine["extra"].get(field).cloned().unwrap_or_default();
        assert_eq!(&kept, sent, "{what}");
        return;
    };
    let kept = &mine[&column_name(column.field)];
    if sent.is_null() || sent == "" {
        assert!(kept.is_null(), "{what}, stored {kept}");
        return;
    }
    let same = match column.kind {
        Kind::Integer | Kind::Picklist => kept.as_i64().is_some() && kept.as_i64() == whole(sent),
        Kind::Number => (kept.as_f64().unwrap() - number(sent)).abs() < 1e-9,
        Kind::Text | Kind::Code => kept.as_str() == Some(&text(sent)),
        Kind::Flag => kept.as_bool() == Some(sent == &Value::Bool(true) || whole(sent) == Some(1)),
        Kind::DateTime => instant(kept.as_str().unwrap()) == instant(sent.as_str().unwrap()),
        Kind::Date => kept.as_str().unwrap() == &sent.as_str().unwrap()[..10],
    };
    assert!(same, "{what}, stored {kept}");
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_bool().map(i64::from)).or_else(|| value.as_str()?.parse().ok())
}

fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Without a suffix, Autotask means UTC.
fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc3339(&format!("{text}Z")))
        .unwrap()
        .into()
}
