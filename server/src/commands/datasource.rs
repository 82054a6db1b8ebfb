//! `taskgauge datasource test|add|list|webhooks|remove`.
#![expect(clippy::doc_markdown, reason = "these texts are read on a terminal, as help")]

use super::{named, print, print_json, say, with_open};
use crate::config::Installation;
use clap::{Args, Subcommand};
use std::{
    env,
    io::{IsTerminal, Read},
};
use taskgauge_app::api::datasources::connect::{more_problems, remove, sync_soon, web_address};
use taskgauge_autotask::Connector;
use taskgauge_model::{
    clock::Clock,
    datasource::{Draft, DraftField, FieldProblem, Finding, TestOutcome, TestReport},
    ids::DatasourceId,
    run::{Run, RunKind},
};
use taskgauge_store::{datasources::taken, drafts::TestedDraft};
use taskgauge_sync::test_connection;

/// Variable with the API user's secret.
const SECRET: &str = "TASKGAUGE_AUTOTASK_SECRET";
/// Who acts, in the audit log.
const ACTOR: &str = "command line";

#[derive(Subcommand)]
pub enum Action {
    /// Test credentials and print the same report as the form. The secret is TASKGAUGE_AUTOTASK_SECRET or standard input.
    Test(Given),
    /// Test, then add; what fails is refused. The secret is TASKGAUGE_AUTOTASK_SECRET or standard input.
    Add(Given),
    /// List all datasources.
    List {
        #[command(flatten)]
        installation: Installation,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a datasource's webhooks, turn them on with the address that Autotask calls, or turn them off.
    Webhooks {
        #[command(flatten)]
        installation: Installation,
        /// Its name.
        #[arg(long)]
        name: String,
        /// Turn them on: the public https address of this installation.
        #[arg(long, value_name = "URL", conflicts_with = "off")]
        address: Option<String>,
        /// Turn them off.
        #[arg(long)]
        off: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a datasource with its copy of Autotask.
    Remove {
        #[command(flatten)]
        installation: Installation,
        /// Its name.
        #[arg(long)]
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What the form asks for.
#[derive(Args)]
pub struct Given {
    #[command(flatten)]
    installation: Installation,
    /// Name of the datasource.
    #[arg(long)]
    name: String,
    /// The API user's name (key).
    #[arg(long)]
    username: String,
    /// The API tracking identifier.
    #[arg(long)]
    integration_code: String,
    /// The zone's number or any address of it; found by itself when left out.
    #[arg(long, default_value = "")]
    zone: String,
    /// Time zone that days are counted in.
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    /// Autotask's web address, for deep links; found by itself when left out.
    #[arg(long, default_value = "")]
    web_url: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Given {
    fn draft(&self) -> Result<Draft, String> {
        Ok(Draft {
            name: self.name.clone(),
            user_name: self.username.clone(),
            secret: secret()?,
            integration_code: self.integration_code.clone(),
            zone: self.zone.clone(),
            web_url: self.web_url.clone(),
            time_zone: self.time_zone.clone(),
        })
    }
}

/// The API user's secret. There is no flag for it: every user of a machine can read the arguments of a process.
fn secret() -> Result<String, String> {
    match env::var(SECRET) {
        Ok(secret) => return Ok(secret),
        Err(env::VarError::NotUnicode(_)) => return Err(format!("{SECRET} is not text.")),
        Err(env::VarError::NotPresent) => {}
    }
    let mut input = std::io::stdin();
    if input.is_terminal() {
        say("Paste the API user's secret, then press Enter and Ctrl-D.");
    }
    let mut secret = String::new();
    input
        .read_to_string(&mut secret)
        .map_err(|error| format!("The secret could not be read from standard input: {error}."))?;
    // A line ends with a line break; the secret does not.
    let line = secret.strip_suffix('\n').unwrap_or(&secret);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

pub async fn run(action: Action) -> Result<(), String> {
    match action {
        Action::Test(given) => {
            let connector = given.installation.connector()?;
            let tested = tested(&connector, &given).await?;
            if given.json { print_passed(&tested.report, None) } else { print(&words(&tested.report)) }
        }
        Action::Add(given) => add(given).await,
        Action::List { installation, json } => list(&installation, json).await,
        Action::Webhooks { installation, name, address, off, json } => {
            webhooks(&installation, &name, address.as_deref(), off, json).await
        }
        Action::Remove { installation, name, json } => {
            let connector = installation.connector()?;
            with_open(&installation, async |opened| {
                let datasource = named(opened, &name).await?;
                remove(&opened.store, &connector, ACTOR, datasource.id)
                    .await
                    .map_err(|error| error.to_string())?;
                say(&format!("“{}” is removed.", datasource.name));
                if json { print_json(&serde_json::json!({ "removed": datasource.name })) } else { Ok(()) }
            })
            .await
        }
    }
}

async fn webhooks(
    installation: &Installation,
    name: &str,
    address: Option<&str>,
    off: bool,
    json: bool,
) -> Result<(), String> {
    with_open(installation, async |opened| {
        let datasource = named(opened, name).await?;
        let (id, store) = (datasource.id, &opened.store);
        if address.is_some() || off {
            store.set_webhook_address(ACTOR, id, address).await.map_err(|error| error.to_string())?;
            sync_soon(store, id, RunKind::Incremental).await;
            let what = if off { "removes" } else { "registers" };
            say(&format!("The next sync {what} them. The running server does it; or run taskgauge sync."));
        }
        let address = store.webhook_address(id).await.map_err(|error| error.to_string())?;
        let webhooks = store.webhooks(id).await.map_err(|error| error.to_string())?;
        if json {
            return print_json(&serde_json::json!({ "address": address, "webhooks": webhooks }));
        }
        print(&address.map_or_else(|| "off".to_owned(), |address| format!("on\t{address}")))?;
        for webhook in webhooks {
            let problem = webhook.problem.unwrap_or_default();
            print(&format!("{}\t{}\t{problem}", webhook.collection, webhook.state.word()))?;
        }
        Ok(())
    })
    .await
}

/// Prints what a passed test proved, and the id under which it was added.
fn print_passed(report: &TestReport, id: Option<DatasourceId>) -> Result<(), String> {
    let mut passed = serde_json::json!({ "outcome": "passed", "report": report });
    if let Some(id) = id {
        passed["id"] = id.0.into();
    }
    print_json(&passed)
}

/// Tests; anything but a pass is printed and an error.
async fn tested(connector: &Connector, given: &Given) -> Result<TestedDraft, String> {
    let draft = given.draft()?;
    let mut problems = draft.problems();
    problems.extend(more_problems(connector, &draft));
    if !problems.is_empty() {
        return Err(refused(given, problems)?);
    }
    match test_connection(connector, &draft, Clock::system().now()).await {
        Ok(tested) => Ok(tested),
        Err(failure) => {
            let sentence = format!("{} {}", failure.what, failure.next);
            if given.json {
                print_json(&TestOutcome::Failed(failure))?;
            }
            Err(sentence)
        }
    }
}

/// Prints what is wrong with the arguments, and answers it in words.
fn refused(given: &Given, problems: Vec<FieldProblem>) -> Result<String, String> {
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", given_as(problem.field), problem.message)).collect();
    if given.json {
        print_json(&TestOutcome::Invalid { problems })?;
    }
    Ok(lines.join("\n"))
}

async fn add(given: Given) -> Result<(), String> {
    let connector = given.installation.connector()?;
    with_open(&given.installation, async |opened| {
        let name = given.name.trim();
        // Said before Autotask is asked for anything.
        if opened.store.datasource_named(name).await.is_ok() {
            let problem = FieldProblem { field: DraftField::Name, message: taken(name) };
            return Err(refused(&given, vec![problem])?);
        }
        let draft = tested(&connector, &given).await?;
        let web_url = web_address(&connector, &given.web_url).map_err(|error| error.to_string())?;
        let id = opened
            .store
            .add_datasource(ACTOR, &draft, given.name.trim(), &given.time_zone, web_url.as_deref())
            .await
            .map_err(|error| error.to_string())?;
        sync_soon(&opened.store, id, RunKind::Full).await;
        say(&format!(
            "“{}” is added. The running server syncs it; or run taskgauge sync.",
            given.name.trim()
        ));
        if given.json { print_passed(&draft.report, Some(id)) } else { print(&words(&draft.report)) }
    })
    .await
}

async fn list(installation: &Installation, json: bool) -> Result<(), String> {
    with_open(installation, async |opened| {
        let all = opened.store.datasources().await.map_err(|error| error.to_string())?;
        if json {
            let mut listed = Vec::new();
            for datasource in all {
                let run = opened.store.latest_run(datasource.id).await.map_err(|error| error.to_string())?;
                listed.push(serde_json::json!({
                    "id": datasource.id,
                    "name": datasource.name,
                    "user_name": datasource.user_name,
                    "zone": datasource.zone_name,
                    "api_url": datasource.api_url,
                    "web_url": datasource.web_url,
                    "tenant": datasource.tenant,
                    "time_zone": datasource.time_zone,
                    "synced_at": datasource.synced_at,
                    "paused": datasource.paused,
                    "sync": run.as_ref().map(progress),
                }));
            }
            return print_json(&listed);
        }
        if all.is_empty() {
            say("No datasource yet. taskgauge datasource add --help tells how to add one.");
        }
        for datasource in all {
            let synced =
                datasource.synced_at.map_or_else(|| "not synced yet".to_owned(), |at| format!("synced {at}"));
            print(&format!(
                "{}\t{}\t{}\t{synced}",
                datasource.name, datasource.zone_name, datasource.time_zone
            ))?;
        }
        Ok(())
    })
    .await
}

/// Where the latest sync of a datasource stands.
fn progress(run: &Run) -> serde_json::Value {
    serde_json::json!({
        "run": run.id,
        "state": run.state,
        "rows": run.steps.iter().map(|step| step.read).sum::<u64>(),
        "requests": run.requests,
        "entities_done": run.steps.iter().filter(|step| step.state.is_over()).count(),
        "entities_total": run.steps.len(),
        "problem": run.problem,
    })
}

/// How a field is given on the command line.
fn given_as(field: DraftField) -> &'static str {
    match field {
        DraftField::Name => "--name",
        DraftField::UserName => "--username",
        DraftField::Secret => SECRET,
        DraftField::IntegrationCode => "--integration-code",
        DraftField::Zone => "--zone",
        DraftField::WebUrl => "--web-url",
        DraftField::TimeZone => "--time-zone",
    }
}

/// The report as text.
fn words(report: &TestReport) -> String {
    let mut lines = vec![
        format!(
            "Connected to {} in zone {}.",
            report.company.as_deref().unwrap_or("Autotask"),
            report.zone_name
        ),
        format!(
            "API {}, version {}, {} ms a call.",
            report.api_url, report.api_version, report.round_trip_ms
        ),
        format!("{} of {} requests used in the last hour.", report.requests_used, report.request_limit),
        format!("{} of {} kinds of records readable.", report.doctor.readable(), report.doctor.probes.len()),
    ];
    for probe in report.doctor.probes.iter().chain(&report.doctor.gaps) {
        let finding = match &probe.finding {
            Finding::Readable { .. } | Finding::Empty => continue,
            Finding::SuspiciouslyEmpty => "nothing visible".to_owned(),
            Finding::Forbidden => "forbidden".to_owned(),
            Finding::Unknown { why } | Finding::Gap { why, .. } => why.trim_end_matches('.').to_owned(),
        };
        let right = probe
            .right
            .as_ref()
            .map(|(tab, row)| format!(" Security level: {tab} → {row}."))
            .unwrap_or_default();
        let loses = match (probe.datasets.len(), probe.gauges.len()) {
            (0, _) => String::new(),
            (datasets, gauges) => format!(" Datasets that lose by it: {datasets}, gauges: {gauges}."),
        };
        lines.push(format!("{}: {finding}.{right}{loses}", probe.label));
    }
    lines.extend(report.doctor.notes.iter().map(|note| format!("{} {}", note.what, note.next)));
    lines.join("\n")
}
