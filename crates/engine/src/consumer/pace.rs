//! How fast a consumer is given new events: as fast as it takes them, one at a time once it fails for several subjects in a
//! row, and not at all while it rests.
//!
//! A consumer that is down must not have the whole log parked as its letters: the log waits. Only first tries of subjects that
//! flow count: one order that always fails says nothing about the others. It is a value: time comes in, and nothing sleeps.

use ordain_domain::time::{Span, Timestamp};

/// After so many failures in a row, each of another subject, the consumer rests.
const FAILURES_MAX: u32 = 5;
/// The longest rest.
const REST_MAX: Span = Span::seconds(300);

/// What may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowance {
    /// As much as there is.
    All,
    /// One event, to see whether the consumer is well.
    One,
    /// Nothing before this.
    NotBefore(Timestamp),
}

/// The pace of one consumer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    first_rest: Span,
    failures: u32,
    rest: Span,
    rests_until: Option<Timestamp>,
    /// The consumer asked for it.
    held_until: Option<Timestamp>,
}

impl Pace {
    /// A consumer that is well. Its first rest takes `first_rest`, each further one twice as long.
    pub(super) const fn new(first_rest: Span) -> Pace {
        Pace { first_rest, failures: 0, rest: first_rest, rests_until: None, held_until: None }
    }

    /// What of new events may be given at `now`.
    pub(super) fn allowance(&self, now: Timestamp) -> Allowance {
        match (self.held(now), self.rests_until) {
            (Some(until), _) => Allowance::NotBefore(until),
            (None, Some(until)) if until > now => Allowance::NotBefore(until),
            (None, Some(_)) => Allowance::One,
            (None, None) => Allowance::All,
        }
    }

    /// Until when nothing at all may be given, because the consumer asked for it.
    pub(super) fn held(&self, now: Timestamp) -> Option<Timestamp> {
        self.held_until.filter(|until| *until > now)
    }

    /// The consumer took something. Whether it had been resting.
    pub(super) fn took(&mut self) -> bool {
        let was_resting = self.rests_until.is_some();
        *self = Pace { held_until: self.held_until, ..Pace::new(self.first_rest) };
        was_resting
    }

    /// The first try of a subject failed. What was under way when a rest began says nothing new.
    pub(super) fn failed(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        match self.rests_until {
            Some(until) if until > now => {}
            Some(_) => {
                self.rest = Span(self.rest.0.saturating_mul(2)).min(REST_MAX.max(self.first_rest));
                self.rests_until = Some(now.plus(self.rest));
            }
            None if self.failures >= FAILURES_MAX => self.rests_until = Some(now.plus(self.rest)),
            None => {}
        }
    }

    /// The consumer asks to be left alone for a while.
    pub(super) fn hold(&mut self, until: Timestamp) {
        self.held_until = self.held_until.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Span = Span::seconds(5);

    fn at(seconds: u64) -> Timestamp {
        Timestamp(0).plus(Span::seconds(seconds))
    }

    #[test]
    fn a_consumer_that_is_down_rests_longer_and_longer() {
        let mut pace = Pace::new(FIRST);
        for _ in 1..FAILURES_MAX {
            pace.failed(at(0));
            assert_eq!(pace.allowance(at(0)), Allowance::All);
        }
        let mut now = 0;
        for rest in [5, 10, 20, 40, 80, 160, 300, 300] {
            pace.failed(at(now));
            // Tries that were under way do not make it longer.
            pace.failed(at(now));
            assert_eq!(pace.allowance(at(now)), Allowance::NotBefore(at(now + rest)));
            now += rest;
            assert_eq!(pace.allowance(at(now)), Allowance::One);
        }
        assert!(pace.took());
        assert_eq!(pace.allowance(at(now)), Allowance::All);
        assert!(!pace.took());
    }

    #[test]
    fn failures_between_successes_do_not_count() {
        let mut pace = Pace::new(FIRST);
        for _ in 0..100 {
            for _ in 1..FAILURES_MAX {
                pace.failed(at(0));
            }
            assert!(!pace.took());
        }
        assert_eq!(pace.allowance(at(0)), Allowance::All);
    }

    #[test]
    fn a_consumer_that_asks_for_it_is_left_alone() {
        let mut pace = Pace::new(FIRST);
        pace.hold(at(60));
        pace.hold(at(30));
        assert_eq!((pace.allowance(at(59)), pace.held(at(59))), (Allowance::NotBefore(at(60)), Some(at(60))));
        pace.took();
        assert_eq!(pace.allowance(at(59)), Allowance::NotBefore(at(60)));
        assert_eq!((pace.allowance(at(60)), pace.held(at(60))), (Allowance::All, None));
    }
}
