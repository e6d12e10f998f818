//! `PUT /v1/webhooks/{id}`: creates or replaces an endpoint. A new one is told what happens from then on.

use axum::{extract::State, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::WebhookId};

use super::{WEBHOOKS_MAX, expected, fresh_secret, sender};
use crate::{
    answer,
    app::SharedApp,
    body::JsonBody,
    http::respond,
    path::Named,
    preconditions::Precondition,
    problem::{Problem, ProblemCode},
    wire::webhook::{WebhookBody, WebhookView},
};

/// Create or replace a webhook endpoint
///
/// Messages are CloudEvents 1.0.2 (`application/cloudevents+json`), signed by Standard Webhooks 1.0 (`webhook-id`,
/// `webhook-timestamp`, `webhook-signature`). Events of an order come in its order, at least once. 2xx within 15 seconds is
/// success; else it is sent again after 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, and then the endpoint is disabled.
/// 410 disables at once. The secret is shown in the answer that creates the endpoint, and never again.
#[utoipa::path(
    put, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "put_webhook",
    params(("id" = String, Path, description = "The caller's name of the endpoint"), ("If-Match" = Option<String>, Header)),
    request_body = WebhookBody,
    responses((status = 200, body = WebhookView, description = "Replaced"),
        (status = 201, body = WebhookView, description = "Created; with its secret"))
)]
pub(crate) async fn put_webhook(
    State(app): State<SharedApp>,
    Named(id): Named<WebhookId>,
    precondition: Precondition,
    body: JsonBody,
) -> Result<Response, Problem> {
    let sender = sender(&app)?;
    let body = body.parse::<WebhookBody<'_>>()?;
    let expected_version = expected(&app, precondition, &id)?;
    let webhooks = app.read(|reader| reader.webhooks())?;
    if webhooks.len() >= WEBHOOKS_MAX && webhooks.iter().all(|webhook| webhook.id != id) {
        let detail = format!("There are {WEBHOOKS_MAX} endpoints. One must be deleted first.");
        return Err(Problem::new(ProblemCode::TooManyWebhooks, detail));
    }
    let fresh = fresh_secret(sender.as_ref())?;
    let command = body.into_command(id, |url| sender.check_url(url), fresh, expected_version)?;
    let reply = app.execute(None, None, Command::PutWebhook(command)).await?;
    let now = app.engine.now();
    Ok(respond(reply, |answer| match answer {
        Answer::Webhook(webhook) if webhook.version == 1 => {
            Some(answer::put(webhook.version, &WebhookView::with_secret(webhook, now)))
        }
        Answer::Webhook(webhook) => Some(answer::put(webhook.version, &WebhookView::new(webhook, now))),
        _ => None,
    }))
}
