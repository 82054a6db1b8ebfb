//! Sets up what is missing, then builds, runs, tests, lints or measures Taskgauge.
//!
//! Every command may be repeated: a step whose result is up to date says nothing and costs nothing.

mod build;
mod check;
mod platform;
mod run;
mod shell;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Sets up what is missing, then builds, runs, tests, lints or measures Taskgauge.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what building, running and testing need and this machine lacks
    Setup,
    /// Builds target/release/taskgauge: one file with the site inside
    Build,
    /// Builds and starts Taskgauge with a private Postgres and a simulated Autotask to look at
    Run(run::Options),
    /// Runs everything that must pass
    Test,
    /// Checks format and lints, warnings denied
    Lint,
    /// Measures, each figure beside the floor it is compared with
    Bench {
        /// What the benchmarks take
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Builds and runs the browser tests alone
    E2e {
        /// What Playwright takes, such as a file name or --headed
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Setup => tools::setup(),
        Command::Build => build::all(),
        Command::Run(options) => run::run(&options),
        Command::Test => check::test(),
        Command::Lint => check::lint(),
        Command::Bench { arguments } => check::bench(&arguments),
        Command::E2e { arguments } => check::e2e(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            shell::say(&format!("\nStopped: {failure}"));
            ExitCode::FAILURE
        }
    }
}
