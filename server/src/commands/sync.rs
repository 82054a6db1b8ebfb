//! `taskgauge sync`: one run in the foreground.

use super::{named, print, print_json, say, with_open};
use crate::config::Installation;
use serde_json::json;
use std::time::Duration;
use taskgauge_model::{
    datasource::Datasource,
    ids::DatasourceId,
    run::{Run, RunKind, RunState},
};
use taskgauge_store::{Store, StoreError, rows::Comparison};
use taskgauge_sync::run_once;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    installation: Installation,
    /// Name of the datasource.
    #[arg(long)]
    datasource: String,
    /// Read everything again, not only what changed.
    #[arg(long, conflicts_with = "compare")]
    full: bool,
    /// Compare every count with Autotask's own, as each night, and repair what differs.
    #[arg(long)]
    compare: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments) -> Result<(), String> {
    let connector = arguments.installation.connector()?;
    with_open(&arguments.installation, async |opened| {
        let datasource = named(opened, &arguments.datasource).await?;
        let kind = match (arguments.full, arguments.compare) {
            (true, _) => RunKind::Full,
            (_, true) => RunKind::Reconcile,
            _ => RunKind::Incremental,
        };
        let run = tokio::select! {
            run = run_once(&opened.store, &connector, datasource.id, kind) => run,
            () = tell_progress(&opened.store, datasource.id) => return Ok(()),
        }
        .map_err(|error| error.to_string())?;
        for step in &run.steps {
            if let Some(problem) = step.problem.as_deref().filter(|_| step.state == RunState::Failed) {
                say(&format!("{} could not be read: {problem}", step.label));
            }
        }
        if arguments.json {
            say(&line(&run));
            let told = async {
                let store = &opened.store;
                let datasource = store.datasource(datasource.id).await?;
                let compared = store.comparisons(datasource.id).await?;
                let aside = store.quarantined(datasource.id).await?;
                Ok::<_, StoreError>(summary(&run, &datasource, &compared, aside))
            };
            print_json(&told.await.map_err(|error| error.to_string())?)?;
        } else {
            print(&line(&run))?;
        }
        match run.state {
            RunState::Done => Ok(()),
            _ => Err(run.problem.unwrap_or_else(|| "The sync was stopped.".to_owned())),
        }
    })
    .await
}

/// Says every second where the run stands; never ends.
async fn tell_progress(store: &Store, datasource: DatasourceId) {
    let mut beat = tokio::time::interval(Duration::from_secs(1));
    let mut said = String::new();
    loop {
        beat.tick().await;
        // What cannot be said now is said a second later.
        if let Ok(Some(run)) = store.latest_run(datasource).await {
            // The one before, or one that is about to begin.
            if run.state.is_over() || run.steps.is_empty() {
                continue;
            }
            let now = line(&run);
            if now != said {
                say(&now);
                said = now;
            }
        }
    }
}

/// Where a run stands, in a line.
fn line(run: &Run) -> String {
    let done = run.steps.iter().filter(|step| step.state.is_over()).count();
    let read: u64 = run.steps.iter().map(|step| step.read).sum();
    let now: Vec<&str> = run
        .steps
        .iter()
        .filter(|step| step.state == RunState::Running)
        .map(|step| step.label.as_str())
        .collect();
    let now = if now.is_empty() { String::new() } else { format!("; now {}", now.join(", ")) };
    format!(
        "{}: {done} of {} kinds of records, {read} rows read, {} requests{now}",
        run.state.word(),
        run.steps.len(),
        run.requests
    )
}

/// The contract of `--json`.
fn summary(run: &Run, datasource: &Datasource, compared: &[Comparison], aside: u64) -> serde_json::Value {
    let seconds = match (run.started_at, run.ended_at) {
        (Some(start), Some(end)) => (end - start).num_milliseconds() as f64 / 1_000.0,
        _ => 0.0,
    };
    let entities: Vec<_> = run
        .steps
        .iter()
        .map(|step| {
            json!({
                "entity": step.entity,
                "state": step.state,
                "problem": step.problem,
                "expected": step.expected,
                "read": step.read,
                "written": step.written,
                "unchanged": step.unchanged,
                "deleted": step.deleted,
                "quarantined": step.quarantined,
                "requests": step.requests,
                "seconds": step.seconds,
            })
        })
        .collect();
    let comparisons: Vec<_> = compared
        .iter()
        .filter(|compared| run.started_at.is_some_and(|started| compared.at >= started))
        .map(|compared| {
            json!({
                "entity": compared.entity,
                "part": compared.part,
                "there": compared.there,
                "here": compared.here,
                "repaired": compared.repaired,
                "apart": compared.apart,
            })
        })
        .collect();
    json!({
        "run": run.id,
        "kind": run.kind,
        "state": run.state,
        "problem": run.problem,
        "synced_at": datasource.synced_at,
        "hour": datasource.hour,
        "quarantined": aside,
        "seconds": seconds,
        "requests": run.requests,
        "entities": entities,
        "comparisons": comparisons,
    })
}
