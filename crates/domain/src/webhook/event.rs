//! What happened to endpoints that somebody has to know.

use serde::{Deserialize, Serialize};

use crate::{ids::WebhookId, webhook::DisableReason};

/// `webhook.disabled`: nothing is sent any more until a person enables the endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDisabled {
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// Why.
    pub reason: DisableReason,
}
