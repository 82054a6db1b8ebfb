//! Answers are computed once, however many ask, and never for somebody else.

use super::{filters, gauge, ticket, world::World};
use chrono::TimeDelta;
use chrono_tz::Europe;
use futures::future::join_all;
use sqlx::Connection as _;
use std::{collections::BTreeMap, pin::pin};
use taskgauge_model::gauge::{Answer, Condition, Filters, Gauge, Op, Scalar};
use taskgauge_store::{Scope, StoreError};

/// No filters.
static NONE: Filters = Filters { range: None, fields: BTreeMap::new() };
/// Callers that ask at once.
const CALLERS: usize = 200;

impl World {
    async fn asked_once(
        &self,
        gauge: &Gauge,
        filters: &Filters,
        scope: &Scope,
    ) -> Result<Answer, StoreError> {
        let answers = self.database.store.answers(self.datasource, &[gauge], filters, scope, self.at).await;
        answers.into_iter().next().expect("one answer")
    }

    fn computed(&self) -> u64 {
        self.database.store.answer_counts().computed
    }
}

async fn desk() -> World {
    let mut world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    world.tickets = (1..=4).map(|id| ticket(id, world.at, id, None)).collect();
    world.tickets[3].company = Some(2);
    world.write().await;
    world
}

#[tokio::test]
async fn many_who_ask_at_once_cost_one_statement() {
    let world = desk().await;
    let all = (0..CALLERS).map(|_| world.asked_once(gauge("open_tickets"), &NONE, &Scope::All));
    for answer in join_all(all).await {
        assert_eq!(answer.expect("an answer").value, Some(4.0));
    }
    assert_eq!(world.computed(), 1);

    // Once more per change of data, per filter and per gauge.
    let ask = async |world: &World, id: &str, filters: &Filters| {
        world.asked_once(gauge(id), filters, &Scope::All).await.expect("an answer");
        world.computed()
    };

    assert_eq!(ask(&world, "open_tickets", &NONE).await, 1);
    assert_eq!(ask(&world, "open_by_queue", &NONE).await, 2);
    assert_eq!(ask(&world, "open_tickets", &filters(&[("client", &["2"])])).await, 3);
    sqlx::query(
        "insert into taskgauge.entity_state (datasource_id, entity, version) values ($1, 'Tickets', 1)",
    )
    .bind(world.datasource.0)
    .execute(&world.pool)
    .await
    .expect("written");
    assert_eq!(ask(&world, "open_tickets", &NONE).await, 4);
    assert_eq!(ask(&world, "open_tickets", &NONE).await, 4);
    let counts = world.database.store.answer_counts();
    assert!(counts.asked > CALLERS as u64 && counts.computed == 4, "{counts:?}");
}

#[tokio::test]
async fn an_answer_holds_until_something_changes_that_it_rests_on() {
    let mut world = desk().await;
    // What it rests on: tickets alone, time too, the time of day, the time of day for its window.
    let ids =
        ["open_tickets", "tickets_by_source", "hours_per_ticket", "stale_tickets", "sla_by_queue_priority"];
    let mut seen = world.computed();
    let mut again = async |world: &World| -> Vec<&str> {
        let mut anew = Vec::new();
        for id in ids {
            world.asked_once(gauge(id), &NONE, &Scope::All).await.expect("an answer");
            anew.extend((world.computed() > seen).then_some(id));
            seen = world.computed();
        }
        anew
    };
    assert_eq!(again(&world).await, ids);
    assert_eq!(again(&world).await, [""; 0]);
    world.commit(&["TimeEntries"]).await;
    assert_eq!(again(&world).await, ["hours_per_ticket"]);
    world.commit(&["Companies"]).await;
    assert_eq!(again(&world).await, [""; 0]);
    world.commit(&["Tickets"]).await;
    assert_eq!(again(&world).await, ids);
    world.at += TimeDelta::minutes(1);
    assert_eq!(again(&world).await, ["stale_tickets", "sla_by_queue_priority"]);
    // Midnight in Berlin.
    world.at = "2026-03-18T23:00:00Z".parse().expect("a time");
    assert_eq!(again(&world).await, ids);
}

#[tokio::test]
async fn scopes_share_nothing() {
    let world = desk().await;
    let (one, two) = (Scope::Companies(vec![1]), Scope::Companies(vec![2]));
    let nobody = Scope::Companies(Vec::new());
    let scopes = [(&Scope::All, 4.0), (&one, 3.0), (&two, 1.0), (&nobody, 0.0)];
    let asked = (0..CALLERS).map(|number| {
        let (scope, wanted) = scopes[number % scopes.len()];
        let world = &world;
        async move {
            let answer = world.asked_once(gauge("open_tickets"), &NONE, scope).await;
            assert_eq!(answer.expect("an answer").value, Some(wanted), "{scope:?}");
        }
    });
    join_all(asked).await;
    assert_eq!(world.computed(), 4);
}

#[tokio::test]
async fn a_failure_is_told_to_all_and_kept_for_nobody() {
    let world = desk().await;
    let mut broken = gauge("open_tickets").clone();
    broken.layers[0].conditions =
        vec![Condition { column: "no such column".to_owned(), op: Op::Is, value: Scalar::Number(1.0) }];
    let all = (0..CALLERS).map(|_| world.asked_once(&broken, &NONE, &Scope::All));
    for answer in join_all(all).await {
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
    }

    let rename = async |from: &'static str| {
        sqlx::raw_sql(from).execute(&world.pool).await.expect("renamed");
    };
    rename("alter view dataset.tickets_14d rename to tickets_away").await;
    let ask = || world.asked_once(gauge("open_tickets"), &NONE, &Scope::All);
    for answer in join_all((0..CALLERS).map(|_| ask())).await {
        assert!(matches!(answer, Err(StoreError::Database(_))), "{answer:?}");
    }
    rename("alter view dataset.tickets_away rename to tickets_14d").await;
    assert_eq!(ask().await.expect("an answer").value, Some(4.0));
}

#[tokio::test]
async fn who_goes_away_leaves_the_work_to_the_next() {
    let world = desk().await;
    // Whoever reads tickets waits for this one.
    let mut other = world.pool.acquire().await.expect("a connection");
    let mut held = other.begin().await.expect("begun");
    sqlx::query("lock table autotask.tickets in access exclusive mode")
        .execute(&mut *held)
        .await
        .expect("locked");
    let ask = || world.asked_once(gauge("open_tickets"), &NONE, &Scope::All);
    {
        let mut gone = pin!(ask());
        // Polled until its statement waits for the lock, then dropped.
        loop {
            assert!(futures::poll!(&mut gone).is_pending());
            let waiting: bool = sqlx::query_scalar(
                "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')",
            )
            .fetch_one(&world.pool)
            .await
            .expect("read");
            if waiting {
                break;
            }
        }
    }
    held.rollback().await.expect("let go");
    for answer in join_all((0..CALLERS).map(|_| ask())).await {
        assert_eq!(answer.expect("an answer").value, Some(4.0));
    }
    assert_eq!(world.computed(), 2);
}
