//! Lists the catalogue's files, so that a new file is content and needs no code.

use std::{env, fmt::Write as _, fs, path::Path};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let catalogue = Path::new(&root).join("catalogue");
    let mut code = String::new();
    for (constant, folder) in [("DATASETS", "datasets"), ("GAUGES", "gauges"), ("DASHBOARDS", "dashboards")] {
        let folder = catalogue.join(folder);
        println!("cargo:rerun-if-changed={}", folder.display());
        let mut files: Vec<_> = fs::read_dir(&folder)
            .expect("the catalogue is there")
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        files.sort();
        let _ = writeln!(code, "pub const {constant}: &[(&str, &str)] = &[");
        for file in files {
            let _ = writeln!(
                code,
                "    ({:?}, include_str!({:?})),",
                file.file_name().expect("a file").to_string_lossy(),
                file.to_string_lossy()
            );
        }
        code.push_str("];\n");
    }
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("catalogue.rs"), code).expect("the build folder can be written");
}
