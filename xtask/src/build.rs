//! The site and the server that carries it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::shell::{self, Context, Outcome};
use crate::tools::{self, WASM_TARGET};

/// What the wasm may use: what browsers have had for years and rustc emits for its default processor.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The server's binary, as it is released.
pub fn binary() -> PathBuf {
    shell::target().join("release/taskgauge")
}

/// The server's binary as the tests build it: with checks of arithmetic and the like, which the released one lacks.
pub fn checked_binary() -> PathBuf {
    shell::target().join("debug/taskgauge")
}

/// Builds the site, then the server around it.
pub fn all() -> Outcome {
    tools::for_build()?;
    site()?;
    shell::step("building the server", || {
        shell::run(shell::cargo().args(["build", "--release", "--package", "server"]))
    })
}

/// Builds what the browser loads into `target/site`.
pub fn site() -> Outcome {
    site_by(generator)
}

/// As [`site`], beside a build that holds what [`generator`] would wait for: it has been run before.
pub fn site_beside() -> Outcome {
    site_by(|| Ok(()))
}

fn site_by(generator: impl FnOnce() -> Outcome) -> Outcome {
    shell::step("compiling the page to wasm", || {
        shell::run(
            shell::cargo()
                .args(["build", "--package", "frontend", "--profile", "wasm-release"])
                .args(["--target", WASM_TARGET]),
        )
    })?;
    let compiled = shell::target().join(WASM_TARGET).join("wasm-release/frontend.wasm");
    let glue = shell::target().join("glue");
    let optimised = glue.join("taskgauge_bg.wasm");
    if !is_newer(&optimised, &[&compiled, &shell::root().join("xtask")]) {
        generator()?;
        glue_code(&compiled, &glue)?;
        shell::step("optimising the wasm", || optimise(&optimised))?;
    }

    // The server embeds this folder of the workspace, wherever cargo builds.
    let site = shell::root().join("target/site");
    let root = shell::root();
    let inputs = ["frontend/js", "frontend/build.mjs", "frontend/package-lock.json", "style", "public"];
    let mut inputs: Vec<PathBuf> = inputs.iter().map(|input| root.join(input)).collect();
    inputs.push(optimised);
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    if is_newer(&site.join("manifest.json"), &inputs) {
        return Ok(());
    }
    shell::step("bundling, hashing and compressing the site", || {
        shell::run(
            shell::program("node").arg("frontend/build.mjs").arg("--glue").arg(&glue).arg("--out").arg(&site),
        )
    })
}

/// Builds the program that writes the glue. Chosen among the whole workspace, so that what it shares with the tests is
/// compiled with the same features and once.
pub fn generator() -> Outcome {
    shell::step("building the glue generator", || {
        let mut cargo = shell::cargo();
        cargo.args(["build", "--workspace", "--exclude", "frontend", "--bin", "xtask-bindgen"]);
        shell::run(&mut cargo)
    })
}

/// Writes the JavaScript that loads the wasm and calls into it.
fn glue_code(compiled: &Path, folder: &Path) -> Outcome {
    shell::step("writing the JavaScript glue", || {
        if folder.exists() {
            fs::remove_dir_all(folder).context(format!("empty {}", folder.display()))?;
        }
        let generator = shell::target().join("debug/xtask-bindgen");
        shell::run(shell::program(generator).arg(compiled).arg(folder).arg("taskgauge"))
    })
}

/// Makes the wasm smaller. The result appears under its name only when it is whole.
fn optimise(wasm: &Path) -> Outcome {
    let raw = wasm.with_extension("raw.wasm");
    let small = wasm.with_extension("small.wasm");
    fs::rename(wasm, &raw).context(format!("rename {}", wasm.display()))?;
    let script = shell::root().join("frontend/node_modules/binaryen/bin/wasm-opt");
    shell::run(
        shell::program("node")
            .arg(script)
            // Again until nothing gets smaller.
            .args(["-Oz", "--converge"])
            .args(WASM_FEATURES)
            .arg(&raw)
            .arg("--output")
            .arg(&small),
    )?;
    fs::rename(&small, wasm).context(format!("rename {}", small.display()))?;
    fs::remove_file(&raw).context(format!("remove {}", raw.display()))
}

/// Whether `result` exists and is newer than everything in `inputs`, folders read to the bottom.
fn is_newer(result: &Path, inputs: &[&Path]) -> bool {
    let Some(made) = modified(result) else { return false };
    inputs.iter().filter_map(|input| newest(input)).all(|changed| changed < made)
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// When anything at or below `path` last changed. A folder's own time tells of files that were removed.
fn newest(path: &Path) -> Option<SystemTime> {
    let below = fs::read_dir(path).into_iter().flatten().flatten().filter_map(|entry| newest(&entry.path()));
    below.chain(modified(path)).max()
}
