//! What a person sees while the generator runs. On anything but a terminal there is nothing to see.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{clock, report::milliseconds, tally::Tally, worker::lock};

/// A bar for a known number of steps, on stderr.
pub(crate) fn bar(label: &'static str, steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {eta}");
    ProgressBar::new(steps as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_prefix(label)
}

/// The live line: the rate since the last look, latencies since the start, refusals.
pub(super) struct LiveLine {
    line: ProgressBar,
    looked_at: Instant,
    answered: u64,
}

impl LiveLine {
    pub(super) fn new() -> LiveLine {
        LiveLine { line: ProgressBar::new_spinner(), looked_at: clock::now(), answered: 0 }
    }

    /// Draws the state of all threads.
    pub(super) fn draw(&mut self, tallies: &[Arc<Mutex<Tally>>]) {
        if self.line.is_hidden() {
            return;
        }
        let (mut orders, mut answered, mut refused, mut lost) = (0, 0, 0, 0);
        let mut latency = Tally::new(0).latency;
        for tally in tallies {
            let tally = lock(tally);
            orders += tally.placed;
            refused += tally.refusals.values().sum::<u64>();
            answered += tally.placed + tally.read + tally.refusals.values().sum::<u64>();
            lost += tally.connection_errors;
            // All histograms have the same bounds, so that adding cannot fail; a line less would be no loss.
            let _ = latency.add(&tally.latency);
        }
        let now = clock::now();
        let seconds = (now - self.looked_at).max(Duration::from_millis(1)).as_secs_f64();
        let rate = (answered - self.answered) as f64 / seconds;
        let quantile = |share| milliseconds(latency.value_at_quantile(share));
        self.line.set_message(format!(
            "{rate:.0}/s · p50 {} p95 {} p99 {} ms · {orders} placed, {refused} refused, {lost} connections lost",
            quantile(0.5),
            quantile(0.95),
            quantile(0.99),
        ));
        self.line.tick();
        self.looked_at = now;
        self.answered = answered;
    }

    /// Takes the line away before the table is printed.
    pub(super) fn clear(self) {
        self.line.finish_and_clear();
    }
}
