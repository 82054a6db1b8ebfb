//! Days that are kept say what days counted anew would say, whatever happens to rows in between.

use super::{
    gauge,
    world::{Dice, World},
};
use chrono_tz::{Asia, Europe};
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use taskgauge_model::{
    catalogue::Catalogue,
    entity::Entity,
    gauge::{Answer, Filters, Gauge, Group, Measure, Order},
    range::Range,
};
use taskgauge_store::{Scope, Store, testing};

/// How much two ways of adding up may differ by.
const CLOSE: f64 = 1e-9;

/// Groups of a column, the largest first.
pub fn by(column: &str, top: Option<u32>) -> Group {
    Group {
        by: column.to_owned(),
        order: Order::Largest,
        top,
        none: None,
        bands: Vec::new(),
        min_rows: None,
        workdays: false,
    }
}

fn is_noted(dataset: &str) -> bool {
    let noted = ["tickets_210d", "tickets_all", "time_210d", "time_all", "billing_items", "profit_lines"];
    noted.contains(&dataset)
}

/// Gauges over long windows: those that ship, and one for each measure and kind of group.
fn long() -> Vec<Gauge> {
    let shipped = Catalogue::shipped().gauges.iter();
    let mut gauges: Vec<Gauge> =
        shipped.filter(|it| it.layers.iter().any(|layer| is_noted(&layer.dataset))).cloned().collect();
    let base = gauge("tickets_by_source");
    let hours = || "first_response_hours".to_owned();
    for measure in [
        Measure::Sum(hours()),
        Measure::Avg(hours()),
        Measure::Percentile(50, hours()),
        Measure::Percentile(90, hours()),
        Measure::Min(hours()),
        Measure::Max(hours()),
        Measure::Distinct("company".to_owned()),
    ] {
        for groups in [
            Vec::new(),
            vec![by("week", None)],
            vec![by("queue", None), by("priority", None)],
            vec![by("company", Some(3)), by("weekday", None)],
            vec![Group { bands: vec![1.0, 4.0], ..by("first_response_hours", None) }],
        ] {
            let mut gauge =
                Gauge { range: Range::Last(200), compare: groups.is_empty(), groups, ..base.clone() };
            gauge.layers[0].measure = measure.clone();
            gauge.id = format!("{measure:?} {:?}", gauge.groups.iter().map(|it| &it.by).collect::<Vec<_>>());
            gauges.push(gauge);
        }
    }
    // Windows that reach further back than days are kept otherwise: a comparison, and a level.
    let far = |id: &str, compare, range| Gauge { compare, range, ..gauge(id).clone() };
    gauges.push(far("tickets_by_source", true, Range::Last(700)));
    gauges.push(far("backlog_trend", false, Range::Last(1_500)));
    gauges
}

impl World {
    async fn by_day(&self, store: &Store, gauge: &Gauge) -> Answer {
        store
            .answer(self.datasource, gauge, &Filters::default(), &Scope::All, self.at)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", gauge.id))
    }

    /// Somebody edits some records, all over the history.
    async fn edit(&self, dice: &mut Dice) {
        for _ in 0..2 + dice.below(6) {
            let id = 1 + dice.below(420);
            let edit = match dice.below(21) {
                0 => "update autotask.tickets set create_date = create_date - interval '3 days' where id = $1",
                1 => "update autotask.tickets set status = 1, completed_date = null where id = $1",
                2 => {
                    "update autotask.tickets set status = 5, completed_date = create_date + interval '5 hours'
                    where id = $1"
                }
                3 => "update autotask.tickets set deleted_at = now() where id = $1",
                4 => "update autotask.tickets set queue_id = 8, priority = 1, company_id = 3 where id = $1",
                5 => {
                    "update autotask.tickets set first_response_date_time = create_date + interval '90 minutes'
                    where id = $1"
                }
                6 => "update autotask.time_entries set hours_worked = hours_worked + 1 where id = $1",
                7 => "update autotask.time_entries set ticket_id = ticket_id % 400 + 1 where id = $1",
                8 => "update autotask.tasks set project_id = $1 % 2 + 1 where id = $1 % 3 + 1",
                9 => "update autotask.projects set company_id = $1 % 20 where id = $1 % 2 + 1",
                10 => "update autotask.tickets set project_id = $1 % 2 + 1, company_id = null where id = $1",
                11 => "update autotask.time_entries set date_worked = date_worked - 2 where id = $1",
                12 => "update autotask.billing_items set posted_date = posted_date - 3 where id = $1 % 90 + 1",
                13 => {
                    "update autotask.billing_items set total_amount = total_amount + 10, contract_id = $1 % 3 + 1
                    where id = $1 % 90 + 1"
                }
                14 => "update autotask.billing_items set deleted_at = now() where id = $1 % 90 + 1",
                15 => "update autotask.resources set internal_cost = internal_cost + 1 where id = 29 + $1 % 3",
                16 => "update autotask.resources set last_name = 'Roe' || $1 where id = 29 + $1 % 3",
                17 => {
                    "update autotask.service_level_agreement_results
                    set first_response_elapsed_hours = first_response_elapsed_hours + 1, resolution_elapsed_hours = null
                    where id = $1"
                }
                18 => "update autotask.service_level_agreement_results set ticket_id = $1 % 400 + 1 where id = $1 % 300 + 1",
                19 => "update autotask.service_level_agreement_results set deleted_at = now() where id = $1",
                _ => "update autotask.tickets set create_date = create_date - interval '1250 days' where id = $1",
            };
            sqlx::query(edit).bind(id).execute(&self.pool).await.expect("edited");
        }
        self.commit(&[
            "TimeEntries",
            "Tickets",
            "Tasks",
            "Projects",
            "BillingItems",
            "Resources",
            "ServiceLevelAgreementResults",
        ])
        .await;
    }
}

fn close(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= CLOSE * one.abs().max(1.0),
        (one, other) => one == other,
    }
}

fn same(kept: &Answer, anew: &Answer) {
    let id = &kept.gauge;
    assert_eq!((kept.status, kept.rows, &kept.note), (anew.status, anew.rows, &anew.note), "{id}");
    assert!(close(kept.value, anew.value), "{id}: {:?} and {:?}", kept.value, anew.value);
    assert!(close(kept.previous, anew.previous), "{id}: {:?} and {:?}", kept.previous, anew.previous);
    assert_eq!(kept.groups.len(), anew.groups.len(), "{id}");
    for (kept, anew) in kept.groups.iter().zip(&anew.groups) {
        assert_eq!((&kept.key, &kept.label), (&anew.key, &anew.label), "{id}");
        let names: BTreeSet<&String> = kept.values.keys().chain(anew.values.keys()).collect();
        for name in names {
            let (one, other) = (kept.values.get(name).copied(), anew.values.get(name).copied());
            assert!(close(one, other), "{id} {} {name}: {one:?} and {other:?}", kept.key);
        }
    }
}

#[tokio::test]
async fn edits_reach_every_answer_and_cost_only_their_days() {
    for (seed, zone, at) in
        [(1, Europe::Berlin, "2026-03-29T12:00:00Z"), (2, Asia::Kolkata, "2026-03-31T20:00:00Z")]
    {
        let world = World::busy(zone, at).await;
        let id = world.datasource.0;
        let projects = format!(
            "insert into autotask.projects (datasource_id, id, project_name, company_id, changed_at)
            values ({id}, 1, 'One', 3, now()), ({id}, 2, 'Two', 0, now());
            insert into autotask.tasks (datasource_id, id, title, project_id, changed_at)
            values ({id}, 1, 'A', 1, now()), ({id}, 2, 'B', 1, now()), ({id}, 3, 'C', 2, now());
            update autotask.time_entries set ticket_id = null, task_id = id % 3 + 1 where id % 4 = 0;
            update autotask.time_entries set contract_id = id % 3 + 1 where id % 2 = 0;
            insert into autotask.billing_items
                (datasource_id, id, company_id, contract_id, posted_date, total_amount, our_cost, changed_at)
            select {id}, n, n % 20, n % 3 + 1, date '2026-03-28' - n::int * 2, 100 + n, n, now()
            from generate_series(1, 90) n;
            update autotask.resources set internal_cost = id;
            insert into autotask.service_level_agreement_results
                (datasource_id, id, ticket_id, first_response_elapsed_hours, resolution_elapsed_hours, changed_at)
            select {id}, n, n, n % 7, n % 11, now()
            from generate_series(1, 300) n;"
        );
        sqlx::raw_sql(AssertSqlSafe(projects)).execute(&world.pool).await.expect("written");
        let mut dice = Dice(seed);
        let gauges = long();
        let store = &world.database.store;
        for gauge in &gauges {
            world.by_day(store, gauge).await;
        }
        let first = store.day_counts();
        assert!(first.asked > 5_000 && first.bytes > 0, "{first:?}");
        for _ in 0..3 {
            world.edit(&mut dice).await;
            // Who never asked before counts every day.
            let clock = world.database.clock.clone();
            let fresh = Store::connect(&world.database.url, testing::sealer(), clock).await.expect("a store");
            for gauge in &gauges {
                same(&world.by_day(store, gauge).await, &world.by_day(&fresh, gauge).await);
            }
            assert!(fresh.day_counts().counted > first.counted / 2);
            fresh.close().await;
        }
        let after = store.day_counts();
        let (asked, counted) = (after.asked - first.asked, after.counted - first.counted);
        assert!(counted > 0 && counted < asked / 2, "{counted} of {asked} days were counted anew");
    }
}

#[tokio::test]
async fn days_that_did_not_change_are_not_counted_again() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let store = &world.database.store;
    let counted = async |id: &str| {
        let before = store.day_counts().counted;
        world.by_day(store, gauge(id)).await;
        store.day_counts().counted - before
    };
    assert!(counted("opened_vs_closed_by_month").await > 700);
    assert_eq!(counted("opened_vs_closed_by_month").await, 0);
    // Shortening the log changes nothing of what it says.
    let length =
        || sqlx::query_scalar::<_, i64>("select count(*) from taskgauge.changed_days").fetch_one(&world.pool);
    let before = length().await.expect("a count");
    store.shorten_changed_days(world.datasource).await.expect("shortened");
    let after = length().await.expect("a count");
    assert!(after < before, "{after} of {before}");
    assert_eq!(counted("opened_vs_closed_by_month").await, 0);
    // A ticket of the year is a day of its creation and one of its completion, in each of the two scans; a day in
    // Berlin reaches into two dates in UTC, and a date in UTC into two days.
    let edited = "update autotask.tickets set priority = 2 where id = 6";
    sqlx::query(edited).execute(&world.pool).await.expect("edited");
    assert!((1..=4).contains(&counted("opened_vs_closed_by_month").await));
    // A short window, or one that moves with the clock, is counted at once.
    for id in ["tickets_opened_today", "sla_by_queue_priority", "open_tickets"] {
        let before = store.day_counts().asked;
        world.by_day(store, gauge(id)).await;
        assert_eq!(store.day_counts().asked, before, "{id}");
    }
}

#[tokio::test]
async fn the_dates_that_are_counted_by_are_the_ones_that_are_noted() {
    let world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let noted: Vec<(String, Vec<u8>)> = sqlx::query_as(
        "select t.tgrelid::regclass::text, t.tgargs
        from pg_trigger t
        join pg_proc p on p.oid = t.tgfoid
        where p.proname = 'note_changed_days'",
    )
    .fetch_all(&world.pool)
    .await
    .expect("the triggers");
    let mut found: Vec<(String, String)> = Vec::new();
    for (table, arguments) in noted {
        let table = table.trim_start_matches("autotask.").to_owned();
        let entity =
            Entity::all().iter().find_map(|it| (it.table == table).then_some(it.name)).expect("an entity");
        let arguments = String::from_utf8(arguments).expect("text");
        // Dates, columns and queries take turns.
        found.extend(
            arguments.split_terminator('\0').step_by(3).map(|date| (date.to_owned(), entity.to_owned())),
        );
    }
    // One trigger for new rows and one for changed ones.
    let mut wanted: Vec<(String, String)> = Vec::new();
    for (date, by) in testing::noted_dates() {
        wanted.extend(by.iter().flat_map(|entity| [0, 1].map(|_| (date.to_owned(), (*entity).to_owned()))));
    }
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}
