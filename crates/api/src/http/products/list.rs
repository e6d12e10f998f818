//! `GET /v1/products`: all products by SKU.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{catalog::Product, ids::Sku};
use std::sync::Arc;

use crate::{
    answer,
    app::SharedApp,
    paging::{Page, PageQuery, Parameters, cursor_of, limit_of},
    problem::Problem,
    wire::product::{ProductPage, ProductView},
};

/// List products, by SKU
#[utoipa::path(
    get, path = "/v1/products", tag = "catalog", operation_id = "list_products",
    params(PageQuery), responses((status = 200, body = ProductPage))
)]
pub(crate) async fn list_products(
    State(app): State<SharedApp>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let after = cursor_of(query.cursor.as_deref(), |text| Sku::new(text).ok())?;
    let catalog = app.catalog();
    let products: Vec<&Arc<Product>> = catalog.products_after(after.as_ref(), limit + 1);
    let page = Page::of(products, limit, |product| product.sku.to_string());
    Ok(answer::json(StatusCode::OK, &page.map(|product| ProductView::from(product.as_ref()))))
}
