//! What a run of notifications amounts to.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

use super::Arrivals;
use crate::load::{
    report::{Told, tell},
    tally::Sampled,
};

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NotificationsReport {
    /// What was asked of the server.
    scenario: String,
    /// Payments opened.
    payments: u64,
    /// Orders placed with their payment opened, a second, before the measuring.
    opened_per_second: f64,
    /// From when the notifications were due until the last one was taken.
    seconds: f64,
    /// Notifications that made an order paid.
    applied: u64,
    /// A second.
    applied_per_second: f64,
    /// Notifications by what became of them.
    results: BTreeMap<String, u64>,
    /// What is wrong; the exit code is 1 when there is anything.
    findings: Vec<String>,
}

impl NotificationsReport {
    pub(super) fn new(
        (scenario, payments, opened_per_second): (String, u64, f64),
        failed: Sampled,
        Arrivals { seconds, results, was_late }: Arrivals,
    ) -> NotificationsReport {
        let applied = results.get("applied").copied().unwrap_or(0);
        let mut findings = Vec::new();
        tell(&mut findings, "payments that could not be opened", &failed);
        if was_late {
            findings.push("paying took longer than the delay, so that the rate is no measure".to_owned());
        }
        if applied != payments {
            findings.push(format!("{applied} of {payments} notifications made an order paid"));
        }
        if results.contains_key("known") {
            findings
                .push("the server asked before it was told: start it with longer payments.first_queries".to_owned());
        }
        NotificationsReport {
            scenario: format!("notifications of payments for {scenario}"),
            payments,
            opened_per_second,
            seconds,
            applied,
            applied_per_second: applied as f64 / seconds,
            results,
            findings,
        }
    }
}

impl Told for NotificationsReport {
    fn table(&self) -> String {
        let mut rows = vec![
            ("scenario", self.scenario.clone()),
            ("opened", format!("{} ({:.0}/s, placed and opened before)", self.payments, self.opened_per_second)),
            ("time", format!("{:.3} s", self.seconds)),
            ("applied", format!("{} ({:.0}/s)", self.applied, self.applied_per_second)),
        ];
        rows.extend(self.results.iter().map(|(result, count)| ("result", format!("{result}: {count}"))));
        rows.extend(self.findings.iter().map(|finding| ("WRONG", finding.clone())));
        rows.iter().fold(String::new(), |mut text, (name, value)| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<11} {value}");
            text
        })
    }

    fn findings(&self) -> &[String] {
        &self.findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_told() {
        let table = [
            (&[("applied", 10)][..], false, 0),
            (&[("applied", 9)], false, 1),
            (&[("applied", 8), ("known", 2)], false, 2),
            (&[("applied", 10)], true, 1),
        ];
        for (results, was_late, findings) in table {
            let results = results.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
            let arrivals = Arrivals { seconds: 0.5, results, was_late };
            let report = NotificationsReport::new(("orders".to_owned(), 10, 100.0), Sampled::default(), arrivals);
            assert_eq!(report.findings().len(), findings, "{:?}", report.findings());
            assert_eq!(report.applied_per_second, report.applied as f64 * 2.0);
        }
    }
}
