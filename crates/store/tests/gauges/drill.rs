//! The rows behind each number, added up here, are the number.

use super::{
    CLOCKS,
    days::by,
    filters, gauge, money,
    spots::{Opener, Wanted, spots},
    work,
    world::World,
};
use chrono_tz::Europe;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::TableQuery,
    gauge::{
        Answer, Condition, DATE_RANGE, FILTERS, Filters, Gauge, Group, Measure, OTHER, Op, Scalar, Status,
    },
    range::Range,
};
use taskgauge_store::{
    Scope, StoreError,
    gauges::{Behind, Spot, filters_of},
};

impl World {
    fn opener<'a>(&'a self, filters: &'a Filters, scope: &'a Scope) -> Opener<'a> {
        Opener { store: &self.database.store, datasource: self.datasource, at: self.at, filters, scope }
    }

    async fn behind(
        &self,
        gauge: &Gauge,
        filters: &Filters,
        spot: Spot,
        table: TableQuery,
        scope: &Scope,
    ) -> Result<Behind, StoreError> {
        self.opener(filters, scope).behind(gauge, spot, table).await
    }

    /// Opens everything a gauge shows. How many numbers those are.
    async fn adds_up(&self, gauge: &Gauge, filters: &Filters, scope: &Scope) -> usize {
        let answer = self.ask(gauge, filters, scope).await.expect("an answer");
        let spots = spots(gauge, &answer);
        self.open(gauge, filters, scope, &answer, &spots).await;
        spots.len()
    }

    /// Opens these numbers of an answer, and its list. How many rows are behind them.
    async fn open(
        &self,
        gauge: &Gauge,
        filters: &Filters,
        scope: &Scope,
        answer: &Answer,
        spots: &[(Spot, Wanted)],
    ) -> u64 {
        let mut rows = 0;
        for (spot, wanted) in spots {
            rows += self.opener(filters, scope).adds_up(gauge, spot, *wanted).await;
        }
        if let Some(table) = &answer.table {
            let behind = self.behind(gauge, filters, Spot::default(), TableQuery::default(), scope).await;
            let behind = behind.expect("rows");
            assert_eq!(behind.page.total, table.total, "{}", gauge.id);
            assert_eq!(behind.page.columns, table.columns, "{}", gauge.id);
            assert_eq!(behind.value, None, "{}", gauge.id);
        }
        rows
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

/// Worlds that together have records behind nearly every gauge, some of them late, due or under an SLA.
async fn worlds() -> [World; 3] {
    let (zone, at) = CLOCKS[0];
    let worlds = [World::busy(zone, at).await, work::world().await, money::provider().await];
    for world in &worlds {
        let sql = MORE.replace("{ds}", &world.datasource.0.to_string());
        let sql = sql.replace("{at}", &world.at.to_rfc3339());
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&world.pool).await.expect("the rows are valid");
    }
    worlds
}

/// What gauges need that the worlds have none of: due dates, SLA results, warranties, teams, and a day of 17 hours.
const MORE: &str = "
    update autotask.tickets set
        due_date_time = case when id % 3 = 0 then '{at}'::timestamptz + interval '1 hour' else create_date end,
        resolved_due_date_time =
            case when id % 5 = 1 then '{at}'::timestamptz + interval '2 hours' else resolved_due_date_time end,
        resolution_plan_date_time = '{at}'::timestamptz - id % 7 * interval '1 day'
    where datasource_id = {ds};
    insert into autotask.service_level_agreement_results
        (datasource_id, id, ticket_id, is_first_response_met, is_resolution_met, changed_at)
    select {ds}, id, id, id % 2 = 0, id % 3 = 0, now()
    from autotask.tickets;
    update autotask.configuration_items set warranty_expiration_date = '{at}'::timestamptz + interval '20 days';
    insert into autotask.departments (datasource_id, id, name, changed_at) values ({ds}, 4, 'Desk', now());
    insert into autotask.resource_role_departments
        (datasource_id, id, resource_id, department_id, is_default, is_active, changed_at)
    values ({ds}, 1, 29, 4, true, true, now());
    update autotask.projects set department = 4 where id % 2 = 1;
    update autotask.tasks set department_id = 4 where id % 2 = 1;
    insert into autotask.time_entries (
        datasource_id, id, ticket_id, resource_id, date_worked, hours_worked, is_non_billable,
        last_modified_date_time, changed_at
    )
    select {ds}, 9999, min(id), 29, '{at}'::timestamptz::date, 17, false, '{at}', now()
    from autotask.tickets
    where company_id = 1;";

/// Values by which each filter finds records of the worlds, and leaves others out.
const CHOSEN: [(&str, &[&str]); 11] = [
    ("queue", &["8", "9"]),
    ("priority", &["1", "2"]),
    ("client", &["1", "2", "5", "8"]),
    ("member", &["29", "30"]),
    ("owner", &["29", "30"]),
    ("status", &["5", "8"]),
    ("lead", &["29", "30"]),
    ("project_status", &["1", "8"]),
    ("category", &["7"]),
    ("contract_type", &["7"]),
    ("team", &["4"]),
];

/// The numbers that stand for a gauge's others: the whole, the first group, the last, and the rest.
fn telling(gauge: &Gauge, answer: &Answer) -> Vec<(Spot, Wanted)> {
    let mut spots = spots(gauge, answer);
    let of_groups = spots.split_off(spots.iter().take_while(|(spot, _)| spot.keys.is_empty()).count());
    spots.truncate(1);
    let rest = of_groups.iter().position(|(spot, _)| spot.keys.iter().any(|key| key == OTHER));
    let last = of_groups.len().checked_sub(1);
    let places: BTreeSet<usize> = [last.map(|_| 0), rest, last].into_iter().flatten().collect();
    spots.extend(places.into_iter().map(|place| of_groups[place].clone()));
    spots
}

/// Opens a gauge in the first of these worlds in which it counts anything; where it does in none, in the last. How many
/// rows are behind what was opened.
async fn opened(worlds: &[World], gauge: &Gauge, filters: &Filters, scope: &Scope) -> u64 {
    let mut found = None;
    for world in worlds {
        let answer = world.ask(gauge, filters, scope).await;
        let answer = answer.unwrap_or_else(|error| panic!("{} by {filters:?}: {error:?}", gauge.id));
        let is_enough = answer.rows > 0;
        found = Some((world, answer));
        if is_enough {
            break;
        }
    }
    let (world, answer) = found.expect("a world");
    world.open(gauge, filters, scope, &answer, &telling(gauge, &answer)).await
}

/// What Taskgauge says of itself is of no queue and of no client.
const OF_ITSELF: [&str; 4] = ["api_budget", "count_reconciliation", "data_freshness", "permission_gaps"];

/// By filters in turn, until one leaves a gauge some of its records, and over other dates wherever these take the place
/// of its own.
#[tokio::test]
async fn rows_of_every_gauge_add_up_by_a_filter_and_over_chosen_dates() {
    let worlds = worlds().await;
    let date = |text: &str| text.parse().expect("a date");
    let ranges =
        [Range::Last(90), Range::Dates(date("2026-02-09"), date("2026-03-17")), Range::LastTwelveMonths];
    let (mut without, mut empty, mut used, mut moved) = (BTreeSet::new(), Vec::new(), BTreeSet::new(), 0);
    for (place, gauge) in Catalogue::shipped().gauges.iter().enumerate() {
        let mut names = filters_of(gauge);
        let turn = place % names.len().max(1);
        names.rotate_left(turn);
        let (mut is_applied, mut is_moved, mut has_rows) = (false, false, false);
        for name in names {
            let (_, values) = CHOSEN.iter().find(|(filter, _)| *filter == name).expect("a filter");
            let (_, label, _) = FILTERS.iter().find(|(filter, ..)| *filter == name).expect("a filter");
            let range = Some(ranges[place % ranges.len()]);
            let chosen = Filters { range, ..filters(&[(name, values)]) };
            let answer = worlds[0].ask(gauge, &chosen, &Scope::All).await.expect("an answer");
            // Of a number that is made of several, each has to have the filter's column.
            if answer.unfiltered.iter().any(|left| left == label) {
                continue;
            }
            is_applied = true;
            is_moved = answer.unfiltered.iter().all(|left| left != DATE_RANGE);
            has_rows = opened(&worlds, gauge, &chosen, &Scope::All).await > 0;
            if has_rows {
                used.insert(name);
                break;
            }
        }
        moved += usize::from(is_moved);
        if !is_applied {
            without.insert(gauge.id.as_str());
        } else if !has_rows {
            empty.push(gauge.id.as_str());
        }
    }
    assert_eq!(without, OF_ITSELF.into());
    assert!(empty.len() < 5, "{empty:?}");
    assert_eq!(used, CHOSEN.map(|(name, _)| name).into());
    assert!(moved > 60, "{moved}");
}

/// Whoever sees some clients opens the rows of those, of every gauge that is not withheld, and of the others none.
#[tokio::test]
async fn rows_of_every_gauge_add_up_for_somebody_who_sees_some_clients() {
    let worlds = worlds().await;
    let (none, scope) = (Filters::default(), Scope::Companies(vec![1, 2, 5, 8]));
    let (mut shown, mut empty) = (0, Vec::new());
    for gauge in &Catalogue::shipped().gauges {
        let answer = worlds[0].ask(gauge, &none, &scope).await.expect("an answer");
        if answer.status == Status::NotPermitted {
            let withheld = worlds[0].behind(gauge, &none, Spot::default(), TableQuery::default(), &scope);
            assert!(matches!(withheld.await, Err(StoreError::NotFound { .. })), "{}", gauge.id);
            continue;
        }
        shown += 1;
        if opened(&worlds, gauge, &none, &scope).await == 0 {
            empty.push(gauge.id.as_str());
        }
    }
    assert!(shown > 60, "{shown}");
    assert!(empty.len() < 5, "{empty:?}");
}

/// A service call without tickets and tasks stands by itself, without an id.
#[tokio::test]
async fn a_call_without_tickets_is_opened() {
    let world = money::provider().await;
    let before = world.answer("calls_today").await;
    sqlx::query(
        "insert into autotask.service_calls
            (datasource_id, id, company_id, is_complete, start_date_time, end_date_time, changed_at)
        values ($1, 20, 1, 0, $2, $2, now())",
    )
    .bind(world.datasource.0)
    .bind(world.at)
    .execute(&world.pool)
    .await
    .expect("inserted");
    let (calls, none) = (gauge("calls_today"), Filters::default());
    let behind = world.behind(calls, &none, Spot::default(), TableQuery::default(), &Scope::All).await;
    let page = behind.expect("rows").page;
    assert_eq!((page.total, page.rows.len() as u64), (before.rows + 1, before.rows + 1));
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
