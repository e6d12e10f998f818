//! `POST /v1/refunds/{id}/retry`: sends a refund that failed again, at once, with a fresh series of tries.

use axum::{extract::State, response::Response};
use ordain_domain::{command::Command, ids::RefundId, refund::RetryRefund};

use super::stepped;
use crate::{app::SharedApp, path::Named, problem::Problem, submission::BareSubmission, wire::refund::RefundView};

const ROUTE: &str = "POST /v1/refunds/{id}/retry";

/// Send a failed or manual refund again
#[utoipa::path(
    post, path = "/v1/refunds/{id}/retry", tag = "refunds", operation_id = "retry_refund",
    params(
        ("id" = String, Path, description = "`rfd_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")
    ),
    responses((status = 200, body = RefundView, description = "On its way again"))
)]
pub(crate) async fn retry_refund(
    State(app): State<SharedApp>,
    Named(refund): Named<RefundId>,
    submission: BareSubmission,
) -> Result<Response, Problem> {
    let command = Command::RetryRefund(RetryRefund { refund });
    app.execute(Some(ROUTE), submission.key(), command).await.map(stepped)
}
