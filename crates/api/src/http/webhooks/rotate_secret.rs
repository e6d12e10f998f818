//! `POST /v1/webhooks/{id}/rotate-secret`: a new secret, while the old one still signs for a time.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::WebhookId};

use super::{expected, fresh_secret, sender};
use crate::{
    answer,
    app::SharedApp,
    http::respond,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::webhook::{RotationBody, WebhookView},
};

const ROUTE: &str = "POST /v1/webhooks/{id}/rotate-secret";

/// Give a webhook endpoint a new secret
///
/// The answer shows it, once. Until the old one ends, messages carry both signatures.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/rotate-secret", tag = "webhooks", operation_id = "rotate_webhook_secret",
    params(
        ("id" = String, Path, description = "The caller's name of the endpoint"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = RotationBody,
    responses((status = 200, body = WebhookView, description = "With the new secret"))
)]
pub(crate) async fn rotate_webhook_secret(
    State(app): State<SharedApp>,
    Named(id): Named<WebhookId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let body = submission.parse::<RotationBody>()?;
    let expected_version = expected(&app, precondition, &id)?;
    let fresh = fresh_secret(sender(&app)?.as_ref())?;
    let command = body.into_command(id, fresh, expected_version)?;
    let reply = app.execute(Some(ROUTE), submission.key(), Command::RotateSecret(command)).await?;
    let now = app.engine.now();
    Ok(respond(reply, |answer| match answer {
        Answer::Webhook(webhook) => {
            Some(answer::resource(StatusCode::OK, webhook.version, &WebhookView::with_secret(webhook, now)))
        }
        _ => None,
    }))
}
