//! `POST /v1/payments/{id}/refresh`: asks the channel now where an attempt stands.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{
    answer::Answer,
    command::Command,
    ids::{PaymentId, first_number_at},
    payment::RefreshPayment,
};

use super::payment_of;
use crate::{
    answer, app::SharedApp, http::respond, path::Named, problem::Problem, refusal::problem_of_failure,
    submission::BareSubmission, wire::payment::PaymentView,
};

const ROUTE: &str = "POST /v1/payments/{id}/refresh";

/// Ask the channel now where an attempt stands
///
/// Waits up to `payments.open_wait` for the channel's answer and shows the attempt as it stands then. Asking that had come to
/// its end begins anew.
#[utoipa::path(
    post, path = "/v1/payments/{id}/refresh", tag = "payments", operation_id = "refresh_payment",
    params(
        ("id" = String, Path, description = "`pay_…`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters")
    ),
    responses((status = 200, body = PaymentView, description = "The attempt after the channel's answer"))
)]
pub(crate) async fn refresh_payment(
    State(app): State<SharedApp>,
    Named(payment): Named<PaymentId>,
    submission: BareSubmission,
) -> Result<Response, Problem> {
    // The watch begins before the channel is asked, so that a quick answer is not missed.
    let mut answers = app.engine.watch_answers(payment).map_err(|failure| problem_of_failure(&failure))?;
    let command = Command::RefreshPayment(RefreshPayment { payment });
    let reply = app.execute(Some(ROUTE), submission.key(), command).await?;
    let Ok(Answer::Payment(asked)) = &reply.outcome else { return Ok(respond(reply, |_| None)) };
    if !reply.replayed {
        // The answer to an earlier call may come first; messages are numbered by the time at which they were written.
        let own = first_number_at(asked.updated_at).unsigned_abs();
        let answered = async { while answers.changed().await < own {} };
        // Without an answer in time the attempt is shown as it stands; it is asked about further on.
        drop(tokio::time::timeout(app.settings.open_wait, answered).await);
    }
    let payment = payment_of(&app, payment)?;
    let response = answer::resource(StatusCode::OK, payment.version, &PaymentView::from(&*payment));
    Ok(answer::replayed(response, reply.replayed))
}
