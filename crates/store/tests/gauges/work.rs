//! Members' time, clients, projects and sales: numbers reckoned by hand from the few rows of `work.sql`.
//!
//! It is Wednesday, 18 March 2026, 11:00 in Berlin.

use super::{close, filters, gauge, world::World};
use chrono_tz::Europe;
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;
use taskgauge_model::{
    catalogue::Catalogue,
    gauge::{Answer, Filters, Status},
};
use taskgauge_store::Scope;

const ROWS: &str = include_str!("work.sql");

pub async fn world() -> World {
    let world = World::empty(Europe::Berlin, "2026-03-18T10:00:00Z").await;
    let rows = ROWS.replace("{ds}", &world.datasource.0.to_string());
    sqlx::raw_sql(AssertSqlSafe(rows)).execute(&world.pool).await.expect("the rows are valid");
    world.database.clock.set(world.at);
    world
}

impl World {
    async fn filtered(&self, id: &str, fields: &[(&str, &[&str])]) -> Answer {
        self.ask(gauge(id), &filters(fields), &Scope::All)
            .await
            .unwrap_or_else(|error| panic!("{id}: {error:?}"))
    }

    async fn has_value(&self, id: &str, value: f64, rows: u64) -> Answer {
        let answer = self.answer(id).await;
        assert_eq!(answer.status, Status::Ok, "{id}: {:?}", answer.note);
        close(id, "the value", answer.value, Some(value));
        assert_eq!(answer.rows, rows, "{id}: rows");
        answer
    }

    /// Label and numbers of each group, in the order of the series.
    async fn has_groups(&self, id: &str, wanted: &[(&str, &[f64])]) -> Answer {
        let answer = self.answer(id).await;
        assert_eq!(answer.status, Status::Ok, "{id}: {:?}", answer.note);
        let labels: Vec<_> = answer.groups.iter().map(|group| group.label.as_str()).collect();
        assert_eq!(labels, wanted.iter().map(|(label, _)| *label).collect::<Vec<_>>(), "{id}");
        for (group, (label, numbers)) in answer.groups.iter().zip(wanted) {
            assert_eq!(answer.series.len(), numbers.len(), "{id}");
            for (series, number) in answer.series.iter().zip(*numbers) {
                let what = format!("{label}/{}", series.id);
                close(id, &what, group.values.get(&series.id).copied(), Some(*number));
            }
        }
        answer
    }

    /// Cells of two groups that are not 0.
    async fn has_cells(&self, id: &str, wanted: &[(&str, &str, f64)]) {
        let answer = self.answer(id).await;
        let mut cells = BTreeMap::new();
        for group in &answer.groups {
            for series in &answer.series {
                if let Some(number) = group.values.get(&series.id).filter(|number| **number != 0.0) {
                    cells.insert((group.label.as_str(), series.label.as_str()), *number);
                }
            }
        }
        let wanted: BTreeMap<_, _> = wanted.iter().map(|(a, b, number)| ((*a, *b), *number)).collect();
        assert_eq!(cells, wanted, "{id}");
        close(id, "the total", answer.value, Some(wanted.values().sum()));
    }
}

/// The values of one column of a list, as text.
fn listed(answer: &Answer, column: &str) -> Vec<String> {
    let id = &answer.gauge;
    let table = answer.table.as_ref().unwrap_or_else(|| panic!("{id}: no table"));
    let place =
        table.columns.iter().position(|name| name == column).unwrap_or_else(|| panic!("{id}: {column}"));
    assert_eq!((answer.rows, answer.value), (table.total, None), "{id}");
    table.rows.iter().map(|row| row.values[place].to_string().trim_matches('"').to_owned()).collect()
}

#[tokio::test]
async fn time_is_set_against_what_was_available() {
    let world = world().await;
    // Three members have 13 days of 8 hours from 2 to 18 March, one of them with a day off: 304 hours on 54 dates.
    let used = world.has_value("utilization", 18.0 / 304.0 * 100.0, 54).await;
    assert_eq!(used.target, None);
    let billable = world.has_value("billable_utilization", 16.0 / 304.0 * 100.0, 54).await;
    // 20 of 40 hours a week, of the one who has a goal.
    close("billable_utilization", "the goal", billable.target, Some(50.0));
    assert_eq!(billable.figures, []);
    let target = gauge("billable_utilization").target.as_ref().expect("a target");
    close("billable_utilization", "the target", Some(target.within(Some(&billable)).value), Some(50.0));
    // Who has no goal is measured by the usual one.
    let without = world.filtered("billable_utilization", &[("member", &["30"])]).await;
    assert_eq!(without.target, None);
    close("billable_utilization", "the value", without.value, Some(9.0 / 96.0 * 100.0));
    close("billable_utilization", "the target", Some(target.within(Some(&without)).value), Some(75.0));

    let today = world.has_value("hours_today", 3.0, 2).await;
    assert_eq!(today.target, Some(24.0));
    let of_ann = world.filtered("hours_today", &[("member", &["29"])]).await;
    assert_eq!((of_ann.value, of_ann.target), (Some(2.0), Some(8.0)));

    let ranked = [("Bob Doe", &[22.5][..]), ("Ann Doe", &[7.5]), ("Eve Doe", &[0.0])];
    let answer = world.has_groups("utilization_by_member", &ranked).await;
    close("utilization_by_member", "the value", answer.value, Some(10.0));

    // Monday and Tuesday have passed, and on Tuesday Bob was off.
    let missing = [("Eve Doe", &[13.0][..]), ("Ann Doe", &[12.0]), ("Bob Doe", &[8.0])];
    let answer = world.has_groups("missing_time", &missing).await;
    close("missing_time", "the value", answer.value, Some(33.0));
    let rated = world.has_value("member_csat", 80.0, 3).await;
    assert_eq!(rated.previous, None);
    assert_eq!(world.filtered("member_csat", &[("member", &["29"])]).await.value, Some(70.0));
    // A ticket is of who is assigned and of who completed it.
    sqlx::query("update autotask.tickets set completed_by_resource_id = 29 where id = 2")
        .execute(&world.pool)
        .await
        .expect("set");
    world.commit(&["Tickets"]).await;
    assert_eq!(world.filtered("member_csat", &[("member", &["29"])]).await.value, Some(80.0));
    assert_eq!(world.filtered("member_csat", &[("member", &["30"])]).await.value, Some(100.0));
}

#[tokio::test]
async fn nobody_available_is_no_utilization() {
    let world = world().await;
    sqlx::query("update autotask.resources set is_active = false").execute(&world.pool).await.expect("set");
    for id in ["utilization", "billable_utilization", "utilization_by_member"] {
        let answer = world.answer(id).await;
        assert_eq!((answer.status, answer.value, answer.target), (Status::NoData, None, None), "{id}");
        assert!(answer.note.is_some_and(|note| note.contains("No member had hours available")), "{id}");
    }
}

#[tokio::test]
async fn clients_have_contacts_and_are_in_touch() {
    let world = world().await;
    let answer = world.has_value("client_contacts", 1.0, 1).await;
    let figures: Vec<_> = answer.figures.iter().map(|it| (it.label.as_str(), it.value)).collect();
    assert_eq!(figures, [("Endpoints", 2.0)]);
    let silent = world.answer("client_last_contact").await;
    assert_eq!(listed(&silent, "company"), ["Client 03", "Client 08", "Client 04"]);
}

#[tokio::test]
async fn projects_are_counted_without_templates_and_the_own_company() {
    let world = world().await;
    world.has_value("projects_active", 2.0, 2).await;
    world.has_value("projects_overdue", 1.0, 1).await;
    world.has_value("projects_over_budget", 1.0, 1).await;
    let by_status =
        [("New", &[1.0][..]), ("In Progress", &[1.0]), ("Complete", &[1.0]), ("Inactive", &[1.0])];
    world.has_groups("projects_by_status", &by_status).await;

    let budget = [("Roll-out", &[20.0, 4.0, 9.0, 16.0][..]), ("Move", &[7.0, 8.0, 5.0, -1.0])];
    world.has_groups("project_budget", &budget).await;
    let cpi = world.answer("project_cpi").await;
    assert_eq!(listed(&cpi, "project"), ["Move", "Roll-out"]);
    assert_eq!(listed(&cpi, "cpi"), ["0.5", "0.75"]);
    let finished: Option<f64> =
        sqlx::query_scalar("select cpi_at_completion::float8 from dataset.projects where id = 3")
            .fetch_one(&world.pool)
            .await
            .expect("the project");
    assert_eq!(finished, Some(1.5));
    let progress = [("Roll-out", &[40.0, 30.0, 50.0][..]), ("Move", &[50.0, 40.0, 100.0])];
    world.has_groups("project_progress", &progress).await;
    let revenue = [("Move", &[1_500.0, 2_300.0][..]), ("Roll-out", &[0.0, 100.0])];
    let revenue = world.has_groups("project_revenue", &revenue).await;
    assert_eq!(revenue.value, Some(1_500.0));
    let phases = world.answer("phase_status").await;
    assert_eq!(listed(&phases, "title"), ["Build", "Plan"]);
    assert_eq!(listed(&phases, "worked_hours"), ["0", "8"]);
    assert_eq!(listed(&phases, "task_progress"), ["null", "50.0"]);
}

#[tokio::test]
async fn work_on_projects_is_cut_at_local_midnight() {
    let world = world().await;
    let hours = [("Move", "Ann Doe", 3.0), ("Move", "Bob Doe", 5.0), ("Roll-out", "Bob Doe", 4.0)];
    world.has_cells("project_hours_week", &hours).await;
    // Past due, and until 24 March 24:00 in Berlin.
    let due = world.answer("tasks_due").await;
    assert_eq!(listed(&due, "title"), ["Cut over", "Install"]);
    assert_eq!(
        due.window.map(|(from, to)| (from.to_string(), to.to_string())),
        Some(("2026-03-18".into(), "2026-03-24".into()))
    );
    let completed = world.has_value("tasks_completed", 3.0, 3).await;
    assert_eq!(completed.previous, Some(0.0));
}

#[tokio::test]
async fn projects_are_filtered_by_lead_and_by_their_own_status() {
    let world = world().await;
    assert_eq!(world.filtered("projects_active", &[("lead", &["30"])]).await.value, Some(1.0));
    assert_eq!(world.filtered("projects_active", &[("project_status", &["1"])]).await.value, Some(1.0));
    let due = world.filtered("tasks_due", &[("project_status", &["8"])]).await;
    assert_eq!(listed(&due, "title"), ["Install"]);
    let phases = world.filtered("phase_status", &[("project_status", &["New"])]).await;
    assert_eq!(listed(&phases, "title"), ["Plan"]);
    let hours = world.filtered("project_hours_week", &[("lead", &["29"]), ("project_status", &["1"])]).await;
    assert_eq!(hours.unfiltered, ["Lead", "Status"]);

    let store = &world.database.store;
    let labels = async |filter: &str, scope: &Scope| -> Vec<String> {
        let choices = store.filter_choices(world.datasource, filter, scope).await.expect("choices");
        choices.into_iter().map(|(_, label)| label).collect()
    };
    assert_eq!(labels("project_status", &Scope::All).await, ["New", "In Progress", "Complete", "Inactive"]);
    let of_2 = Scope::Companies(vec![2]);
    assert_eq!(labels("project_status", &of_2).await, ["In Progress", "Inactive"]);
    assert_eq!(labels("lead", &Scope::All).await, ["Ann Doe", "Bob Doe"]);
    assert_eq!(labels("category", &Scope::All).await, ["Licences"]);
}

#[tokio::test]
async fn opportunities_are_open_won_or_lost_by_their_label() {
    let world = world().await;
    world.has_value("pipeline_value", 2_000.0, 4).await;
    assert_eq!(world.filtered("pipeline_value", &[("category", &["7"])]).await.value, Some(1_000.0));
    assert_eq!(world.filtered("pipeline_value", &[("owner", &["29"])]).await.value, Some(1_300.0));
    // 40 % of 1,000 and 80 % of 500; what closes in April is another quarter's.
    world.has_value("pipeline_weighted", 800.0, 2).await;
    let stages =
        [("Proposal", &[500.0, 1.0][..]), ("Discovery", &[1_300.0, 2.0]), ("No stage", &[200.0, 1.0])];
    world.has_groups("pipeline_by_stage", &stages).await;
    world
        .has_groups(
            "pipeline_leaderboard",
            &[("Ann Doe", &[1_300.0]), ("Bob Doe", &[500.0]), ("Eve Doe", &[200.0])],
        )
        .await;

    for (id, value, count) in
        [("won_period", 1_000.0, 2.0), ("lost_period", 250.0, 1.0), ("created_opps", 1.0, 1_000.0)]
    {
        let answer = world.answer(id).await;
        let figures: Vec<_> = answer.figures.iter().map(|figure| figure.value).collect();
        assert_eq!((answer.value, figures), (Some(value), vec![count]), "{id}");
    }
    assert_eq!(world.answer("won_period").await.previous, Some(0.0));
    world.has_value("win_rate", 200.0 / 3.0, 3).await;
    world.has_groups("sales_leaderboard", &[("Bob Doe", &[1_000.0, 2.0])]).await;
    world.has_value("sales_cycle", 6.5, 3).await;
    world.has_groups("loss_reasons", &[("Price", &[1.0]), ("No reason", &[1.0])]).await;
    world.has_groups("lead_sources", &[("Referral", &[1_600.0]), ("No lead source", &[100.0])]).await;

    let trend = world.answer("won_trend").await;
    assert_eq!(trend.groups.len(), 13);
    let won: Vec<_> = trend
        .groups
        .iter()
        .map(|group| (group.key.as_str(), group.values["onetime"], group.values["recurring"]))
        .filter(|(_, onetime, recurring)| onetime + recurring > 0.0)
        .collect();
    assert_eq!(won, [("2025-12-01", 700.0, 0.0), ("2026-03-01", 700.0, 300.0)]);
}

#[tokio::test]
async fn what_a_rep_works_from_is_listed() {
    let world = world().await;
    for (id, wanted) in [
        ("overdue_opps", &["Server"][..]),
        ("stalled_opps", &["Server"]),
        ("closing_soon", &["Licence", "Renewal"]),
    ] {
        assert_eq!(listed(&world.answer(id).await, "title"), wanted, "{id}");
    }
    assert_eq!(listed(&world.answer("quotes_open").await, "name"), ["Offer"]);
    let notes = [("Ann Doe", "Call", 2.0), ("Bob Doe", "Meeting", 1.0)];
    world.has_cells("activity_leaderboard", &notes).await;
}

#[tokio::test]
async fn money_and_members_are_not_for_clients() {
    let world = world().await;
    for gauge in
        Catalogue::shipped().gauges.iter().filter(|gauge| gauge.unit == taskgauge_model::gauge::Unit::Money)
    {
        assert!(gauge.internal, "{}", gauge.id);
        let locked =
            world.ask(gauge, &Filters::default(), &Scope::Companies(vec![1])).await.expect("an answer");
        assert_eq!(
            (locked.status, locked.value, locked.groups.len()),
            (Status::NotPermitted, None, 0),
            "{}",
            gauge.id
        );
    }
}
