//! `GET /v1/shipments/{id}`.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::ShipmentId;

use crate::{answer, app::SharedApp, path::Named, problem::Problem, wire::shipment::ShipmentView};

/// Read a parcel
#[utoipa::path(
    get, path = "/v1/shipments/{id}", tag = "shipments", operation_id = "get_shipment",
    params(("id" = String, Path, description = "`shp_…`")),
    responses((status = 200, body = ShipmentView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_shipment(
    State(app): State<SharedApp>,
    Named(id): Named<ShipmentId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let parcel = app.read(|reader| reader.shipment(id))?.ok_or_else(|| Problem::not_found("shipment"))?;
    Ok(answer::read(&headers, parcel.version, &ShipmentView::from(&parcel)))
}
