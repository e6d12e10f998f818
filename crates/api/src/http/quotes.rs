//! `POST /v1/quotes`: what an order would cost, by the very function that places it. Nothing is held or kept, so there is
//! no idempotency key.

use axum::{extract::State, http::StatusCode, response::Response};

use crate::{
    answer,
    app::SharedApp,
    body::JsonBody,
    problem::Problem,
    refusal::{problem_of_refusal, problem_of_store},
    wire::{order_body::OrderBody, order_view::QuoteView},
};

/// Price a basket
#[utoipa::path(
    post, path = "/v1/quotes", tag = "pricing", operation_id = "quote",
    request_body = OrderBody, responses((status = 200, body = QuoteView))
)]
pub(crate) async fn quote(State(app): State<SharedApp>, body: JsonBody) -> Result<Response, Problem> {
    let command = body.parse::<OrderBody<'_>>()?.into_command(app.engine.rules().lines_max)?;
    let quote = app.engine.quote(&command).map_err(|failure| problem_of_store(&failure))?;
    let quote = quote.map_err(|refusal| problem_of_refusal(&refusal))?;
    Ok(answer::json(StatusCode::OK, &QuoteView::new(command.currency.as_str(), &quote)))
}
