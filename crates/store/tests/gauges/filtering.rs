//! Which rows gauges count: chosen filters, whatever is typed into them, and the scope of a viewer.

use super::{expected::Keep, filters, gauge, world::World};
use chrono_tz::Europe;
use std::collections::BTreeSet;
use taskgauge_model::{
    catalogue::Catalogue,
    gauge::{Answer, Filters, Status, Unit},
};
use taskgauge_store::{Scope, StoreError};

#[tokio::test]
async fn filters_and_scopes_cut_every_gauge() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    for (chosen, scope, keep) in [
        (
            filters(&[("queue", &["8", "10"])]),
            Scope::All,
            Keep { queues: Some(vec![8, 10]), ..Keep::default() },
        ),
        // By label, in any case.
        (
            filters(&[("priority", &["high"])]),
            Scope::All,
            Keep { priorities: Some(vec![1]), ..Keep::default() },
        ),
        (filters(&[("client", &["3"])]), Scope::All, Keep { companies: Some(vec![3]), ..Keep::default() }),
        (
            filters(&[("client", &["3", "4"]), ("queue", &["8"])]),
            Scope::Companies(vec![4, 5, 6]),
            Keep { companies: Some(vec![4]), queues: Some(vec![8]), ..Keep::default() },
        ),
        (
            Filters::default(),
            Scope::Companies(vec![2, 3, 7]),
            Keep { companies: Some(vec![2, 3, 7]), ..Keep::default() },
        ),
        (
            Filters::default(),
            Scope::Companies(Vec::new()),
            Keep { companies: Some(Vec::new()), ..Keep::default() },
        ),
    ] {
        world.agrees(&chosen, &scope, &keep).await;
    }
}

#[tokio::test]
async fn a_viewer_locked_to_a_client_sees_what_an_admin_filtering_on_it_sees() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let filtered = filters(&[("client", &["5"])]);
    let mut withheld = BTreeSet::new();
    for gauge in &Catalogue::shipped().gauges {
        let admin = world.ask(gauge, &filtered, &Scope::All).await;
        let locked = world.ask(gauge, &Filters::default(), &Scope::Companies(vec![5])).await;
        let (Ok(admin), Ok(locked)) = (admin, locked) else { panic!("{}", gauge.id) };
        // Of no company, or made of money.
        let is_internal = gauge.layers.iter().any(|layer| {
            let dataset = Catalogue::shipped().dataset(&layer.dataset).expect("a dataset");
            let counted = layer.measure.column().and_then(|column| dataset.column(column));
            dataset.company.is_none() || counted.is_some_and(|column| column.internal)
        });
        if is_internal {
            assert_eq!(locked.status, Status::NotPermitted, "{}", gauge.id);
        }
        if locked.status == Status::NotPermitted {
            // What cannot be told apart by client, or is internal, is withheld whole.
            assert!(admin.status != Status::NotPermitted && locked.note.is_some(), "{}", gauge.id);
            assert!(locked.value.is_none() && locked.table.is_none(), "{}", gauge.id);
            assert!(
                locked.groups.is_empty() && locked.figures.is_empty() && locked.target.is_none(),
                "{}",
                gauge.id
            );
            if !is_internal {
                withheld.insert(gauge.id.as_str());
            }
            continue;
        }
        assert_eq!(admin.value, locked.value, "{}", gauge.id);
        assert_eq!(admin.groups, locked.groups, "{}", gauge.id);
        assert_eq!(admin.figures, locked.figures, "{}", gauge.id);
        // Addresses in Autotask and internal columns are for those who work there.
        let of_a_client = |answer: &Answer| {
            let mut table = answer.table.clone()?;
            let dataset = Catalogue::shipped().dataset(&gauge.layers[0].dataset)?;
            let shown: Vec<bool> = table
                .columns
                .iter()
                .map(|name| dataset.column(name).is_some_and(|column| !column.internal))
                .collect();
            let mut kept = shown.iter();
            table.columns.retain(|_| *kept.next().unwrap_or(&false));
            for row in &mut table.rows {
                row.link = None;
                let mut kept = shown.iter();
                row.values.retain(|_| *kept.next().unwrap_or(&false));
            }
            Some(table)
        };
        assert_eq!(of_a_client(&admin), locked.table, "{}", gauge.id);
        let told = serde_json::to_string(&locked).expect("JSON");
        assert!(!told.replace("Client 05", "").contains("Client "), "{}: {told}", gauge.id);
    }
    let of_members_or_money = |id: &str| {
        gauge(id).unit == Unit::Money
            || gauge(id).layers.iter().any(|layer| {
                layer.dataset == "member_days"
                    || layer.measure.column().is_some_and(|column| column == "value")
            })
    };
    assert!(withheld.iter().all(|id| of_members_or_money(id)), "{withheld:?}");
}

#[tokio::test]
async fn gauges_without_a_filters_column_say_so() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let chosen = filters(&[("queue", &["8"]), ("owner", &["29"])]);
    let answer = world.ask(gauge("tickets_per_endpoint"), &chosen, &Scope::All).await.expect("an answer");
    assert_eq!(answer.unfiltered, ["Owner", "Queue"]);
    // Tickets of a queue by endpoints of all would be no number of anything.
    let whole = world.answer("tickets_per_endpoint").await;
    assert_eq!((answer.value, answer.groups), (whole.value, whole.groups));
}

#[tokio::test]
async fn hostile_filter_values_are_only_values() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    for hostile in [
        "8'; drop table autotask.tickets; --",
        "' or 1=1",
        "%",
        "\\",
        "\0",
        "99999999999999999999999999",
        "Level I\u{202e}",
        "{}",
        "$1",
    ] {
        for filter in ["queue", "priority", "client", "member", "status"] {
            let chosen = filters(&[(filter, &[hostile])]);
            let answer = world.ask(gauge("open_tickets"), &chosen, &Scope::All).await.expect("an answer");
            assert_eq!(answer.value, Some(0.0), "{filter} {hostile:?}");
        }
    }
    assert!(world.answer("open_tickets").await.value.is_some_and(|open| open > 0.0));
    // A lone empty value means: without one.
    let none = world
        .ask(gauge("open_tickets"), &filters(&[("queue", &[""])]), &Scope::All)
        .await
        .expect("an answer");
    let wanted = world.tickets.iter().filter(|ticket| ticket.is_open() && ticket.queue.is_none()).count();
    assert_eq!(none.rows, wanted as u64);
    for wrong in ["nothing", "queue_id\" --", "range"] {
        let chosen = filters(&[(wrong, &["8"])]);
        let error =
            world.ask(gauge("open_tickets"), &chosen, &Scope::All).await.expect_err("an unknown filter");
        assert!(matches!(error, StoreError::Invalid(_)), "{error:?}");
    }
}

#[tokio::test]
async fn filters_offer_only_what_may_be_seen() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let store = &world.database.store;
    let labels =
        |choices: Vec<(String, String)>| choices.into_iter().map(|(_, label)| label).collect::<Vec<_>>();
    let all = |filter: &'static str| async move {
        labels(store.filter_choices(world.datasource, filter, &Scope::All).await.expect("choices"))
    };
    assert_eq!(all("queue").await, ["Level I", "Level II"]);
    assert_eq!(all("priority").await, ["Critical", "High", "Medium", "Low"]);
    assert_eq!(all("member").await, ["Ann Doe", "Bob Doe", "Eve Doe"]);
    let clients = all("client").await;
    assert_eq!((clients.len(), clients[0].as_str()), (20, "Client 01"));

    let locked = Scope::Companies(vec![5]);
    let choices = store.filter_choices(world.datasource, "client", &locked).await.expect("choices");
    assert_eq!(choices, [("5".to_owned(), "Client 05".to_owned())]);
    let members = store.filter_choices(world.datasource, "member", &locked).await.expect("choices");
    let mut wanted: Vec<_> = world
        .tickets
        .iter()
        .filter(|ticket| ticket.company == Some(5))
        .filter_map(|ticket| ticket.resource)
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    assert_eq!(members.iter().map(|(id, _)| id.parse().expect("an id")).collect::<Vec<i64>>(), wanted);
    let nothing = store.filter_choices(world.datasource, "queue", &Scope::Companies(Vec::new())).await;
    assert_eq!(nothing.expect("choices"), []);
    for filter in ["status", "owner"] {
        store.filter_choices(world.datasource, filter, &Scope::All).await.expect("choices");
        store.filter_choices(world.datasource, filter, &locked).await.expect("choices");
    }
    let error =
        store.filter_choices(world.datasource, "nothing", &Scope::All).await.expect_err("an unknown filter");
    assert!(matches!(error, StoreError::Invalid(_)));
}

#[test]
fn a_gauge_is_offered_one_filter_for_each_column() {
    let offered = |id: &str| {
        let gauge = taskgauge_model::catalogue::Catalogue::shipped().gauge(id).unwrap();
        taskgauge_store::gauges::filters_of(gauge)
    };
    let (tickets, projects) = (offered("open_tickets"), offered("projects_active"));
    assert!(tickets.contains(&"status") && !tickets.contains(&"project_status"), "{tickets:?}");
    assert!(projects.contains(&"project_status") && !projects.contains(&"status"), "{projects:?}");
}
