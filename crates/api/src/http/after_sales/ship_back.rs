//! `POST /v1/after-sales/{id}/ship-back`: the buyer sent the goods back.

use axum::{extract::State, response::Response};
use ordain_domain::{after_sale::ShipBackAfterSale, command::Command, ids::AfterSaleId};

use super::{expected, stepped};
use crate::{
    app::SharedApp,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::{after_sale::AfterSaleView, after_sale_body::ConsignmentBody},
};

const ROUTE: &str = "POST /v1/after-sales/{id}/ship-back";

/// Tell that the goods are on their way back
#[utoipa::path(
    post, path = "/v1/after-sales/{id}/ship-back", tag = "after-sales", operation_id = "ship_back_after_sale",
    params(
        ("id" = String, Path, description = "`aft_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = ConsignmentBody,
    responses((status = 200, body = AfterSaleView, description = "The after-sale after it"))
)]
pub(crate) async fn ship_back_after_sale(
    State(app): State<SharedApp>,
    Named(id): Named<AfterSaleId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let body = submission.parse::<ConsignmentBody<'_>>()?;
    let expected_version = expected(&app, precondition, id)?;
    let command = Command::ShipBackAfterSale(ShipBackAfterSale {
        after_sale: id,
        consignment: body.checked()?,
        expected_version,
    });
    app.execute(Some(ROUTE), submission.key(), command).await.map(stepped)
}
