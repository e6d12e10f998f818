//! `POST /v1/orders`: places an order. Everything is held when it answers 201, or nothing is.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{
    answer::{Answer, Reply},
    command::Command,
    order::Order,
};

use crate::{
    answer,
    app::{App, SharedApp},
    http::respond,
    number_text::PrefixedId,
    problem::Problem,
    refusal::problem_of_refusal,
    submission::Submission,
    wire::{order_body::OrderBody, order_view::OrderView},
};

/// Place an order
///
/// The idempotency key is required unless `orders.duplicate_window` is set: within that time a second order of the same
/// user with the same lines and no key is refused with `duplicate_order`.
#[utoipa::path(
    post, path = "/v1/orders", tag = "orders", operation_id = "place_order",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters; unique per user for ever")),
    request_body = OrderBody,
    responses((status = 201, body = OrderView, description = "Placed, or placed before under the same key",
        headers(("Location" = String), ("ETag" = String), ("Idempotency-Replayed" = bool))))
)]
pub(crate) async fn place_order(State(app): State<SharedApp>, submission: Submission) -> Result<Response, Problem> {
    let reply = match place(&app, &submission).await {
        Ok(reply) => reply,
        Err(problem) => {
            app.metrics.order_refused(problem.code());
            return Err(problem);
        }
    };
    count(&app, &reply);
    Ok(respond(reply, |answer| match answer {
        Answer::Order(order) => Some(created(order)),
        _ => None,
    }))
}

async fn place(app: &App, submission: &Submission) -> Result<Reply, Problem> {
    let rules = app.engine.rules();
    let key = if rules.duplicate_window.0 > 0 { submission.key() } else { submission.required_key()? };
    let command = submission.parse::<OrderBody<'_>>()?.into_command(rules.lines_max)?;
    app.execute(None, key, Command::PlaceOrder(command)).await
}

/// Counts what became of a placement.
pub(super) fn count(app: &App, reply: &Reply) {
    match &reply.outcome {
        Ok(_) => app.metrics.order_placed(reply.replayed),
        Err(_) if reply.replayed => app.metrics.order_placed(true),
        Err(refusal) => app.metrics.order_refused(problem_of_refusal(refusal).code()),
    }
}

fn created(order: &Order) -> Response {
    let response = answer::resource(StatusCode::CREATED, order.version, &OrderView::from(order));
    let mut path = String::with_capacity(40);
    path.push_str("/v1/orders/");
    path.push_str(PrefixedId::from(order.id).as_str());
    answer::located(response, &path)
}
