//! `ordain verify`: the invariants on the data as they lie, each with a count of what was looked at.
//!
//! It opens the data like a server would, so it refuses while one runs; a running server checks itself with
//! `GET /v1/ops/verify`. It repairs nothing.

use std::{fmt::Write as _, process::ExitCode, time::Duration};

use clap::Args;
use ordain_domain::time::Span;
use ordain_engine::port::{
    clock::{Clock as _, SystemClock},
    store::{InvariantReport, StoreReader as _},
};
use ordain_store::sqlite::SqliteStore;
use serde_json::json;

use crate::{
    cli::{Failure, SettingsArguments, print},
    serve::sqlite_settings,
};

/// Check the invariants on the data as they lie
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,

    /// Print JSON for machines
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Checks everything; `ExitCode::FAILURE` when an invariant is broken.
    ///
    /// # Errors
    /// When the data cannot be opened or read.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let config = self.settings.load()?;
        let settings = sqlite_settings(&config);
        if !settings.path.exists() {
            return Err(format!("there are no data at {}", settings.path.display()).into());
        }
        let (_store, reader) = SqliteStore::open(&settings)?;
        // Timers that came due while nothing ran are not late: they are given one scan from here on.
        let reports = reader.verify(SystemClock.now(), late_after(config.scan.interval))?;
        let text = if self.json { as_json(&reports) } else { as_table(&reports) };
        print(text.as_bytes())?;
        let broken = reports.iter().any(|report| report.broken > 0);
        Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// How long after its due time a timer counts as missed.
pub(crate) fn late_after(scan_interval: Duration) -> Span {
    Span(u64::try_from(scan_interval.as_micros()).unwrap_or(u64::MAX))
}

fn as_table(reports: &[InvariantReport]) -> String {
    let mut text = String::from("  # examined   broken  rule\n");
    for InvariantReport { invariant, rule, examined, broken, examples } in reports {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{invariant:>3} {examined:>10} {broken:>6}  {rule}");
        for example in examples {
            let _ = writeln!(text, "      {example}");
        }
    }
    let broken: u64 = reports.iter().map(|report| report.broken).sum();
    let _ = match broken {
        0 => writeln!(text, "clean: {} rules hold", reports.len()),
        _ => writeln!(text, "broken: {broken} rows"),
    };
    text
}

fn as_json(reports: &[InvariantReport]) -> String {
    let rows = reports.iter().map(|report| {
        json!({
            "invariant": report.invariant,
            "rule": report.rule,
            "examined": report.examined,
            "broken": report.broken,
            "examples": report.examples,
        })
    });
    let clean = reports.iter().all(|report| report.broken == 0);
    format!("{}\n", json!({ "clean": clean, "invariants": rows.collect::<Vec<_>>() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(broken: u64) -> InvariantReport {
        let examples = (0..broken).map(|number| format!("row {number}")).collect();
        InvariantReport { invariant: 1, rule: "stock adds up", examined: 3, broken, examples }
    }

    #[test]
    fn a_table_counts_what_it_looked_at_and_names_what_is_broken() {
        let table = as_table(&[report(0)]);
        assert!(table.contains("  1          3      0  stock adds up"), "{table}");
        assert!(table.ends_with("clean: 1 rules hold\n"), "{table}");
        let table = as_table(&[report(2)]);
        assert!(table.contains("      row 1\n") && table.ends_with("broken: 2 rows\n"), "{table}");
        assert!(as_json(&[report(1)]).contains(r#""clean":false"#));
    }
}
