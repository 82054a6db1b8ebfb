//! Gauges on real Postgres, each counted a second time in Rust from the same records.

mod engine;
mod expected;
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::{America, Europe, Pacific, Tz};
use expected::{Expected, Keep};
use std::collections::BTreeMap;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::TableQuery,
    datasource::{Doctor, Finding, Probe},
    gaps::Gap,
    gauge::{Answer, Filters, Gauge, Measure, Status},
    lacks,
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
    // A year of no ratings is none.
    let months = world.answer("csat_trend").await;
    assert_eq!((months.status, months.groups.len()), (Status::NoData, 0));
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

fn found(entity: &str, finding: Finding) -> Doctor {
    let probe = Probe {
        entity: entity.to_owned(),
        label: entity.to_owned(),
        finding,
        right: None,
        datasets: Vec::new(),
        gauges: Vec::new(),
    };
    Doctor { probes: vec![probe], ..Doctor::default() }
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

/// A gap as the doctor keeps it.
fn silent(id: &str) -> Doctor {
    let gap = Gap::named(id).unwrap_or_else(|| panic!("there is no gap {id}"));
    let found = Probe {
        entity: gap.entity.to_owned(),
        label: gap.label.to_owned(),
        finding: Finding::Gap { id: id.to_owned(), why: format!("{} {}", gap.loses, gap.innocent) },
        right: Some((gap.right.tab.to_owned(), gap.right.row.to_owned())),
        datasets: Vec::new(),
        gauges: Vec::new(),
    };
    Doctor { gaps: vec![found], ..Doctor::default() }
}

/// A gauge of a viewer's own: the sum of a column.
fn sum_of(dataset: &str, column: &str) -> Gauge {
    let mut own = gauge("hours_period").clone();
    own.range = Range::Now;
    own.compare = false;
    own.layers.truncate(1);
    dataset.clone_into(&mut own.layers[0].dataset);
    own.layers[0].date = None;
    own.layers[0].measure = Measure::Sum(column.to_owned());
    own
}

#[tokio::test]
async fn what_is_hidden_marks_what_suffers_and_nothing_else() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let store = &world.database.store;
    let shown: Vec<&Gauge> = Catalogue::shipped().gauges.iter().collect();
    let answers = async || -> Vec<Answer> {
        let answers =
            store.answers(world.datasource, &shown, &Filters::default(), &Scope::All, world.at).await;
        answers.into_iter().map(|answer| answer.expect("an answer")).collect()
    };
    let before = answers().await;
    store.set_doctor(world.datasource, &silent("non_billable_time")).await.expect("set");
    let right = "Timesheets → Can view non-billable time entries";
    let mut marked = 0;
    // In the same minute, of the same rows: what was kept is not shown again.
    for (before, after) in before.iter().zip(answers().await) {
        let uses_time = gauge(&after.gauge).layers.iter().any(|layer| {
            let of_time = ["hours_worked", "touches"];
            layer.dataset.starts_with("time_")
                || layer.measure.column().is_some_and(|column| of_time.contains(&column))
                || layer.conditions.iter().any(|condition| of_time.contains(&condition.column.as_str()))
                || gauge(&after.gauge).rows.iter().any(|list| list.columns.iter().any(|c| c == of_time[0]))
        });
        let is_marked = after.note.as_deref().is_some_and(|note| note.contains(right));
        assert_eq!(is_marked, uses_time, "{} {:?}", after.gauge, after.note);
        marked += usize::from(is_marked);
        // The number stays, and so does what was said about it before.
        assert_eq!((after.value, after.status, &after.groups), (before.value, before.status, &before.groups));
        let kept = before.note.as_deref().unwrap_or_default();
        assert!(after.note.as_deref().unwrap_or_default().starts_with(kept), "{}", after.gauge);
    }
    assert!(marked > 3 && marked < before.len(), "{marked}");

    // Columns that are hidden mark what reads them, whoever made the gauge.
    store.set_doctor(world.datasource, &silent("costs")).await.expect("set");
    for (dataset, column, is_hidden) in [
        ("billing_items", "margin", true),
        ("recurring_months", "monthly_margin", true),
        ("billing_items", "total_amount", false),
        ("time_210d", "cost", false),
    ] {
        let own = sum_of(dataset, column);
        let answer = world.ask(&own, &Filters::default(), &Scope::All).await.expect("an answer");
        assert_eq!(answer.status, Status::Ok);
        assert_eq!(
            answer.note.is_some_and(|note| note.contains("Can't Read Costs")),
            is_hidden,
            "{dataset}.{column}"
        );
    }
    assert!(
        answers().await.iter().all(|answer| !answer.note.as_deref().unwrap_or_default().contains("Cost"))
    );
}

#[tokio::test]
async fn a_part_that_may_not_be_read_leaves_the_number_with_a_mark() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let capacity = sum_of("member_days", "available_hours");
    let worked = sum_of("member_days", "scheduled_hours");
    let store = &world.database.store;
    for doctor in [found("TimeOffRequests", Finding::Forbidden), silent("time_off")] {
        store.set_doctor(world.datasource, &doctor).await.expect("set");
        let marked = world.ask(&capacity, &Filters::default(), &Scope::All).await.expect("an answer");
        assert_eq!(marked.status, Status::Ok);
        assert!(marked.note.is_some_and(|note| note.contains("security level")));
        let plain = world.ask(&worked, &Filters::default(), &Scope::All).await.expect("an answer");
        assert_eq!(plain.note, None);
    }
    // A list lacks a column and stays a list; a number that is made from that column is none.
    store.set_doctor(world.datasource, &found("TimeEntries", Finding::Forbidden)).await.expect("set");
    let list = world.answer("member_closed_list").await;
    assert_ne!(list.status, Status::NotPermitted);
    assert!(list.note.is_some_and(|note| note.contains("“TimeEntries”")));
}

#[test]
fn datasets_say_what_they_lack() {
    let marked = |doctor: &Doctor| -> Vec<&str> {
        let datasets = Catalogue::shipped().datasets.iter();
        datasets
            .filter(|dataset| !lacks::of_dataset(doctor, dataset).is_empty())
            .map(|dataset| dataset.slug.as_str())
            .collect()
    };
    assert_eq!(marked(&Doctor::default()), [""; 0]);
    assert_eq!(marked(&found("Surveys", Finding::Readable { rows: 1 })), [""; 0]);
    assert_eq!(marked(&found("Surveys", Finding::Forbidden)), ["surveys"]);
    assert_eq!(marked(&silent("time_off")), ["member_days"]);
    assert_eq!(marked(&silent("invoices")), ["invoices", "billing_items"]);
    assert_eq!(
        marked(&silent("costs")),
        ["service_units", "bundle_units", "quotes", "billing_items", "recurring_months"]
    );
    let invoices = Catalogue::shipped().dataset("invoices").expect("it ships");
    let said = lacks::of_dataset(&silent("invoices"), invoices).join(" ");
    assert!(said.contains("Contracts → Invoicing: View; and, for the API user itself"), "{said}");
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
    // How old the names of roles are says nothing about tickets.
    for (entity, minutes) in [("Tickets", 5), ("Companies", 45), ("Invoices", 600), ("Roles", 1_300)] {
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
async fn a_number_opens_the_rows_it_was_counted_from() {
    let world = World::busy(Europe::Berlin, "2026-03-29T12:00:00Z").await;
    let store = &world.database.store;
    world.database.clock.set(world.at);
    let chosen = filters(&[("queue", &["8"])]);
    let count = async |gauge: &Gauge, layer: &str, keys: &[&str]| {
        let behind = store.behind(world.datasource, gauge, &chosen, world.at, Some(layer), keys).await?;
        let dataset = Catalogue::shipped().dataset(&behind.dataset).expect("a dataset");
        let query = TableQuery { conditions: behind.conditions, ..TableQuery::default() };
        Ok::<_, StoreError>(store.table(world.datasource, dataset, &query, &Scope::All).await?.total)
    };
    for id in [
        "open_tickets",
        "new_unassigned",
        "tickets_opened_today",
        "tickets_closed_today",
        "stale_tickets",
        "avg_first_response",
        "avg_resolution",
        "open_by_status",
        "open_by_queue",
        "open_by_client",
        "backlog_age",
        "opened_vs_closed_by_day",
        "opened_vs_closed_by_month",
        "tickets_by_issue",
        "sla_by_queue_priority",
    ] {
        let gauge = gauge(id);
        let answer = world.ask(gauge, &chosen, &Scope::All).await.expect("an answer");
        let layer = gauge.layers[0].id.as_str();
        assert_eq!(count(gauge, layer, &[]).await.expect("rows"), answer.rows, "{id}");
        for group in answer.groups.iter().filter(|group| group.key != "other") {
            for series in &answer.series {
                let (layer, keys) = if gauge.groups.len() == 2 {
                    (layer, vec![group.key.as_str(), series.id.as_str()])
                } else {
                    (series.id.as_str(), vec![group.key.as_str()])
                };
                if gauge.layers.iter().any(|known| known.id == layer) {
                    let rows = count(gauge, layer, &keys).await.expect("rows");
                    close(id, &format!("{keys:?}"), group.values.get(&series.id).copied(), Some(rows as f64));
                }
            }
        }
    }
    let error =
        count(gauge("tickets_by_issue"), "opened", &["other"]).await.expect_err("no rows of their own");
    assert!(matches!(error, StoreError::Invalid(_)));
    let error = count(gauge("arrivals_heat"), "opened", &["1"]).await.expect_err("no rows of their own");
    assert!(matches!(error, StoreError::Invalid(_)));
}

#[tokio::test]
async fn a_reopened_ticket_is_noticed() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let before = world.answer("reopened_tickets").await;
    assert_eq!((before.status, before.value), (Status::Ok, Some(0.0)));
    let closed = before.rows;
    let ago = |days| world.at - TimeDelta::days(days);
    let ids: Vec<i64> =
        world.tickets.iter().filter(|ticket| !ticket.is_open()).map(|ticket| ticket.id).take(3).collect();
    let (lately, earlier) = ids.split_at(2);
    // Reopened twice, and closed again each time.
    for (ids, status, completed, active) in [
        (lately, 8, None, ago(5)),
        (lately, 5, Some(ago(29)), ago(4)),
        (lately, 8, None, ago(3)),
        (lately, 5, Some(ago(29)), ago(2)),
        // This one before the period began.
        (earlier, 8, None, ago(40)),
        (earlier, 5, Some(ago(29)), ago(2)),
        // Who edits a closed ticket does not reopen it.
        (&ids[..], 5, Some(ago(29)), ago(1)),
    ] {
        sqlx::query(
            "update autotask.tickets set status = $1, completed_date = $2, last_activity_date = $3 where id = any($4)",
        )
        .bind(status)
        .bind(completed)
        .bind(active)
        .bind(ids)
        .execute(&world.pool)
        .await
        .unwrap();
    }
    let after = world.answer("reopened_tickets").await;
    let share = after.value.unwrap();
    assert!(after.rows >= closed && (share - 200.0 / after.rows as f64).abs() < 1e-9, "{after:?}");
    let seen: Vec<Option<DateTime<Utc>>> =
        sqlx::query_scalar("select reopened_at from dataset.tickets_all where id = any($1) order by id")
            .bind(&ids)
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let mut expected: Vec<_> = ids.iter().zip([ago(3), ago(3), ago(40)]).collect();
    expected.sort_unstable();
    assert_eq!(seen, expected.into_iter().map(|(_, at)| Some(at)).collect::<Vec<_>>(), "one row each");

    world.database.store.forget_rows(world.datasource).await.unwrap();
    let left: i64 = sqlx::query_scalar("select count(*) from taskgauge.ticket_reopenings")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(left, 0, "they go with the tickets");
}

#[tokio::test]
async fn a_ticket_that_nobody_answered_counts_when_it_is_closed() {
    let world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let day = |days| world.at - TimeDelta::days(days);
    for (id, responded, completed, met) in [
        (1_i64, Some(day(3)), None, true),
        // Closed without a response; answered before the month began; not closed yet.
        (2, None, Some(day(2)), false),
        (3, Some(day(40)), Some(day(2)), false),
        (4, None, None, false),
    ] {
        sqlx::query(
            "insert into autotask.tickets (datasource_id, id, status, create_date, first_response_date_time, completed_date, changed_at)
            values ($1, $2, 8, $3, $4, $5, now())",
        )
        .bind(world.datasource.0)
        .bind(id)
        .bind(day(41))
        .bind(responded)
        .bind(completed)
        .execute(&world.pool)
        .await
        .unwrap();
        sqlx::query(
            "insert into autotask.service_level_agreement_results (datasource_id, id, ticket_id, is_first_response_met, changed_at)
            values ($1, $2, $2, $3, now())",
        )
        .bind(world.datasource.0)
        .bind(id)
        .bind(met)
        .execute(&world.pool)
        .await
        .unwrap();
    }
    let answer = world.answer("sla_first_response_met").await;
    assert_eq!((answer.value, answer.rows), (Some(50.0), 2));
}
