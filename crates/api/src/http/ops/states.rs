//! `GET /v1/ops/states`: how many orders, payments and refunds are in which status, and how long the oldest has been.

use axum::{extract::State, http::StatusCode, response::Response};

use crate::{
    answer,
    app::SharedApp,
    problem::Problem,
    wire::ops::{CountView, StatesView},
};

/// Count orders, payments and refunds by status
#[utoipa::path(
    get, path = "/v1/ops/states", tag = "operations", operation_id = "states",
    responses((status = 200, body = StatesView))
)]
pub(crate) async fn states(State(app): State<SharedApp>) -> Result<Response, Problem> {
    let reading =
        app.read_long(|reader| Ok((reader.status_counts()?, reader.payment_counts()?, reader.refund_counts()?)));
    let (orders, payments, refunds) = reading.await?;
    let now = app.engine.now();
    let view = StatesView {
        data: CountView::list(&orders, now),
        payments: CountView::list(&payments, now),
        refunds: CountView::list(&refunds, now),
    };
    Ok(answer::json(StatusCode::OK, &view))
}
