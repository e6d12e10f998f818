//! What a run amounts to, as a table for people and as JSON for machines.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use serde::Serialize;

use super::tally::{Sampled, Tally};

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// What was asked of the server.
    pub(super) scenario: String,
    /// Connections used.
    pub(super) connections: u32,
    /// From the first request to the last answer.
    pub(super) seconds: f64,
    /// HTTP answers.
    pub(super) requests: u64,
    /// Orders acknowledged.
    pub(super) orders: u64,
    /// Their lines.
    pub(super) lines: u64,
    /// Orders read.
    pub(super) reads: u64,
    /// Orders refused.
    pub(super) refused: u64,
    /// A second.
    pub(super) rate: Rates,
    /// Milliseconds.
    pub(super) latency_ms: Latency,
    /// HTTP answers by status.
    pub(super) answers: BTreeMap<u16, u64>,
    /// Items of batch answers by status.
    pub(super) items: BTreeMap<u16, u64>,
    /// Refused orders by code.
    pub(super) refusals: BTreeMap<String, u64>,
    /// Orders refused with 503 `overloaded`.
    pub(super) overloaded: u64,
    /// Acknowledged orders answered from memory.
    pub(super) replays: u64,
    /// Requests sent again.
    pub(super) retries: u64,
    /// Lost or refused connections.
    pub(super) connection_errors: u64,
    /// Requests without an answer.
    pub(super) unanswered: u64,
    /// Requests that were due but never sent.
    pub(super) unsent: u64,
    /// What the check of the stock looked at.
    pub(super) check: Check,
    /// What a person should know to read the figures.
    pub(super) notes: Vec<String>,
    /// What is wrong; the exit code is 1 when there is anything.
    pub(super) findings: Vec<String>,
}

/// A result that can be told.
pub(crate) trait Told: Serialize {
    /// The table for people.
    fn table(&self) -> String;
    /// What is wrong.
    fn findings(&self) -> &[String];
}

/// Per second.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Rates {
    requests: f64,
    orders: f64,
    lines: f64,
}

/// In milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    pub(super) max: f64,
}

/// The check that nothing was oversold.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Check {
    /// Stock rows compared.
    pub(super) skus: usize,
    /// Units acknowledged in this run.
    pub(super) units_acknowledged: u64,
    /// Units of orders that may have been placed although no answer said so.
    pub(super) units_uncertain: u64,
    /// Units that the rows say were taken.
    pub(super) units_taken: i64,
    /// Unpaid orders may have been closed before the check, so that acknowledged units that are missing prove nothing;
    /// only the upper bound was checked.
    pub(super) may_have_expired: bool,
    /// Nothing was wrong.
    pub(super) passed: bool,
}

/// Microseconds as milliseconds for people.
pub(super) fn milliseconds(micros: u64) -> String {
    format!("{:.2}", micros as f64 / 1_000.0)
}

impl Report {
    /// Sums up. `oversold` is what the check found; whether a refusal is a finding of its own is the caller's matter.
    pub(super) fn new(
        (scenario, connections): (String, u32),
        (tally, elapsed): (Tally, Duration),
        (check, oversold): (Check, Sampled),
    ) -> Report {
        let seconds = elapsed.as_secs_f64().max(1e-6);
        let requests: u64 = tally.answers.values().sum();
        let a_second = |count: u64| count as f64 / seconds;
        let quantile = |share: f64| tally.latency.value_at_quantile(share) as f64 / 1_000.0;
        let mut findings = Vec::new();
        tell(&mut findings, "oversold or lost", &oversold);
        tell(&mut findings, "wrong answers", &tally.wrong);
        tell(&mut findings, "unexpected answers", &tally.unexpected);
        if requests == 0 && tally.connection_errors > 0 {
            findings.push(format!("nothing was answered; {} connections failed", tally.connection_errors));
        }
        Report {
            scenario,
            connections,
            seconds,
            requests,
            orders: tally.placed,
            lines: tally.placed_lines,
            reads: tally.read,
            refused: tally.refusals.values().sum(),
            rate: Rates {
                requests: a_second(requests),
                orders: a_second(tally.placed),
                lines: a_second(tally.placed_lines),
            },
            latency_ms: Latency {
                p50: quantile(0.5),
                p95: quantile(0.95),
                p99: quantile(0.99),
                p999: quantile(0.999),
                max: if requests == 0 { 0.0 } else { tally.latency.max() as f64 / 1_000.0 },
            },
            notes: notes(&tally),
            answers: tally.answers,
            items: tally.items,
            refusals: tally.refusals,
            overloaded: tally.overloaded,
            replays: tally.replays,
            retries: tally.retries,
            connection_errors: tally.connection_errors,
            unanswered: tally.unanswered,
            unsent: tally.unsent,
            check,
            findings,
        }
    }
}

impl Told for Report {
    fn table(&self) -> String {
        let mut rows: Vec<(&str, String)> = vec![
            ("scenario", format!("{}, {} connections", self.scenario, self.connections)),
            ("time", format!("{:.2} s", self.seconds)),
            ("requests", per_second(self.requests, self.rate.requests)),
        ];
        let counted = [("orders", self.orders, self.rate.orders), ("lines", self.lines, self.rate.lines)];
        rows.extend(counted.into_iter().filter(|row| row.1 > 0).map(|(name, n, rate)| (name, per_second(n, rate))));
        let Latency { p50, p95, p99, p999, max } = self.latency_ms;
        let latency = format!("p50 {p50:.2}  p95 {p95:.2}  p99 {p99:.2}  p99.9 {p999:.2}  max {max:.2} ms");
        rows.push(("latency", latency));
        rows.extend(self.answers.iter().map(|(status, count)| ("answers", format!("{status}: {count}"))));
        rows.extend(self.items.iter().map(|(status, count)| ("items", format!("{status}: {count}"))));
        rows.extend(self.refusals.iter().map(|(code, count)| ("refused", format!("{code}: {count}"))));
        let rare = [
            ("replayed", self.replays),
            ("retries", self.retries),
            ("lost", self.connection_errors),
            ("unanswered", self.unanswered),
            ("unsent", self.unsent),
        ];
        rows.extend(rare.into_iter().filter(|row| row.1 > 0).map(|(name, count)| (name, count.to_string())));
        rows.push(("stock", self.check.sentence()));
        rows.extend(self.notes.iter().map(|note| ("note", note.clone())));
        rows.extend(self.findings.iter().map(|finding| ("WRONG", finding.clone())));
        rows.iter().fold(String::new(), |mut text, (name, value)| {
            let _ = writeln!(text, "{name:<11} {value}");
            text
        })
    }
    fn findings(&self) -> &[String] {
        &self.findings
    }
}

impl Check {
    /// The check in one sentence.
    pub(super) fn sentence(&self) -> String {
        let Check { skus, units_acknowledged, units_uncertain, units_taken, may_have_expired, passed } = self;
        let verdict = if *passed { "nothing oversold" } else { "the check FAILED" };
        let maybe =
            if *units_uncertain > 0 { format!(" (and up to {units_uncertain} unanswered)") } else { String::new() };
        let expired = if *may_have_expired { "; unpaid orders expired meanwhile, so fewer may be taken" } else { "" };
        format!("{verdict}: {units_acknowledged} units acknowledged{maybe}, {units_taken} taken, {skus} SKUs{expired}")
    }
}

fn per_second(count: u64, rate: f64) -> String {
    format!("{count} ({rate:.0}/s)")
}

/// Adds a count with its examples to the findings, if there is any.
pub(super) fn tell(findings: &mut Vec<String>, what: &str, found: &Sampled) {
    if found.count > 0 {
        findings.push(format!("{what}: {}", found.count));
        findings.extend(found.samples.iter().map(|sample| format!("  {sample}")));
    }
}

fn notes(tally: &Tally) -> Vec<String> {
    let mut notes = Vec::new();
    if tally.unanswered > 0 {
        notes.push("answers were lost: the check allows for their orders either way".to_owned());
    }
    if tally.refusals.contains_key("too_many_unpaid") {
        notes.push("orders.unpaid_per_user_max of the server refused orders; raise it to place them".to_owned());
    }
    if tally.unsent > 0 {
        notes.push("requests were due but not sent: the server did not keep up, or was away".to_owned());
    }
    notes
}
