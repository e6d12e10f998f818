//! `GET /v1/orders/{id}/payments`: the attempts of an order, newest first.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::ids::OrderId;

use crate::{
    answer,
    app::SharedApp,
    path::Named,
    problem::Problem,
    wire::payment::{PaymentList, PaymentView},
};

/// List the attempts to pay an order, newest first
#[utoipa::path(
    get, path = "/v1/orders/{id}/payments", tag = "payments", operation_id = "list_payments",
    params(("id" = String, Path, description = "`ord_…`")),
    responses((status = 200, body = PaymentList))
)]
pub(crate) async fn list_payments(
    State(app): State<SharedApp>,
    Named(id): Named<OrderId>,
) -> Result<Response, Problem> {
    let payments = app.read(|reader| reader.payments_of(id))?;
    if payments.is_empty() && app.read(|reader| reader.order(id))?.is_none() {
        return Err(Problem::not_found("order"));
    }
    let data = payments.iter().rev().map(PaymentView::from).collect();
    Ok(answer::json(StatusCode::OK, &PaymentList { data, next_cursor: None }))
}
