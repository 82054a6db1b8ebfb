//! `taskgauge`: the server and its command line, in one file.

// A page is one deeply nested type.
#![recursion_limit = "512"]

mod ahead;
mod commands;
mod config;
mod routes;
mod serve;
mod site;

use clap::Parser;
use commands::Command;
use std::process::ExitCode;

/// Taskgauge: Autotask PSA in numbers.
///
/// What configures it can be set by environment variables, named beside each option. Exit code 0 means success, always.
#[derive(Parser)]
#[command(name = "taskgauge", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // One provider of cryptography for every connection of the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return commands::failed(&format!("The process could not start its threads: {error}.")),
    };
    match runtime.block_on(commands::run(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => commands::failed(&sentence),
    }
}
