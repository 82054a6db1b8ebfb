use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use taskgauge_model::{datasource::Doctor, entity::Entity, ids::DatasourceId, settings::Settings};
use taskgauge_store::{
    StoreError,
    datasources::DatasourceChange,
    drafts::TestedDraft,
    testing::{self, TestDatabase},
    users::Role,
};

const ZONE: &str = "Europe/Berlin";

/// A signed-in admin's session.
async fn session(database: &TestDatabase, email: &str) -> (i64, SecretString) {
    let store = &database.store;
    let user =
        store.add_user("test", email, "Ada", &"correct horse battery".into(), Role::Admin).await.unwrap();
    let token = store.create_session(user).await.unwrap();
    (store.session(&token).await.unwrap().unwrap().id, token)
}

/// A connection to another zone, whose tenant is unknown unless it is set.
fn draft_to(tenant: Option<i64>, zone: u16) -> TestedDraft {
    let mut draft = testing::tested_draft();
    draft.report.tenant = tenant;
    draft.report.api_url = format!("https://WebServices{zone}.autotask.net/atservicesrest/v1.0/");
    draft.credentials.api_url.clone_from(&draft.report.api_url);
    draft.credentials.secret = "a newer secret".into();
    draft
}

async fn connect(database: &TestDatabase) -> PgConnection {
    PgConnection::connect(database.url.expose_secret()).await.unwrap()
}

/// One row in every table of the copy, by the declarations.
async fn fill(connection: &mut PgConnection, datasource: DatasourceId) {
    for entity in Entity::all() {
        let statement = format!(
            "insert into autotask.{} (datasource_id, id, changed_at) values ($1, 1, now())",
            entity.table
        );
        sqlx::query(AssertSqlSafe(statement)).bind(datasource.0).execute(&mut *connection).await.unwrap();
    }
    for statement in [
        "insert into autotask.picklist_values (datasource_id, entity, field, code, label)
        values ($1, 'Tickets', 'status', '1', 'New')",
        "insert into taskgauge.cursors (datasource_id, entity, slice, began_at)
        values ($1, 'Tickets', 'all', now())",
        "insert into taskgauge.entity_state (datasource_id, entity, version, rows, watermark)
        values ($1, 'Tickets', 7, 1, now())",
        "with run as (
            insert into taskgauge.runs (datasource_id, kind, state, queued_at)
            values ($1, 'full', 'done', now())
            returning id
        )
        insert into taskgauge.steps (datasource_id, run_id, entity, place)
        select $1, id, 'Tickets', 1
        from run",
    ] {
        sqlx::query(statement).bind(datasource.0).execute(&mut *connection).await.unwrap();
    }
}

/// How many rows of a datasource are left, in tables found by their shape.
async fn rows_left(connection: &mut PgConnection, datasource: DatasourceId) -> Vec<(String, i64)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_schema || '.' || table_name
        from information_schema.columns
        join information_schema.tables using (table_schema, table_name)
        where column_name = 'datasource_id'
            and table_schema in ('autotask', 'taskgauge')
            and table_type = 'BASE TABLE'
        order by 1",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    assert!(tables.len() > Entity::all().len());
    let mut left = Vec::new();
    for table in tables {
        let statement = format!("select count(*) from {table} where datasource_id = $1");
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(datasource.0)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        if rows > 0 {
            left.push((table, rows));
        }
    }
    left
}

#[tokio::test]
async fn what_was_tested_is_what_is_saved() {
    let database = testing::database().await;
    let store = &database.store;
    let (ada, _) = session(&database, "ada@example.com").await;
    let draft = store.keep_draft(ada, &testing::tested_draft()).await.unwrap();
    assert_eq!(store.peek_draft(ada, &draft).await.unwrap(), testing::tested_draft().report);
    let id = store.save_datasource(ada, &draft, " Contoso ", ZONE, None).await.unwrap();
    let saved = store.datasource(id).await.unwrap();
    assert_eq!((saved.name.as_str(), saved.time_zone.as_str(), saved.tenant), ("Contoso", ZONE, Some(1)));
    assert_eq!(saved.user_name, "api.user@example.com");
    assert_eq!(saved.web_url.as_deref(), Some("https://ww5.autotask.net/"));
    assert_eq!(
        (saved.credentials_at, saved.credentials_worked_at),
        (database.clock.now(), Some(database.clock.now()))
    );
    let credentials = store.credentials(id).await.unwrap();
    let tested = testing::tested_draft().credentials;
    assert_eq!(credentials.secret.expose_secret(), tested.secret.expose_secret());
    assert_eq!(credentials.user_name.expose_secret(), tested.user_name.expose_secret());
    assert_eq!(credentials.integration_code.expose_secret(), tested.integration_code.expose_secret());
    assert_eq!(credentials.api_url, tested.api_url);
    assert_eq!(store.datasource_named("CONTOSO").await.unwrap(), saved);
    assert_eq!(store.datasources().await.unwrap(), [saved]);
    let log = store.audit_log(1).await.unwrap();
    assert_eq!((log[0].actor.as_str(), log[0].action.as_str()), ("ada@example.com", "datasource.add"));
    let again = store.save_datasource(ada, &draft, "Again", ZONE, None).await;
    assert!(matches!(again, Err(StoreError::NotFound { what: "tested connection" })));
}

#[tokio::test]
async fn a_draft_is_its_sessions_for_a_quarter_of_an_hour() {
    let database = testing::database().await;
    let (store, clock) = (&database.store, &database.clock);
    let (ada, token) = session(&database, "ada@example.com").await;
    let (eve, _) = session(&database, "eve@example.com").await;
    let lost = |outcome: Result<DatasourceId, StoreError>| {
        assert!(matches!(outcome, Err(StoreError::NotFound { what: "tested connection" })), "{outcome:?}");
    };
    let draft = store.keep_draft(ada, &testing::tested_draft()).await.unwrap();
    lost(store.save_datasource(eve, &draft, "Eve's", ZONE, None).await);
    lost(store.save_datasource(ada, "unknown", "Ada's", ZONE, None).await);
    assert!(store.peek_draft(eve, &draft).await.is_err());
    assert!(store.take_draft(eve, &draft).await.is_err());

    clock.set(clock.now() + TimeDelta::minutes(14));
    assert!(store.peek_draft(ada, &draft).await.is_ok());
    clock.set(clock.now() + TimeDelta::minutes(1));
    assert!(store.peek_draft(ada, &draft).await.is_err());
    lost(store.save_datasource(ada, &draft, "Late", ZONE, None).await);

    let draft = store.keep_draft(ada, &testing::tested_draft()).await.unwrap();
    let (one, two) = tokio::join!(store.take_draft(ada, &draft), store.take_draft(ada, &draft));
    assert!(one.is_ok() != two.is_ok(), "it is taken once");

    let draft = store.keep_draft(ada, &testing::tested_draft()).await.unwrap();
    store.end_session(&token).await.unwrap();
    assert!(store.take_draft(ada, &draft).await.is_err(), "it went with the session");
    assert!(matches!(
        store.keep_draft(ada, &testing::tested_draft()).await,
        Err(StoreError::NotFound { .. })
    ));
    assert!(store.datasources().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_mistake_beside_the_draft_does_not_cost_it() {
    let database = testing::database().await;
    let store = &database.store;
    let (ada, _) = session(&database, "ada@example.com").await;
    database.datasource("Übersee").await;
    let draft = store.keep_draft(ada, &testing::tested_draft()).await.unwrap();
    let taken = store.save_datasource(ada, &draft, "übersee", ZONE, None).await;
    let Err(StoreError::Conflict { what }) = taken else { panic!("{taken:?}") };
    assert!(what.contains("already a datasource named “übersee”"), "{what}");
    for (name, zone, url) in [
        ("", ZONE, None),
        ("A", "Mars/Olympus", None),
        ("A", ZONE, Some("javascript:alert(1)")),
        ("A\nB", ZONE, None),
    ] {
        let wrong = store.save_datasource(ada, &draft, name, zone, url).await;
        assert!(matches!(wrong, Err(StoreError::Invalid(_))), "{name:?} {zone} {url:?}: {wrong:?}");
    }
    let id = store.save_datasource(ada, &draft, "A", ZONE, Some(" https://ww1.autotask.net ")).await.unwrap();
    assert_eq!(store.datasource(id).await.unwrap().web_url.as_deref(), Some("https://ww1.autotask.net"));
}

#[tokio::test]
async fn new_credentials_reach_the_same_tenant_or_ask() {
    let database = testing::database().await;
    let store = &database.store;
    let (ada, _) = session(&database, "ada@example.com").await;
    let (id, neighbour) = (database.datasource("Contoso").await, database.datasource("Neighbour").await);
    let mut connection = connect(&database).await;
    fill(&mut connection, id).await;
    fill(&mut connection, neighbour).await;
    let untouched = rows_left(&mut connection, id).await;

    // The same tenant, by its number, although Autotask moved it to another zone.
    let draft = store.keep_draft(ada, &draft_to(Some(1), 9)).await.unwrap();
    store.replace_credentials(ada, id, &draft, false).await.unwrap();
    let stored = store.credentials(id).await.unwrap();
    assert_eq!(stored.secret.expose_secret(), "a newer secret");
    assert!(stored.api_url.contains("WebServices9"));
    assert_eq!(store.datasource(id).await.unwrap().tenant, Some(1));
    assert_eq!(rows_left(&mut connection, id).await, untouched);

    // Another number; and none, in the same zone, which thousands of tenants share.
    for (draft, words) in [(draft_to(Some(2), 9), "reach another"), (draft_to(None, 9), "may reach another")]
    {
        let draft = store.keep_draft(ada, &draft).await.unwrap();
        let refused = store.replace_credentials(ada, id, &draft, false).await;
        let Err(StoreError::Conflict { what }) = refused else { panic!("{refused:?}") };
        assert!(what.contains(&format!("{words} Autotask tenant than “Contoso”")), "{what}");
        assert!(store.peek_draft(ada, &draft).await.is_ok(), "a person can still say yes");
    }
    assert_eq!(rows_left(&mut connection, id).await, untouched);

    let draft = store.keep_draft(ada, &draft_to(Some(2), 9)).await.unwrap();
    store.replace_credentials(ada, id, &draft, true).await.unwrap();
    assert_eq!(store.datasource(id).await.unwrap().tenant, Some(2));
    assert_eq!(
        rows_left(&mut connection, id).await,
        [("taskgauge.credentials".to_owned(), 1), ("taskgauge.entity_state".to_owned(), 1)]
    );
    let state: (i64, i64, bool) = sqlx::query_as(
        "select version, rows, watermark is null
        from taskgauge.entity_state
        where datasource_id = $1",
    )
    .bind(id.0)
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(state, (8, 0, true), "the version rises, so that no cached answer matches");
    assert_eq!(rows_left(&mut connection, neighbour).await, untouched);
}

#[tokio::test]
async fn a_removed_datasource_leaves_nothing() {
    let database = testing::database().await;
    let store = &database.store;
    let (id, neighbour) = (database.datasource("Contoso").await, database.datasource("Neighbour").await);
    let mut connection = connect(&database).await;
    fill(&mut connection, id).await;
    fill(&mut connection, neighbour).await;
    let full = rows_left(&mut connection, neighbour).await;
    assert!(store.forget_rows(id).await.unwrap() > Entity::all().len() as u64);
    fill_again(&mut connection, id).await;
    store.remove_datasource("ada@example.com", id).await.unwrap();
    assert_eq!(rows_left(&mut connection, id).await, []);
    assert_eq!(rows_left(&mut connection, neighbour).await, full);
    let gone = |error: StoreError| assert!(matches!(error, StoreError::NotFound { what: "datasource" }));
    gone(store.datasource(id).await.unwrap_err());
    gone(store.credentials(id).await.unwrap_err());
    gone(store.settings(id).await.unwrap_err());
    gone(store.doctor(id).await.unwrap_err());
    gone(store.set_doctor(id, &Doctor::default()).await.unwrap_err());
    gone(store.set_settings("ada@example.com", id, &Settings::default()).await.unwrap_err());
    gone(store.set_paused("test", id, true).await.unwrap_err());
    gone(store.change_datasource("test", id, &DatasourceChange::default()).await.unwrap_err());
    gone(store.remove_datasource("test", id).await.unwrap_err());
    gone(store.datasource_named("Contoso").await.unwrap_err());
    assert_eq!(store.audit_log(1).await.unwrap()[0].subject, "Contoso");
}

async fn fill_again(connection: &mut PgConnection, datasource: DatasourceId) {
    sqlx::query("insert into autotask.tickets (datasource_id, id, changed_at) values ($1, 2, now())")
        .bind(datasource.0)
        .execute(connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_datasource_can_be_changed() {
    let database = testing::database().await;
    let store = &database.store;
    let id = database.datasource("Contoso").await;
    database.datasource("Other").await;
    let change = DatasourceChange {
        name: Some("Contoso Ltd".into()),
        time_zone: Some("America/New_York".into()),
        web_url: Some(String::new()),
        sync_minutes: Some(15),
        share_percent: Some(20),
    };
    store.change_datasource("ada@example.com", id, &change).await.unwrap();
    store.set_paused("ada@example.com", id, true).await.unwrap();
    let changed = store.datasource(id).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.time_zone.as_str()), ("Contoso Ltd", "America/New_York"));
    let own = Some("https://ww5.autotask.net/");
    assert_eq!((changed.web_url.as_deref(), changed.paused), (own, true), "emptied, it is Autotask's own");
    let taken = DatasourceChange { name: Some("other".into()), ..DatasourceChange::default() };
    assert!(matches!(store.change_datasource("test", id, &taken).await, Err(StoreError::Conflict { .. })));
    let nowhere = DatasourceChange { time_zone: Some("Nowhere".into()), ..DatasourceChange::default() };
    assert!(matches!(store.change_datasource("test", id, &nowhere).await, Err(StoreError::Invalid(_))));
    assert_eq!((changed.sync_minutes, changed.share_percent, changed.hour), (15, 20, None));
    assert_eq!(store.note_hour(id, 1_200, 10_000).await.unwrap(), 20);
    let hour = store.datasource(id).await.unwrap().hour.unwrap();
    assert_eq!((hour.used, hour.limit, hour.at), (1_200, 10_000, database.clock.now()));
    let wrong = |sync_minutes, share_percent| DatasourceChange {
        sync_minutes,
        share_percent,
        ..DatasourceChange::default()
    };
    for wrong in
        [wrong(Some(0), None), wrong(Some(1_441), None), wrong(None, Some(0)), wrong(None, Some(101))]
    {
        let refused = store.change_datasource("test", id, &wrong).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{wrong:?}");
    }
    store.set_paused("ada@example.com", id, false).await.unwrap();
    assert!(!store.datasource(id).await.unwrap().paused);

    let settings = Settings { stale_days: 9, ..Settings::default() };
    store.set_settings("ada@example.com", id, &settings).await.unwrap();
    assert_eq!(store.settings(id).await.unwrap(), settings);
    let wrong = Settings { stale_days: 0, ..Settings::default() };
    assert!(matches!(store.set_settings("ada@example.com", id, &wrong).await, Err(StoreError::Invalid(_))));

    let doctor = Doctor { at: Some(database.clock.now()), ..Doctor::default() };
    store.set_doctor(id, &doctor).await.unwrap();
    assert_eq!(store.doctor(id).await.unwrap(), doctor);
    database.clock.set(database.clock.now() + TimeDelta::hours(1));
    store.credentials_worked(id).await.unwrap();
    assert_eq!(store.datasource(id).await.unwrap().credentials_worked_at, Some(database.clock.now()));
}

#[tokio::test]
async fn secrets_are_nowhere_in_the_clear() {
    let database = testing::database().await;
    let store = &database.store;
    let (ada, token) = session(&database, "ada@example.com").await;
    let welcome = store.create_welcome(TimeDelta::hours(1)).await.unwrap();
    let id = database.datasource("Contoso").await;
    store.keep_draft(ada, &draft_to(Some(1), 9)).await.unwrap();
    let credentials = store.credentials(id).await.unwrap();
    let secrets = [
        credentials.user_name.expose_secret(),
        credentials.secret.expose_secret(),
        credentials.integration_code.expose_secret(),
        "a newer secret",
        "correct horse battery",
        token.expose_secret(),
        welcome.expose_secret(),
        testing::KEY,
    ];

    let mut connection = connect(&database).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text
        from pg_class c
        where c.relkind = 'r'
            and c.relnamespace in ('taskgauge'::regnamespace, 'autotask'::regnamespace)",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut everything = String::new();
    for table in &tables {
        let statement = format!("select coalesce(string_agg(t::text, ' '), '') from {table} t");
        everything += &sqlx::query_scalar::<_, String>(AssertSqlSafe(statement))
            .fetch_one(&mut connection)
            .await
            .unwrap();
    }
    assert!(everything.contains("Contoso"), "the search sees what is there");
    let shown = format!(
        "{:?} {credentials:?} {:?} {store:?} {token:?}",
        store.datasource(id).await,
        draft_to(None, 1)
    );
    // The list of datasources shows the API user's name; Debug of the model does so too.
    for (n, secret) in secrets.into_iter().enumerate() {
        let hex = hex_of(secret);
        assert!(
            !everything.contains(secret) && !everything.contains(&hex),
            "{secret} is stored in the clear"
        );
        assert!(n == 0 || !shown.contains(secret), "{secret} is in Debug output");
    }

    // What was sealed for one place does not open in another.
    let thief = database.datasource("Thief").await;
    sqlx::query(
        "update taskgauge.credentials t
        set secret = o.secret
        from taskgauge.credentials o
        where t.datasource_id = $1
            and o.datasource_id = $2",
    )
    .bind(thief.0)
    .bind(id.0)
    .execute(&mut connection)
    .await
    .unwrap();
    assert!(matches!(store.credentials(thief).await, Err(StoreError::WrongKey)));
}

/// As Postgres shows `bytea`.
fn hex_of(text: &str) -> String {
    text.bytes()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}
