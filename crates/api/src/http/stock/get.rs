//! `GET /v1/stock/{sku}`. A product that never had stock has a row of zeros.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::{ids::Sku, stock::Stock};

use crate::{
    answer,
    app::{App, SharedApp},
    path::Named,
    problem::Problem,
    wire::stock::StockView,
};

/// Read the stock of a product
#[utoipa::path(
    get, path = "/v1/stock/{sku}", tag = "stock", operation_id = "get_stock",
    params(("sku" = String, Path, description = "The caller's name of the product")),
    responses((status = 200, body = StockView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_stock(
    State(app): State<SharedApp>,
    Named(sku): Named<Sku>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let stock = stock_of(&app, sku)?;
    Ok(answer::read(&headers, stock.version, &StockView::from(&stock)))
}

/// The row, the row of zeros of a product that has none, or `not_found` where there is no product either.
pub(super) fn stock_of(app: &App, sku: Sku) -> Result<Stock, Problem> {
    match app.read(|reader| reader.stock(&sku))? {
        Some(stock) => Ok(stock),
        None if app.catalog().product(&sku).is_some() => Ok(Stock::empty(sku)),
        None => Err(Problem::not_found("product")),
    }
}
