//! `POST /v1/shipments/{id}/tracking`: what a carrier said of a parcel.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::ShipmentId};

use crate::{
    answer,
    app::SharedApp,
    http::respond,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::shipment::{ShipmentView, TrackingBody},
};

const ROUTE: &str = "POST /v1/shipments/{id}/tracking";

/// Tell what a carrier said of a parcel
#[utoipa::path(
    post, path = "/v1/shipments/{id}/tracking", tag = "shipments", operation_id = "track_shipment",
    params(
        ("id" = String, Path, description = "`shp_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = TrackingBody,
    responses((status = 200, body = ShipmentView, description = "The parcel after it"))
)]
pub(crate) async fn track_shipment(
    State(app): State<SharedApp>,
    Named(id): Named<ShipmentId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let stored = || Ok(app.read(|reader| reader.shipment(id))?.map(|parcel| parcel.version));
    let expected_version = precondition.expected(stored)?;
    let command = submission.parse::<TrackingBody<'_>>()?.into_command(id, expected_version)?;
    let reply = app.execute(Some(ROUTE), submission.key(), Command::TrackShipment(command)).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Shipment(parcel) => {
            Some(answer::resource(StatusCode::OK, parcel.version, &ShipmentView::from(parcel.as_ref())))
        }
        _ => None,
    }))
}
