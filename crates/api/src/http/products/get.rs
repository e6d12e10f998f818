//! `GET /v1/products/{sku}`.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::Sku;

use crate::{answer, app::SharedApp, path::Named, problem::Problem, wire::product::ProductView};

/// Read a product
#[utoipa::path(
    get, path = "/v1/products/{sku}", tag = "catalog", operation_id = "get_product",
    params(("sku" = String, Path, description = "The caller's name of the product")),
    responses((status = 200, body = ProductView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_product(
    State(app): State<SharedApp>,
    Named(sku): Named<Sku>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let catalog = app.catalog();
    let product = catalog.product(&sku).ok_or_else(|| Problem::not_found("product"))?;
    Ok(answer::read(&headers, u64::from(product.version), &ProductView::from(product.as_ref())))
}
