//! Gauges on real Postgres, each counted a second time in Rust from the same records.

mod expected;
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::{America, Europe, Pacific, Tz};
use expected::{Expected, Keep};
use std::collections::BTreeMap;
use taskgauge_model::{
    catalogue::Catalogue,
    datasource::{Doctor, Finding, Probe},
    gauge::{Answer, Condition, Filters, Gauge, Group, Layer, Measure, Op, Order, Scalar, Status, Value},
    ids::DatasourceId,
    range::Range,
};
use taskgauge_store::{Scope, StoreError};
use world::{Ticket, World};

fn gauge(id: &str) -> &'static Gauge {
    Catalogue::shipped().gauge(id).unwrap_or_else(|| panic!("there is no gauge {id}"))
}

fn filters(fields: &[(&str, &[&str])]) -> Filters {
    let fields = fields
        .iter()
        .map(|(name, values)| ((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect()))
        .collect();
    Filters { range: None, fields }
}

impl World {
    async fn ask(&self, gauge: &Gauge, filters: &Filters, scope: &Scope) -> Result<Answer, StoreError> {
        self.database.store.answer(self.datasource, gauge, filters, scope, self.at).await
    }

    async fn answer(&self, id: &str) -> Answer {
        self.ask(gauge(id), &Filters::default(), &Scope::All)
            .await
            .unwrap_or_else(|error| panic!("{id}: {error:?}"))
    }

    /// Compares every gauge of the board with a second count.
    async fn agrees(&self, filters: &Filters, scope: &Scope, keep: &Keep) {
        let expected = expected::expected(self, keep);
        let gauges: Vec<&Gauge> = expected.keys().map(|id| gauge(id)).collect();
        let answers = self.database.store.answers(self.datasource, &gauges, filters, scope, self.at).await;
        assert_eq!(answers.len(), gauges.len());
        for ((id, expected), answer) in expected.iter().zip(answers) {
            let answer = answer.unwrap_or_else(|error| panic!("{id}: {error:?}"));
            assert_eq!(answer.gauge, *id);
            check(id, expected, &answer);
        }
    }
}

#[track_caller]
fn close(id: &str, what: &str, got: Option<f64>, wanted: Option<f64>) {
    let same = match (got, wanted) {
        (Some(got), Some(wanted)) => (got - wanted).abs() < 1e-3,
        (None, None) => true,
        _ => false,
    };
    assert!(same, "{id}: {what} is {got:?} and should be {wanted:?}");
}

fn check(id: &str, expected: &Expected, answer: &Answer) {
    match expected {
        Expected::Number { value, rows } => {
            close(id, "the value", answer.value, *value);
            assert_eq!(answer.rows, *rows, "{id}: rows");
            assert_eq!(answer.status == Status::Ok, value.is_some(), "{id}: status");
            assert!(answer.groups.is_empty() && answer.table.is_none(), "{id}");
        }
        Expected::Groups { value, groups } => {
            let got: Vec<_> = answer.groups.iter().map(|group| group.label.clone()).collect();
            let wanted: Vec<_> = groups.iter().map(|(label, _)| label.clone()).collect();
            assert_eq!(got, wanted, "{id}: groups");
            for (group, (label, numbers)) in answer.groups.iter().zip(groups) {
                let shown: Vec<_> = answer.series.iter().map(|series| series.id.as_str()).collect();
                for (name, number) in numbers {
                    assert!(shown.contains(&name.as_str()), "{id}: series {name}");
                    close(id, &format!("{label}/{name}"), group.values.get(name).copied(), *number);
                }
            }
            if answer.status == Status::Ok {
                close(id, "the value", answer.value, *value);
            }
        }
        Expected::Matrix(cells) => {
            let mut got = BTreeMap::new();
            for group in &answer.groups {
                for series in &answer.series {
                    let number = group.values.get(&series.id).copied().unwrap_or(0.0);
                    if number != 0.0 {
                        got.insert((group.label.clone(), series.label.clone()), number);
                    }
                }
            }
            assert_eq!(&got, cells, "{id}");
            let total: f64 = cells.values().sum();
            if answer.status == Status::Ok {
                close(id, "the total", answer.value, Some(total));
            }
        }
        Expected::Rows(numbers) => {
            let table = answer.table.as_ref().unwrap_or_else(|| panic!("{id}: no table"));
            let got: Vec<_> = table.rows.iter().filter_map(|row| row.values[0].as_str()).collect();
            assert_eq!(&got, numbers, "{id}");
        }
    }
}

/// Clocks at the change of days, months and daylight saving time, east and west.
const CLOCKS: [(Tz, &str); 5] = [
    (Europe::Berlin, "2026-03-29T12:00:00Z"),
    // Already the first of the month there.
    (Europe::Berlin, "2026-03-31T22:30:00Z"),
    (America::New_York, "2026-11-01T17:00:00Z"),
    (Pacific::Apia, "2026-02-28T10:30:00Z"),
    (Pacific::Honolulu, "2026-01-01T09:59:59Z"),
];

#[tokio::test]
async fn every_gauge_of_the_board_agrees_with_a_second_count_at_every_clock() {
    for (zone, at) in CLOCKS {
        let world = World::busy(zone, at).await;
        world.agrees(&Filters::default(), &Scope::All, &Keep::default()).await;
    }
}

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
    for gauge in &Catalogue::shipped().gauges {
        let admin = world.ask(gauge, &filtered, &Scope::All).await;
        let locked = world.ask(gauge, &Filters::default(), &Scope::Companies(vec![5])).await;
        let (Ok(admin), Ok(locked)) = (admin, locked) else { panic!("{}", gauge.id) };
        assert_eq!(admin.value, locked.value, "{}", gauge.id);
        assert_eq!(admin.groups, locked.groups, "{}", gauge.id);
        // Addresses in Autotask are for those who work there.
        let without_links = |answer: &Answer| {
            let mut table = answer.table.clone();
            table.iter_mut().flat_map(|table| &mut table.rows).for_each(|row| row.link = None);
            table
        };
        assert_eq!(without_links(&admin), locked.table, "{}", gauge.id);
        let told = serde_json::to_string(&locked).expect("JSON");
        assert!(!told.replace("Client 05", "").contains("Client "), "{}: {told}", gauge.id);
    }
}

#[tokio::test]
async fn an_empty_desk_has_counts_of_zero_and_no_ratios() {
    let world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    for gauge in &Catalogue::shipped().gauges {
        let answer = world.ask(gauge, &Filters::default(), &Scope::All).await;
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error:?}", gauge.id));
        match answer.status {
            Status::Ok => assert!(answer.value.is_none_or(|value| value == 0.0), "{}", gauge.id),
            Status::NoData => assert!(answer.value.is_none() && answer.note.is_some(), "{}", gauge.id),
            Status::NotPermitted => panic!("{}", gauge.id),
        }
    }
    let open = world.answer("open_tickets").await;
    assert_eq!((open.status, open.value, open.rows), (Status::Ok, Some(0.0), 0));
    let killed = world.answer("kill_rate_today").await;
    assert_eq!((killed.status, killed.note.as_deref()), (Status::NoData, Some("None closed, none opened.")));
    let status = world.answer("open_by_status").await;
    assert_eq!((status.status, status.note.as_deref()), (Status::NoData, Some("No tickets are open.")));
    // A fortnight of zeros is a fact.
    let days = world.answer("opened_vs_closed_by_day").await;
    assert_eq!((days.status, days.groups.len()), (Status::Ok, 14));
}

fn ticket(id: i64, at: DateTime<Utc>, created_hours_ago: i64, completed_hours_ago: Option<i64>) -> Ticket {
    let created = at - TimeDelta::hours(created_hours_ago);
    let completed = completed_hours_ago.map(|hours| at - TimeDelta::hours(hours));
    Ticket {
        id,
        company: Some(1),
        status: if completed.is_some() { 5 } else { 8 },
        created,
        completed,
        active: completed.unwrap_or(created),
        ..Ticket::default()
    }
}

#[tokio::test]
async fn closed_without_opened_is_no_rate() {
    let mut world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    world.tickets = (1..=5).map(|id| ticket(id, world.at, 48, Some(1))).collect();
    world.write().await;
    let answer = world.answer("kill_rate_today").await;
    assert_eq!((answer.status, answer.value), (Status::NoData, None));
    assert_eq!(answer.note.as_deref(), Some("5 closed, none opened."));
    assert_eq!(world.answer("tickets_closed_today").await.value, Some(5.0));
}

#[tokio::test]
async fn the_period_before_is_of_the_same_length() {
    let mut world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    world.tickets = vec![
        ticket(1, world.at, 1, None),
        ticket(2, world.at, 24, None),
        ticket(3, world.at, 30, None),
        ticket(4, world.at, 60, None),
    ];
    world.write().await;
    let today = world.answer("tickets_opened_today").await;
    assert_eq!((today.value, today.previous, today.rows), (Some(1.0), Some(2.0), 1));
    assert_eq!(today.window, Some((world.today(), world.today())));
    assert_eq!(world.answer("open_tickets").await.previous, None);
}

#[tokio::test]
async fn a_chosen_range_takes_the_place_of_periods_only() {
    let mut world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    // Closed 20 days ago and silent since: not in the dataset of 14 days.
    world.tickets = vec![ticket(1, world.at, 30 * 24, Some(20 * 24)), ticket(2, world.at, 2, None)];
    world.write().await;
    let chosen = Filters { range: Some(Range::Last(30)), ..Filters::default() };
    let days = world.ask(gauge("opened_vs_closed_by_day"), &chosen, &Scope::All).await.expect("an answer");
    assert_eq!(days.groups.len(), 30);
    let closed: f64 = days.groups.iter().filter_map(|group| group.values.get("closed")).sum();
    assert_eq!((closed, days.unfiltered.len()), (1.0, 0));
    for id in ["open_tickets", "tickets_opened_today", "warranty_expiring"] {
        let answer = world.ask(gauge(id), &chosen, &Scope::All).await.expect("an answer");
        assert_eq!(answer.unfiltered, ["Date range"], "{id}");
    }
    assert_eq!(
        world.ask(gauge("tickets_opened_today"), &chosen, &Scope::All).await.expect("an answer").value,
        Some(1.0)
    );
}

#[tokio::test]
async fn gauges_without_a_filters_column_say_so() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let chosen = filters(&[("queue", &["8"]), ("owner", &["29"])]);
    let answer = world.ask(gauge("tickets_per_endpoint"), &chosen, &Scope::All).await.expect("an answer");
    assert_eq!(answer.unfiltered, ["Owner", "Queue"]);
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
async fn what_does_not_exist_is_refused_with_a_sentence() {
    let world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let with = |change: &dyn Fn(&mut Gauge)| {
        let mut changed = gauge("open_by_queue").clone();
        change(&mut changed);
        changed
    };
    let is = |column: &str, value: Scalar| Condition { column: column.to_owned(), op: Op::Is, value };
    let wrong = [
        with(&|gauge| gauge.layers[0].dataset = "passwords".to_owned()),
        with(&|gauge| gauge.layers[0].measure = Measure::Sum("nothing".to_owned())),
        with(&|gauge| gauge.layers[0].measure = Measure::Sum("title".to_owned())),
        with(&|gauge| gauge.layers[0].date = Some("is_open".to_owned())),
        with(&|gauge| gauge.layers[0].conditions = vec![is("x\" or true --", Scalar::Flag(true))]),
        with(&|gauge| gauge.layers[0].conditions = vec![is("is_open", Scalar::Number(1.0))]),
        with(&|gauge| {
            gauge.layers[0].conditions = vec![is("company_id", Scalar::Text("1 or 1=1".to_owned()))];
        }),
        with(&|gauge| {
            gauge.layers[0].conditions = vec![is("create_date", Scalar::Text("now+4x".to_owned()))];
        }),
        with(&|gauge| gauge.layers[0].conditions = vec![is("status", Scalar::Nothing)]),
        with(&|gauge| gauge.groups[0].by = "queue_name".to_owned()),
        with(&|gauge| gauge.groups[0].by = "day".to_owned()),
        with(&|gauge| gauge.groups[0].by = "udf".to_owned()),
        with(&|gauge| gauge.groups[0].bands = vec![1.0, 2.0]),
        with(&|gauge| gauge.groups = vec![gauge.groups[0].clone(); 3]),
        with(&|gauge| gauge.layers.clear()),
        with(&|gauge| {
            gauge.values = vec![Value {
                id: "x".to_owned(),
                label: "X".to_owned(),
                formula: "open + secret".to_owned(),
                unit: None,
                line: false,
                tone: None,
            }];
        }),
    ];
    for gauge in wrong {
        let error = world.ask(&gauge, &Filters::default(), &Scope::All).await.expect_err("a wrong gauge");
        let StoreError::Invalid(sentence) = &error else { panic!("{error:?}") };
        assert!(sentence.ends_with('.'), "{sentence}");
    }
    let store = &world.database.store;
    let nowhere = DatasourceId(999);
    let error =
        store.answer(nowhere, gauge("open_tickets"), &Filters::default(), &Scope::All, world.at).await;
    assert!(matches!(error, Err(StoreError::NotFound { .. })));
}

fn found(entity: &str, finding: Finding) -> Doctor {
    let probe = Probe {
        entity: entity.to_owned(),
        label: entity.to_owned(),
        finding,
        right: None,
        datasets: Vec::new(),
    };
    Doctor { at: None, probes: vec![probe], notes: Vec::new() }
}

#[tokio::test]
async fn what_may_not_be_read_is_not_zero() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let store = &world.database.store;
    store.set_doctor(world.datasource, &found("Tickets", Finding::Forbidden)).await.expect("set");
    let answer = world.answer("open_tickets").await;
    assert_eq!((answer.status, answer.value), (Status::NotPermitted, None));
    assert!(answer.note.is_some_and(|note| note.contains("Tickets")));

    // Time is needed by measures of time alone.
    store.set_doctor(world.datasource, &found("TimeEntries", Finding::Forbidden)).await.expect("set");
    assert_eq!(world.answer("open_tickets").await.status, Status::Ok);
    for id in ["rhem", "hours_per_ticket", "first_touch_resolution"] {
        assert_eq!(world.answer(id).await.status, Status::NotPermitted, "{id}");
    }

    store.set_doctor(world.datasource, &found("Tickets", Finding::SuspiciouslyEmpty)).await.expect("set");
    let answer = world.answer("open_tickets").await;
    assert_eq!(answer.status, Status::Ok);
    assert!(answer.note.is_some_and(|note| note.contains("security level")));
}

#[tokio::test]
async fn datasources_do_not_mix() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let other = world.database.datasource("Other").await;
    let gauges = [gauge("open_tickets"), gauge("backlog_trend")];
    let answers =
        world.database.store.answers(other, &gauges, &Filters::default(), &Scope::All, world.at).await;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("an answer").value).collect();
    assert_eq!(answers, [Some(0.0), Some(0.0)]);
}

#[tokio::test]
async fn the_age_of_the_data_is_that_of_the_oldest_entity() {
    let world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    assert_eq!(world.answer("open_tickets").await.data_at, None);
    for (entity, minutes) in [("Tickets", 5), ("Companies", 45), ("Invoices", 600)] {
        sqlx::query(
            "insert into taskgauge.entity_state (datasource_id, entity, read_at) values ($1, $2, $3)",
        )
        .bind(world.datasource.0)
        .bind(entity)
        .bind(world.at - TimeDelta::minutes(minutes))
        .execute(&world.pool)
        .await
        .expect("inserted");
    }
    let data_at = world.answer("open_tickets").await.data_at;
    assert_eq!(data_at, Some(world.at - TimeDelta::minutes(45)));
}

#[tokio::test]
async fn other_holds_what_is_beyond_the_top_in_both_dimensions() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let group = |by: &str, top: u32| Group {
        by: by.to_owned(),
        order: Order::Largest,
        top: Some(top),
        none: None,
        bands: Vec::new(),
        min_rows: None,
    };
    let mut crossed = gauge("open_by_queue").clone();
    crossed.groups = vec![group("company", 3), group("priority", 2)];
    let answer = world.ask(&crossed, &Filters::default(), &Scope::All).await.expect("an answer");
    assert_eq!((answer.groups.len(), answer.series.len()), (4, 3));
    assert_eq!(answer.groups[3].key, "other");
    assert_eq!(answer.series[2].id, "other");
    let sum: f64 = answer.groups.iter().flat_map(|group| group.values.values()).sum();
    assert_eq!(Some(sum), answer.value);

    // Medians do not add up: the rest stays unsaid.
    let mut median = gauge("open_by_queue").clone();
    median.layers[0].measure = Measure::Median("age_hours".to_owned());
    median.groups = vec![group("company", 3)];
    let answer = world.ask(&median, &Filters::default(), &Scope::All).await.expect("an answer");
    assert_eq!(answer.groups.len(), 3);
}

#[tokio::test]
async fn measures_are_what_they_are_called() {
    let mut world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    world.tickets =
        [1, 3, 3, 9].iter().zip(1..).map(|(hours, id)| ticket(id, world.at, *hours, None)).collect();
    world.tickets[3].company = Some(2);
    world.write().await;
    let hours = || "age_hours".to_owned();
    for (measure, wanted) in [
        (Measure::Count, 4.0),
        (Measure::Sum(hours()), 16.0),
        (Measure::Avg(hours()), 4.0),
        (Measure::Median(hours()), 3.0),
        (Measure::P90(hours()), 7.2),
        (Measure::Min(hours()), 1.0),
        (Measure::Max(hours()), 9.0),
        (Measure::Distinct("company".to_owned()), 2.0),
    ] {
        let mut measured = gauge("open_tickets").clone();
        measured.layers[0].measure = measure.clone();
        let answer = world.ask(&measured, &Filters::default(), &Scope::All).await.expect("an answer");
        close("open_tickets", &format!("{measure:?}"), answer.value, Some(wanted));
        assert_eq!(answer.rows, 4, "{measure:?}");
    }
}

#[tokio::test]
async fn conditions_are_what_they_are_called() {
    let mut world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    world.tickets = (1..=6).map(|id| ticket(id, world.at, id, None)).collect();
    world.tickets[0].queue = Some(8);
    world.tickets[1].queue = Some(9);
    world.write().await;
    let text = |text: &str| Scalar::Text(text.to_owned());
    let several = |values: &[&str]| Scalar::List(values.iter().map(|value| text(value)).collect());
    for (column, op, value, wanted) in [
        ("queue", Op::Is, text("level i"), 1),
        ("queue", Op::IsNot, text("Level I"), 5),
        ("queue", Op::Contains, text("LEVEL"), 2),
        ("queue", Op::In, several(&["Level I", "level ii", "none"]), 2),
        ("queue", Op::NotIn, several(&["Level I"]), 5),
        ("queue", Op::Empty, Scalar::Nothing, 4),
        ("queue", Op::Filled, Scalar::Nothing, 2),
        ("queue_id", Op::Is, text("8"), 1),
        ("queue_id", Op::In, several(&["8", "9"]), 2),
        ("age_hours", Op::Over, Scalar::Number(3.0), 3),
        ("age_hours", Op::AtLeast, Scalar::Number(3.0), 4),
        ("age_hours", Op::Under, Scalar::Number(3.0), 2),
        ("age_hours", Op::AtMost, Scalar::Number(3.0), 3),
        ("is_open", Op::Is, Scalar::Flag(true), 6),
        ("is_open", Op::IsNot, Scalar::Flag(true), 0),
        ("create_date", Op::AtLeast, text("2026-03-18T07:00:00Z"), 3),
        ("create_date", Op::AtLeast, text("now-2h"), 2),
        ("create_date", Op::Under, text("now-1d"), 0),
        ("created_on", Op::Is, text("2026-03-18"), 6),
    ] {
        let mut conditional = gauge("open_tickets").clone();
        conditional.layers[0].conditions =
            vec![Condition { column: column.to_owned(), op, value: value.clone() }];
        let answer = world.ask(&conditional, &Filters::default(), &Scope::All).await.expect("an answer");
        assert_eq!(answer.rows, wanted, "{column} {op:?} {value:?}");
    }
}

#[tokio::test]
async fn weeks_begin_on_the_day_in_the_settings() {
    // A Wednesday; the tickets are of the Saturday, the Sunday and the Monday before.
    let mut world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    world.tickets =
        [4, 3, 2].iter().zip(1..).map(|(days, id)| ticket(id, world.at, days * 24, None)).collect();
    world.write().await;
    let mut weekly = gauge("opened_vs_closed_by_day").clone();
    weekly.groups[0].by = "week".to_owned();
    for (starts, wanted) in [
        ("Mon", vec![("2026-03-09", 2.0), ("2026-03-16", 1.0)]),
        ("Sun", vec![("2026-03-08", 1.0), ("2026-03-15", 2.0)]),
    ] {
        sqlx::query(
            "update taskgauge.datasources set settings = jsonb_build_object('week_starts', $1::text)",
        )
        .bind(starts)
        .execute(&world.pool)
        .await
        .expect("set");
        let answer = world.ask(&weekly, &Filters::default(), &Scope::All).await.expect("an answer");
        let got: Vec<_> = answer
            .groups
            .iter()
            .map(|group| (group.key.as_str(), group.values["opened"]))
            .filter(|(_, opened)| *opened > 0.0)
            .collect();
        assert_eq!(got, wanted, "{starts}");
    }
}

#[tokio::test]
async fn lists_hold_rows_with_links_in_their_order() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    sqlx::query("update taskgauge.datasources set web_url = 'https://ww5.autotask.net/'")
        .execute(&world.pool)
        .await
        .expect("set");
    let answer = world.answer("oldest_open").await;
    let table = answer.table.expect("a table");
    assert_eq!(table.total, answer.rows);
    assert_eq!(answer.rows, world.answer("open_tickets").await.rows);
    let number = table.rows[0].values[0].as_str().expect("a number").trim_start_matches('T');
    assert_eq!(
        table.rows[0].link.as_deref(),
        Some(format!("https://ww5.autotask.net/Autotask/AutotaskExtend/ExecuteCommand.aspx?Code=OpenTicketDetail&TicketID={number}").as_str())
    );
    for id in
        ["stale_list", "sla_at_risk", "my_open_list", "member_time_list", "warranty_expiring", "csat_low"]
    {
        let answer = world.answer(id).await;
        let table = answer.table.unwrap_or_else(|| panic!("{id}"));
        assert!(table.rows.iter().all(|row| row.values.len() == table.columns.len()), "{id}");
    }
}

#[tokio::test]
async fn tickets_at_risk_are_due_within_four_hours() {
    let mut world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    world.tickets = (1..=4).map(|id| ticket(id, world.at, 24, None)).collect();
    for (ticket, minutes) in world.tickets.iter_mut().zip([-1, 1, 240, 241]) {
        ticket.resolution_due = Some(world.at + TimeDelta::minutes(minutes));
    }
    world.write().await;
    let table = world.answer("sla_at_risk").await.table.expect("a table");
    let got: Vec<_> = table.rows.iter().filter_map(|row| row.values[0].as_str()).collect();
    assert_eq!(got, ["T2", "T3"]);
    assert_eq!(world.answer("sla_breached_open").await.value, Some(1.0));
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

#[tokio::test]
async fn a_layer_may_count_by_a_column_and_in_a_range_of_its_own() {
    let mut world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    world.tickets = vec![ticket(1, world.at, 2, None), ticket(2, world.at, 30, Some(1))];
    world.tickets[0].resource = Some(29);
    world.tickets[1].resource = Some(29);
    world.write().await;
    let layer = |id: &str, date: &str, range: Option<Range>, by: &[&str]| Layer {
        id: id.to_owned(),
        label: id.to_owned(),
        dataset: "tickets_14d".to_owned(),
        measure: Measure::Count,
        conditions: Vec::new(),
        date: Some(date.to_owned()),
        range,
        by: by.iter().map(|by| (*by).to_owned()).collect(),
        tone: None,
    };
    let mut mixed = gauge("open_by_resource").clone();
    mixed.range = Range::Last(7);
    mixed.layers = vec![
        layer("opened", "create_date", Some(Range::Today), &[]),
        layer("closed", "completed_date", None, &["closed_by_resource"]),
    ];
    let answer = world.ask(&mixed, &Filters::default(), &Scope::All).await.expect("an answer");
    assert_eq!(answer.groups.len(), 1);
    assert_eq!(answer.groups[0].label, "Ann Doe");
    assert_eq!(
        answer.groups[0].values,
        BTreeMap::from([("opened".to_owned(), 1.0), ("closed".to_owned(), 1.0)])
    );
}
