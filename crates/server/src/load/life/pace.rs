//! How long to wait before looking whether a notification has come: learned from the looks before, of all connections.
//!
//! Looking too early costs the server a read that finds nothing; looking too late costs the life time. The pause shrinks a
//! little with each look that finds it and grows more with each that does not, which settles where most first looks succeed.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Microseconds.
const PAUSE_SHORTEST: u64 = 1_000;
const PAUSE_LONGEST: u64 = 100_000;

/// The pause, in microseconds. A lost update of two at once only learns a little less.
#[derive(Debug)]
pub(super) struct Pace(AtomicU64);

impl Pace {
    /// The first guess.
    pub(super) const fn new() -> Pace {
        Pace(AtomicU64::new(2_000))
    }

    /// How long to wait before look `number`, counted from 0.
    pub(super) fn before(&self, number: u32) -> Duration {
        let pause = self.0.load(Ordering::Relaxed);
        Duration::from_micros(if number == 0 { pause } else { (pause / 2).max(PAUSE_SHORTEST) })
    }

    /// Learns how many looks it took, at least 1.
    pub(super) fn learn(&self, looks: u32) {
        let pause = self.0.load(Ordering::Relaxed);
        let next = if looks == 1 { pause - pause / 512 } else { pause + pause / 32 };
        self.0.store(next.clamp(PAUSE_SHORTEST, PAUSE_LONGEST), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_settles_near_what_it_takes() {
        for takes in [Duration::from_millis(1), Duration::from_millis(7), Duration::from_millis(60)] {
            let pace = Pace::new();
            let (mut first, mut late) = (0, Duration::ZERO);
            for _ in 0..4_000 {
                let (mut waited, mut looks) = (Duration::ZERO, 0);
                while waited < takes {
                    waited += pace.before(looks);
                    looks += 1;
                }
                pace.learn(looks);
                first += u32::from(looks == 1);
                late += waited - takes;
            }
            assert!(first > 3_500, "{takes:?}: only {first} of 4000 first looks found it");
            assert!(
                late / 4_000 < takes / 4 + Duration::from_micros(PAUSE_SHORTEST),
                "{takes:?}: {:?} late",
                late / 4_000
            );
        }
    }
}
