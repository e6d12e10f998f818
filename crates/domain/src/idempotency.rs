//! Idempotency keys: the same request twice has one effect and one answer.
//!
//! After the IETF draft `httpapi-idempotency-key-header-07` and Stripe: same key and same request, the stored answer;
//! same key and another request, a refusal. The row is written in the transaction of the effect. This room does not hash
//! requests and does not expire keys.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{answer::Answer, ids::UserId, refusal::Refusal, time::Timestamp};

/// Longest key, in bytes (visible ASCII).
pub const KEY_LENGTH_MAX: usize = 255;

/// SHA-256 of method, path and raw body of the request.
pub type Fingerprint = [u8; 32];

/// The key that a caller gave, with what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The caller's key, 1 to 255 visible ASCII characters.
    pub key: Arc<str>,
    /// What the request was.
    pub fingerprint: Fingerprint,
}

/// Within what a key is unique.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyScope {
    /// Placing orders for a user.
    Place(UserId),
    /// A route and whoever calls it.
    Route(Arc<str>),
}

/// Name of a stored answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnswerKey {
    /// Within what the key is unique.
    pub scope: KeyScope,
    /// The caller's key.
    pub key: Arc<str>,
}

/// An answer kept under a key.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    /// What the request was.
    pub fingerprint: Fingerprint,
    /// What it was answered.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

/// A stored yes or no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The command was accepted.
    Accepted(Answer),
    /// The command was refused.
    Refused(Refusal),
}
