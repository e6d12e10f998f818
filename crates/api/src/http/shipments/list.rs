//! `GET /v1/orders/{id}/shipments`: the parcels of an order, newest first.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::ids::OrderId;

use crate::{
    answer,
    app::SharedApp,
    path::Named,
    problem::Problem,
    wire::shipment::{ShipmentList, ShipmentView},
};

/// List the parcels of an order, newest first
#[utoipa::path(
    get, path = "/v1/orders/{id}/shipments", tag = "shipments", operation_id = "list_shipments",
    params(("id" = String, Path, description = "`ord_…`")),
    responses((status = 200, body = ShipmentList))
)]
pub(crate) async fn list_shipments(
    State(app): State<SharedApp>,
    Named(id): Named<OrderId>,
) -> Result<Response, Problem> {
    let parcels = app.read_long(move |reader| reader.shipments_of(id)).await?;
    if parcels.is_empty() && app.read(|reader| reader.order(id))?.is_none() {
        return Err(Problem::not_found("order"));
    }
    let data = parcels.iter().rev().map(ShipmentView::from).collect();
    Ok(answer::json(StatusCode::OK, &ShipmentList { data, next_cursor: None }))
}
