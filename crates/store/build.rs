//! Lists the views' files, so that a new view is one file and needs no code.

use std::{env, fmt::Write as _, fs, path::Path};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    // The migrations are embedded by a macro that does not notice a new file.
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=views");
    let mut files: Vec<_> = fs::read_dir(Path::new(&root).join("views"))
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
        .unwrap_or_default();
    files.retain(|path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    let mut code = String::from("pub(crate) const VIEWS: &[(&str, &str)] = &[\n");
    for file in files {
        let name = file.file_stem().expect("a file").to_string_lossy();
        let _ = writeln!(code, "    ({name:?}, include_str!({:?})),", file.to_string_lossy());
    }
    code.push_str("];\n");
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("views.rs"), code).expect("the build folder can be written");
}
