//! Clocks that tests set by hand.

use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use ordain_domain::time::{Span, Timestamp};
use ordain_engine::port::clock::Clock;

/// When every test begins: 2026-01-01T00:00:00Z.
pub(crate) const BEGIN: Timestamp = Timestamp(1_767_225_600_000_000);

/// Stands still until it is told otherwise.
#[derive(Debug)]
pub(crate) struct ManualClock {
    now: AtomicI64,
    readings: Mutex<VecDeque<Timestamp>>,
}

impl Default for ManualClock {
    fn default() -> ManualClock {
        ManualClock { now: AtomicI64::new(BEGIN.0), readings: Mutex::default() }
    }
}

impl ManualClock {
    /// Jumps to any time, also back.
    pub(crate) fn set(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::SeqCst);
    }

    /// Goes forward.
    pub(crate) fn advance(&self, span: Span) {
        self.set(self.now().plus(span));
    }

    /// The next readings tell these times, whatever time it is.
    pub(crate) fn read_next(&self, readings: impl IntoIterator<Item = Timestamp>) {
        self.readings.lock().expect("no reader panics").extend(readings);
    }

    /// How many of the prescribed readings are left.
    pub(crate) fn readings_left(&self) -> usize {
        self.readings.lock().expect("no reader panics").len()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let prescribed = self.readings.lock().expect("no reader panics").pop_front();
        prescribed.unwrap_or(Timestamp(self.now.load(Ordering::SeqCst)))
    }
}
