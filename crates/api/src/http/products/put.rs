//! `PUT /v1/products/{sku}`: creates or replaces a product. Orders that were placed keep what they agreed on.

use axum::{extract::State, response::Response};
use ordain_domain::{answer::Answer, catalog::command::PutProducts, command::Command, ids::Sku};

use crate::{
    answer,
    app::SharedApp,
    body::JsonBody,
    http::respond,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    wire::product::{ProductBody, ProductView},
};

/// Create or replace a product
#[utoipa::path(
    put, path = "/v1/products/{sku}", tag = "catalog", operation_id = "put_product",
    params(("sku" = String, Path, description = "The caller's name of the product"), ("If-Match" = Option<String>, Header)),
    request_body = ProductBody,
    responses((status = 200, body = ProductView, description = "Replaced"), (status = 201, body = ProductView, description = "Created"))
)]
pub(crate) async fn put_product(
    State(app): State<SharedApp>,
    Named(sku): Named<Sku>,
    precondition: Precondition,
    body: JsonBody,
) -> Result<Response, Problem> {
    let product = body.parse::<ProductBody<'_>>()?.into_product(sku)?;
    let version = |catalog: &ordain_domain::catalog::Catalog| {
        catalog.product(&product.sku).map(|stored| u64::from(stored.version))
    };
    let expected_version = precondition.expected(|| Ok(version(&app.catalog())))?;
    let command = Command::PutProducts(PutProducts { products: vec![product], expected_version });
    let reply = app.execute(None, None, command).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Product(product) => Some(answer::put(u64::from(product.version), &ProductView::from(product.as_ref()))),
        _ => None,
    }))
}
