//! `cargo xtask lint | test | e2e | bench`.

use std::process::Command;
use std::thread;
use std::time::Instant;

use crate::shell::{self, Failure, Outcome};
use crate::tools::{self, WASM_TARGET};
use crate::{build, platform};

/// Format and lints, warnings denied.
///
/// The wasm entry point is linted for wasm alone: on the host it would switch on the browser's half of the page in
/// every package of the same compilation.
pub fn lint() -> Outcome {
    tools::for_build()?;
    shell::step("checking the format", || shell::run(shell::cargo().args(["fmt", "--all", "--check"])))?;
    shell::step("linting", || {
        let mut cargo = shell::cargo();
        cargo.args([
            "clippy",
            "--workspace",
            "--exclude",
            "frontend",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]);
        shell::run(&mut cargo)
    })?;
    shell::step("linting the page for wasm", || {
        let mut cargo = shell::cargo();
        // In the profile that it is built in: macros and build scripts are compiled once for both.
        cargo.args(["clippy", "--package", "frontend", "--profile", "wasm-release", "--target", WASM_TARGET]);
        cargo.args(["--", "-D", "warnings"]);
        shell::run(&mut cargo)
    })
}

/// Everything that must pass. Every runner runs even when an earlier one failed, so that one go shows all there is.
pub fn test() -> Outcome {
    let started = Instant::now();
    lint()?;
    tools::for_build()?;
    build::generator()?;
    // Most of the time one core is enough for the page, and of the tests only the server waits for it: it carries the site,
    // and is built again below where it was built too early.
    thread::scope(|scope| {
        let site = scope.spawn(build::site_beside);
        let built = shell::step("building the tests", || shell::run(&mut cargo_test(&["--no-run"])));
        site.join().unwrap_or_else(|_| Err(Failure::new("building the site broke off.")))?;
        // A server that was compiled in the moment in which the site was put in its place lacks files of it.
        built.or_else(|_| shell::step("building the tests", || shell::run(&mut cargo_test(&["--no-run"]))))
    })?;

    let mut tally = Tally::default();
    shell::step("testing the crates", || {
        let mut cargo = cargo_test(&["--no-fail-fast"]);
        cargo.env_remove("DATABASE_URL").env("TASKGAUGE_POSTGRES_BIN", platform::postgres()?);
        tally.count("cargo test", &mut cargo)
    })?;
    shell::step("testing the charts", || {
        let mut node = shell::program("node");
        node.current_dir(shell::root().join("frontend")).args(["--test", "--test-reporter=spec", "js/"]);
        tally.count("the chart tests", &mut node)
    })?;
    shell::step("testing in the browser", || tally.count("the browser tests", &mut playwright(&[])?))?;

    shell::say(&format!(
        "\n{} passed, {} failed, {:.1} minutes",
        tally.passed,
        tally.failed,
        started.elapsed().as_secs_f64() / 60.0
    ));
    if tally.broken.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} did not pass; the lines above say what and why.",
        tally.broken.join(" and ")
    )))
}

/// The browser tests alone.
pub fn e2e(arguments: &[String]) -> Outcome {
    tools::for_build()?;
    build::site()?;
    // The server's own tests need its binary; asking for them builds the one that `test` runs, from the same parts.
    shell::step("building the server", || shell::run(&mut cargo_test(&["--test", "all", "--no-run"])))?;
    let mut command = playwright(arguments)?;
    shell::step("testing in the browser", || shell::run(&mut command))
}

/// The benchmarks.
pub fn bench(arguments: &[String]) -> Outcome {
    build::all()?;
    let mut cargo = shell::cargo();
    cargo.args(["run", "--release", "--package", "taskgauge-bench", "--"]).args(arguments);
    cargo.env_remove("DATABASE_URL").env("TASKGAUGE_POSTGRES_BIN", platform::postgres()?);
    shell::run(&mut cargo)
}

/// `cargo test` of everything that runs on this machine. The selection is always the same, so that packages are compiled
/// with the same features and once.
fn cargo_test(arguments: &[&str]) -> Command {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--workspace", "--exclude", "frontend"]).args(arguments);
    cargo
}

fn playwright(arguments: &[String]) -> Outcome<Command> {
    tools::for_browser_tests()?;
    let mut node = shell::program("node");
    node.current_dir(shell::root().join("end2end"))
        .args(["node_modules/@playwright/test/cli.js", "test"])
        .args(arguments)
        .env_remove("DATABASE_URL")
        .env("TASKGAUGE_BINARY", build::checked_binary())
        .env("TASKGAUGE_POSTGRES_BIN", platform::postgres()?);
    if let Some(chromium) = platform::chromium()? {
        node.env("TASKGAUGE_CHROMIUM", chromium);
    }
    Ok(node)
}

/// How many tests passed and failed, added up over the runners.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    broken: Vec<&'static str>,
}

impl Tally {
    /// Runs a runner of tests, shows what it says and takes in its totals.
    fn count(&mut self, name: &'static str, command: &mut Command) -> Outcome {
        let before = self.failed;
        if !shell::watched(command, |line| self.read(line))? {
            self.broken.push(name);
            // A runner that broke before its first test has no totals, and is one failure all the same.
            self.failed = self.failed.max(before + 1);
        }
        Ok(())
    }

    /// Takes in one line if it holds totals: `test result: ok. 3 passed; 0 failed; …` of cargo, `ℹ pass 3` of Node,
    /// `  3 passed (4.2s)` of Playwright.
    fn read(&mut self, line: &str) {
        let plain = line.trim();
        let counted =
            |before: &str| before.split_whitespace().next_back().and_then(|word| word.parse::<u64>().ok());
        if let Some(totals) = plain.strip_prefix("test result: ") {
            for part in totals.split(';') {
                if let Some(before) = part.trim().strip_suffix(" passed") {
                    self.passed += counted(before).unwrap_or(0);
                } else if let Some(before) = part.trim().strip_suffix(" failed") {
                    self.failed += counted(before).unwrap_or(0);
                }
            }
        } else if let Some((kind, number)) = plain.strip_prefix("ℹ ").and_then(|rest| rest.split_once(' '))
        {
            match (kind, number.parse::<u64>()) {
                ("pass", Ok(number)) => self.passed += number,
                ("fail", Ok(number)) => self.failed += number,
                _ => {}
            }
        } else if let Some((number, rest)) = plain.split_once(' ') {
            match (number.parse::<u64>(), rest.split(' ').next()) {
                (Ok(number), Some("passed")) if rest == "passed" || rest.starts_with("passed (") => {
                    self.passed += number;
                }
                (Ok(number), Some("failed")) if rest == "failed" => self.failed += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn the_totals_of_every_runner_are_read() {
        let mut tally = Tally::default();
        for line in [
            "running 12 tests",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s",
            "ℹ tests 9",
            "ℹ pass 8",
            "ℹ fail 1",
            "  1 failed",
            "    [desktop] › sign-in.spec.ts:3:1 › signs in",
            "  41 passed (1.2m)",
            "  2 skipped",
            "12 passed the door",
        ] {
            tally.read(line);
        }
        assert_eq!((tally.passed, tally.failed), (12 + 3 + 8 + 41, 2 + 1 + 1));
    }
}
