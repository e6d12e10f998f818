//! What may be asked of endpoints. Secrets are drawn by the caller: there is no chance in decisions.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    ids::{ConsumerName, WebhookId},
    time::Span,
    webhook::{Attempt, DisableReason, EventPattern, WebhookSecret},
};

/// Creates or replaces an endpoint. A new one is told what happens from its creation on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutWebhook {
    /// The caller's name of it.
    pub id: WebhookId,
    /// Where messages go. The caller has checked its form.
    pub url: Arc<str>,
    /// Which events: 1 to 64.
    pub events: Vec<EventPattern>,
    /// The secret; none keeps the present one.
    pub secret: Option<WebhookSecret>,
    /// A fresh secret, for a new endpoint of which none is given.
    pub fresh_secret: WebhookSecret,
    /// Whether it shall be told; none leaves it as it is, and tells a new one.
    pub enabled: Option<bool>,
    /// Refuse unless the stored one has this version (0: unless there is none).
    pub expected_version: Option<u64>,
}

/// Deletes an endpoint with its letters and deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteWebhook {
    /// Which.
    pub id: WebhookId,
    /// Refuse unless it has this version.
    pub expected_version: Option<u64>,
}

/// Gives an endpoint a new secret; the present one is signed with for a while longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotateSecret {
    /// Which endpoint.
    pub id: WebhookId,
    /// Its new secret.
    pub secret: WebhookSecret,
    /// How long the present one still counts, at most 30 days.
    pub keep_old_for: Span,
    /// Refuse unless the endpoint has this version.
    pub expected_version: Option<u64>,
}

/// Stops telling an endpoint, because of what it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisableWebhook {
    /// Which.
    pub id: WebhookId,
    /// Nothing is done when the name has another consumer meanwhile.
    pub consumer: ConsumerName,
    /// Why.
    pub reason: DisableReason,
}

/// Keeps tries that belong to no letter and no cursor: test messages, deliveries by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteAttempts {
    /// Of which endpoint.
    pub consumer: ConsumerName,
    /// The tries.
    pub attempts: Vec<Attempt>,
}
