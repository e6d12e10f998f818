//! The row of an endpoint.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConsumerName, WebhookId},
    time::Timestamp,
    webhook::{EventPattern, WebhookSecret},
};

/// Why an endpoint is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisableReason {
    /// Somebody wanted it so.
    ByRequest,
    /// It answered 410.
    Gone,
    /// It did not take a message up to the end of the schedule.
    Exhausted,
    /// It did not take messages of too many orders.
    TooManyLetters,
}

impl DisableReason {
    /// Every reason.
    pub const ALL: [DisableReason; 4] =
        [DisableReason::ByRequest, DisableReason::Gone, DisableReason::Exhausted, DisableReason::TooManyLetters];

    /// The word for it, on the wire and in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            DisableReason::ByRequest => "by_request",
            DisableReason::Gone => "gone",
            DisableReason::Exhausted => "exhausted",
            DisableReason::TooManyLetters => "too_many_letters",
        }
    }
}

/// Whether an endpoint is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// It is.
    Enabled,
    /// It is not; where it stands in the log is kept, so that it goes on from there.
    Disabled {
        /// Why.
        reason: DisableReason,
        /// Since when.
        at: Timestamp,
    },
    /// It is gone. A store forgets the row.
    Deleted,
}

/// A secret on its way out: messages carry its signature too, until it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldSecret {
    /// The secret.
    pub secret: WebhookSecret,
    /// Signed with before this.
    pub until: Timestamp,
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The caller's own name of it.
    pub id: WebhookId,
    /// The consumer that reads the log for it: new for each endpoint that is created, also under a name that was deleted.
    pub consumer: ConsumerName,
    /// Where messages go.
    pub url: Arc<str>,
    /// Which events: 1 to 64 patterns of which one matches.
    pub events: Vec<EventPattern>,
    /// What messages are signed with.
    pub secret: WebhookSecret,
    /// The secret before, while it is still signed with.
    pub old_secret: Option<OldSecret>,
    /// Whether it is told.
    pub state: WebhookState,
    /// 1 when created, one more with each change.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Webhook {
    /// Whether it wants a type of event.
    #[must_use]
    pub fn wants(&self, type_name: &str) -> bool {
        self.events.iter().any(|pattern| pattern.matches(type_name))
    }

    /// Whether it is told.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.state == WebhookState::Enabled
    }

    /// The secrets that a message of `now` is signed with, the newest first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &WebhookSecret> {
        let old = self.old_secret.as_ref().filter(|old| now < old.until).map(|old| &old.secret);
        core::iter::once(&self.secret).chain(old)
    }
}
