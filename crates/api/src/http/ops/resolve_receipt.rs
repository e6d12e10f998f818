//! `POST /v1/ops/receipts/{id}/resolve`: a person looked at a quarantined notification, and says what was found.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::ReceiptId, payment::ResolveReceipt};

use crate::{
    answer,
    app::SharedApp,
    http::respond,
    path::Named,
    problem::Problem,
    submission::Submission,
    wire::{note::NoteBody, receipt::ReceiptView},
};

const ROUTE: &str = "POST /v1/ops/receipts/{id}/resolve";

/// Settle a quarantined notification
///
/// The payment that it names stays as it is. One that is not quarantined is `not_found`.
#[utoipa::path(
    post, path = "/v1/ops/receipts/{id}/resolve", tag = "operations", operation_id = "resolve_receipt",
    params(
        ("id" = String, Path, description = "`rct_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")
    ),
    request_body = NoteBody,
    responses((status = 200, body = ReceiptView, description = "Resolved"))
)]
pub(crate) async fn resolve_receipt(
    State(app): State<SharedApp>,
    Named(receipt): Named<ReceiptId>,
    submission: Submission,
) -> Result<Response, Problem> {
    let note = submission.parse::<NoteBody<'_>>()?.checked()?;
    let command = Command::ResolveReceipt(ResolveReceipt { receipt, note });
    let reply = app.execute(Some(ROUTE), submission.key(), command).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Receipt(receipt) => Some(answer::json(StatusCode::OK, &ReceiptView::from(receipt.as_ref()))),
        _ => None,
    }))
}
