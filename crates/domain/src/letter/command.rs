//! What may be asked about consumers and their letters. The first two come from the engine, the others from operators.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    ids::{ConsumerName, EventId, LetterId},
    time::Timestamp,
    webhook::Attempt,
};

/// Why a try failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryFailure {
    /// What it said, for people.
    pub error: Arc<str>,
    /// The consumer asked not to be tried before this.
    pub not_before: Option<Timestamp>,
}

/// What a try gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryResult {
    /// The consumer took the event.
    Delivered,
    /// It did not.
    Failed(TryFailure),
}

/// An event that could not be handled, or that stands behind one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedEvent {
    /// What it is about: names the lane.
    pub subject: Arc<str>,
    /// The event.
    pub event: EventId,
    /// Why its try failed; none when it was not tried.
    pub failure: Option<TryFailure>,
    /// Not to be tried before this, where it was not tried.
    pub not_before: Option<Timestamp>,
}

/// Moves a consumer's cursor over events of which each was handled, or is parked by this command. Where the consumer's
/// cursor does not stand at `from` (somebody moved it, or the consumer ended) nothing is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettleEvents {
    /// Whose.
    pub consumer: ConsumerName,
    /// Where its cursor must stand; none when it must not have begun yet.
    pub from: Option<i64>,
    /// Where it shall stand.
    pub to: i64,
    /// What is put aside, in the order of the log. No event that the consumer has a letter of already.
    pub parked: Vec<ParkedEvent>,
    /// Tries to be kept for people.
    pub attempts: Vec<Attempt>,
}

/// Takes what became of a try to deliver a letter. A letter that is gone meanwhile is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordDelivery {
    /// Which letter.
    pub letter: LetterId,
    /// What the try gave.
    pub result: TryResult,
    /// The try, where it is kept for people.
    pub attempt: Option<Attempt>,
}

/// Wants a letter tried now. A dead one gets this one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayLetter {
    /// Which.
    pub letter: LetterId,
}

/// Gives a letter up, so that those behind it go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkipLetter {
    /// Which.
    pub letter: LetterId,
    /// Why, 1 to 500 bytes. It is kept for ever.
    pub reason: Arc<str>,
}

/// Moves a consumer's cursor back, so that everything after it is handled again. Letters stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewindConsumer {
    /// Whose.
    pub consumer: ConsumerName,
    /// Where it shall stand: not ahead of where it stands.
    pub to: i64,
}
