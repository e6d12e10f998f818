//! `POST /v1/after-sales/{id}/withdraw`: the buyer wants it no longer.

use axum::{extract::State, response::Response};
use ordain_domain::{after_sale::WithdrawAfterSale, command::Command, ids::AfterSaleId};

use super::{expected, stepped};
use crate::{
    app::SharedApp, path::Named, preconditions::Precondition, problem::Problem, submission::BareSubmission,
    wire::after_sale::AfterSaleView,
};

const ROUTE: &str = "POST /v1/after-sales/{id}/withdraw";

/// Withdraw an after-sale
#[utoipa::path(
    post, path = "/v1/after-sales/{id}/withdraw", tag = "after-sales", operation_id = "withdraw_after_sale",
    params(
        ("id" = String, Path, description = "`aft_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    responses((status = 200, body = AfterSaleView, description = "The after-sale after it"))
)]
pub(crate) async fn withdraw_after_sale(
    State(app): State<SharedApp>,
    Named(id): Named<AfterSaleId>,
    precondition: Precondition,
    submission: BareSubmission,
) -> Result<Response, Problem> {
    let expected_version = expected(&app, precondition, id)?;
    let command = Command::WithdrawAfterSale(WithdrawAfterSale { after_sale: id, expected_version });
    app.execute(Some(ROUTE), submission.key(), command).await.map(stepped)
}
