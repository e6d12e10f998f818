//! What operators did to letters and consumers: facts, so that who, when and why are kept for ever.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ConsumerName, EventId, LetterId};

/// `dead_letter.skipped`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterSkipped {
    /// Which letter.
    pub letter_id: LetterId,
    /// Whose.
    pub consumer: ConsumerName,
    /// What its event is about.
    pub subject: Arc<str>,
    /// The event that the consumer never took.
    pub event_id: EventId,
    /// How often it had been tried.
    pub tries: u32,
    /// Why it was given up.
    pub reason: Arc<str>,
}

/// `dead_letter.replayed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterReplayed {
    /// Which letter.
    pub letter_id: LetterId,
    /// Whose.
    pub consumer: ConsumerName,
    /// What its event is about.
    pub subject: Arc<str>,
    /// The event that is tried again.
    pub event_id: EventId,
}

/// `consumer.rewound`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerRewound {
    /// Whose cursor.
    pub consumer: ConsumerName,
    /// Where it stood.
    pub from: i64,
    /// Where it stands.
    pub to: i64,
}
