//! `POST /v1/orders/{id}/shipments`: hands paid units to a carrier.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::OrderId};

use crate::{
    answer,
    app::SharedApp,
    http::{orders::expected, respond},
    number_text::PrefixedId,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::shipment::{ShipmentBody, ShipmentView},
};

const ROUTE: &str = "POST /v1/orders/{id}/shipments";

/// Ship units of a paid order
///
/// A carrier that is connected is told of the parcel and asked about it; of any other, the shop tells what it says.
#[utoipa::path(
    post, path = "/v1/orders/{id}/shipments", tag = "shipments", operation_id = "create_shipment",
    params(
        ("id" = String, Path, description = "`ord_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = ShipmentBody,
    responses((status = 201, body = ShipmentView, description = "The parcel",
        headers(("Location" = String), ("ETag" = String), ("Idempotency-Replayed" = bool))))
)]
pub(crate) async fn create_shipment(
    State(app): State<SharedApp>,
    Named(order): Named<OrderId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let key = submission.key();
    let expected_version = expected(&app, precondition, order)?;
    let command = submission.parse::<ShipmentBody<'_>>()?.into_command(order, expected_version)?;
    let reply = app.execute(Some(ROUTE), key, Command::CreateShipment(command)).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Shipment(parcel) => {
            let response = answer::resource(StatusCode::CREATED, parcel.version, &ShipmentView::from(parcel.as_ref()));
            Some(answer::located(response, &format!("/v1/shipments/{}", PrefixedId::from(parcel.id).as_str())))
        }
        _ => None,
    }))
}
