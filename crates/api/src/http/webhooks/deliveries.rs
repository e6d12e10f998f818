//! `GET /v1/webhooks/{id}/deliveries`: what became of tries to tell an endpoint, newest first.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::ids::{DeliveryId, WebhookId};
use ordain_engine::port::store::Before;

use super::stored;
use crate::{
    answer,
    app::SharedApp,
    paging::{Page, PageQuery, Parameters, cursor_of, limit_of},
    path::Named,
    problem::Problem,
    wire::webhook::{DeliveryPage, DeliveryView},
};

/// List the deliveries of a webhook endpoint, newest first
///
/// Every try, also those that succeeded. The newest 1,000 are kept.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks", operation_id = "list_webhook_deliveries",
    params(("id" = String, Path, description = "The caller's name of the endpoint"), PageQuery),
    responses((status = 200, body = DeliveryPage))
)]
pub(crate) async fn list_deliveries(
    State(app): State<SharedApp>,
    Named(id): Named<WebhookId>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let key: Option<DeliveryId> = cursor_of(query.cursor.as_deref(), |text| text.parse().ok())?;
    let webhook = stored(&app, &id)?;
    let page = Before { key, limit: limit + 1 };
    let deliveries = app.read_long(move |reader| reader.deliveries(&webhook.consumer, page)).await?;
    let page = Page::of(deliveries, limit, |delivery| delivery.id.to_string());
    Ok(answer::json(StatusCode::OK, &page.map(DeliveryView::from)))
}
