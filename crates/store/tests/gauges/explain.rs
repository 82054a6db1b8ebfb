//! What is said about how a number came about.

use super::{filters, gauge, world::World};
use chrono_tz::Europe;
use taskgauge_model::{catalogue::Catalogue, gauge::Filters};
use taskgauge_store::Scope;

#[tokio::test]
async fn rows_that_count_and_rows_that_do_not_are_all_rows() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let store = &world.database.store;
    let mut compared = 0;
    for filters in [Filters::default(), filters(&[("queue", &["8"]), ("client", &["5"])])] {
        for gauge in &Catalogue::shipped().gauges {
            let said =
                store.explain(world.datasource, gauge, &filters, &Scope::All, world.at).await.expect("words");
            assert_eq!(said.layers.len(), gauge.layers.len(), "{}", gauge.id);
            for layer in &said.layers {
                let left_out: u64 = layer.left_out.iter().map(|(_, rows)| rows).sum();
                assert_eq!(left_out + layer.counted, layer.rows, "{}", gauge.id);
            }
            // Where one layer is all there is, its rows are those that the answer says it rests on.
            if let ([layer], []) = (&said.layers[..], &gauge.values[..])
                && gauge.rows.is_none()
            {
                let answer = world.ask(gauge, &filters, &Scope::All).await.expect("an answer");
                assert_eq!(layer.counted, answer.rows, "{}", gauge.id);
                compared += 1;
            }
        }
    }
    assert!(compared > 40, "{compared}");
}

#[tokio::test]
async fn the_reasons_name_what_left_rows_out() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let store = &world.database.store;
    let asked = gauge("avg_first_response");
    let said = store
        .explain(world.datasource, asked, &filters(&[("queue", &["8"])]), &Scope::All, world.at)
        .await
        .expect("words");
    let reasons: Vec<&str> = said.layers[0].left_out.iter().map(|(why, _)| why.as_str()).collect();
    assert!(reasons.contains(&"Not of what is chosen as Queue"), "{reasons:?}");
    assert!(reasons.iter().any(|why| why.contains("outside of the window")), "{reasons:?}");
    assert_eq!(said.zone, "Europe/Berlin");
    // A layer with a window of its own says which.
    let of_today = store
        .explain(world.datasource, gauge("due_today"), &Filters::default(), &Scope::All, world.at)
        .await
        .expect("words");
    let reasons: Vec<&str> = of_today.layers[0].left_out.iter().map(|(why, _)| why.as_str()).collect();
    assert!(reasons.iter().any(|why| why.contains("outside of 18 March 2026, or empty")), "{reasons:?}");
    let withheld = store
        .explain(world.datasource, gauge("mrr"), &Filters::default(), &Scope::Companies(vec![5]), world.at)
        .await;
    assert!(withheld.is_err());
}

#[tokio::test]
async fn tickets_that_settings_leave_out_are_counted() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let store = &world.database.store;
    let asked = gauge("open_tickets");
    let explained = async |scope: &Scope| {
        store.explain(world.datasource, asked, &Filters::default(), scope, world.at).await.expect("words")
    };
    let all = explained(&Scope::All).await;
    assert_eq!(all.out_of_scope, Some(0));
    sqlx::query("update taskgauge.datasources set settings = '{\"queues_in_scope\": [8]}'")
        .execute(&world.pool)
        .await
        .expect("set");
    let elsewhere = |wanted: &dyn Fn(Option<i64>) -> bool| {
        let tickets = world.tickets.iter().filter(|ticket| ticket.queue != Some(8) && wanted(ticket.company));
        u64::try_from(tickets.count()).expect("a number")
    };
    let left = explained(&Scope::All).await;
    assert_eq!(left.out_of_scope, Some(elsewhere(&|_| true)));
    let of_one = explained(&Scope::Companies(vec![5])).await;
    assert_eq!(of_one.out_of_scope, Some(elsewhere(&|company| company == Some(5))));
    let people = store
        .explain(world.datasource, gauge("utilization"), &Filters::default(), &Scope::All, world.at)
        .await
        .expect("words");
    assert_eq!(people.out_of_scope, None, "hours are of every queue");
}
