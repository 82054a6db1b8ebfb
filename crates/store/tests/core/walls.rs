//! Walls that people make, change, remove and have back.

use chrono::TimeDelta;
use std::collections::BTreeMap;
use taskgauge_model::{
    gauge::Filters,
    ids::{DatasourceId, WallId},
    range::Range,
    run::Event,
    wall::{Theme, Wall, WallStep},
};
use taskgauge_store::{StoreError, testing};

const ME: &str = "ann@msp.example";

fn wall(name: &str) -> Wall {
    let fields = BTreeMap::from([("queue".to_owned(), vec!["8".to_owned(), "5".to_owned()])]);
    let chosen = WallStep {
        source: Some(DatasourceId(3)),
        filters: Filters { range: Some(Range::Last(30)), fields },
        seconds: 45,
        ..WallStep::of("service-ticket-kpis")
    };
    Wall { name: name.to_owned(), theme: Theme::Light, steps: vec![WallStep::of("sales"), chosen] }
}

#[tokio::test]
async fn a_wall_is_kept_as_it_was_made() {
    let database = testing::database().await;
    let store = &database.store;
    assert_eq!(store.walls().await.unwrap(), []);
    let made = store.clock().now();
    let id = store.add_wall(ME, &wall("Service desk")).await.unwrap();
    let stored = store.wall(id).await.unwrap();
    assert_eq!((stored.wall, stored.version), (wall("Service desk"), 1));
    assert_eq!((stored.created_at, stored.changed), (made, (made, ME.to_owned())));
    store.clock().set(made + TimeDelta::hours(1));
    let changed = Wall { theme: Theme::Dark, ..wall("Desk") };
    store.save_wall("bob@msp.example", id, &changed, 1).await.unwrap();
    let stored = store.wall(id).await.unwrap();
    assert_eq!((stored.wall, stored.version), (changed, 2));
    assert_eq!(stored.created_at, made);
    assert_eq!(stored.changed, (store.clock().now(), "bob@msp.example".to_owned()));
    store.add_wall(ME, &wall("a first one")).await.unwrap();
    let names: Vec<String> = store.walls().await.unwrap().into_iter().map(|it| it.wall.name).collect();
    assert_eq!(names, ["a first one", "Desk"]);
}

#[tokio::test]
async fn two_people_do_not_overwrite_each_other() {
    let database = testing::database().await;
    let store = &database.store;
    let id = store.add_wall(ME, &wall("Desk")).await.unwrap();
    store.save_wall("bob@msp.example", id, &wall("Bob’s"), 1).await.unwrap();
    let late = store.save_wall(ME, id, &wall("Ann’s"), 1).await.unwrap_err();
    assert!(matches!(&late, StoreError::Conflict { what } if what.contains("Somebody else")), "{late}");
    assert_eq!(store.wall(id).await.unwrap().wall.name, "Bob’s");
    let none = store.save_wall(ME, WallId(99), &wall("Ann’s"), 1).await.unwrap_err();
    assert!(matches!(none, StoreError::NotFound { what: "wall" }), "{none}");
}

#[tokio::test]
async fn what_was_removed_can_be_had_back() {
    let database = testing::database().await;
    let store = &database.store;
    let id = store.add_wall(ME, &wall("Desk")).await.unwrap();
    store.remove_wall(ME, id).await.unwrap();
    for gone in [
        store.wall(id).await.map(drop),
        store.remove_wall(ME, id).await,
        store.save_wall(ME, id, &wall("Desk"), 2).await,
        store.restore_wall(ME, WallId(99)).await,
    ] {
        assert!(matches!(gone, Err(StoreError::NotFound { what: "wall" })), "{gone:?}");
    }
    assert!(store.walls().await.unwrap()[0].is_removed);
    store.restore_wall(ME, id).await.unwrap();
    assert_eq!(store.wall(id).await.unwrap().wall, wall("Desk"));
    assert!(matches!(store.restore_wall(ME, id).await, Err(StoreError::NotFound { .. })));
    let log = store.audit_log(10).await.unwrap();
    let told: Vec<(&str, &str)> =
        log.iter().map(|entry| (entry.action.as_str(), entry.subject.as_str())).collect();
    assert_eq!(told, [("wall.restore", "Desk"), ("wall.remove", "Desk"), ("wall.add", "Desk")]);
}

#[tokio::test]
async fn screens_are_told_of_changes() {
    let database = testing::database().await;
    let store = &database.store;
    let events = store.events().await.unwrap();
    let mut told = events.subscribe();
    let id = store.add_wall(ME, &wall("Desk")).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), Event::Edited);
    store.save_wall(ME, id, &wall("Other"), 1).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), Event::Edited);
    store.remove_wall(ME, id).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), Event::Edited);
}

#[tokio::test]
async fn what_makes_no_sense_is_not_stored() {
    let database = testing::database().await;
    let store = &database.store;
    let id = store.add_wall(ME, &wall("Desk")).await.unwrap();
    let none = Wall { steps: Vec::new(), ..wall("Desk") };
    for refused in [store.add_wall(ME, &none).await.map(drop), store.save_wall(ME, id, &none, 1).await] {
        assert!(
            matches!(&refused, Err(StoreError::Invalid(why)) if why.contains("at least one")),
            "{refused:?}"
        );
    }
    assert_eq!(store.wall(id).await.unwrap().version, 1);
}

#[tokio::test]
async fn a_removed_wall_can_be_had_back_for_a_month_and_within_the_limit() {
    let database = testing::database().await;
    let store = &database.store;
    let removed = store.clock().now();
    let (first, second) = (
        store.add_wall(ME, &wall("First")).await.unwrap(),
        store.add_wall(ME, &wall("Second")).await.unwrap(),
    );
    store.remove_wall(ME, first).await.unwrap();
    store.clock().set(removed + TimeDelta::days(30));
    store.restore_wall(ME, first).await.unwrap();
    store.remove_wall(ME, first).await.unwrap();
    store.clock().set(removed + TimeDelta::days(61));
    store.remove_wall(ME, second).await.unwrap();
    let gone = store.restore_wall(ME, first).await.unwrap_err();
    assert!(matches!(gone, StoreError::NotFound { what: "wall" }), "{gone}");

    let body = serde_json::to_value(wall("One of many")).unwrap();
    let pool = sqlx::PgPool::connect(secrecy::ExposeSecret::expose_secret(&database.url)).await.unwrap();
    sqlx::query(
        "insert into taskgauge.walls (body, created_at, changed_at, changed_by)
        select $1, now(), now(), 'bob' from generate_series(1, 500)",
    )
    .bind(body)
    .execute(&pool)
    .await
    .unwrap();
    let full = store.restore_wall(ME, second).await.unwrap_err();
    assert!(matches!(&full, StoreError::Conflict { what } if what.contains("500 walls")), "{full}");
}
