//! `GET /v1/orders/{id}/refunds`: the refunds of an order, newest first.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::ids::OrderId;

use crate::{
    answer,
    app::SharedApp,
    path::Named,
    problem::Problem,
    wire::refund::{RefundList, RefundView},
};

/// List the refunds of an order, newest first
#[utoipa::path(
    get, path = "/v1/orders/{id}/refunds", tag = "refunds", operation_id = "list_refunds",
    params(("id" = String, Path, description = "`ord_…`")),
    responses((status = 200, body = RefundList))
)]
pub(crate) async fn list_refunds(State(app): State<SharedApp>, Named(id): Named<OrderId>) -> Result<Response, Problem> {
    let refunds = app.read_long(move |reader| reader.refunds_of(id)).await?;
    if refunds.is_empty() && app.read(|reader| reader.order(id))?.is_none() {
        return Err(Problem::not_found("order"));
    }
    let data = refunds.iter().rev().map(RefundView::from).collect();
    Ok(answer::json(StatusCode::OK, &RefundList { data, next_cursor: None }))
}
