//! When requests of an open loop are meant to start. Latency is counted from there, so that a server that stalls cannot
//! hide its stall by keeping the generator from asking ("coordinated omission").
//!
//! A pure function of the start and the rate; who wakes the connections is `worker`'s matter.

use std::time::{Duration, Instant};

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Arrivals at equal distances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    start: Instant,
    /// Arrivals in 1,000 seconds, so that rates below one a second stay exact integers.
    per_thousand_seconds: u64,
    total: u64,
}

impl Schedule {
    /// `rate` arrivals a second (0.001 to 10,000,000) from `start` on, `total` of them.
    pub(super) fn new(start: Instant, rate: f64, total: u64) -> Schedule {
        Schedule { start, per_thousand_seconds: ((rate * 1_000.0).round() as u64).max(1), total }
    }

    /// How many arrivals fall into `duration`.
    pub(super) fn arrivals_in(rate: f64, duration: Duration) -> u64 {
        (rate * duration.as_secs_f64()).ceil() as u64
    }

    /// How many arrivals there are.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// When arrival `index` (from 0) is meant to start.
    pub(super) fn intended(&self, index: u64) -> Instant {
        let nanos = u128::from(index) * 1_000 * NANOS_PER_SECOND / u128::from(self.per_thousand_seconds);
        self.start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many arrivals were meant to have started at `now`; never more than the total.
    pub(super) fn due(&self, now: Instant) -> u64 {
        let Some(elapsed) = now.checked_duration_since(self.start) else { return 0 };
        // Arrival k is due from k / rate on, so after t seconds floor(t × rate) + 1 are; the quotient of `intended` is
        // rounded down, hence the remainder of one arrival's nanosecond does not matter.
        let arrived = elapsed.as_nanos() * u128::from(self.per_thousand_seconds) / (1_000 * NANOS_PER_SECOND);
        u64::try_from(arrived + 1).unwrap_or(u64::MAX).min(self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::clock;

    #[test]
    fn arrivals_keep_their_distance_and_are_due_when_intended() {
        let start = clock::now();
        for (rate, seconds) in [(1.0, 10), (3.0, 7), (20_000.0, 1), (0.5, 20), (333.0, 3)] {
            let total = Schedule::arrivals_in(rate, Duration::from_secs(seconds));
            let schedule = Schedule::new(start, rate, total);
            for index in 0..total {
                let intended = schedule.intended(index);
                let exact = index as f64 / rate;
                let off = (intended - start).as_secs_f64() - exact;
                assert!(off.abs() < 2e-9, "{rate}/s: arrival {index} is {off} s off");
                // A nanosecond covers the rounding of `intended`.
                assert!(schedule.due(intended + Duration::from_nanos(1)) > index, "{rate}/s: arrival {index}");
                if index > 0 {
                    assert!(schedule.due(intended - Duration::from_nanos(2)) <= index, "{rate}/s: arrival {index}");
                }
            }
            assert_eq!(schedule.due(start + Duration::from_secs(3_600)), total);
        }
    }

    #[test]
    fn nothing_is_due_before_the_start() {
        let start = clock::now() + Duration::from_secs(60);
        let schedule = Schedule::new(start, 10.0, 5);
        assert_eq!((schedule.due(start - Duration::from_secs(1)), schedule.due(start)), (0, 1));
        assert_eq!(schedule.total(), 5);
    }
}
