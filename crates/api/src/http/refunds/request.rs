//! `POST /v1/orders/{id}/refunds`: gives money back without moving goods.

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
    wire::refund::{RefundBody, RefundView},
};

const ROUTE: &str = "POST /v1/orders/{id}/refunds";

/// Give money back
///
/// For units the sum of their stored shares of the price, or an amount; with neither, everything that is left. Never more than
/// was taken (`refund_exceeds`). It is sent to the channel, asked about and repeated by the server until it has ended.
#[utoipa::path(
    post, path = "/v1/orders/{id}/refunds", tag = "refunds", operation_id = "request_refund",
    params(
        ("id" = String, Path, description = "`ord_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = RefundBody,
    responses((status = 201, body = RefundView, description = "Written down; its channel is told next",
        headers(("Location" = String), ("ETag" = String), ("Idempotency-Replayed" = bool))))
)]
pub(crate) async fn request_refund(
    State(app): State<SharedApp>,
    Named(order): Named<OrderId>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let key = submission.key();
    let expected_version = expected(&app, precondition, order)?;
    let command = submission.parse::<RefundBody<'_>>()?.into_command(order, expected_version)?;
    let reply = app.execute(Some(ROUTE), key, Command::RequestRefund(command)).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Refund(refund) => {
            let response = answer::resource(StatusCode::CREATED, refund.version, &RefundView::from(refund.as_ref()));
            Some(answer::located(response, &format!("/v1/refunds/{}", PrefixedId::from(refund.id).as_str())))
        }
        _ => None,
    }))
}
