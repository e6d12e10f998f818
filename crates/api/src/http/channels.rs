//! What payment channels send by themselves.
//!
//! Here is only what was counted and how many forgeries may still be kept; the call is beside this file, the check of a
//! signature is the channel's port, and what a notification means is decided in the domain.

pub(crate) mod notify;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use ordain_domain::{payment::ReceiptVerdict, time::Timestamp};

/// Most forged notifications of a channel that are kept within a second: anybody can send them, and a flood must not fill the
/// disk. All are counted.
const FORGERIES_KEPT_MAX: u32 = 10;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was recorded with this verdict.
    Taken(ReceiptVerdict),
    /// Its signature does not hold.
    Forged,
    /// It is signed and cannot be read.
    Unreadable,
    /// It could not be recorded; the channel comes again.
    Failed,
}

impl Outcome {
    /// Every result that is counted, in the order of the counters.
    pub(crate) const RESULTS: [&'static str; 7] =
        ["applied", "known", "quarantined", "unmatched", "forged", "unreadable", "failed"];

    /// The word for it, as `result` of the metric.
    const fn result(self) -> &'static str {
        match self {
            Outcome::Taken(verdict) => verdict.as_str(),
            Outcome::Forged => ReceiptVerdict::Forged.as_str(),
            Outcome::Unreadable => "unreadable",
            Outcome::Failed => "failed",
        }
    }
}

/// The notifications of every channel.
#[derive(Clone, Debug)]
pub(crate) struct Notifications(Arc<[OfChannel]>);

/// The notifications of one channel.
#[derive(Debug)]
struct OfChannel {
    name: String,
    counts: [AtomicU64; Outcome::RESULTS.len()],
    /// The second of the last forgery that was kept, and how many were in it.
    kept: Mutex<(i64, u32)>,
}

impl Notifications {
    /// Of these channels nothing has come yet.
    pub(crate) fn new<'n>(channels: impl Iterator<Item = &'n str>) -> Notifications {
        let of_channel =
            |name: &str| OfChannel { name: name.to_owned(), counts: Default::default(), kept: Mutex::default() };
        Notifications(channels.map(of_channel).collect())
    }

    fn of(&self, channel: &str) -> Option<&OfChannel> {
        self.0.iter().find(|known| known.name == channel)
    }

    /// Counts one.
    fn count(&self, channel: &str, outcome: Outcome) {
        let index = Outcome::RESULTS.iter().position(|result| *result == outcome.result());
        if let Some((of_channel, index)) = self.of(channel).zip(index) {
            of_channel.counts[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a forgery that arrived now may be kept.
    fn may_keep_forgery(&self, channel: &str, now: Timestamp) -> bool {
        let Some(of_channel) = self.of(channel) else { return false };
        let second = now.0.div_euclid(MICROS_PER_SECOND);
        let mut kept = of_channel.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 != second {
            *kept = (second, 0);
        }
        kept.1 += 1;
        kept.1 <= FORGERIES_KEPT_MAX
    }

    /// (channel, result, count), also of what never came.
    pub(crate) fn read(&self) -> impl Iterator<Item = (&str, &'static str, u64)> {
        self.0.iter().flat_map(|of_channel| {
            let counts = Outcome::RESULTS.into_iter().zip(&of_channel.counts);
            counts.map(|(result, count)| (of_channel.name.as_str(), result, count.load(Ordering::Relaxed)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_counter() {
        let notifications = Notifications::new(["a", "b"].into_iter());
        let verdicts = ReceiptVerdict::ALL.into_iter().filter(|verdict| *verdict != ReceiptVerdict::Resolved);
        let outcomes = verdicts.map(Outcome::Taken).chain([Outcome::Forged, Outcome::Unreadable, Outcome::Failed]);
        outcomes.for_each(|outcome| notifications.count("b", outcome));
        notifications.count("nobody", Outcome::Failed);
        let counts: Vec<_> = notifications.read().collect();
        assert_eq!(counts.iter().filter(|(channel, _, count)| *channel == "a" && *count > 0).count(), 0);
        let of_b: Vec<u64> =
            counts.iter().filter(|(channel, ..)| *channel == "b").map(|(_, _, count)| *count).collect();
        assert_eq!(of_b, [1, 1, 1, 1, 2, 1, 1]);
    }

    #[test]
    fn ten_forgeries_a_second_are_kept() {
        let notifications = Notifications::new(["a", "b"].into_iter());
        let kept = |at: i64| (0..100).filter(|_| notifications.may_keep_forgery("a", Timestamp(at))).count();
        assert_eq!([kept(1_999_999), kept(2_000_000), kept(2_999_999), kept(3_000_000)], [10, 10, 0, 10]);
        assert!(notifications.may_keep_forgery("b", Timestamp(3_000_000)));
        assert!(!notifications.may_keep_forgery("nobody", Timestamp(3_000_000)));
    }
}
