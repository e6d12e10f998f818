//! The row of a letter and its machine, and how far a consumer has come.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConsumerName, EventId, LetterId},
    machine::{self, Edge},
    rules::LetterRules,
    time::{Span, Timestamp},
};

/// How far a consumer has come in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cursor {
    /// Everything up to and including this position was handled or parked.
    At(i64),
    /// The consumer is gone, and with it its letters and what is kept of its deliveries. A store forgets all of them.
    Ended,
}

/// Where a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// It is tried again when it is due and every letter of its lane before it is gone.
    Waiting,
    /// Tried to the end of its schedule: it and all behind it wait for a person (`replay`, `skip`).
    Dead,
    /// The consumer took it. A store forgets the row.
    Delivered,
    /// A person gave it up. A store forgets the row; the event tells who and why.
    Skipped,
}

impl LetterState {
    /// Every state.
    pub const ALL: [LetterState; 4] =
        [LetterState::Waiting, LetterState::Dead, LetterState::Delivered, LetterState::Skipped];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            LetterState::Waiting => "waiting",
            LetterState::Dead => "dead",
            LetterState::Delivered => "delivered",
            LetterState::Skipped => "skipped",
        }
    }

    /// Whether the letter is no longer parked.
    #[must_use]
    pub const fn is_gone(self) -> bool {
        matches!(self, LetterState::Delivered | LetterState::Skipped)
    }
}

/// What happens to a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LetterStep {
    /// Its event is put aside.
    Park,
    /// A try failed; another one follows.
    Fail,
    /// The last try of the schedule failed.
    Exhaust,
    /// A try succeeded.
    Deliver,
    /// A person wants it tried now.
    Replay,
    /// A person gives it up.
    Skip,
}

/// The machine of a letter.
pub const LETTER_EDGES: &[Edge<LetterState, LetterStep>] = &[
    Edge { from: None, step: LetterStep::Park, to: LetterState::Waiting },
    Edge { from: Some(LetterState::Waiting), step: LetterStep::Fail, to: LetterState::Waiting },
    Edge { from: Some(LetterState::Waiting), step: LetterStep::Exhaust, to: LetterState::Dead },
    Edge { from: Some(LetterState::Waiting), step: LetterStep::Deliver, to: LetterState::Delivered },
    Edge { from: Some(LetterState::Waiting), step: LetterStep::Replay, to: LetterState::Waiting },
    Edge { from: Some(LetterState::Waiting), step: LetterStep::Skip, to: LetterState::Skipped },
    Edge { from: Some(LetterState::Dead), step: LetterStep::Replay, to: LetterState::Waiting },
    Edge { from: Some(LetterState::Dead), step: LetterStep::Skip, to: LetterState::Skipped },
];

/// One parked event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its id.
    pub id: LetterId,
    /// Who could not take it.
    pub consumer: ConsumerName,
    /// What the event is about: `order/ord_…`. Consumer and subject name the lane.
    pub subject: Arc<str>,
    /// The event: its position in the log and in the lane. A consumer has at most one letter of an event.
    pub event: EventId,
    /// Where it stands.
    pub state: LetterState,
    /// How often it was tried. 0 for one that was parked only because another stands before it.
    pub tries: u32,
    /// Not before this, while it waits.
    pub next_try_at: Timestamp,
    /// When it was parked.
    pub parked_at: Timestamp,
    /// When the first try failed.
    pub first_failed_at: Option<Timestamp>,
    /// What the last try said, for people. At most [`ERROR_BYTES_MAX`] bytes.
    pub last_error: Option<Arc<str>>,
}

/// Longest text of an error that is kept, in bytes.
pub const ERROR_BYTES_MAX: usize = 512;

impl Letter {
    /// The letter after a step that leaves everything else to the caller, or none where the machine has no such edge.
    #[must_use]
    pub fn step(&self, step: LetterStep) -> Option<Letter> {
        let state = machine::next(LETTER_EDGES, Some(self.state), step)?;
        Some(Letter { state, ..self.clone() })
    }
}

/// The pause after the failed try of number `tries` (1 for the first), or none when that was the last one. Up to a tenth is
/// added by the letter's own number, so that letters that failed together do not come back together; nothing is ever taken
/// off, so that no try comes early.
#[must_use]
pub fn pause_after(rules: &LetterRules, letter: LetterId, tries: u32) -> Option<Span> {
    let index = usize::try_from(tries.checked_sub(1)?).ok()?;
    let pause = rules.retries.get(index)?;
    let mixed = (letter.number().unsigned_abs() ^ u64::from(tries)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    // mixed < 2^32, and pauses are days at most, so the product fits 128 bits and the quotient 64.
    let jitter = (u128::from(pause.0) * u128::from(mixed)) / (10 << 32);
    Some(Span(pause.0.saturating_add(u64::try_from(jitter).unwrap_or(0))))
}

/// The beginning of an error's text, cut at a character.
#[must_use]
pub fn shortened(error: &str) -> Arc<str> {
    Arc::from(&error[..error.floor_char_boundary(ERROR_BYTES_MAX)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_follow_the_schedule_and_never_come_early() {
        let rules = LetterRules::standard(Span::seconds(5));
        for number in [0, 1, 4_711, i64::MAX] {
            let letter = LetterId::from_number(number);
            for (index, pause) in rules.retries.iter().enumerate() {
                let found = pause_after(&rules, letter, u32::try_from(index).unwrap() + 1).unwrap();
                assert!(found >= *pause && found.0 <= pause.0 + pause.0 / 10, "{number}: {found:?} for {pause:?}");
            }
            assert_eq!(pause_after(&rules, letter, 0), None);
            assert_eq!(pause_after(&rules, letter, u32::try_from(rules.retries.len()).unwrap() + 1), None);
        }
    }

    #[test]
    fn letters_that_failed_together_come_back_apart() {
        let rules = LetterRules::standard(Span::seconds(5));
        let pauses: alloc::collections::BTreeSet<Span> =
            (0..100).filter_map(|number| pause_after(&rules, LetterId::from_number(number), 1)).collect();
        assert!(pauses.len() > 90, "{} different pauses", pauses.len());
    }

    #[test]
    fn errors_are_cut_at_a_character() {
        let long = "ä".repeat(ERROR_BYTES_MAX);
        assert_eq!(shortened(&long).len(), ERROR_BYTES_MAX);
        assert_eq!(&*shortened("short"), "short");
    }
}
