//! `GET /v1/orders/{id}/events`: what happened to an order, oldest first. Folding it gives the order.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::ids::OrderId;

use crate::{
    answer,
    app::SharedApp,
    path::Named,
    problem::Problem,
    wire::event::{EventList, EventView},
};

/// List the events of an order, oldest first
#[utoipa::path(
    get, path = "/v1/orders/{id}/events", tag = "orders", operation_id = "list_order_events",
    params(("id" = String, Path, description = "`ord_…`")),
    responses((status = 200, body = EventList))
)]
pub(crate) async fn list_events(State(app): State<SharedApp>, Named(id): Named<OrderId>) -> Result<Response, Problem> {
    let records = app.read(|reader| reader.order_events(id, 0))?;
    if records.is_empty() {
        return Err(Problem::not_found("order"));
    }
    let data = records.iter().filter_map(EventView::of_order).collect();
    Ok(answer::json(StatusCode::OK, &EventList { data, next_cursor: None }))
}
