//! Counts calls and failures over the last while, in ten slots: a slot is forgotten as a whole, so the window is between
//! nine and ten tenths of its length.
//!
//! Time that goes back is taken for the latest time there was.

use ordain_domain::time::{Span, Timestamp};

const SLOTS: usize = 10;

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    calls: u64,
    failures: u64,
}

#[derive(Debug)]
pub(super) struct Window {
    slot_length: i64,
    slots: [Slot; SLOTS],
    /// Number of the slot that is filled, counted from 1970.
    current: i64,
}

impl Window {
    pub(super) fn new(length: Span) -> Window {
        let slot_length = i64::try_from(length.0 / SLOTS as u64).unwrap_or(i64::MAX).max(1);
        Window { slot_length, slots: [Slot::default(); SLOTS], current: i64::MIN }
    }

    pub(super) fn count(&mut self, succeeded: bool, now: Timestamp) {
        self.move_to(now);
        let slot = &mut self.slots[index_of(self.current)];
        slot.calls += 1;
        slot.failures += u64::from(!succeeded);
    }

    /// Calls and failures within the window that ends at `now`.
    pub(super) fn counts(&mut self, now: Timestamp) -> (u64, u64) {
        self.move_to(now);
        let sum = |sum: (u64, u64), slot: &Slot| (sum.0 + slot.calls, sum.1 + slot.failures);
        self.slots.iter().fold((0, 0), sum)
    }

    fn move_to(&mut self, now: Timestamp) {
        let next = now.0.div_euclid(self.slot_length);
        if next <= self.current {
            return;
        }
        let passed = next.saturating_sub(self.current).min(SLOTS as i64);
        for number in next - passed + 1..=next {
            self.slots[index_of(number)] = Slot::default();
        }
        self.current = next;
    }
}

fn index_of(number: i64) -> usize {
    number.rem_euclid(SLOTS as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_forgotten_as_time_passes() {
        // What is counted at which second, then the counts at a later one, for a window of 10 s.
        type Row<'a> = (&'a [(i64, bool)], i64, (u64, u64));
        let table: [Row<'_>; 8] = [
            (&[], 0, (0, 0)),
            (&[(0, true), (0, false)], 0, (2, 1)),
            (&[(0, false)], 9, (1, 1)),
            (&[(0, false)], 10, (0, 0)),
            (&[(0, false), (5, true)], 10, (1, 0)),
            (&[(0, false), (100, true)], 100, (1, 0)),
            (&[(5, false), (3, false)], 5, (2, 2)),
            (&[(-5, false), (3, true)], 4, (2, 1)),
        ];
        for (calls, at, expected) in table {
            let mut window = Window::new(Span::seconds(10));
            for (second, succeeded) in calls {
                window.count(*succeeded, Timestamp(second * 1_000_000));
            }
            assert_eq!(window.counts(Timestamp(at * 1_000_000)), expected, "{calls:?} at {at}");
        }
    }

    #[test]
    fn the_shortest_window_divides_nothing_by_zero() {
        let mut window = Window::new(Span(0));
        window.count(false, Timestamp(7));
        assert_eq!(window.counts(Timestamp(7)), (1, 1));
        assert_eq!(window.counts(Timestamp::MAX), (0, 0));
    }
}
