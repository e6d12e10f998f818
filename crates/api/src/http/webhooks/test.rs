//! `POST /v1/webhooks/{id}/test`: sends a message that tells of nothing, and answers what came of it.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use ordain_domain::ids::WebhookId;
use ordain_engine::webhook::Message;

use super::{send_now, stored};
use crate::{
    app::SharedApp,
    path::Named,
    problem::Problem,
    submission::BareSubmission,
    wire::{
        cloud_event::{TEST_TYPE, test_message},
        webhook::DeliveryView,
    },
};

/// Send a test message to a webhook endpoint
///
/// At once, signed like any other, whether the endpoint is enabled or not, and never again by itself. Every call sends: a key
/// is taken and changes nothing.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/test", tag = "webhooks", operation_id = "test_webhook",
    params(
        ("id" = String, Path, description = "The caller's name of the endpoint"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")
    ),
    responses((status = 200, body = DeliveryView, description = "What came of it; see `outcome`"))
)]
pub(crate) async fn test_webhook(
    State(app): State<SharedApp>,
    Named(id): Named<WebhookId>,
    _submission: BareSubmission,
) -> Result<Response, Problem> {
    let webhook = stored(&app, &id)?;
    let (message_id, body) = test_message(&id, app.engine.now());
    let message = Message { event: None, event_type: Arc::from(TEST_TYPE), id: Arc::from(message_id), body, number: 1 };
    send_now(&app, &webhook, message).await
}
