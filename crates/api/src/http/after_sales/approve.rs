//! `POST /v1/after-sales/{id}/approve`: the shop agrees. An exchange takes its replacement stock now.

use axum::{extract::State, response::Response};
use ordain_domain::{command::Command, ids::AfterSaleId};

use super::{expected, stepped};
use crate::{
    app::SharedApp,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::{after_sale::AfterSaleView, after_sale_body::ApprovalBody},
};

const ROUTE: &str = "POST /v1/after-sales/{id}/approve";

/// Approve an after-sale
#[utoipa::path(
    post, path = "/v1/after-sales/{id}/approve", tag = "after-sales", operation_id = "approve_after_sale",
    params(
        ("id" = String, Path, description = "`aft_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = ApprovalBody,
    responses((status = 200, body = AfterSaleView, description = "The after-sale after it"))
)]
pub(crate) async fn approve_after_sale(
    State(app): State<SharedApp>,
    Named(id): Named<AfterSaleId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let body = submission.parse::<ApprovalBody<'_>>()?;
    let expected_version = expected(&app, precondition, id)?;
    let command = Command::ApproveAfterSale(body.into_command(id, expected_version)?);
    app.execute(Some(ROUTE), submission.key(), command).await.map(stepped)
}
