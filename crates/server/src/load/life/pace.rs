//! How long to wait before trying what a notification has to come before: learned from the tries before, of all connections.
//!
//! Trying too early costs the server a refusal; trying too late costs the life time. The pause shrinks a little with each first
//! try that succeeds and grows with one that does not, which settles where nearly all of them succeed. Connections fail
//! together, for a batch makes many orders paid at once: within one pause only one failure counts.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Microseconds.
const PAUSE_SHORTEST: u64 = 1_000;
const PAUSE_LONGEST: u64 = 1_000_000;

/// The pause, and when it grew, in microseconds. A lost update of two at once only learns a little less.
#[derive(Debug)]
pub(super) struct Pace {
    pause: AtomicU64,
    grown_at: AtomicU64,
}

impl Pace {
    /// The first guess.
    pub(super) const fn new() -> Pace {
        Pace { pause: AtomicU64::new(2_000), grown_at: AtomicU64::new(0) }
    }

    /// How long to wait before try `number`, counted from 0.
    pub(super) fn before(&self, number: u32) -> Duration {
        let pause = self.pause.load(Ordering::Relaxed);
        Duration::from_micros(if number == 0 { pause } else { (pause / 4).max(PAUSE_SHORTEST) })
    }

    /// Learns that it took `tries`, at least 1, and how long, at a time of the run.
    pub(super) fn learn(&self, tries: u32, took: Duration, at: Duration) {
        let [took, at] = [took, at].map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        let pause = self.pause.load(Ordering::Relaxed);
        let next = if tries == 1 {
            pause - pause / 8_192
        } else if at.saturating_sub(self.grown_at.load(Ordering::Relaxed)) < pause {
            return;
        } else {
            self.grown_at.store(at, Ordering::Relaxed);
            (pause + pause / 16).max(took / 2)
        };
        self.pause.store(next.clamp(PAUSE_SHORTEST, PAUSE_LONGEST), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_settles_near_what_it_takes() {
        for takes in [Duration::from_millis(1), Duration::from_millis(7), Duration::from_millis(60)] {
            let pace = Pace::new();
            let (mut first, mut late, mut at) = (0, Duration::ZERO, Duration::ZERO);
            for _ in 0..4_000 {
                let (mut waited, mut tries) = (Duration::ZERO, 0);
                while waited < takes {
                    waited += pace.before(tries);
                    tries += 1;
                }
                at += waited;
                pace.learn(tries, waited, at);
                first += u32::from(tries == 1);
                late += waited - takes;
            }
            assert!(first > 3_500, "{takes:?}: only {first} of 4000 first tries succeeded");
            assert!(
                late / 4_000 < takes / 4 + Duration::from_micros(PAUSE_SHORTEST),
                "{takes:?}: {:?} late",
                late / 4_000
            );
        }
    }

    #[test]
    fn connections_that_fail_together_count_once() {
        let pace = Pace::new();
        let (took, at) = (Duration::from_millis(3), Duration::from_millis(10));
        (0..1_000).for_each(|_| pace.learn(2, took, at));
        assert_eq!(pace.before(0), Duration::from_micros(2_125));
        pace.learn(2, took, at + Duration::from_millis(3));
        assert_eq!(pace.before(0), Duration::from_micros(2_257));
        pace.learn(9, Duration::from_millis(40), at + Duration::from_millis(9));
        assert_eq!(pace.before(0), Duration::from_millis(20), "far too short a pause is mended at once");
    }
}
