//! The permission doctor against tenants that hide things silently.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{Tenant, connector, draft};
use rstest::rstest;
use taskgauge_autotask::Credentials;
use taskgauge_model::catalogue::Catalogue;
use taskgauge_model::datasource::{Doctor, Draft, Finding, Probe};
use taskgauge_model::gaps::{GAPS, Gap};
use taskgauge_model::run::RunState;
use taskgauge_simulator::{Config, Simulator, Switches, World};
use taskgauge_sync::{examine, examine_stored, test_connection};

/// Requests that gaps may cost a connection test.
const REQUESTS: u64 = 10;

async fn simulator() -> Simulator {
    Simulator::start_with(World::generate(&Config::default()), ([127, 0, 0, 1], 0).into()).await.unwrap()
}

/// What the doctor finds, and the requests that it took.
async fn examined(simulator: &Simulator) -> (Doctor, u64) {
    let now = simulator.with_world(World::now);
    let tested = test_connection(&connector(simulator), &draft(), now).await.unwrap();
    let Draft { user_name, secret, integration_code, .. } = draft();
    let client = connector(simulator)
        .client(tested.report.api_url.parse().unwrap(), Credentials::new(user_name, secret, integration_code))
        .unwrap();
    simulator.clear_log();
    let doctor = examine(&client, now).await;
    assert_eq!(tested.report.doctor, doctor, "the same at connect and later");
    (doctor, simulator.log().requests)
}

fn ids(doctor: &Doctor) -> Vec<&str> {
    doctor
        .gaps
        .iter()
        .map(|found| match &found.finding {
            Finding::Gap { id, .. } => id.as_str(),
            other => panic!("{}: {other:?}", found.label),
        })
        .collect()
}

fn gap<'a>(doctor: &'a Doctor, id: &str) -> &'a Probe {
    let is = |found: &&Probe| matches!(&found.finding, Finding::Gap { id: named, .. } if named == id);
    doctor.gaps.iter().find(is).unwrap_or_else(|| panic!("{id} in {:?}", doctor.gaps))
}

fn non_billable(switches: &mut Switches) {
    switches.hide_non_billable_time = true;
}
fn costs(switches: &mut Switches) {
    switches.hide_costs = true;
}
fn empty(switches: &mut Switches, entity: &str) {
    switches.silently_empty.insert(entity.to_owned());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_tenant_has_no_gaps() {
    let simulator = simulator().await;
    let (doctor, requests) = examined(&simulator).await;
    assert_eq!(doctor.gaps, []);
    // Every entity's count, eight looks at what may be written, and the gaps.
    let others = doctor.probes.len() as u64 + 8;
    assert!((others + 1..=others + REQUESTS).contains(&requests), "{requests}");
}

#[rstest]
#[case::non_billable(
    non_billable,
    "non_billable_time",
    "Time Entry Last 14 Days",
    Some("Billable share of time"),
    "None of "
)]
#[case::lines(|all: &mut Switches| empty(all, "BillingItems"), "invoice_lines", "Posted billing items", None, " invoices with an amount")]
#[case::invoices(|all: &mut Switches| empty(all, "Invoices"), "invoices", "Invoice Data", None, " cannot be seen")]
#[case::costs(costs, "costs", "Posted billing items", None, "No cost is visible")]
#[case::member_costs(costs, "member_costs", "Member Data", None, "No member has")]
#[case::time_off(|all: &mut Switches| empty(all, "TimeOffRequests"), "time_off", "Member capacity by day", None, " day off")]
#[case::sla(|all: &mut Switches| empty(all, "ServiceLevelAgreementResults"), "sla_results", "SLA Results", Some("Resolution SLA met"), " tickets are under an SLA")]
#[case::assets(|all: &mut Switches| empty(all, "ConfigurationItems"), "configuration_items", "Configuration Data", Some("Tickets per endpoint"), " about a configuration item")]
#[case::tasks(|all: &mut Switches| empty(all, "Tasks"), "tasks", "Task Data", None, " on a task")]
#[case::projects(|all: &mut Switches| empty(all, "Projects"), "projects", "Project Data", None, " part of a project")]
#[case::opportunities(|all: &mut Switches| empty(all, "Opportunities"), "opportunities", "Opportunity Data", None, " quotes")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_is_found(
    #[case] hide: fn(&mut Switches),
    #[case] id: &str,
    #[case] dataset: &str,
    #[case] gauge: Option<&str>,
    #[case] seen: &str,
) {
    let simulator = simulator().await;
    simulator.switches().set(hide);
    let (doctor, requests) = examined(&simulator).await;
    let found = gap(&doctor, id);
    let declared = Gap::named(id).unwrap();
    assert_eq!(found.right, Some((declared.right.tab.to_owned(), declared.right.row.to_owned())));
    assert!(found.datasets.iter().any(|title| title == dataset), "{found:?}");
    if let Some(title) = gauge {
        assert!(found.gauges.iter().any(|known| known == title), "{found:?}");
    }
    let Finding::Gap { why, .. } = &found.finding else { unreachable!() };
    assert!(why.contains(seen) && why.ends_with(declared.innocent) && !why.contains('{'), "{why}");
    let together: &[&str] = if id.contains("cost") { &["costs", "member_costs"] } else { &[id] };
    assert_eq!(ids(&doctor), together);
    assert!(requests <= doctor.probes.len() as u64 + 8 + REQUESTS, "{requests}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_columns_spoil_what_reads_them_alone() {
    let simulator = simulator().await;
    simulator.switches().set(costs);
    let (doctor, _) = examined(&simulator).await;
    // Of the gauges that ship those that reckon with costs, and no others of their datasets.
    let with_costs = ["Gross profit by client", "Contract profitability"];
    assert_eq!(gap(&doctor, "costs").gauges, with_costs);
    assert_eq!(gap(&doctor, "member_costs").gauges, with_costs);
    assert!(!gap(&doctor, "costs").datasets.contains(&"Invoice Data".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_part_of_the_invoices_are_missed() {
    let simulator = simulator().await;
    let of = |entity: &str, field: &str| -> Vec<(i64, i64)> {
        simulator.with_world(|world| {
            world.rows(entity).filter_map(|row| Some((row["id"].as_i64()?, row[field].as_i64()?))).collect()
        })
    };
    let lines = of("BillingItems", "invoiceID");
    // As if a line of business were hidden: no line of every third invoice.
    for (line, _) in lines.iter().filter(|(_, invoice)| invoice % 3 == 0) {
        simulator.edit(|world| assert!(world.delete("BillingItems", *line)));
    }
    let (doctor, _) = examined(&simulator).await;
    assert_eq!(ids(&doctor), ["invoice_lines"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_few_rows_is_believed() {
    let simulator = simulator().await;
    let all: Vec<(&str, Vec<i64>)> = simulator.with_world(|world| {
        taskgauge_model::entity::Entity::all()
            .iter()
            .map(|entity| {
                let ids = world.rows(entity.name).filter_map(|row| row["id"].as_i64()).collect();
                (entity.name, ids)
            })
            .collect()
    });
    simulator.edit(|world| {
        for (entity, ids) in all {
            for id in ids.into_iter().skip(4) {
                world.delete(entity, id);
            }
        }
    });
    simulator.switches().set(|switches| {
        non_billable(switches);
        costs(switches);
        for found in GAPS.iter().filter(|gap| !matches!(gap.entity, "TimeEntries" | "Resources")) {
            empty(switches, found.entity);
        }
    });
    let (doctor, requests) = examined(&simulator).await;
    assert_eq!(doctor.gaps, []);
    assert_eq!(requests, doctor.probes.len() as u64 + 8, "too few rows for any question");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_no_gap_besides() {
    let simulator = simulator().await;
    simulator.switches().set(|switches| {
        switches.forbidden.extend(["BillingItems".into(), "TimeEntries".into(), "TimeOffRequests".into()]);
    });
    let (doctor, _) = examined(&simulator).await;
    assert_eq!(doctor.gaps, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_stay_until_the_doctor_looks_again() {
    let tenant = Tenant::start().await;
    let doctor = async || tenant.database.store.doctor(tenant.datasource).await.unwrap();
    assert_eq!(doctor().await.gaps, []);
    tenant.simulator.switches().set(|switches| {
        non_billable(switches);
        empty(switches, "TimeOffRequests");
    });
    // On request.
    examine_stored(&tenant.database.store, &tenant.connector, tenant.datasource).await.unwrap();
    assert_eq!(ids(&doctor().await), ["non_billable_time", "time_off"]);

    // What a run learns leaves them alone, but for rows that came after all.
    tenant.simulator.switches().set(|switches| {
        switches.silently_empty.clear();
        switches.forbidden.insert("Invoices".into());
    });
    tenant.advance(5);
    assert_eq!(tenant.sync().await.state, RunState::Done);
    let learnt = doctor().await;
    assert_eq!(ids(&learnt), ["non_billable_time"]);
    assert!(learnt.probes.iter().any(|probe| probe.finding == Finding::Forbidden));

    // A day later everything is looked at anew.
    tenant.simulator.switches().reset();
    tenant.advance(25 * 60);
    assert_eq!(tenant.sync().await.state, RunState::Done);
    assert_eq!(doctor().await.gaps, []);
}

/// What is stored of an entity that fell silent is from before: quiet runs do not take the mark away.
#[tokio::test(flavor = "multi_thread")]
async fn marks_stay_while_nothing_comes() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    let finding = async || {
        let doctor = tenant.database.store.doctor(tenant.datasource).await.unwrap();
        doctor.probes.into_iter().find(|probe| probe.entity == "Tickets").unwrap().finding
    };
    tenant.simulator.switches().set(|switches| empty(switches, "Tickets"));
    examine_stored(&tenant.database.store, &tenant.connector, tenant.datasource).await.unwrap();
    assert_eq!(finding().await, Finding::SuspiciouslyEmpty);
    for _ in 0..2 {
        tenant.advance(5);
        assert_eq!(tenant.sync().await.state, RunState::Done);
        assert_eq!(finding().await, Finding::SuspiciouslyEmpty);
    }
    // The right is back, and tickets change.
    tenant.simulator.switches().reset();
    tenant.advance(60);
    assert_eq!(tenant.sync().await.state, RunState::Done);
    assert!(matches!(finding().await, Finding::Readable { .. }));
}

#[test]
fn every_gap_is_about_something_that_is_shown() {
    for gap in GAPS {
        assert!(Catalogue::shipped().datasets.iter().any(|dataset| gap.spoils(dataset)), "{}", gap.id);
    }
}
