//! Writes the JavaScript glue of a wasm file: `xtask-bindgen IN.wasm OUT_DIR NAME`.
//!
//! It is a package of its own so that `cargo xtask` compiles in seconds and the generator only when wasm is built.
//! Its library has the exact version of `wasm-bindgen` in `Cargo.lock`; the two refuse to work together otherwise.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, folder, name] = arguments.as_slice() else {
        return refuse("usage: xtask-bindgen IN.wasm OUT_DIR NAME");
    };
    let mut bindgen = Bindgen::new();
    let result = bindgen
        .input_path(input)
        .web(true)
        .map(|bindgen| bindgen.out_name(name).typescript(false).omit_default_module_path(false))
        .and_then(|bindgen| {
            bindgen.remove_name_section(true).remove_producers_section(true).generate(folder)
        });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("the JavaScript glue of {input} could not be written: {error:#}")),
    }
}

/// Prints one sentence on standard error and answers with failure.
#[expect(clippy::print_stderr, reason = "a command line tool reports on standard error")]
fn refuse(sentence: &str) -> ExitCode {
    eprintln!("{sentence}");
    ExitCode::FAILURE
}
