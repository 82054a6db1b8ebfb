//! What gauges can be made of, whatever ships.

use super::{
    close, filters, gauge, ticket,
    world::{Ticket, World},
};
use chrono::NaiveDate;
use chrono_tz::{America, Europe};
use std::collections::BTreeMap;
use taskgauge_model::{
    gauge::{ChartKind, Condition, Filters, Gauge, Group, Layer, Measure, OTHER, Op, Order, Scalar, Value},
    ids::DatasourceId,
    range::Range,
};
use taskgauge_store::{Scope, StoreError};

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
        workdays: false,
    };
    let mut crossed = gauge("open_by_queue").clone();
    crossed.groups = vec![group("company", 3), group("priority", 2)];
    let answer = world.ask(&crossed, &Filters::default(), &Scope::All).await.expect("an answer");
    assert_eq!((answer.groups.len(), answer.series.len()), (4, 3));
    assert_eq!(answer.groups[3].key, OTHER);
    assert_eq!(answer.series[2].id, OTHER);
    let sum: f64 = answer.groups.iter().flat_map(|group| group.values.values()).sum();
    assert_eq!(Some(sum), answer.value);

    // Medians do not add up: the rest stays unsaid.
    let mut median = gauge("open_by_queue").clone();
    median.layers[0].measure = Measure::Percentile(50, "age_hours".to_owned());
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
        (Measure::Percentile(50, hours()), 3.0),
        (Measure::Percentile(90, hours()), 7.2),
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
async fn levels_are_those_at_the_end_of_each_group_of_days() {
    // From the last day of winter time to the first week of April, in New York.
    let world = World::busy(America::New_York, "2026-04-03T15:00:00Z").await;
    let open_after = |day: NaiveDate, of: &dyn Fn(&Ticket) -> f64| -> f64 {
        let closed = |it: &Ticket| it.completed.filter(|_| !it.is_open()).map(|at| world.day(at));
        let standing = world.tickets.iter().filter(|it| world.day(it.created) <= day);
        standing.filter(|it| closed(it).is_none_or(|closed| closed > day)).map(of).sum()
    };
    let date = |text: &str| -> NaiveDate { text.parse().expect("a date") };
    let mut level = gauge("backlog_trend").clone();
    level.range = Range::Dates(date("2026-02-10"), date("2026-04-03"));
    for (by, wanted) in [
        (
            "month",
            vec![("2026-02-01", "2026-02-28"), ("2026-03-01", "2026-03-31"), ("2026-04-01", "2026-04-03")],
        ),
        ("week", WEEKS.to_vec()),
    ] {
        level.groups[0].by = by.to_owned();
        let answer = world.ask(&level, &Filters::default(), &Scope::All).await.expect("an answer");
        let got: Vec<_> =
            answer.groups.iter().map(|group| (group.key.as_str(), group.values["open"])).collect();
        let wanted: Vec<_> =
            wanted.into_iter().map(|(first, last)| (first, open_after(date(last), &|_| 1.0))).collect();
        assert_eq!(got, wanted, "{by}");
    }
    // A sum, and over all: the level at the end.
    level.layers[0].measure = Measure::Sum("priority_order".to_owned());
    level.groups.clear();
    level.chart = ChartKind::Number;
    let answer = world.ask(&level, &Filters::default(), &Scope::All).await.expect("an answer");
    // Critical, which has the number 4, comes first in the picklist.
    let order = |it: &Ticket| it.priority.map_or(0.0, |priority| (priority % 4 + 1) as f64);
    assert_eq!(answer.value, Some(open_after(date("2026-04-03"), &order)));

    // What ends before it begins, or never begins, stands on no day.
    let mut backwards = gauge("backlog_trend").clone();
    backwards.range = level.range;
    backwards.layers[0].date = Some("completed_date".to_owned());
    backwards.layers[0].until = Some("create_date".to_owned());
    let answer = world.ask(&backwards, &Filters::default(), &Scope::All).await.expect("an answer");
    let stand: Vec<f64> = answer.groups.iter().map(|group| group.values["open"]).collect();
    assert!(stand.len() > 40 && stand.iter().all(|number| *number == 0.0), "{stand:?}");

    let refused = |change: &dyn Fn(&mut Gauge)| {
        let mut changed = gauge("backlog_trend").clone();
        change(&mut changed);
        changed
    };
    for wrong in [
        refused(&|gauge| gauge.layers[0].date = None),
        refused(&|gauge| gauge.layers[0].until = Some("due_on".to_owned())),
        refused(&|gauge| gauge.layers[0].measure = Measure::Avg("age_hours".to_owned())),
        refused(&|gauge| gauge.groups[0].by = "hour".to_owned()),
        refused(&|gauge| gauge.compare = true),
        refused(&|gauge| gauge.groups[0].by = "queue".to_owned()),
    ] {
        let answer = world.ask(&wrong, &Filters::default(), &Scope::All).await;
        assert!(
            matches!(&answer, Err(StoreError::Invalid(said)) if said.contains("is a level")),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_window_with_very_many_days_is_shown_by_longer_parts() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    for (days, groups, by) in [(400, 400, ""), (401, 58, "by week"), (2_801, 93, "by month")] {
        let filters = Filters { range: Some(Range::Last(days)), ..Filters::default() };
        let answer =
            world.ask(gauge("opened_vs_closed_by_day"), &filters, &Scope::All).await.expect("an answer");
        assert_eq!(answer.groups.len(), groups, "{days}");
        let note = answer.note.clone().unwrap_or_default();
        assert!(note.contains(by) && note.contains("is long") != by.is_empty(), "{days}: {note}");
        let opened: f64 = answer.groups.iter().filter_map(|group| group.values.get("opened")).sum();
        assert_eq!(Some(opened), answer.value, "{days}");
    }
}

#[tokio::test]
async fn a_member_who_is_chosen_is_whoever_closed_what_is_closed() {
    let mut world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    world.tickets = (1..=3).map(|id| ticket(id, world.at, 30, Some(1))).collect();
    for ticket in &mut world.tickets {
        ticket.resource = Some(29);
    }
    world.write().await;
    let closer = "update autotask.tickets set completed_by_resource_id = 30 where id = 1";
    sqlx::query(closer).execute(&world.pool).await.expect("set");
    world.commit(&["Tickets"]).await;
    for (member, closed) in [("29", 2.0), ("30", 1.0)] {
        let answer =
            world.ask(gauge("tickets_closed_today"), &filters(&[("member", &[member])]), &Scope::All).await;
        assert_eq!(answer.expect("an answer").value, Some(closed), "{member}");
    }
}

#[tokio::test]
async fn a_window_that_begins_before_its_dataset_says_so() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let year = Filters { range: Some(Range::LastTwelveMonths), ..Filters::default() };
    let month = Filters { range: Some(Range::Last(30)), ..Filters::default() };
    for (filters, says) in [(&year, true), (&month, false)] {
        let answer = world.ask(gauge("tasks_completed"), filters, &Scope::All).await.expect("an answer");
        let note = answer.note.unwrap_or_default();
        assert_eq!(note.contains("reaches back 120 days"), says, "{note}");
    }
}

/// First and last days of weeks, as far as the window reaches.
const WEEKS: [(&str, &str); 8] = [
    ("2026-02-09", "2026-02-15"),
    ("2026-02-16", "2026-02-22"),
    ("2026-02-23", "2026-03-01"),
    ("2026-03-02", "2026-03-08"),
    ("2026-03-09", "2026-03-15"),
    ("2026-03-16", "2026-03-22"),
    ("2026-03-23", "2026-03-29"),
    ("2026-03-30", "2026-04-03"),
];

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
                of_total: false,
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
        until: None,
        range,
        before: false,
        member: None,
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
