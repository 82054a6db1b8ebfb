//! Makes sure that the folder of the site exists and that a new site is embedded anew.

use std::{env, fs, path::Path};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let site = Path::new(&root).join("../target/site");
    fs::create_dir_all(&site).expect("the target folder can be written");
    println!("cargo:rerun-if-changed={}", site.display());
}
