//! `GET /v1/webhooks`: all endpoints, by id.

use axum::{extract::State, http::StatusCode, response::Response};

use crate::{
    answer,
    app::SharedApp,
    problem::Problem,
    wire::webhook::{WebhookList, WebhookView},
};

/// List webhook endpoints, by id
#[utoipa::path(
    get, path = "/v1/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    responses((status = 200, body = WebhookList))
)]
pub(crate) async fn list_webhooks(State(app): State<SharedApp>) -> Result<Response, Problem> {
    let webhooks = app.read(|reader| reader.webhooks())?;
    let now = app.engine.now();
    let data = webhooks.iter().map(|webhook| WebhookView::new(webhook, now)).collect();
    Ok(answer::json(StatusCode::OK, &WebhookList { data, next_cursor: None }))
}
