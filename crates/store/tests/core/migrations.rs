use secrecy::SecretString;
use sqlx::{Connection as _, PgConnection, Row as _};
use taskgauge_model::{clock::Clock, entity::Entity};
use taskgauge_store::{Store, StoreError, sealing::Sealer, testing};

async fn store(url: &SecretString) -> Store {
    Store::connect(url, testing::sealer(), Clock::system()).await.unwrap()
}

async fn connect(url: &SecretString) -> PgConnection {
    use secrecy::ExposeSecret as _;
    PgConnection::connect(url.expose_secret()).await.unwrap()
}

fn other_key() -> Sealer {
    Sealer::from_key(&"02".repeat(32).into()).unwrap()
}

const VIEWS: &str =
    "select to_regnamespace('dataset')::oid::bigint, count(c.oid), min(obj_description(n.oid))
    from pg_namespace n
    left join pg_class c on c.relnamespace = n.oid and c.relkind = 'v'
    where n.nspname = 'dataset'";

#[tokio::test]
async fn any_number_of_processes_migrate_at_once() {
    let url = testing::empty_database().await;
    let stores = futures::future::join_all((0..4).map(|_| store(&url))).await;
    let outcomes = futures::future::join_all(stores.iter().map(Store::migrate)).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let mut connection = connect(&url).await;
    let before: (i64, i64, String) = sqlx::query_as(VIEWS).fetch_one(&mut connection).await.unwrap();
    let migrations: i64 = sqlx::query_scalar("select count(*) from taskgauge.migrations")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(migrations >= 2);
    // Up to date: nothing is made again.
    stores[0].migrate().await.unwrap();
    let after: (i64, i64, String) = sqlx::query_as(VIEWS).fetch_one(&mut connection).await.unwrap();
    assert_eq!(before, after);
    // Changed text, which the comment stands for: all views are made again.
    sqlx::query("comment on schema dataset is 'of another version'").execute(&mut connection).await.unwrap();
    stores[0].migrate().await.unwrap();
    let again: (i64, i64, String) = sqlx::query_as(VIEWS).fetch_one(&mut connection).await.unwrap();
    assert_ne!(again.0, before.0);
    assert_eq!((again.1, again.2), (before.1, before.2));
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    let database = testing::database().await;
    sqlx::query(
        "insert into taskgauge.migrations (version, description, success, checksum, execution_time)
        values (99999, 'later', true, '\\x00', 0)",
    )
    .execute(&mut connect(&database.url).await)
    .await
    .unwrap();
    assert!(matches!(database.store.migrate().await, Err(StoreError::NewerSchema)));
}

#[tokio::test]
async fn a_wrong_key_is_noticed_at_the_start() {
    let database = testing::database().await;
    let connected = Store::connect(&database.url, other_key(), Clock::system()).await;
    let Err(error @ StoreError::WrongKey) = connected else { panic!("{connected:?}") };
    assert!(error.to_string().contains("Start Taskgauge with the key it had before"));
    Store::connect(&database.url, testing::sealer(), Clock::system()).await.unwrap();

    // Two processes with two keys on a new database: the first to migrate decides.
    let url = testing::empty_database().await;
    let first = store(&url).await;
    let second = Store::connect(&url, other_key(), Clock::system()).await.unwrap();
    first.migrate().await.unwrap();
    assert!(matches!(second.migrate().await, Err(StoreError::WrongKey)));
}

#[tokio::test]
async fn an_address_in_vain_says_why_and_keeps_its_password() {
    let connect = async |url: &str| {
        let error = Store::connect(&url.into(), testing::sealer(), Clock::system()).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hidden"));
        error
    };
    assert!(matches!(connect("not an address hidden").await, StoreError::Invalid(_)));
    assert!(matches!(connect("postgres://user:hidden@host:99999999/db").await, StoreError::Invalid(_)));
    // Port 1 (tcpmux) is reserved; nothing listens there.
    assert!(matches!(connect("postgres://user:hidden@127.0.0.1:1/db").await, StoreError::Unreachable(_)));
    let database = testing::database().await;
    let missing = {
        use secrecy::ExposeSecret as _;
        let url = database.url.expose_secret();
        let name = url.split(['/', '?']).find(|part| part.starts_with("test_")).unwrap();
        url.replace(name, "missing")
    };
    let error = connect(&missing).await;
    assert!(error.to_string().contains("no database of the name"), "{error}");
}

#[tokio::test]
async fn every_key_starts_with_the_datasource() {
    let database = testing::database().await;
    let mut connection = connect(&database.url).await;
    let rows = sqlx::query(
        "select i.indrelid::regclass::text as table_name, i.indexrelid::regclass::text as index_name
        from pg_index i
        join pg_class c on c.oid = i.indrelid
        join pg_attribute held on held.attrelid = c.oid and held.attname = 'datasource_id'
        join pg_attribute first on first.attrelid = i.indrelid and first.attnum = i.indkey[0]
        where c.relnamespace in ('autotask'::regnamespace, 'taskgauge'::regnamespace)
            and (i.indisunique or i.indisprimary)
            and first.attname <> 'datasource_id'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let wrong: Vec<String> = rows.iter().map(|row| row.get::<String, _>("index_name")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let without: Vec<String> = sqlx::query_scalar(
        "select c.relname::text
        from pg_class c
        where c.relnamespace = 'autotask'::regnamespace
            and c.relkind = 'r'
            and not exists (
                select from pg_attribute a
                where a.attrelid = c.oid
                    and a.attname = 'datasource_id'
            )",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(without.is_empty(), "{without:?}");
    let tables: i64 = sqlx::query_scalar(
        "select count(*)
        from unnest($1::text[]) as t (name)
        where to_regclass('autotask.' || t.name) is not null",
    )
    .bind(Entity::all().iter().map(|entity| entity.table).collect::<Vec<_>>())
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(usize::try_from(tables).unwrap(), Entity::all().len());
}

#[tokio::test]
async fn the_clock_of_a_transaction_can_be_set() {
    let database = testing::database().await;
    let mut connection = connect(&database.url).await;
    let mut transaction = connection.begin().await.unwrap();
    sqlx::query("select set_config('taskgauge.now', $1, true)")
        .bind(testing::NOW)
        .execute(&mut *transaction)
        .await
        .unwrap();
    let set: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("select taskgauge.instant()").fetch_one(&mut *transaction).await.unwrap();
    assert_eq!(set, database.clock.now());
    transaction.commit().await.unwrap();
    let unset: bool =
        sqlx::query_scalar("select taskgauge.instant() = now()").fetch_one(&mut connection).await.unwrap();
    assert!(unset);
    let setting: (String, String) = sqlx::query_as(
        "select taskgauge.setting('{\"stale_days\": 5}', 'stale_days', '3')::text,
            taskgauge.setting('{\"stale_days\": null}', 'stale_days', '3')::text",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(setting, ("5".into(), "3".into()));
}
