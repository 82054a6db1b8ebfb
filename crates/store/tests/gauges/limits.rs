//! Gauges that ask for too much: for too long, for too many groups, for something divided by nothing.

use super::{close, days::by, filters, gauge, ticket, world::World};
use chrono_tz::Europe;
use futures::future::join_all;
use sqlx::{Connection as _, PgConnection};
use std::time::{Duration, Instant};
use taskgauge_model::{
    dataset::TableQuery,
    gauge::{Answer, Condition, Filters, Gauge, Group, Layer, Measure, OTHER, Op, Scalar, Status, Value},
    range::Range,
};
use taskgauge_store::{
    Scope, Store, StoreError,
    gauges::{Question, Spot},
};

const AT: &str = "2026-03-18T10:00:00Z";
/// Time for a statement in the tests of what takes longer.
const LIMIT: Duration = Duration::from_millis(200);
/// Time in which a stopped statement has been told, on a machine that is busy: less than an installation's limit.
const TOLD: Duration = Duration::from_secs(8);
/// Tickets with a title of their own: more than the groups that are read.
const TITLES: i64 = 10_400;
/// Tickets that share a title.
const SHARED: i64 = 40;
/// Hours of the one that comes last by name and by number of tickets.
const LONGEST: f64 = 500.0;

fn sum(answer: &Answer) -> f64 {
    answer.groups.iter().flat_map(|group| group.values.values()).sum()
}

/// The view of tickets of 14 days made endless: each of them comes again and again.
const ENDLESS: &str = "
    alter view dataset.tickets_14d rename to tickets_once;
    create view dataset.tickets_14d as
    select t.*
    from dataset.tickets_once t
    cross join generate_series(1, 100000) a
    cross join generate_series(1, 100000) b";
const AGAIN_ONCE: &str = "
    drop view dataset.tickets_14d;
    alter view dataset.tickets_once rename to tickets_14d";

#[tokio::test]
async fn a_gauge_that_takes_too_long_is_stopped_says_so_and_occupies_nothing() {
    let mut world = World::empty(Europe::Berlin, AT).await;
    world.tickets = (1..=4).map(|id| ticket(id, world.at, id, None)).collect();
    world.write().await;
    sqlx::raw_sql(ENDLESS).execute(&world.pool).await.unwrap();
    let store = world.database.store.clone().with_statement_timeout(LIMIT);
    let (endless, none) = (gauge("open_tickets"), Filters::default());
    let began = Instant::now();
    let gauges = [endless, gauge("projects_active"), gauge("open_by_queue")];
    let board = store.answers(world.datasource, &gauges, &none, &Scope::All, world.at).await;
    for stopped in [&board[0], &board[2]] {
        let Err(error @ StoreError::TimedOut(_)) = stopped else { panic!("{stopped:?}") };
        assert!(error.to_string().contains("too long"), "{error}");
    }
    assert_eq!(board[1].as_ref().unwrap().value, Some(0.0));
    let rows = Question { filters: none.clone(), spot: Spot::default(), table: TableQuery::default() };
    let behind = store.rows_behind(world.datasource, endless, &rows, &Scope::All, world.at).await;
    assert!(matches!(behind, Err(StoreError::TimedOut(_))), "{behind:?}");
    let said = store.explain(world.datasource, endless, &none, &Scope::All, world.at).await;
    assert!(matches!(said, Err(StoreError::TimedOut(_))), "{said:?}");
    assert!(began.elapsed() < TOLD, "{:?}", began.elapsed());

    // Twice as many at once as there are connections: each of them had to be given back.
    let crowd = 2 * 2 * Store::statements_at_once();
    let ask = async |filters: &Filters| {
        store.answer(world.datasource, endless, filters, &Scope::All, world.at).await
    };
    // Each a question of its own, and of all tickets.
    let others: Vec<Filters> =
        (100..100 + crowd).map(|other| filters(&[("client", &["1", &other.to_string()])])).collect();
    for answer in join_all(others.iter().map(ask)).await {
        assert!(matches!(answer, Err(StoreError::TimedOut(_))), "{answer:?}");
    }
    let mut watch = world.pool.acquire().await.unwrap();
    // Postgres tells who asked first, and that it is idle after that.
    let stopped = Instant::now();
    while statements(&mut watch).await > 0 {
        assert!(stopped.elapsed() < TOLD, "a statement goes on");
    }
    sqlx::raw_sql(AGAIN_ONCE).execute(&mut *watch).await.unwrap();
    // What took too long is not asked again, until something changed that it rests on.
    let again =
        async || store.answers(world.datasource, &[endless], &none, &Scope::All, world.at).await.remove(0);
    assert!(matches!(again().await, Err(StoreError::TimedOut(_))));
    world.commit(&["Tickets"]).await;
    assert_eq!(again().await.unwrap().value, Some(4.0));
    for answer in join_all((0..crowd).map(|_| ask(&none))).await {
        assert_eq!(answer.unwrap().value, Some(4.0));
    }
}

/// Statements of the store over tickets that are being worked on. (What ends a transaction may still be.)
async fn statements(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "select count(*)
        from pg_stat_activity
        where datname = current_database()
            and application_name = 'taskgauge'
            and state = 'active'
            and query like '%tickets_14d%'",
    )
    .fetch_one(connection)
    .await
    .expect("a database")
}

/// A desk whose open tickets have so many titles of their own, with an hour each; some share one, with no hours, and one
/// that comes last has many.
async fn many(titles: i64) -> World {
    let world = World::empty(Europe::Berlin, AT).await;
    let mut writing = world.pool.acquire().await.expect("a database");
    let mut writing = writing.begin().await.expect("a database");
    sqlx::query(
        "insert into autotask.tickets
            (datasource_id, id, company_id, status, title, estimated_hours, create_date, last_activity_date, changed_at)
        select
            $1, n, 1 + n % 20, 8,
            case when n <= $3 then 'T' || n when n <= $3 + $4 then 'Shared' else 'Zzz' end,
            case when n <= $3 then 1 when n <= $3 + $4 then 0 else $5::float8 end,
            at, at, now()
        from generate_series(1, $3 + $4 + 1) n
        cross join lateral (select $2::timestamptz - make_interval(hours => (n % 600)::int) as at) a",
    )
    .bind(world.datasource.0)
    .bind(world.at)
    .bind(titles)
    .bind(SHARED)
    .bind(LONGEST)
    .execute(&mut *writing)
    .await
    .expect("a database");
    writing.commit().await.expect("a database");
    world
}

/// Open tickets by title.
fn by_title(top: Option<u32>) -> Gauge {
    let mut by_title = gauge("open_by_queue").clone();
    by_title.groups = vec![by("title", top)];
    by_title
}

#[tokio::test]
async fn of_more_groups_than_are_read_the_rest_is_other_and_the_sum_is_the_whole() {
    let world = many(TITLES).await;
    let ask = async |gauge: &Gauge| world.ask(gauge, &Filters::default(), &Scope::All).await.unwrap();
    let all = (TITLES + SHARED + 1) as f64;
    let top = ask(&by_title(Some(5))).await;
    assert_eq!(
        (top.status, top.value, top.rows),
        (Status::Ok, Some(all), format!("{all}").parse().expect("a count"))
    );
    assert_eq!((top.groups.len(), top.groups[0].label.as_str()), (6, "Shared"));
    assert_eq!((top.groups[5].key.as_str(), sum(&top)), (OTHER, all));
    let note = top.note.unwrap_or_default();
    assert!(note.contains("Only the 10,000 largest groups"), "{note}");

    // Without a top as many as a page can show.
    let unlimited = ask(&by_title(None)).await;
    assert_eq!((unlimited.groups.len(), sum(&unlimited)), (1_001, all));
    assert_eq!(unlimited.groups[1_000].key, OTHER);
    let note = unlimited.note.unwrap_or_default();
    assert!(note.contains("1,000 of 10,000 groups are shown. The rest is in “Other”."), "{note}");
    let other = Spot { keys: vec![OTHER.to_owned()], ..Spot::default() };
    let rows = Question { filters: Filters::default(), spot: other, table: TableQuery::default() };
    let store = &world.database.store;
    let behind = store.rows_behind(world.datasource, &by_title(None), &rows, &Scope::All, world.at).await;
    let rest = unlimited.groups[1_000].values.values().sum::<f64>();
    assert_eq!(format!("{rest}"), behind.unwrap().page.total.to_string());

    // The largest is found although others have as many tickets, and names before it.
    let mut hours = by_title(Some(1));
    hours.layers[0].measure = Measure::Sum("estimated_hours".to_owned());
    let hours = ask(&hours).await;
    assert_eq!(hours.groups.iter().map(|group| &*group.label).collect::<Vec<_>>(), ["Zzz", "Other"]);
    assert_eq!((hours.groups[0].values.values().sum::<f64>(), hours.value), (LONGEST, Some(sum(&hours))));

    let mut crossed = by_title(None);
    crossed.groups.push(by("company", None));
    let crossed = ask(&crossed).await;
    // Of the twenty clients all are shown; what was not read of their cells is in the last column.
    assert_eq!((crossed.groups.len(), crossed.series.len()), (201, 21));
    assert_eq!(Some(sum(&crossed)), crossed.value);
}

#[tokio::test]
async fn a_long_window_with_very_many_groups_is_answered_as_a_short_one_is() {
    // As many groups as are put together from days, and more.
    for titles in [TITLES, 100_000] {
        let world = many(titles).await;
        let now = world.ask(&by_title(Some(5)), &Filters::default(), &Scope::All).await.unwrap();
        let mut opened = by_title(Some(5));
        opened.layers[0].date = Some("create_date".to_owned());
        opened.range = Range::Last(30);
        let counted = world.database.store.day_counts().counted;
        let month = world.ask(&opened, &Filters::default(), &Scope::All).await.unwrap();
        assert_eq!(world.database.store.day_counts().counted > counted, titles == TITLES);
        assert_eq!((month.value, sum(&month)), (now.value, sum(&now)));
        assert_eq!((&month.groups[0].values, month.groups.len()), (&now.groups[0].values, now.groups.len()));
        assert!(month.note.is_some_and(|note| note.contains("Only the 10,000 largest groups")));
    }
}

#[tokio::test]
async fn what_is_divided_by_nothing_has_no_value_in_total_and_in_each_group() {
    let mut world = World::empty(Europe::Berlin, AT).await;
    world.tickets = (1..=6).map(|id| ticket(id, world.at, id, None)).collect();
    for (ticket, company) in world.tickets.iter_mut().zip([1, 1, 1, 2, 2, 3]) {
        ticket.company = Some(company);
    }
    // Two of the first client's three and one of the second's two are in a queue; of the third none is.
    for at in [0, 1, 3] {
        world.tickets[at].queue = Some(8);
    }
    world.write().await;
    let mut ratio = gauge("open_by_queue").clone();
    let is_queued =
        Condition { column: "queue_id".to_owned(), op: Op::Is, value: Scalar::Text("8".to_owned()) };
    let all = Layer { id: "all".to_owned(), ..ratio.layers[0].clone() };
    let mut queued = Layer { id: "queued".to_owned(), ..all.clone() };
    queued.conditions.push(is_queued);
    ratio.layers = vec![all, queued];
    let divided = |formula: &str, groups: Vec<Group>| {
        let value = Value {
            id: "ratio".to_owned(),
            label: "Ratio".to_owned(),
            formula: formula.to_owned(),
            unit: None,
            of_total: false,
            line: false,
            tone: None,
        };
        Gauge { values: vec![value], groups, ..ratio.clone() }
    };
    let ask = async |gauge: &Gauge, filters: &Filters| world.ask(gauge, filters, &Scope::All).await.unwrap();
    let by_company = divided("all / queued", vec![by("company_id", None)]);
    let answer = ask(&by_company, &Filters::default()).await;
    close("ratio", "the total", answer.value, Some(2.0));
    let shown: Vec<(&str, Option<f64>)> =
        answer.groups.iter().map(|group| (group.key.as_str(), group.values.get("ratio").copied())).collect();
    assert_eq!(shown, [("2", Some(2.0)), ("1", Some(1.5))]);
    for (formula, chosen) in
        [("all / queued", filters(&[("client", &["3"])])), ("all / (all - all)", Filters::default())]
    {
        for groups in [Vec::new(), vec![by("company_id", None)]] {
            let answer = ask(&divided(formula, groups), &chosen).await;
            assert_eq!((answer.status, answer.value), (Status::NoData, None), "{formula}");
            assert!(answer.groups.is_empty() && answer.note.is_some(), "{formula}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn what_has_not_arrived_yet_is_neither_zero_nor_none() {
    let world = World::empty(Europe::Berlin, AT).await;
    let run = async |sql: &'static str| {
        sqlx::query(sql).bind(world.datasource.0).execute(&world.pool).await.unwrap();
    };
    // Through what is kept, as a board asks.
    let asked = async |id: &str| {
        let asked = [gauge(id)];
        let none = Filters::default();
        let mut answers =
            world.database.store.answers(world.datasource, &asked, &none, &Scope::All, world.at).await;
        answers.remove(0).unwrap()
    };
    run("update taskgauge.datasources set synced_at = null where id = $1").await;
    let open = asked("open_tickets").await;
    assert_eq!((open.status, open.value), (Status::Loading, None));
    assert_eq!(open.note.as_deref(), Some("Still to come from Autotask: Tickets."));
    for id in ["open_by_queue", "oldest_open", "hours_per_ticket", "opened_vs_closed_by_day"] {
        let answer = asked(id).await;
        assert_eq!((answer.status, answer.value), (Status::Loading, None), "{id}");
        assert!(answer.groups.is_empty() && answer.table.is_none(), "{id}");
    }
    // Labels come first, and are no tickets.
    run("insert into taskgauge.entity_state (datasource_id, entity, version) values ($1, 'Tickets', 1)")
        .await;
    assert_eq!(asked("open_tickets").await.status, Status::Loading);
    // Read to the end, and there is none: that changes no row.
    run("update taskgauge.entity_state set read_at = now() where datasource_id = $1").await;
    let open = asked("open_tickets").await;
    assert_eq!((open.status, open.value), (Status::Ok, Some(0.0)));
    // What a gauge needs besides is waited for, until the first sync is complete.
    let hours = asked("hours_per_ticket").await;
    assert_eq!(hours.status, Status::Loading);
    assert!(hours.note.is_some_and(|note| note.contains("Time entries")));
    // What Taskgauge tells of itself is there at once.
    assert_ne!(asked("permission_gaps").await.status, Status::Loading);
    run("update taskgauge.datasources set synced_at = now() where id = $1").await;
    assert_ne!(asked("hours_per_ticket").await.status, Status::Loading);
}
