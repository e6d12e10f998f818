//! `GET /v1/orders/{id}`.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::OrderId;

use crate::{
    answer, app::SharedApp, path::Named, problem::Problem, refusal::problem_of_store, wire::order_view::OrderView,
};

/// Read an order
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "orders", operation_id = "get_order",
    params(("id" = String, Path, description = "`ord_…`")),
    responses((status = 200, body = OrderView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_order(
    State(app): State<SharedApp>,
    Named(id): Named<OrderId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let order = app.engine.order(id).map_err(|failure| problem_of_store(&failure))?;
    let order = order.ok_or_else(|| Problem::not_found("order"))?;
    Ok(answer::read(&headers, order.version, &OrderView::from(order.as_ref())))
}
