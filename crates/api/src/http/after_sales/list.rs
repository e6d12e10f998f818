//! `GET /v1/orders/{id}/after-sales`: the after-sales of an order, newest first.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::ids::OrderId;

use crate::{
    answer,
    app::SharedApp,
    path::Named,
    problem::Problem,
    wire::after_sale::{AfterSaleList, AfterSaleView},
};

/// List the after-sales of an order, newest first
#[utoipa::path(
    get, path = "/v1/orders/{id}/after-sales", tag = "after-sales", operation_id = "list_after_sales",
    params(("id" = String, Path, description = "`ord_…`")),
    responses((status = 200, body = AfterSaleList))
)]
pub(crate) async fn list_after_sales(
    State(app): State<SharedApp>,
    Named(id): Named<OrderId>,
) -> Result<Response, Problem> {
    let after_sales = app.read_long(move |reader| reader.after_sales_of(id)).await?;
    if after_sales.is_empty() && app.read(|reader| reader.order(id))?.is_none() {
        return Err(Problem::not_found("order"));
    }
    let data = after_sales.iter().rev().map(AfterSaleView::from).collect();
    Ok(answer::json(StatusCode::OK, &AfterSaleList { data, next_cursor: None }))
}
