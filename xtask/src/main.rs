//! `cargo xtask`: the tidy test by hand, the generated files, and what CI runs.
//!
//! It only reads arguments and prints; the work is in the library beside it. Exit codes: 0 done, 1 a finding or failure,
//! 2 wrong usage.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use xtask::{generate, tidy};

const USAGE: &str = "usage: cargo xtask <command>
  tidy               check the rules of STYLE.md that rustc and clippy cannot see
  generate           rewrite the files that the binary prints (the list: xtask/src/generate.rs)
  generate --check   fail if one of them is stale
  ci                 run everything that CI runs (.ci/run)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["tidy"] => run_tidy(),
        ["generate"] => run_generate(false),
        ["generate", "--check"] => run_generate(true),
        ["ci"] => run_ci(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository").to_owned()
}

fn run_tidy() -> Result<(), String> {
    let report = tidy::check_tree(&root())?;
    for finding in &report.findings {
        eprintln!("{finding}");
    }
    eprintln!("{} files, {} rules, {} exceptions", report.files, tidy::rules().len() + 1, report.exceptions);
    if report.findings.is_empty() { Ok(()) } else { Err(format!("{} findings", report.findings.len())) }
}

fn run_generate(check: bool) -> Result<(), String> {
    let differing = generate::run(&root(), check)?;
    let count = generate::GENERATED.len();
    if check && !differing.is_empty() {
        return Err(format!("stale: {}\nrun `cargo xtask generate` and commit what it writes", differing.join(", ")));
    }
    eprintln!("{count} commands, {} files {}", differing.len(), if check { "stale" } else { "rewritten" });
    Ok(())
}

fn run_ci() -> Result<(), String> {
    let status = Command::new(root().join(".ci/run")).status().map_err(|error| format!(".ci/run: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!(".ci/run: {status}")) }
}
