//! `POST /v1/orders/{id}/payments`: opens an attempt to pay an order.
//!
//! The attempt is durable before the channel hears of it, so none is ever lost: when the channel's answer does not come in
//! time, the attempt is answered as it stands and followed to its end all the same.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ordain_domain::{
    answer::Answer,
    command::Command,
    ids::OrderId,
    payment::{Payment, PaymentStatus},
};

use crate::{
    answer,
    app::SharedApp,
    http::respond,
    number_text::PrefixedId,
    path::Named,
    problem::{Problem, ProblemCode},
    refusal::problem_of_failure,
    submission::Submission,
    wire::payment::{PaymentBody, PaymentView, payment_path},
};

const ROUTE: &str = "POST /v1/orders/{id}/payments";

/// Open an attempt to pay an order
///
/// Waits up to `payments.open_wait` for the channel's answer. Without one the attempt is answered as `created` and followed
/// by the server; watch it, or read it again. While an attempt is `unknown`, no other one can be opened. A channel that
/// cannot be reached is answered `channel_unavailable` with the `payment_id`: that attempt has failed, and another one, under
/// another key, may be opened. A replayed answer shows the same attempt as it stands by then.
#[utoipa::path(
    post, path = "/v1/orders/{id}/payments", tag = "payments", operation_id = "open_payment",
    params(
        ("id" = String, Path, description = "`ord_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")
    ),
    request_body = PaymentBody,
    responses((status = 201, body = PaymentView, description = "The attempt, usually `pending` with its `pay_url`",
        headers(("Location" = String), ("ETag" = String), ("Idempotency-Replayed" = bool))))
)]
pub(crate) async fn open_payment(
    State(app): State<SharedApp>,
    Named(order): Named<OrderId>,
    submission: Submission,
) -> Result<Response, Problem> {
    let key = submission.key();
    let channels = app.engine.channels().iter().map(|channel| channel.name());
    let command = submission.parse::<PaymentBody<'_>>()?.into_command(order, channels)?;
    let reply = app.execute(Some(ROUTE), key, Command::OpenPayment(command)).await?;
    let Ok(Answer::Payment(opened)) = &reply.outcome else { return Ok(respond(reply, |_| None)) };
    let is_answered = |payment: &Payment| payment.status != PaymentStatus::Created;
    let waited = app.engine.wait_for_payment(opened.id, app.settings.open_wait, is_answered).await;
    let payment = waited.map_err(|failure| problem_of_failure(&failure))?.unwrap_or_else(|| Arc::clone(opened));
    Ok(answer::replayed(answer_of(&payment), reply.replayed))
}

fn answer_of(payment: &Payment) -> Response {
    if payment.status == PaymentStatus::Failed && payment.reported.is_none() {
        let detail = "The channel did not take the payment; no money can come of it. Open another one under a new key.";
        let problem = Problem::new(ProblemCode::ChannelUnavailable, detail);
        return problem.with("payment_id", PrefixedId::from(payment.id).as_str()).into_response();
    }
    let response = answer::resource(StatusCode::CREATED, payment.version, &PaymentView::from(payment));
    answer::located(response, &payment_path(payment.id, ""))
}
