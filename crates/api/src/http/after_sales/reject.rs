//! `POST /v1/after-sales/{id}/reject`: the shop does not agree, goods never came, or a replacement cannot be sent.

use axum::{extract::State, response::Response};
use ordain_domain::{after_sale::RejectAfterSale, command::Command, ids::AfterSaleId};

use super::{expected, stepped};
use crate::{
    app::SharedApp,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::{after_sale::AfterSaleView, after_sale_body::RejectionBody},
};

const ROUTE: &str = "POST /v1/after-sales/{id}/reject";

/// Reject an after-sale
#[utoipa::path(
    post, path = "/v1/after-sales/{id}/reject", tag = "after-sales", operation_id = "reject_after_sale",
    params(
        ("id" = String, Path, description = "`aft_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = RejectionBody,
    responses((status = 200, body = AfterSaleView, description = "The after-sale after it"))
)]
pub(crate) async fn reject_after_sale(
    State(app): State<SharedApp>,
    Named(id): Named<AfterSaleId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let body = submission.parse::<RejectionBody<'_>>()?;
    let expected_version = expected(&app, precondition, id)?;
    let command =
        Command::RejectAfterSale(RejectAfterSale { after_sale: id, reason: body.checked()?, expected_version });
    app.execute(Some(ROUTE), submission.key(), command).await.map(stepped)
}
