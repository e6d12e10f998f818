//! `GET /v1/webhooks/{id}`.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::WebhookId;

use super::stored;
use crate::{answer, app::SharedApp, path::Named, problem::Problem, wire::webhook::WebhookView};

/// Read a webhook endpoint, without its secret
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "get_webhook",
    params(("id" = String, Path, description = "The caller's name of the endpoint")),
    responses((status = 200, body = WebhookView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_webhook(
    State(app): State<SharedApp>,
    Named(id): Named<WebhookId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let webhook = stored(&app, &id)?;
    Ok(answer::read(&headers, webhook.version, &WebhookView::new(&webhook, app.engine.now())))
}
