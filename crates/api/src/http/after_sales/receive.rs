//! `POST /v1/after-sales/{id}/receive`: the goods came and were looked at: `restock`, `scrap` or `refuse`, by units where they differ.

use axum::{extract::State, response::Response};
use ordain_domain::{command::Command, ids::AfterSaleId};

use super::{expected, stepped};
use crate::{
    app::SharedApp,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::{after_sale::AfterSaleView, after_sale_body::InspectionBody},
};

const ROUTE: &str = "POST /v1/after-sales/{id}/receive";

/// Tell what was found of goods that came back
#[utoipa::path(
    post, path = "/v1/after-sales/{id}/receive", tag = "after-sales", operation_id = "receive_after_sale",
    params(
        ("id" = String, Path, description = "`aft_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = InspectionBody,
    responses((status = 200, body = AfterSaleView, description = "The after-sale after it"))
)]
pub(crate) async fn receive_after_sale(
    State(app): State<SharedApp>,
    Named(id): Named<AfterSaleId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let body = submission.parse::<InspectionBody>()?;
    let expected_version = expected(&app, precondition, id)?;
    let command = Command::ReceiveAfterSale(body.into_command(id, expected_version)?);
    app.execute(Some(ROUTE), submission.key(), command).await.map(stepped)
}
