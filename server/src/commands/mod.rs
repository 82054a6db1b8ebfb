//! The command line: one binary for servers, people and scripts.
//!
//! Results go to standard output, everything else to standard error; success is exit code 0 and nothing else is.

mod dataset;
mod datasource;
mod gauge;
mod simulator;
mod sync;

use crate::config::{Installation, Opened, Serving};
use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;
use std::{io::Write, process::ExitCode};
use taskgauge_model::{clock::Clock, datasource::Datasource};
use taskgauge_store::StoreError;

/// What the binary can do.
#[derive(Subcommand)]
pub enum Command {
    /// Serve the web app and sync the datasources.
    Serve {
        #[command(flatten)]
        installation: Installation,
        #[command(flatten)]
        serving: Serving,
    },
    /// Test, add, list or remove datasources.
    Datasource {
        #[command(subcommand)]
        action: datasource::Action,
    },
    /// Run one sync in the foreground.
    Sync(sync::Arguments),
    /// Print a dataset.
    Dataset(dataset::Arguments),
    /// Answer a gauge.
    Gauge(gauge::Arguments),
    /// Serve a simulated Autotask tenant on this machine.
    Simulator(simulator::Arguments),
    /// Bring the database's schema up to date, and nothing else.
    Migrate {
        #[command(flatten)]
        installation: Installation,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs a command; an error is a sentence for people.
pub async fn run(command: Command) -> Result<(), String> {
    match command {
        Command::Serve { installation, serving } => crate::serve::serve(installation, serving).await,
        Command::Datasource { action } => datasource::run(action).await,
        Command::Sync(arguments) => sync::run(arguments).await,
        Command::Dataset(arguments) => dataset::run(arguments).await,
        Command::Gauge(arguments) => gauge::run(arguments).await,
        Command::Simulator(arguments) => simulator::run(arguments).await,
        Command::Migrate { installation, json } => {
            let opened = installation.open(Clock::system()).await?;
            opened.close().await;
            say("The schema is up to date.");
            if json { print_json(&serde_json::json!({ "migrated": true })) } else { Ok(()) }
        }
    }
}

/// Ends the process badly, with a sentence.
pub fn failed(sentence: &str) -> ExitCode {
    say(sentence);
    ExitCode::FAILURE
}

/// A message for the person at the terminal.
fn say(message: &str) {
    // Nobody can be told when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// A result: the only thing that goes to standard output.
fn print(result: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{result}")
        .and_then(|()| out.flush())
        .map_err(|error| format!("The result could not be printed: {error}."))
}

/// A result as JSON.
fn print_json(result: &impl Serialize) -> Result<(), String> {
    print(&serde_json::to_string(result).map_err(|error| error.to_string())?)
}

/// Opens an installation for the time of some work.
async fn with_open<T>(
    installation: &Installation,
    work: impl AsyncFnOnce(&Opened) -> Result<T, String>,
) -> Result<T, String> {
    let opened = installation.open(Clock::system()).await?;
    let done = work(&opened).await;
    opened.close().await;
    done
}

/// The datasource of that name.
async fn named(opened: &Opened, name: &str) -> Result<Datasource, String> {
    opened.store.datasource_named(name).await.map_err(|error| not_read(name, &error))
}

/// Why the datasource of that name could not be read.
fn not_read(name: &str, error: &StoreError) -> String {
    match error {
        StoreError::NotFound { .. } => {
            format!("There is no datasource named “{name}”. taskgauge datasource list shows them all.")
        }
        error => error.to_string(),
    }
}

/// An instant on the command line: RFC 3339, or a date for its beginning in UTC.
fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(at) = text.parse::<DateTime<Utc>>() {
        return Ok(at);
    }
    text.parse::<chrono::NaiveDate>()
        .map(|date| date.and_time(chrono::NaiveTime::MIN).and_utc())
        .map_err(|_| "use a time like 2026-03-18T10:00:00Z or a date like 2026-03-18".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_is_called_so() {
        let missing = not_read("Us", &StoreError::NotFound { what: "datasource" });
        assert!(missing.starts_with("There is no datasource named “Us”."), "{missing}");
        for error in
            [StoreError::WrongKey, StoreError::NewerSchema, StoreError::Invalid("Not so.".to_owned())]
        {
            assert_eq!(not_read("Us", &error), error.to_string());
        }
    }
}
