//! What became of tries to tell an endpoint: kept for people, a bounded number an endpoint. Nothing is decided by it.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConsumerName, DeliveryId, EventId, LetterId},
    time::{Span, Timestamp},
};

/// How many of the newest deliveries of one endpoint a store keeps.
pub const DELIVERIES_KEPT: usize = 1_000;

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The endpoint took it: 2xx.
    Delivered,
    /// Another status.
    Refused,
    /// 410.
    Gone,
    /// It asked for fewer messages.
    SlowDown,
    /// There was no answer.
    Failed,
}

impl AttemptOutcome {
    /// Every outcome.
    pub const ALL: [AttemptOutcome; 5] = [
        AttemptOutcome::Delivered,
        AttemptOutcome::Refused,
        AttemptOutcome::Gone,
        AttemptOutcome::SlowDown,
        AttemptOutcome::Failed,
    ];

    /// The word for it, stored, on the wire and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            AttemptOutcome::Delivered => "delivered",
            AttemptOutcome::Refused => "refused",
            AttemptOutcome::Gone => "gone",
            AttemptOutcome::SlowDown => "slow_down",
            AttemptOutcome::Failed => "failed",
        }
    }
}

/// One try, as the engine reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Of which event; none for a test message.
    pub event: Option<EventId>,
    /// Type of the event.
    pub event_type: Arc<str>,
    /// The how manieth try: 1 for the first.
    pub number: u32,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// HTTP status; none without an answer.
    pub status: Option<u16>,
    /// How long it took.
    pub duration: Span,
    /// The beginning of the answer, or why there is none.
    pub excerpt: Arc<str>,
    /// When it began.
    pub at: Timestamp,
}

/// One try, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id. Ids rise with time.
    pub id: DeliveryId,
    /// Of which endpoint.
    pub consumer: ConsumerName,
    /// The letter that the event is parked as; none when it is not.
    pub letter: Option<LetterId>,
    /// The try.
    pub attempt: Attempt,
    /// When the next one follows; none when none does.
    pub next_try_at: Option<Timestamp>,
}
