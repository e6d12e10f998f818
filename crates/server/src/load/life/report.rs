//! What a run of lives amounts to, step by step.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{book::Book, step::Step};
use crate::load::{
    report::{Check, Told, tell},
    tally::Sampled,
};

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LifeReport {
    /// What was asked of the server.
    pub(super) scenario: String,
    /// Connections used.
    pub(super) connections: u32,
    /// From the first request to the last answer.
    pub(super) seconds: f64,
    /// Orders placed.
    pub(super) orders: u64,
    /// Orders that were led to their end.
    pub(super) lives: u64,
    /// Lives a second.
    pub(super) lives_per_second: f64,
    /// Whole lives.
    pub(super) life_ms: Times,
    /// The steps in their order.
    pub(super) steps: Vec<StepRow>,
    /// How often a parcel was sent for each that was taken. The first one mostly comes when the order is paid.
    pub(super) parcels_per_life: f64,
    /// Orders refused, by code.
    pub(super) refusals: BTreeMap<String, u64>,
    /// What the check of the stock looked at.
    pub(super) check: Check,
    /// What is wrong; the exit code is 1 when there is anything.
    pub(super) findings: Vec<String>,
}

/// One step of all lives.
#[derive(Clone, Debug, Serialize)]
pub(super) struct StepRow {
    /// Its name.
    pub(super) step: &'static str,
    /// How often it was answered.
    pub(super) count: u64,
    /// A second.
    pub(super) rate: f64,
    /// How long it took.
    pub(super) latency_ms: Times,
}

/// In milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Times {
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Times {
    fn of(micros: &Histogram<u64>) -> Times {
        let quantile = |share: f64| micros.value_at_quantile(share) as f64 / 1_000.0;
        let max = if micros.is_empty() { 0.0 } else { micros.max() as f64 / 1_000.0 };
        Times { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99), max }
    }
}

impl LifeReport {
    /// Sums up. `oversold` is what the check of the stock found.
    pub(super) fn new(
        (scenario, connections): (String, u32),
        (book, elapsed): (Book, Duration),
        (check, oversold): (Check, Sampled),
    ) -> LifeReport {
        let seconds = elapsed.as_secs_f64().max(1e-6);
        let row = |step: Step| {
            let micros = &book.steps[step as usize];
            let (count, latency_ms) = (micros.len(), Times::of(micros));
            StepRow { step: step.as_str(), count, rate: count as f64 / seconds, latency_ms }
        };
        let lives = book.lives.len();
        let mut findings = Vec::new();
        tell(&mut findings, "oversold or lost", &oversold);
        tell(&mut findings, "wrong answers", &book.places.wrong);
        tell(&mut findings, "unexpected answers", &book.places.unexpected);
        tell(&mut findings, "lives that broke off", &book.broken);
        if lives == 0 {
            findings.push("not one order was led to its end".to_owned());
        }
        LifeReport {
            scenario: format!("whole lives of {scenario}"),
            connections,
            seconds,
            orders: book.places.placed,
            lives,
            lives_per_second: lives as f64 / seconds,
            life_ms: Times::of(&book.lives),
            steps: Step::ALL.map(row).into(),
            parcels_per_life: book.parcels as f64 / book.steps[Step::Ship as usize].len().max(1) as f64,
            refusals: book.places.refusals,
            check,
            findings,
        }
    }
}

impl Told for LifeReport {
    fn table(&self) -> String {
        let mut text = String::new();
        let mut row = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<11} {value}");
        };
        row("scenario", &format!("{}, {} connections", self.scenario, self.connections));
        row("time", &format!("{:.2} s", self.seconds));
        row("lives", &format!("{} ({:.0}/s)", self.lives, self.lives_per_second));
        row("life", &times(self.life_ms));
        for StepRow { step, count, rate, latency_ms } in &self.steps {
            row(step, &format!("{count:>9} ({rate:.0}/s)  {}", times(*latency_ms)));
        }
        row("parcels", &format!("{:.2} sent for each order until it was paid", self.parcels_per_life));
        for (code, count) in &self.refusals {
            row("refused", &format!("{code}: {count}"));
        }
        row("stock", &self.check.sentence());
        for finding in &self.findings {
            row("WRONG", finding);
        }
        text
    }

    fn findings(&self) -> &[String] {
        &self.findings
    }
}

fn times(times: Times) -> String {
    let Times { p50, p95, p99, max } = times;
    format!("p50 {p50:.2}  p95 {p95:.2}  p99 {p99:.2}  max {max:.2} ms")
}
