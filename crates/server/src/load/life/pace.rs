//! How long to wait before looking whether a notification has come: learned from the looks before.
//!
//! Looking too early costs the server a read that finds nothing; looking too late costs the life time. The pause shrinks a
//! little with each look that finds it and grows more with each that does not, which settles where most first looks succeed.

use std::time::Duration;

const PAUSE_SHORTEST: Duration = Duration::from_millis(1);
const PAUSE_LONGEST: Duration = Duration::from_millis(100);

/// The pause of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pause: Duration,
}

impl Pace {
    /// The first guess.
    pub(super) const fn new() -> Pace {
        Pace { pause: Duration::from_millis(2) }
    }

    /// How long to wait before look `number`, counted from 0.
    pub(super) fn before(&self, number: u32) -> Duration {
        if number == 0 { self.pause } else { (self.pause / 2).max(PAUSE_SHORTEST) }
    }

    /// Learns how many looks it took, at least 1.
    pub(super) fn learn(&mut self, looks: u32) {
        let next = if looks == 1 { self.pause * 15 / 16 } else { self.pause * 5 / 4 };
        self.pause = next.clamp(PAUSE_SHORTEST, PAUSE_LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_settles_near_what_it_takes() {
        for takes in [Duration::from_millis(1), Duration::from_millis(7), Duration::from_millis(60)] {
            let mut pace = Pace::new();
            let (mut first, mut late) = (0, Duration::ZERO);
            for _ in 0..400 {
                let (mut waited, mut looks) = (Duration::ZERO, 0);
                while waited < takes {
                    waited += pace.before(looks);
                    looks += 1;
                }
                pace.learn(looks);
                first += u32::from(looks == 1);
                late += waited - takes;
            }
            assert!(first > 240, "{takes:?}: only {first} of 400 first looks found it");
            assert!(late / 400 < takes / 2 + PAUSE_SHORTEST, "{takes:?}: {:?} too late", late / 400);
        }
    }
}
