//! What the lives of one thread came to, and the live line over all of them.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use indicatif::ProgressBar;

use super::step::Step;
use crate::load::{
    clock,
    report::milliseconds,
    tally::{Sampled, Tally, no_latencies},
    worker::lock,
};

/// The counts of lives.
#[derive(Clone, Debug)]
pub(super) struct Book {
    /// Placing, as in a run that only places.
    pub(super) places: Tally,
    /// Microseconds of each step, in the order of [`Step::ALL`].
    pub(super) steps: [Histogram<u64>; Step::ALL.len()],
    /// Microseconds of whole lives.
    pub(super) lives: Histogram<u64>,
    /// Parcels sent, also those that came before the notification of the payment.
    pub(super) parcels: u64,
    /// Lives that broke off, with the step and what was answered.
    pub(super) broken: Sampled,
}

impl Book {
    /// Nothing counted, for `goods` goods.
    pub(super) fn new(goods: usize) -> Book {
        Book {
            places: Tally::new(goods),
            steps: std::array::from_fn(|_| no_latencies()),
            lives: no_latencies(),
            parcels: 0,
            broken: Sampled::default(),
        }
    }

    /// Counts a step.
    pub(super) fn record(&mut self, step: Step, took: Duration) {
        self.steps[step as usize].saturating_record(took.as_micros() as u64);
    }

    /// Adds the counts of another thread.
    pub(super) fn merge(&mut self, other: Book) {
        self.places.merge(other.places);
        for (steps, others) in self.steps.iter_mut().zip(&other.steps) {
            steps.add(others).expect("all histograms have the same bounds");
        }
        self.lives.add(&other.lives).expect("all histograms have the same bounds");
        self.parcels += other.parcels;
        self.broken.merge(other.broken);
    }
}

/// The live line: lives since the last look, how long one takes.
pub(super) struct LifeLine {
    line: ProgressBar,
    looked_at: Instant,
    lived: u64,
}

impl LifeLine {
    pub(super) fn new() -> LifeLine {
        LifeLine { line: ProgressBar::new_spinner(), looked_at: clock::now(), lived: 0 }
    }

    /// Draws the state of all threads.
    pub(super) fn draw(&mut self, books: &[Arc<Mutex<Book>>]) {
        if self.line.is_hidden() {
            return;
        }
        let (mut placed, mut broken) = (0, 0);
        let mut lives = no_latencies();
        for book in books {
            let book = lock(book);
            placed += book.places.placed;
            broken += book.broken.count;
            // All histograms have the same bounds, so that adding cannot fail; a line less would be no loss.
            let _ = lives.add(&book.lives);
        }
        let now = clock::now();
        let seconds = (now - self.looked_at).max(Duration::from_millis(1)).as_secs_f64();
        let rate = (lives.len() - self.lived) as f64 / seconds;
        let (half, most) = (lives.value_at_quantile(0.5), lives.value_at_quantile(0.99));
        self.line.set_message(format!(
            "{rate:.0} lives/s · p50 {} p99 {} ms · {placed} placed, {} completed, {broken} broken off",
            milliseconds(half),
            milliseconds(most),
            lives.len(),
        ));
        self.line.tick();
        (self.looked_at, self.lived) = (now, lives.len());
    }

    /// Takes the line away before the table is printed.
    pub(super) fn clear(self) {
        self.line.finish_and_clear();
    }
}
