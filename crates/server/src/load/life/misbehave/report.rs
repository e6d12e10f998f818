//! What a run of misbehaviour amounts to.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

use super::{
    judge::{PlotCounts, Verdict},
    rest::Rested,
};
use crate::load::{
    report::{Told, tell},
    tally::Sampled,
};

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MisbehaviourReport {
    /// What was asked of the server.
    scenario: String,
    /// What everything was drawn from.
    seed: u64,
    /// While everything misbehaved.
    misbehaving_seconds: f64,
    /// From the healing until all was at rest.
    drain_seconds: f64,
    /// Orders placed.
    orders: u64,
    /// Attempts to pay them.
    payments: u64,
    /// Captures in the sandbox's ledger.
    captures: u64,
    /// Orders for which money was taken more than once.
    doubly_paid: u64,
    /// Captures that pay no order: second and late ones.
    surplus: u64,
    /// Of these, those that were not given back.
    uncompensated: u64,
    /// Orders whose attempt took another amount: they wait for a person.
    wrong_amounts: u64,
    /// Refunds that were sent again by hand while all came to rest.
    refunds_retried: u64,
    /// Orders, and things of theirs, that are stuck.
    stuck: u64,
    /// What became of the orders, by what they met.
    plots: BTreeMap<&'static str, PlotCounts>,
    /// What is wrong; the exit code is 1 when there is anything.
    findings: Vec<String>,
}

impl MisbehaviourReport {
    /// Sums up. `is_clean` is what the server's own invariants said.
    pub(super) fn new(
        (scenario, seed, [misbehaving_seconds, drain_seconds]): (String, u64, [f64; 2]),
        unexpected: Sampled,
        (rested, verdict, is_clean): (Rested, Verdict, bool),
    ) -> MisbehaviourReport {
        let mut findings = Vec::new();
        tell(&mut findings, "captures that pay no order and were not given back", &verdict.uncompensated);
        tell(&mut findings, "books that differ from the ledger", &verdict.unlike);
        tell(&mut findings, "orders that have neither goods and money nor none of both", &verdict.unsettled);
        tell(&mut findings, "orders that did not come to rest", &verdict.restless);
        tell(&mut findings, "stuck", &verdict.stuck);
        tell(&mut findings, "stock that does not add up", &verdict.stock);
        tell(&mut findings, "unexpected answers", &unexpected);
        if !is_clean {
            findings.push("the server's own invariants do not hold: see GET /v1/ops/verify".to_owned());
        }
        if rested.given_up > 0 {
            findings.push(format!("the sandbox gave {} notifications up", rested.given_up));
        }
        let sum = |of: fn(&PlotCounts) -> u64| verdict.plots.values().map(of).sum();
        let (captures, payments) = (sum(|counts| counts.captures), sum(|counts| counts.attempts));
        if captures == 0 {
            findings.push("no money was taken at all".to_owned());
        }
        MisbehaviourReport {
            scenario: format!("misbehaviour around {scenario}"),
            seed,
            misbehaving_seconds,
            drain_seconds,
            orders: sum(|counts| counts.orders),
            payments,
            captures,
            doubly_paid: verdict.doubly_paid,
            surplus: verdict.surplus,
            uncompensated: verdict.uncompensated.count,
            wrong_amounts: verdict.wrong_amounts.len() as u64,
            refunds_retried: rested.retried,
            stuck: verdict.stuck.count + verdict.restless.count,
            plots: verdict.plots,
            findings,
        }
    }
}

impl Told for MisbehaviourReport {
    fn table(&self) -> String {
        let mut text = String::new();
        let mut row = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<23} {value}");
        };
        row("scenario", &format!("{}, seed {}", self.scenario, self.seed));
        let (misbehaving, drain) = (self.misbehaving_seconds, self.drain_seconds);
        row("time", &format!("{misbehaving:.1} s misbehaving, {drain:.1} s coming to rest"));
        row("", "   orders  attempts  captures    kept  cancelled  refunded");
        for (plot, counts) in &self.plots {
            let PlotCounts { orders, attempts, captures, kept, cancelled, refunded } = counts;
            row(plot, &format!("{orders:>9} {attempts:>9} {captures:>9} {kept:>7} {cancelled:>10} {refunded:>9}"));
        }
        let counts = [
            ("orders", self.orders),
            ("attempts", self.payments),
            ("captures", self.captures),
            ("paid more than once", self.doubly_paid),
            ("second and late money", self.surplus),
            ("of it not given back", self.uncompensated),
            ("wrong amounts", self.wrong_amounts),
            ("refunds sent by hand", self.refunds_retried),
            ("stuck", self.stuck),
        ];
        for (name, count) in counts {
            row(name, &count.to_string());
        }
        for finding in &self.findings {
            row("WRONG", finding);
        }
        text
    }

    fn findings(&self) -> &[String] {
        &self.findings
    }
}
