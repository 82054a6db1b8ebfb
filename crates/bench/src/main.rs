//! Benchmarks, each beside the floor it is compared with.
//!
//! These machines are shared and noisy: what counts is the ratio to a floor that was measured in the same run, and
//! what repeats exactly, such as requests and bytes. `README.md` beside this crate holds the figures that were reached.
#![allow(clippy::print_stdout, reason = "the result of a benchmark is what it prints")]

mod boards;
mod load;
mod server;
mod sync;
mod tenant;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "bench", about = "Benchmarks, each beside the floor it is compared with.")]
struct Arguments {
    #[command(subcommand)]
    which: Which,
}

#[derive(Subcommand)]
enum Which {
    /// First load, idle and small incremental syncs, beside a plain fetch of the same pages.
    Sync(sync::Arguments),
    /// Boards over HTTP, cached beside a file of the same size and cold beside the bare statements of their gauges.
    Boards(boards::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    let measured = runtime.block_on(async {
        match arguments.which {
            Which::Sync(arguments) => sync::measure(&arguments).await,
            Which::Boards(arguments) => boards::measure(&arguments).await,
        }
    });
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(sentence: &str) -> ExitCode {
    println!("{sentence}");
    ExitCode::FAILURE
}
