//! `POST /v1/refunds/{id}/resolve`: settles a refund that was paid outside of its channel, with a note that is kept for ever.

use axum::{extract::State, response::Response};
use ordain_domain::{command::Command, ids::RefundId, refund::ResolveRefund};

use super::stepped;
use crate::{
    app::SharedApp,
    path::Named,
    problem::Problem,
    submission::Submission,
    wire::{note::NoteBody, refund::RefundView},
};

const ROUTE: &str = "POST /v1/refunds/{id}/resolve";

/// Settle a failed or manual refund that was paid outside of its channel
#[utoipa::path(
    post, path = "/v1/refunds/{id}/resolve", tag = "refunds", operation_id = "resolve_refund",
    params(
        ("id" = String, Path, description = "`rfd_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")
    ),
    request_body = NoteBody,
    responses((status = 200, body = RefundView, description = "Settled"))
)]
pub(crate) async fn resolve_refund(
    State(app): State<SharedApp>,
    Named(refund): Named<RefundId>,
    submission: Submission,
) -> Result<Response, Problem> {
    let note = submission.parse::<NoteBody<'_>>()?.checked()?;
    let command = Command::ResolveRefund(ResolveRefund { refund, note });
    app.execute(Some(ROUTE), submission.key(), command).await.map(stepped)
}
