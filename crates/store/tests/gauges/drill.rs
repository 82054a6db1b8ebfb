//! The rows behind each number, added up here, are the number.

use super::{
    CLOCKS, close,
    days::by,
    expected::{mean, percentile},
    filters, gauge, money, work,
    world::World,
};
use chrono_tz::Europe;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, TABLE_ROWS_MAX, TableQuery},
    formula::Formula,
    gauge::{Answer, Condition, Filters, Gauge, Group, Measure, OTHER, Op, Scalar, Status},
    range::Range,
};
use taskgauge_store::{
    Scope, StoreError,
    gauges::{Behind, Question, Spot},
};

impl World {
    async fn behind(
        &self,
        gauge: &Gauge,
        filters: &Filters,
        spot: Spot,
        table: TableQuery,
        scope: &Scope,
    ) -> Result<Behind, StoreError> {
        let question = Question { filters: filters.clone(), spot, table };
        self.database.store.rows_behind(self.datasource, gauge, &question, scope, self.at).await
    }

    /// Values of one column of all rows behind a spot, page by page, and what was said beside them.
    async fn column(
        &self,
        gauge: &Gauge,
        filters: &Filters,
        spot: &Spot,
        column: &str,
        scope: &Scope,
    ) -> (Vec<Json>, Behind) {
        let mut values = Vec::new();
        loop {
            let table = TableQuery {
                columns: vec![column.to_owned()],
                offset: u64::try_from(values.len()).expect("few"),
                limit: TABLE_ROWS_MAX,
                ..TableQuery::default()
            };
            let behind = self
                .behind(gauge, filters, spot.clone(), table, scope)
                .await
                .unwrap_or_else(|error| panic!("{} {spot:?}: {error:?}", gauge.id));
            values.extend(behind.page.rows.iter().map(|row| row.values[0].clone()));
            if behind.page.rows.is_empty() || values.len() as u64 == behind.page.total {
                assert_eq!(values.len() as u64, behind.page.total, "{} {spot:?}", gauge.id);
                return (values, behind);
            }
        }
    }

    /// Adds up the rows of every part of a spot; what comes of them is `wanted`, where that is known.
    async fn spot_adds_up(
        &self,
        gauge: &Gauge,
        filters: &Filters,
        scope: &Scope,
        spot: &Spot,
        wanted: Wanted,
    ) {
        let mut numbers = BTreeMap::new();
        let mut ids: Vec<Option<String>> = vec![None];
        let mut said = None;
        while let Some(layer) = ids.pop() {
            let spot = Spot { layer, ..spot.clone() };
            let listed = match &spot.layer {
                Some(id) => gauge.layers.iter().find(|layer| layer.id == *id),
                None => gauge.layers.iter().find(|layer| {
                    let value = spot.value.as_deref();
                    let names = names(gauge, value);
                    names.contains(&layer.id)
                }),
            };
            let layer = listed.unwrap_or_else(|| panic!("{} {spot:?}: no layer", gauge.id));
            let dataset = Catalogue::shipped().dataset(&layer.dataset).expect("a dataset");
            let column = layer.measure.column().unwrap_or(&dataset.columns[0].name);
            let (values, behind) = self.column(gauge, filters, &spot, column, scope).await;
            let part = &behind.parts[behind.listed];
            let what = format!("{spot:?}");
            assert_eq!(part.id, layer.id, "{}: {what}", gauge.id);
            assert_eq!(part.rows, behind.page.total, "{}: {what}", gauge.id);
            let number = measured(&layer.measure, &values);
            close(&gauge.id, &what, part.value, number);
            // A mean of durations is told with what is beside it.
            let is_duration = dataset.column(column).is_some_and(|column| column.kind == ColumnKind::Hours)
                || gauge.id == "sales_cycle";
            let is_mean = is_duration && matches!(layer.measure, Measure::Avg(_));
            for (share, said) in [(0.5, part.spread.map(|it| it.0)), (0.9, part.spread.map(|it| it.1))] {
                let numbers = values.iter().filter_map(Json::as_f64).collect();
                close(&gauge.id, &what, said, percentile(numbers, share).filter(|_| is_mean));
            }
            numbers.insert(layer.id.clone(), number);
            if spot.layer.is_none() {
                ids.extend(behind.parts.iter().filter(|it| it.id != layer.id).map(|it| Some(it.id.clone())));
                said = Some(behind);
            }
        }
        let said = said.expect("asked");
        let what = format!("{spot:?}");
        let value = gauge.values.iter().find(|value| spot.value.as_ref().is_none_or(|id| value.id == *id));
        let formula = value.map(|value| Formula::parse(&value.formula).expect("a formula"));
        if let Some(formula) = formula
            && !formula.names().contains("months")
            && value.is_none_or(|value| !value.of_total)
            && said.value.is_some()
        {
            let number = formula.value(&|name| numbers.get(name).copied().flatten());
            close(&gauge.id, &what, said.value, number);
        }
        if let Wanted::Number(wanted) = wanted {
            close(&gauge.id, &what, said.value, wanted);
        }
    }

    /// Opens everything a gauge shows. How many numbers those are.
    async fn adds_up(&self, gauge: &Gauge, filters: &Filters, scope: &Scope) -> usize {
        let answer = self.ask(gauge, filters, scope).await.expect("an answer");
        let mut opened = 0;
        for (spot, wanted) in spots(gauge, &answer) {
            self.spot_adds_up(gauge, filters, scope, &spot, wanted).await;
            opened += 1;
        }
        if let Some(table) = &answer.table {
            let behind = self.behind(gauge, filters, Spot::default(), TableQuery::default(), scope).await;
            let behind = behind.expect("rows");
            assert_eq!(behind.page.total, table.total, "{}", gauge.id);
            assert_eq!(behind.page.columns, table.columns, "{}", gauge.id);
            assert_eq!(behind.value, None, "{}", gauge.id);
        }
        opened
    }
}

/// What an answer says at a spot.
#[derive(Clone, Copy)]
enum Wanted {
    /// This number, or that there is none.
    Number(Option<f64>),
    /// Nothing.
    Unsaid,
}

/// Layers that a value is made of: all where the gauge has no such value.
fn names(gauge: &Gauge, value: Option<&str>) -> BTreeSet<String> {
    let found = match value {
        Some(id) => gauge.values.iter().find(|value| value.id == id),
        None => gauge.values.first(),
    };
    match (found, value) {
        (Some(found), _) => Formula::parse(&found.formula)
            .expect("a formula")
            .names()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        (None, Some(layer)) => BTreeSet::from([layer.to_owned()]),
        (None, None) => BTreeSet::from([gauge.layers[0].id.clone()]),
    }
}

/// Every number of an answer, and the number where it is said.
fn spots(gauge: &Gauge, answer: &Answer) -> Vec<(Spot, Wanted)> {
    let spot = |value: Option<&str>, keys: &[&str]| Spot {
        value: value.map(str::to_owned),
        layer: None,
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    };
    let is_ok = answer.status == Status::Ok;
    let is_level = gauge.chart == taskgauge_model::gauge::ChartKind::Area;
    let is_said = is_ok && gauge.rows.is_none() && !is_level;
    let first = if is_said { Wanted::Number(answer.value) } else { Wanted::Unsaid };
    let mut spots = vec![(spot(None, &[]), first)];
    spots.extend(gauge.layers.iter().map(|layer| (spot(Some(&layer.id), &[]), Wanted::Unsaid)));
    spots.extend(answer.figures.iter().map(|it| (spot(Some(&it.id), &[]), Wanted::Number(Some(it.value)))));
    for group in &answer.groups {
        for series in &answer.series {
            let number = Wanted::Number(group.values.get(&series.id).copied());
            spots.push(if gauge.groups.len() > 1 {
                (spot(None, &[&group.key, &series.id]), number)
            } else {
                (spot(Some(&series.id), &[&group.key]), number)
            });
        }
        if gauge.groups.len() > 1 {
            spots.push((spot(None, &[&group.key]), Wanted::Unsaid));
        }
    }
    spots
}

fn measured(measure: &Measure, values: &[Json]) -> Option<f64> {
    let numbers: Vec<f64> = values.iter().filter_map(Json::as_f64).collect();
    match measure {
        Measure::Count => Some(values.len() as f64),
        Measure::Sum(_) => Some(numbers.iter().sum()),
        Measure::Avg(_) => mean(&numbers),
        Measure::Percentile(percent, _) => percentile(numbers, f64::from(*percent) / 100.0),
        Measure::Min(_) => numbers.into_iter().reduce(f64::min),
        Measure::Max(_) => numbers.into_iter().reduce(f64::max),
        Measure::Distinct(_) => {
            Some(values.iter().map(Json::to_string).collect::<BTreeSet<_>>().len() as f64)
        }
    }
}

#[tokio::test]
async fn rows_of_every_gauge_add_up_to_what_it_shows() {
    let mut opened = 0;
    for world in [work::world().await, money::provider().await] {
        for gauge in &Catalogue::shipped().gauges {
            opened += world.adds_up(gauge, &Filters::default(), &Scope::All).await;
        }
    }
    assert!(opened > 1_000, "{opened}");
}

#[tokio::test]
async fn rows_of_a_busy_desk_add_up_in_every_part_of_every_chart() {
    let (zone, at) = CLOCKS[0];
    let world = World::busy(zone, at).await;
    let mut opened = 0;
    for gauge in &Catalogue::shipped().gauges {
        opened += world.adds_up(gauge, &Filters::default(), &Scope::All).await;
    }
    assert!(opened > 1_000, "{opened}");
}

/// Gauges whose groups are of every kind: picklists, ids, flags, bands, hours, weekdays, days, weeks and months.
const KINDS: [&str; 8] = [
    "open_by_queue",
    "open_by_client",
    "backlog_age",
    "arrivals_heat",
    "opened_vs_closed_by_day",
    "opened_vs_closed_by_month",
    "tickets_by_issue",
    "sla_by_queue_priority",
];

#[tokio::test]
async fn rows_add_up_at_every_clock_and_with_every_filter() {
    let narrow = Filters {
        range: Some(Range::Last(90)),
        ..filters(&[("queue", &["8", "9"]), ("priority", &["1", "2", "3"])])
    };
    for (place, (zone, at)) in CLOCKS[1..].iter().enumerate() {
        let world = World::busy(*zone, at).await;
        for id in KINDS.into_iter().chain(["tickets_per_endpoint", "kill_rate_mtd"]) {
            // Hours of weekdays are many numbers; the busy desk above opens them all, at the change of clocks.
            if id != "arrivals_heat" {
                let filters = if place % 2 == 0 { &Filters::default() } else { &narrow };
                world.adds_up(gauge(id), filters, &Scope::All).await;
            }
        }
    }
}

#[tokio::test]
async fn somebody_who_sees_some_clients_opens_their_rows_only() {
    let none = Filters::default();
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let scope = Scope::Companies(vec![1, 5]);
    for id in KINDS {
        world.adds_up(gauge(id), &Filters::default(), &scope).await;
    }
    let all = world.behind(gauge("open_tickets"), &none, Spot::default(), TableQuery::default(), &scope);
    let all = all.await.expect("rows");
    let open = world.tickets.iter().filter(|it| it.is_open() && matches!(it.company, Some(1 | 5))).count();
    assert_eq!(all.page.total, open as u64);
    assert!(all.page.rows.iter().all(|row| row.link.is_none()));
    let withheld = world.behind(gauge("mrr"), &none, Spot::default(), TableQuery::default(), &scope);
    assert!(matches!(withheld.await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn whatever_gauges_are_made_of_their_rows_add_up() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    sqlx::query("update taskgauge.datasources set settings = jsonb_build_object('week_starts', 'Sun')")
        .execute(&world.pool)
        .await
        .expect("set");
    let base = gauge("open_by_queue");
    let mut made = Vec::new();
    for groups in [
        vec![by("company", Some(3)), by("priority", Some(2))],
        vec![by("priority", None), by("company", Some(3))],
        vec![by("is_open", None)],
        vec![by("created_on", Some(5))],
        vec![Group { bands: vec![10.0, 100.0], ..by("age_hours", None) }],
        vec![Group { min_rows: Some(5), ..by("company", Some(4)) }],
    ] {
        let mut gauge = Gauge { groups, ..base.clone() };
        gauge.id = format!("by {:?}", gauge.groups.iter().map(|group| &group.by).collect::<Vec<_>>());
        made.push(gauge);
    }
    let hours = || "age_hours".to_owned();
    for measure in [
        Measure::Sum(hours()),
        Measure::Avg(hours()),
        Measure::Percentile(50, "first_response_hours".to_owned()),
        Measure::Percentile(95, hours()),
        Measure::Min(hours()),
        Measure::Max(hours()),
        Measure::Distinct("company".to_owned()),
    ] {
        let mut gauge = base.clone();
        gauge.id = format!("{measure:?}");
        gauge.layers[0].measure = measure;
        made.push(gauge);
    }
    let mut weekly = gauge("opened_vs_closed_by_day").clone();
    weekly.groups[0].by = "week".to_owned();
    made.push(weekly);
    for gauge in &made {
        assert!(world.adds_up(gauge, &Filters::default(), &Scope::All).await > 2, "{}", gauge.id);
    }
    // The rest of a ranking is what no other group has.
    let ranked = &made[0];
    let spot = Spot { keys: vec![OTHER.to_owned()], ..Spot::default() };
    let behind = world.behind(ranked, &Filters::default(), spot, TableQuery::default(), &Scope::All).await;
    let behind = behind.expect("rows");
    assert!(behind.page.total > 0);
    assert_eq!(behind.groups, [("Company".to_owned(), "Other".to_owned())]);
}

#[tokio::test]
async fn a_spot_is_said_in_words() {
    let world = World::busy(Europe::Berlin, "2026-03-29T12:00:00Z").await;
    let spot = Spot { keys: vec!["8".to_owned()], ..Spot::default() };
    let asked = filters(&[("priority", &["1"])]);
    let behind = world.behind(gauge("open_by_queue"), &asked, spot, TableQuery::default(), &Scope::All).await;
    let behind = behind.expect("rows");
    assert_eq!(behind.groups, [("Queue".to_owned(), "Level I".to_owned())]);
    assert_eq!((behind.zone.as_str(), behind.window), ("Europe/Berlin", None));
    assert!(behind.conditions.iter().all(|said| !said.contains("Priority")), "{:?}", behind.conditions);
    let spot = Spot { keys: vec!["2".to_owned(), "9".to_owned()], ..Spot::default() };
    let heat = world.behind(gauge("arrivals_heat"), &asked, spot, TableQuery::default(), &Scope::All).await;
    let of = |by: &str, called: &str| (by.to_owned(), called.to_owned());
    assert_eq!(heat.expect("rows").groups, [of("Day of the week", "Tue"), of("Hour", "09")]);
    // A cell without rows is called as its row and its column are.
    let mut crossed = gauge("open_by_queue").clone();
    crossed.groups = vec![by("company", None), by("priority", None)];
    let answer = world.ask(&crossed, &Filters::default(), &Scope::All).await.expect("an answer");
    let mut empty = 0;
    for group in answer.groups.iter().take(8) {
        for series in &answer.series {
            let spot = Spot { keys: vec![group.key.clone(), series.id.clone()], ..Spot::default() };
            let behind =
                world.behind(&crossed, &Filters::default(), spot, TableQuery::default(), &Scope::All).await;
            let behind = behind.expect("rows");
            let words: Vec<_> = behind.groups.iter().map(|(_, called)| called.as_str()).collect();
            assert_eq!(words, [&group.label, &series.label]);
            empty += usize::from(behind.page.total == 0);
        }
    }
    assert!(empty > 0);
    let spot = Spot { value: Some("net".to_owned()), layer: Some("closed".to_owned()), ..Spot::default() };
    let months = gauge("opened_vs_closed_by_month");
    let behind = world.behind(months, &asked, spot, TableQuery::default(), &Scope::All).await.expect("rows");
    assert_eq!(behind.formula, "Opened − Closed");
    let parts: Vec<_> = behind.parts.iter().map(|part| part.label.as_str()).collect();
    assert_eq!((parts, behind.listed), (vec!["Opened", "Closed"], 1));
    assert!(behind.window.is_some_and(|(column, _)| column == "Completed"));
}

#[tokio::test]
async fn rows_are_narrowed_sorted_and_chosen_further() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let (open, none) = (gauge("open_tickets"), Filters::default());
    let ask = |table: TableQuery| world.behind(open, &none, Spot::default(), table, &Scope::All);
    let text = |text: &str| Scalar::Text(text.to_owned());
    let all = ask(TableQuery::default()).await.expect("rows");
    let critical = |ticket: &&super::Ticket| ticket.is_open() && ticket.priority == Some(4);
    let condition = Condition { column: "priority".to_owned(), op: Op::Is, value: text("Critical") };
    let narrowed = ask(TableQuery {
        columns: vec!["id".to_owned()],
        sort: "-id".to_owned(),
        conditions: vec![condition],
        ..TableQuery::default()
    })
    .await
    .expect("rows");
    let mut wanted: Vec<i64> = world.tickets.iter().filter(critical).map(|ticket| ticket.id).collect();
    wanted.reverse();
    wanted.truncate(50);
    let got: Vec<i64> = narrowed.page.rows.iter().filter_map(|row| row.values[0].as_i64()).collect();
    assert_eq!(got, wanted);
    // What the number is does not depend on which of its rows are looked at.
    assert_eq!(narrowed.value, all.value);
    assert_eq!(narrowed.parts, all.parts);
    // A day is one of UTC, as times are shown.
    let day = "2026-03-17";
    for (op, is_wanted) in [
        (Op::Is, (|date, day| date == day) as fn(&str, &str) -> bool),
        (Op::Over, |date, day| date > day),
        (Op::AtMost, |date, day| date <= day),
        (Op::AtLeast, |date, day| date >= day),
        (Op::Under, |date, day| date < day),
    ] {
        let condition = Condition { column: "create_date".to_owned(), op, value: text(day) };
        let got =
            ask(TableQuery { conditions: vec![condition], ..TableQuery::default() }).await.expect("rows");
        let wanted = world
            .tickets
            .iter()
            .filter(|ticket| ticket.is_open() && is_wanted(&ticket.created.date_naive().to_string(), day))
            .count();
        assert_eq!(got.page.total, wanted as u64, "{op:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_with_a_sentence() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let spot = |value: Option<&str>, layer: Option<&str>, keys: &[&str]| Spot {
        value: value.map(str::to_owned),
        layer: layer.map(str::to_owned),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    };
    let table = |table: TableQuery| table;
    let plain = TableQuery::default;
    let condition = |column: &str, text: &str| TableQuery {
        conditions: vec![Condition {
            column: column.to_owned(),
            op: Op::Is,
            value: Scalar::Text(text.to_owned()),
        }],
        ..TableQuery::default()
    };
    for (id, spot, table, wanted) in [
        ("open_by_queue", spot(Some("no_such"), None, &[]), plain(), "no number “no_such”"),
        ("open_by_queue", spot(None, Some("no_such"), &[]), plain(), "no number “no_such”"),
        ("open_by_queue", spot(None, None, &["8", "9"]), plain(), "fewer groups"),
        ("open_tickets", spot(None, None, &["8"]), plain(), "fewer groups"),
        ("open_by_queue", spot(None, None, &["8; drop table autotask.tickets"]), plain(), "no group"),
        ("opened_vs_closed_by_day", spot(None, None, &["yesterday"]), plain(), "no group “yesterday”"),
        ("arrivals_heat", spot(None, None, &["24"]), plain(), "no group “24”"),
        ("backlog_age", spot(None, None, &["99"]), plain(), "no group “99”"),
        ("open_by_status", spot(None, None, &[OTHER]), plain(), "no group “(all others)”"),
        ("open_tickets", Spot::default(), condition("no_such", "x"), "no column “no_such”"),
        ("open_tickets", Spot::default(), condition("age_hours", "x"), "value of another kind"),
        (
            "open_tickets",
            Spot::default(),
            table(TableQuery { columns: vec!["id".to_owned(); 10_000], ..plain() }),
            "chosen once",
        ),
    ] {
        let refused = world.behind(gauge(id), &Filters::default(), spot, table, &Scope::All).await;
        let why = refused.expect_err("a refusal").to_string();
        assert!(why.contains(wanted), "{id}: {why}");
    }
    // Text full of SQL is text.
    for hostile in ["'; drop table autotask.tickets; --", "%", "\\", "a\0b", "' or ''='"] {
        let found = world
            .behind(
                gauge("open_tickets"),
                &Filters::default(),
                Spot::default(),
                condition("title", hostile),
                &Scope::All,
            )
            .await
            .expect("rows");
        assert_eq!(found.page.total, 0, "{hostile}");
    }
    let far = TableQuery { offset: u64::MAX, ..plain() };
    let far =
        world.behind(gauge("open_tickets"), &Filters::default(), Spot::default(), far, &Scope::All).await;
    let far = far.expect("no rows");
    assert!(far.page.rows.is_empty() && far.page.total > 0);
}
