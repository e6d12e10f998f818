//! `GET /v1/ops/states`: how many orders are in which status, and how long the oldest has been.

use axum::{extract::State, http::StatusCode, response::Response};

use crate::{
    answer,
    app::SharedApp,
    problem::Problem,
    wire::ops::{StateView, StatesView},
};

/// Count orders by status
#[utoipa::path(
    get, path = "/v1/ops/states", tag = "operations", operation_id = "states",
    responses((status = 200, body = StatesView))
)]
pub(crate) async fn states(State(app): State<SharedApp>) -> Result<Response, Problem> {
    let counts = app.read_long(|reader| reader.status_counts()).await?;
    let now = app.engine.now();
    let data = counts.iter().map(|count| StateView::new(count, now)).collect();
    Ok(answer::json(StatusCode::OK, &StatesView { data }))
}
