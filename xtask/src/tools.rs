//! What building needs besides cargo: the wasm target, Node and its packages.

use std::fs;
use std::path::{Path, PathBuf};

use crate::platform;
use crate::shell::{self, Context, Failure, Outcome};

/// The target that the browser runs.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The oldest Node that the build scripts work with.
const OLDEST_NODE: u32 = 20;

/// Everything that any command needs.
pub fn setup() -> Outcome {
    for_build()?;
    for_browser_tests()?;
    let postgres = platform::postgres()?;
    let chromium = platform::chromium()?;
    shell::say(&format!("    Postgres: {}", postgres.display()));
    let browser = chromium.map_or_else(|| "Playwright's own".to_owned(), |file| file.display().to_string());
    shell::say(&format!("    Browser:  {browser}"));
    Ok(())
}

/// What the site needs.
pub fn for_build() -> Outcome {
    node()?;
    wasm_target()?;
    npm_packages("frontend")
}

/// What the browser tests need, besides a browser.
pub fn for_browser_tests() -> Outcome {
    node()?;
    npm_packages("end2end")
}

fn node() -> Outcome {
    // "v20.20.2"
    let version = shell::first_line("node", "--version");
    let major = version
        .as_deref()
        .and_then(|text| text.trim_start_matches('v').split('.').next()?.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST_NODE => Ok(()),
        _ => Err(Failure::new(format!(
            "Node {OLDEST_NODE} or newer is needed, with npm ({}); install it from your system's packages or from \
             https://nodejs.org.",
            version.map_or_else(|| "there is none".to_owned(), |version| format!("this is {version}"))
        ))),
    }
}

fn wasm_target() -> Outcome {
    let root = shell::output(shell::program("rustc").args(["--print", "sysroot"]))?;
    if Path::new(root.trim()).join("lib/rustlib").join(WASM_TARGET).join("lib").is_dir() {
        return Ok(());
    }
    if shell::on_path("rustup").is_none() {
        return Err(Failure::new(format!(
            "this Rust cannot compile for {WASM_TARGET} and there is no rustup to add it; install Rust with rustup, or \
             your system's package of that target."
        )));
    }
    shell::step("adding the wasm target", || {
        shell::run(shell::program("rustup").args(["target", "add", WASM_TARGET]))
    })
}

/// Installs the packages of a folder as its lock says, unless they are there.
fn npm_packages(folder: &str) -> Outcome {
    let folder_path = shell::root().join(folder);
    let lock = fs::read(folder_path.join("package-lock.json"))
        .context(format!("read {folder}/package-lock.json"))?;
    // npm empties node_modules before it installs, so a copy of the lock in there tells a finished installation.
    let receipt: PathBuf = folder_path.join("node_modules/.installed-lock.json");
    if fs::read(&receipt).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    shell::step(&format!("installing npm packages of {folder}/"), || {
        let mut npm = shell::program("npm");
        npm.current_dir(&folder_path).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]);
        shell::run(&mut npm)?;
        fs::write(&receipt, &lock).context(format!("write {}", receipt.display()))
    })
}
