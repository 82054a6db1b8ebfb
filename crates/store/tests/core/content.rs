//! Gauges and dashboards that people make and change.

use taskgauge_model::{
    bundle::Bundle,
    catalogue::Catalogue,
    dashboard::{Dashboard, Tile},
    gauge::{ChartKind, Gauge},
    range::Range,
};
use taskgauge_store::{
    Store, StoreError,
    content::{Entry, Origin},
    testing,
};

const ME: &str = "ann@msp.example";

fn shipped(id: &str) -> &'static Gauge {
    Catalogue::shipped().gauge(id).unwrap()
}

async fn gauge(store: &Store, id: &str) -> Entry<Gauge> {
    store.content().await.unwrap().gauge(id).unwrap().clone()
}

async fn board(store: &Store, id: &str) -> Entry<Dashboard> {
    store.content().await.unwrap().dashboard(id).unwrap().clone()
}

#[tokio::test]
async fn what_ships_is_there_from_the_start() {
    let database = testing::database().await;
    let content = database.store.content().await.unwrap();
    let catalogue = Catalogue::shipped();
    assert_eq!(content.gauges.len(), catalogue.gauges.len());
    assert_eq!(content.dashboards.len(), catalogue.dashboards.len());
    assert!(content.gauges.iter().all(|entry| entry.origin == Origin::Shipped && entry.version == 0));
}

#[tokio::test]
async fn a_change_holds_until_it_is_undone_or_reset() {
    let database = testing::database().await;
    let store = &database.store;
    let changed = Gauge { title: "Still open".into(), ..shipped("open_tickets").clone() };
    store.save(ME, &changed, 0).await.unwrap();
    let entry = gauge(store, "open_tickets").await;
    assert_eq!((entry.origin, &entry.value), (Origin::Changed, &changed));
    assert_eq!(entry.changed.as_ref().map(|(_, who)| who.as_str()), Some(ME));
    let again = Gauge { title: "Open still".into(), ..changed.clone() };
    store.save(ME, &again, entry.version).await.unwrap();
    store.undo(ME, gauge(store, "open_tickets").await.version).await.unwrap();
    assert_eq!(gauge(store, "open_tickets").await.value, changed);
    store.undo(ME, gauge(store, "open_tickets").await.version).await.unwrap();
    assert_eq!(gauge(store, "open_tickets").await.value, again);
    store.reset::<Gauge>(ME, "open_tickets").await.unwrap();
    let entry = gauge(store, "open_tickets").await;
    assert_eq!((entry.origin, &entry.value), (Origin::Shipped, shipped("open_tickets")));
    store.undo(ME, gauge(store, "open_tickets").await.version).await.unwrap();
    assert_eq!(gauge(store, "open_tickets").await.value, again);
}

#[tokio::test]
async fn the_first_change_can_be_undone() {
    let database = testing::database().await;
    let store = &database.store;
    let changed = Gauge { title: "Still open".into(), ..shipped("open_tickets").clone() };
    store.save(ME, &changed, 0).await.unwrap();
    store.undo(ME, gauge(store, "open_tickets").await.version).await.unwrap();
    assert_eq!(gauge(store, "open_tickets").await.value, *shipped("open_tickets"));
    let made = Gauge { id: "mine".into(), ..changed };
    store.save(ME, &made, 0).await.unwrap();
    store.undo(ME, gauge(store, "mine").await.version).await.unwrap();
    assert!(gauge(store, "mine").await.is_removed);
}

#[tokio::test]
async fn a_newer_default_reaches_what_was_not_changed() {
    let database = testing::database().await;
    let store = &database.store;
    let now = Catalogue::shipped().dashboard("service-ticket-kpis").unwrap();
    // Somebody made the first tile wider when an older release shipped the board without its last tile.
    let mut before = now.clone();
    let newest = before.tiles.pop().unwrap();
    "An older sentence.".clone_into(&mut before.about);
    let mut edited = before.clone();
    edited.tiles[0].width = 6;
    store.save(ME, &edited, 0).await.unwrap();
    let pool = sqlx::PgPool::connect(secrecy::ExposeSecret::expose_secret(&database.url)).await.unwrap();
    sqlx::query("update taskgauge.content set base = $1, version = version + 1")
        .bind(serde_json::to_value(&before).unwrap())
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("update taskgauge.content_version set version = version + 1").execute(&pool).await.unwrap();
    let entry = board(store, "service-ticket-kpis").await;
    assert_eq!(entry.origin, Origin::Changed);
    assert_eq!(entry.value.tiles[0].width, 6);
    assert_eq!(entry.value.tiles.last(), Some(&newest));
    assert_eq!(entry.value.about, now.about);
    // Somebody changes it once more, and takes that back: what the release improved is no change of theirs.
    let twice = Dashboard { title: "Mine".into(), ..entry.value.clone() };
    store.save(ME, &twice, entry.version).await.unwrap();
    store.undo(ME, board(store, "service-ticket-kpis").await.version).await.unwrap();
    let (base, body): (serde_json::Value, serde_json::Value) =
        sqlx::query_as("select base, body from taskgauge.content").fetch_one(&pool).await.unwrap();
    assert_eq!(body, serde_json::to_value(&edited).unwrap());
    assert_eq!(base, serde_json::to_value(&before).unwrap());
    let entry = board(store, "service-ticket-kpis").await;
    assert_eq!((entry.value.tiles.last(), &entry.value.about), (Some(&newest), &now.about));
}

#[tokio::test]
async fn two_people_do_not_overwrite_each_other() {
    let database = testing::database().await;
    let store = &database.store;
    let made = Gauge { id: "mine".into(), ..shipped("open_tickets").clone() };
    store.save(ME, &made, 0).await.unwrap();
    let seen = gauge(store, "mine").await.version;
    let taken = store.save("bob@msp.example", &made, 0).await.unwrap_err();
    assert!(matches!(taken, StoreError::Conflict { .. }), "{taken}");
    store.save("bob@msp.example", &Gauge { title: "Bob's".into(), ..made.clone() }, seen).await.unwrap();
    let late = store.save(ME, &Gauge { title: "Ann's".into(), ..made.clone() }, seen).await.unwrap_err();
    assert!(late.to_string().contains("Somebody else"), "{late}");
    assert_eq!(gauge(store, "mine").await.value.title, "Bob's");
    let shipped_change =
        store.save(ME, &Gauge { title: "x".into(), ..shipped("open_tickets").clone() }, 7).await;
    assert!(matches!(shipped_change, Err(StoreError::Conflict { .. })));
}

#[tokio::test]
async fn nobody_undoes_what_somebody_else_did() {
    let database = testing::database().await;
    let store = &database.store;
    let named = |title: &str| Gauge { title: title.into(), ..shipped("open_tickets").clone() };
    let mine = store.save(ME, &named("Ann's"), 0).await.unwrap();
    store.save("bob@msp.example", &named("Bob's"), mine).await.unwrap();
    let refused = store.undo(ME, mine).await.unwrap_err();
    assert!(refused.to_string().contains("changed again"), "{refused}");
    assert_eq!(gauge(store, "open_tickets").await.value.title, "Bob's");
}

#[tokio::test]
async fn a_file_is_undone_as_a_whole_and_done_again() {
    let database = testing::database().await;
    let store = &database.store;
    let changed = Gauge { title: "Still open".into(), ..shipped("open_tickets").clone() };
    let new = Gauge { id: "mine".into(), ..changed.clone() };
    let dashboard =
        Dashboard { title: "Ours".into(), ..Catalogue::shipped().dashboard("sales").unwrap().clone() };
    let bundle = Bundle { gauges: vec![changed, new], dashboards: vec![dashboard] };
    let imported = store.import(ME, &bundle).await.unwrap();
    let is_there = async || {
        (
            gauge(store, "open_tickets").await.origin == Origin::Changed,
            !gauge(store, "mine").await.is_removed,
            board(store, "sales").await.value.title == "Ours",
        )
    };
    assert_eq!(is_there().await, (true, true, true));
    let undone = store.undo(ME, imported).await.unwrap();
    assert_eq!(is_there().await, (false, false, false));
    let again = store.undo(ME, undone).await.unwrap();
    assert_eq!(is_there().await, (true, true, true));
    // Somebody changes one of them: the others are not taken from under it.
    store
        .save("bob@msp.example", &Gauge { title: "Bob's".into(), ..gauge(store, "mine").await.value }, again)
        .await
        .unwrap();
    assert!(store.undo(ME, again).await.is_err());
    assert_eq!(is_there().await, (true, true, true));
}

#[tokio::test]
async fn undo_brings_back_what_was_removed_and_removes_what_was_brought_back() {
    let database = testing::database().await;
    let store = &database.store;
    let mine = Dashboard { title: "Ours".into(), ..Catalogue::shipped().dashboard("sales").unwrap().clone() };
    store.save(ME, &mine, 0).await.unwrap();
    store.remove::<Dashboard>(ME, "sales").await.unwrap();
    // A file over a removed board: taking it back removes the board again, as it was.
    let file = Dashboard { title: "Theirs".into(), ..mine.clone() };
    let imported = store.import(ME, &Bundle { gauges: Vec::new(), dashboards: vec![file] }).await.unwrap();
    store.undo(ME, imported).await.unwrap();
    let entry = board(store, "sales").await;
    assert_eq!((entry.is_removed, entry.value.title.as_str()), (true, "Ours"));
    let restored = store.restore::<Dashboard>(ME, "sales").await.unwrap();
    assert_eq!(board(store, "sales").await.value, mine);
    store.undo(ME, restored).await.unwrap();
    let entry = board(store, "sales").await;
    assert_eq!((entry.is_removed, entry.value.title.as_str()), (true, "Ours"));
}

#[tokio::test]
async fn what_was_removed_can_be_had_back() {
    let database = testing::database().await;
    let store = &database.store;
    let made = Gauge { id: "mine".into(), ..shipped("open_tickets").clone() };
    store.save(ME, &made, 0).await.unwrap();
    store.remove::<Gauge>(ME, "mine").await.unwrap();
    assert!(store.gauge("mine").await.is_err());
    assert!(matches!(store.remove::<Gauge>(ME, "mine").await, Err(StoreError::NotFound { .. })));
    store.restore::<Gauge>(ME, "mine").await.unwrap();
    assert_eq!(store.gauge("mine").await.unwrap(), made);
    // Boards that ship can be put away, gauges that ship cannot.
    store.remove::<Dashboard>(ME, "sales").await.unwrap();
    assert!(board(store, "sales").await.is_removed);
    store.restore::<Dashboard>(ME, "sales").await.unwrap();
    assert!(!board(store, "sales").await.is_removed);
    let refused = store.remove::<Gauge>(ME, "open_tickets").await.unwrap_err();
    assert!(refused.to_string().contains("ships"), "{refused}");
    // The name of a removed one is free again.
    store.remove::<Gauge>(ME, "mine").await.unwrap();
    store.save(ME, &Gauge { title: "New".into(), ..made }, 0).await.unwrap();
    assert_eq!(store.gauge("mine").await.unwrap().title, "New");
    assert!(matches!(store.restore::<Gauge>(ME, "mine").await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn what_makes_no_sense_is_not_stored() {
    let database = testing::database().await;
    let store = &database.store;
    let good = Gauge { id: "mine".into(), ..shipped("open_tickets").clone() };
    for (gauge, wanted) in [
        (Gauge { id: "Mine!".into(), ..good.clone() }, "small letters"),
        (Gauge { title: " ".into(), ..good.clone() }, "title"),
        (Gauge { chart: ChartKind::Heat, ..good.clone() }, "two groups"),
        (Gauge { id: "new".into(), ..good.clone() }, "address of a form"),
        (Gauge { range: Range::Last(30), ..good.clone() }, "cuts nothing"),
        (Gauge { compare: true, ..good.clone() }, "cuts nothing"),
        (Gauge { layers: vec![good.layers[0].clone(); 2], ..good.clone() }, "name of its own"),
        (Gauge { layers: Vec::new(), ..good }, "layers"),
        (
            Gauge {
                id: "flow".into(),
                chart: ChartKind::Area,
                total: true,
                ..shipped("kill_rate_by_day").clone()
            },
            "levels",
        ),
    ] {
        let refused = store.save(ME, &gauge, 0).await.unwrap_err().to_string();
        assert!(refused.contains(wanted), "{refused}");
    }
    let board = Catalogue::shipped().dashboard("sales").unwrap().clone();
    let tile = Tile { gauge: "open_tickets".into(), or: None, width: 13, height: 1 };
    for (board, wanted) in [
        (Dashboard { tiles: vec![tile.clone()], ..board.clone() }, "columns"),
        (Dashboard { tiles: vec![Tile { width: 1, ..tile }; 61], ..board.clone() }, "at most 60"),
        (Dashboard { filters: vec!["shoe_size".into()], ..board.clone() }, "no filter"),
        (Dashboard { mine: Some("queue".into()), ..board }, "one of the board"),
    ] {
        let refused = store.save(ME, &board, 0).await.unwrap_err().to_string();
        assert!(refused.contains(wanted), "{refused}");
    }
}

#[tokio::test]
async fn a_file_is_taken_whole_or_not_at_all() {
    let database = testing::database().await;
    let store = &database.store;
    let own = Gauge { id: "own".into(), title: "Own".into(), ..shipped("open_tickets").clone() };
    let wrong = Gauge { title: String::new(), ..own.clone() };
    let renamed = Gauge { title: "Still open".into(), ..shipped("open_tickets").clone() };
    let bundle = Bundle { gauges: vec![own.clone(), renamed, wrong], dashboards: Vec::new() };
    assert!(matches!(store.import(ME, &bundle).await, Err(StoreError::Invalid(_))));
    assert!(store.content().await.unwrap().gauge("own").is_none());
    assert_eq!(gauge(store, "open_tickets").await.origin, Origin::Shipped);

    let bundle = Bundle { gauges: bundle.gauges[..2].to_vec(), ..bundle };
    store.import(ME, &bundle).await.unwrap();
    store.import(ME, &bundle).await.unwrap();
    assert_eq!(gauge(store, "own").await.value, own);
    assert_eq!(gauge(store, "open_tickets").await.origin, Origin::Changed);
}

#[tokio::test]
async fn what_is_new_replaces_nothing() {
    let database = testing::database().await;
    let store = &database.store;
    let same = Gauge { title: "Another".into(), ..shipped("open_tickets").clone() };
    assert!(matches!(store.create(ME, &same).await, Err(StoreError::Conflict { .. })));
    assert_eq!(gauge(store, "open_tickets").await.origin, Origin::Shipped);

    let content = store.content().await.unwrap();
    for (wanted, free) in [
        ("open_tickets", "open_tickets_2"),
        ("new", "new_2"),
        ("preview", "preview_2"),
        ("", "gauge_2"),
        ("mine", "mine"),
    ] {
        assert_eq!(content.free_id::<Gauge>(wanted, '_'), free);
    }
    let own = Gauge { id: "open_tickets_2".into(), ..same };
    store.create(ME, &own).await.unwrap();
    assert!(matches!(store.create(ME, &own).await, Err(StoreError::Conflict { .. })));
    let content = store.content().await.unwrap();
    assert_eq!(content.free_id::<Gauge>("open_tickets", '_'), "open_tickets_3");
}

#[tokio::test]
async fn a_board_of_absurd_size_is_refused() {
    let database = testing::database().await;
    let store = &database.store;
    let board = board(store, "sales").await.value;
    let tile = |gauge: String| Tile { gauge, or: None, width: 3, height: 3 };
    for wrong in [
        Dashboard { filters: vec!["queue".into(); 20_000], ..board.clone() },
        Dashboard { tiles: vec![tile("open_tickets".into()); 61], ..board.clone() },
        Dashboard { tiles: vec![tile("x".repeat(100_000))], ..board.clone() },
        Dashboard { held: vec!["Robert'); drop table".into()], ..board.clone() },
    ] {
        assert!(matches!(store.save(ME, &wrong, 0).await, Err(StoreError::Invalid(_))));
    }
}
