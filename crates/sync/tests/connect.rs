//! Testing a connection against the simulated service, and against servers that are none.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{Tenant, connector, draft};
use rstest::rstest;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use taskgauge_autotask::{Connector, Options, RetryPolicy};
use taskgauge_model::datasource::{Draft, DraftField, FailureCause, Finding, TestFailure};
use taskgauge_model::entity::Entity;
use taskgauge_model::run::RunState;
use taskgauge_simulator::{AuthFailure, Config, Fault, Simulator, Slow, Switches, World};
use taskgauge_sync::test_connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn simulator() -> Simulator {
    Simulator::start_with(World::generate(&Config::default()), ([127, 0, 0, 1], 0).into()).await.unwrap()
}

fn impatient(simulator: &Simulator) -> Connector {
    let options = Options {
        retry: RetryPolicy { max_attempts: 2, base: Duration::from_millis(1), ..RetryPolicy::default() },
        request_timeout: Duration::from_millis(400),
        ..Options::for_test_base(simulator.url())
    };
    Connector::new(options).unwrap()
}

async fn fails(simulator: &Simulator, draft: &Draft) -> TestFailure {
    let failure = test_connection(&impatient(simulator), draft, chrono::Utc::now()).await.unwrap_err();
    assert!(!failure.what.is_empty() && !failure.next.is_empty());
    for secret in [&draft.secret, &draft.integration_code] {
        assert!(!format!("{failure:?}").contains(secret.as_str()));
    }
    failure
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_connection_is_described() {
    let simulator = simulator().await;
    let now = chrono::Utc::now();
    let tested = test_connection(&connector(&simulator), &draft(), now).await.unwrap();
    let report = tested.report;
    assert_eq!(report.company.as_deref(), Some("Northwind Managed IT"));
    assert_eq!(report.tenant, Some(417_236));
    assert_eq!(report.request_limit, 10_000);
    assert!(!report.api_version.is_empty() && !report.zone_name.is_empty());
    assert_eq!(report.doctor.at, Some(now));
    assert_eq!(report.doctor.probes.len(), Entity::all().len());
    for probe in &report.doctor.probes {
        let there = simulator.with_world(|world| world.len(&probe.entity)) as u64;
        let expected = if there == 0 { Finding::Empty } else { Finding::Readable { rows: there } };
        assert_eq!(probe.finding, expected, "{}", probe.entity);
        assert_eq!((&probe.right, probe.datasets.len()), (&None, 0), "{}", probe.entity);
    }
    assert_eq!(tested.credentials.api_url, report.api_url);
    let log = simulator.log();
    // Silent gaps are looked for with ten at most, of which a healthy tenant needs seven.
    assert!(log.requests <= Entity::all().len() as u64 + 14 + 7, "{}", log.requests);
    assert_eq!(report.doctor.notes, []);
    assert_eq!(report.doctor.gaps, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_is_missing() {
    let simulator = simulator().await;
    simulator.switches().set(|switches| {
        switches.forbidden.insert("Contracts".into());
        switches.silently_empty.extend(["TimeEntries".into(), "Surveys".into()]);
        switches.may_write.extend(["Companies".into(), "TimeEntries".into()]);
    });
    let tested = test_connection(&connector(&simulator), &draft(), chrono::Utc::now()).await.unwrap();
    let probe =
        |name: &str| tested.report.doctor.probes.iter().find(|probe| probe.entity == name).unwrap().clone();
    assert_eq!(probe("Contracts").finding, Finding::Forbidden);
    assert!(probe("Contracts").datasets.contains(&"Contract Data".to_owned()), "{:?}", probe("Contracts"));
    assert_eq!(probe("TimeEntries").finding, Finding::SuspiciouslyEmpty);
    assert!(!probe("TimeEntries").gauges.is_empty() && probe("Surveys").gauges.is_empty());
    assert_eq!(probe("Surveys").finding, Finding::Empty);
    let notes = &tested.report.doctor.notes;
    assert_eq!(notes.len(), 1);
    assert!(!notes[0].missing && notes[0].what.contains("time entries, companies. "), "{notes:?}");
    for name in ["Contracts", "TimeEntries"] {
        let entity = Entity::named(name).unwrap();
        let right = (entity.right.tab.to_owned(), entity.right.row.to_owned());
        assert_eq!(probe(name).right, Some(right));
        let losing = taskgauge_model::catalogue::Catalogue::shipped()
            .datasets
            .iter()
            .filter(|dataset| dataset.entities.iter().any(|entity| entity == name))
            .count();
        assert_eq!(probe(name).datasets.len(), losing);
    }
    assert_eq!(probe("Surveys").right, None);
}

#[rstest]
#[case::secret(Draft { secret: "wrong".into(), ..draft() }, AuthFailure::EmptyUnauthorized, FailureCause::Refused, DraftField::Secret)]
#[case::code(Draft { integration_code: "wrong-code".into(), ..draft() }, AuthFailure::EmptyUnauthorized, FailureCause::Refused, DraftField::Secret)]
#[case::code_told(Draft { integration_code: "wrong-code".into(), ..draft() }, AuthFailure::Errors500, FailureCause::IntegrationCode, DraftField::IntegrationCode)]
#[case::user(Draft { user_name: "nobody@example.com".into(), ..draft() }, AuthFailure::EmptyUnauthorized, FailureCause::UnknownUser, DraftField::UserName)]
#[case::user_told(Draft { user_name: "nobody@example.com".into(), ..draft() }, AuthFailure::Errors500, FailureCause::UnknownUser, DraftField::UserName)]
#[case::not_a_zone(Draft { zone: "here".repeat(3) + "!", ..draft() }, AuthFailure::EmptyUnauthorized, FailureCause::Address, DraftField::Zone)]
#[case::foreign_zone(Draft { zone: "https://autotask.example.com/".into(), ..draft() }, AuthFailure::EmptyUnauthorized, FailureCause::Address, DraftField::Zone)]
#[case::foreign_link(Draft { web_url: "https://example.com/".into(), ..draft() }, AuthFailure::EmptyUnauthorized, FailureCause::Address, DraftField::WebUrl)]
#[case::control(Draft { secret: "a\u{1}b-secret".into(), ..draft() }, AuthFailure::EmptyUnauthorized, FailureCause::Refused, DraftField::Secret)]
#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_are_named(
    #[case] draft: Draft,
    #[case] mode: AuthFailure,
    #[case] cause: FailureCause,
    #[case] field: DraftField,
) {
    let simulator = simulator().await;
    simulator.switches().set(|switches| switches.auth_failure = mode);
    let failure = fails(&simulator, &draft).await;
    assert_eq!((failure.cause, failure.field), (cause, Some(field)), "{failure:?}");
    let refused = simulator.log().last.iter().filter(|request| request.status == 401).count();
    assert!(refused <= 1, "refused {refused} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_zone_is_suggested() {
    let simulator = simulator().await;
    let old = simulator.url();
    simulator.switches().set(|switches| switches.zone_moved = true);
    let failure = fails(&simulator, &Draft { zone: old.to_string(), ..draft() }).await;
    assert_eq!(
        (failure.cause, failure.field),
        (FailureCause::WrongZone, Some(DraftField::Zone)),
        "{failure:?}"
    );
    let right = Draft { zone: failure.suggestion.unwrap(), ..draft() };
    test_connection(&connector(&simulator), &right, chrono::Utc::now()).await.unwrap();
}

fn html(switches: &mut Switches) {
    switches.html_503 = Some(Fault::always());
}
fn used_up(switches: &mut Switches) {
    switches.hourly_used_by_others = 10_000;
}
fn slow(switches: &mut Switches) {
    switches.slow_first_byte = Some(Slow { delay_ms: 5_000, fault: Fault::always() });
}
fn broken(switches: &mut Switches) {
    switches.reset_connection = Some(Fault::always());
}
fn cut(switches: &mut Switches) {
    switches.truncate_body = Some(Fault::always());
}
fn locked(switches: &mut Switches) {
    switches.locked = true;
}
fn blind(switches: &mut Switches) {
    switches.silently_empty.extend(Entity::all().iter().map(|entity| entity.name.to_owned()));
}
fn barred(switches: &mut Switches) {
    switches.forbidden.extend(Entity::all().iter().map(|entity| entity.name.to_owned()));
}

#[rstest]
#[case::html(html, FailureCause::Unavailable)]
#[case::used_up(used_up, FailureCause::HourlyLimit)]
#[case::slow(slow, FailureCause::Timeout)]
#[case::broken(broken, FailureCause::Network)]
#[case::locked(locked, FailureCause::Refused)]
#[case::blind(blind, FailureCause::NothingReadable)]
#[case::barred(barred, FailureCause::NothingReadable)]
#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_explained(#[case] change: fn(&mut Switches), #[case] cause: FailureCause) {
    let simulator = simulator().await;
    simulator.switches().set(change);
    let failure = fails(&simulator, &draft()).await;
    assert_eq!(failure.cause, cause, "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_answer_is_the_network_or_the_service() {
    let simulator = simulator().await;
    simulator.switches().set(cut);
    let failure = fails(&simulator, &draft()).await;
    assert!(matches!(failure.cause, FailureCause::Network | FailureCause::Unavailable), "{failure:?}");
}

/// Answers every connection with these bytes.
async fn server_saying(bytes: &'static [u8]) -> url::Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    url::Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap()
}

async fn fails_at(base: url::Url) -> TestFailure {
    let options = Options {
        retry: RetryPolicy { max_attempts: 1, ..RetryPolicy::default() },
        ..Options::for_test_base(base)
    };
    let connector = Connector::new(options).unwrap();
    test_connection(&connector, &draft(), chrono::Utc::now()).await.unwrap_err()
}

#[tokio::test]
async fn nobody_there_is_a_network_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let failure = fails_at(url::Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap()).await;
    assert_eq!(failure.cause, FailureCause::Network);
}

#[tokio::test]
async fn a_server_without_tls_is_no_secure_connection() {
    let mut base = server_saying(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    base = url::Url::parse(&base.as_str().replace("http:", "https:")).unwrap();
    let failure = fails_at(base).await;
    assert!(matches!(failure.cause, FailureCause::Network | FailureCause::Certificate), "{failure:?}");
}

#[tokio::test]
async fn redirects_and_nonsense_are_not_followed() {
    let elsewhere =
        server_saying(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(fails_at(elsewhere.await).await.cause, FailureCause::Address);
    let nonsense =
        server_saying(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]");
    assert_eq!(fails_at(nonsense.await).await.cause, FailureCause::Other);
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

// On one thread, so that everything is logged where the test listens.
#[tokio::test]
async fn nothing_secret_is_logged_or_shown() {
    let written = Written::default();
    let writer = written.clone();
    let listening = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _listening = tracing::subscriber::set_default(listening);
    let tenant = Tenant::start().await;
    tenant.sync().await;
    tenant.simulator.switches().set(|switches| {
        switches.credentials_revoked = true;
    });
    assert_eq!(tenant.sync().await.state, RunState::Failed);
    tenant.simulator.switches().set(|switches| *switches = Switches::default());
    fails(&tenant.simulator, &Draft { secret: "Another-$ecret".into(), ..draft() }).await;
    let stored = tenant.database.store.credentials(tenant.datasource).await.unwrap();
    let shown = format!("{stored:?} {:?} {:?}", draft(), tenant.connector);
    let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("run begins") && log.contains("run ended"), "{log}");
    for secret in [draft().secret, draft().integration_code, "Another-$ecret".to_owned()] {
        assert!(!shown.contains(&secret) && !log.contains(&secret));
    }
}
