//! `DELETE /v1/webhooks/{id}`: with its dead letters and deliveries.

use axum::{body::Body, extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::WebhookId, webhook::DeleteWebhook};

use super::expected;
use crate::{app::SharedApp, http::respond, path::Named, preconditions::Precondition, problem::Problem};

/// Delete a webhook endpoint
///
/// With its dead letters and deliveries. A message that is under way may still arrive.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "delete_webhook",
    params(("id" = String, Path, description = "The caller's name of the endpoint"), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "Gone"))
)]
pub(crate) async fn delete_webhook(
    State(app): State<SharedApp>,
    Named(id): Named<WebhookId>,
    precondition: Precondition,
) -> Result<Response, Problem> {
    let expected_version = expected(&app, precondition, &id)?;
    let command = DeleteWebhook { id, expected_version };
    let reply = app.execute(None, None, Command::DeleteWebhook(command)).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Webhook(_) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            Some(response)
        }
        _ => None,
    }))
}
