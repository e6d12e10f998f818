//! `GET /v1/after-sales/{id}`.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::AfterSaleId;

use crate::{answer, app::SharedApp, path::Named, problem::Problem, wire::after_sale::AfterSaleView};

/// Read an after-sale
#[utoipa::path(
    get, path = "/v1/after-sales/{id}", tag = "after-sales", operation_id = "get_after_sale",
    params(("id" = String, Path, description = "`aft_…`")),
    responses((status = 200, body = AfterSaleView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_after_sale(
    State(app): State<SharedApp>,
    Named(id): Named<AfterSaleId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after_sale = app.read(|reader| reader.after_sale(id))?.ok_or_else(|| Problem::not_found("after-sale"))?;
    Ok(answer::read(&headers, after_sale.version, &AfterSaleView::from(&after_sale)))
}
