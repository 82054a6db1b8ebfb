//! Gauges on real Postgres, each counted a second time in Rust from the same records.

mod days;
mod drill;
mod engine;
mod expected;
mod explain;
mod filtering;
mod health;
mod kept;
mod limits;
mod marks;
mod money;
mod names;
mod reads;
mod spots;
mod work;
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::{America, Europe, Pacific, Tz};
use expected::{Expected, Keep};
use spots::close;
use std::collections::BTreeMap;
use taskgauge_model::{
    catalogue::Catalogue,
    gauge::{Answer, Filters, Gauge, Status},
    range::Range,
};
use taskgauge_store::{Scope, StoreError};
use world::{Ticket, Work, World};

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
async fn an_empty_desk_has_counts_of_zero_and_no_ratios() {
    let world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    for gauge in &Catalogue::shipped().gauges {
        let answer = world.ask(gauge, &Filters::default(), &Scope::All).await;
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error:?}", gauge.id));
        match answer.status {
            // Where nobody entered time, all of it is missing.
            Status::Ok if gauge.id == "missing_time" => assert!(answer.value > Some(0.0)),
            Status::Ok => assert!(answer.value.is_none_or(|value| value == 0.0), "{}", gauge.id),
            Status::NoData => assert!(answer.value.is_none() && answer.note.is_some(), "{}", gauge.id),
            Status::NotPermitted | Status::Loading => panic!("{}", gauge.id),
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
    world.work = vec![Work { ticket: 1, date: world.today() - TimeDelta::days(20), hours: 1.0 }];
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
    // Lists of a day are those of whatever days somebody looks at; a number whose layers have no date is of no range.
    for id in ["member_closed_list", "member_time_list"] {
        let today = world.answer(id).await;
        assert_eq!(today.window, Some((world.today(), world.today())), "{id}");
        let answer = world.ask(gauge(id), &chosen, &Scope::All).await.expect("an answer");
        assert!(answer.unfiltered.is_empty() && answer.rows > today.rows, "{id}: {}", answer.rows);
    }
    let undated = Gauge { range: Range::Last(7), ..gauge("open_tickets").clone() };
    let answer = world.ask(&undated, &chosen, &Scope::All).await.expect("an answer");
    assert_eq!(answer.unfiltered, ["Date range"]);
    assert_eq!(
        world.ask(gauge("tickets_opened_today"), &chosen, &Scope::All).await.expect("an answer").value,
        Some(1.0)
    );
}

#[tokio::test]
async fn datasources_do_not_mix() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let other = world.database.datasource("Other").await;
    sqlx::query("update taskgauge.datasources set synced_at = now()")
        .execute(&world.pool)
        .await
        .expect("set");
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
    // By the clock in Berlin.
    assert!(
        table.rows[0].values.contains(&serde_json::json!("2026-03-18T11:01:00+01:00")),
        "{:?}",
        table.rows[0]
    );
    assert_eq!(world.answer("sla_breached_open").await.value, Some(1.0));
}

#[tokio::test]
async fn a_reopened_ticket_is_noticed() {
    let world = World::busy(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    // On its first day nothing was observed yet.
    let at_first = world.answer("reopened_tickets").await;
    assert_eq!((at_first.status, at_first.value), (Status::NoData, None));
    assert!(at_first.note.is_some_and(|note| note.contains("Observed since 18 March 2026")));
    let added = world.at - TimeDelta::days(20);
    sqlx::query("update taskgauge.datasources set created_at = $1")
        .bind(added)
        .execute(&world.pool)
        .await
        .unwrap();
    let before = world.answer("reopened_tickets").await;
    assert_eq!((before.status, before.value), (Status::Ok, Some(0.0)));
    assert!(before.note.is_some_and(|note| note.contains("Observed since 26 February 2026")));
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
    world.commit(&["Tickets"]).await;
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
