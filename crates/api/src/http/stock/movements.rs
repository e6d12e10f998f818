//! `GET /v1/stock/{sku}/movements`: the ledger of a SKU, newest first. `on_hand` is the sum of all deltas.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{ids::Sku, stock::StockMovement};
use ordain_engine::port::store::Before;

use super::get::stock_of;
use crate::{
    answer,
    app::SharedApp,
    paging::{Page, PageQuery, Parameters, cursor_of, limit_of},
    path::Named,
    problem::Problem,
    wire::stock::{MovementPage, MovementView},
};

/// List the movements of a product's stock
#[utoipa::path(
    get, path = "/v1/stock/{sku}/movements", tag = "stock", operation_id = "list_stock_movements",
    params(("sku" = String, Path, description = "The caller's name of the product"), PageQuery),
    responses((status = 200, body = MovementPage))
)]
pub(crate) async fn list_movements(
    State(app): State<SharedApp>,
    Named(sku): Named<Sku>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let key: Option<u64> = cursor_of(query.cursor.as_deref(), |text| text.parse().ok())?;
    stock_of(&app, sku.clone())?;
    let page = Before { key, limit: limit + 1 };
    let movements: Vec<StockMovement> = app.read_long(move |reader| reader.stock_movements(&sku, page)).await?;
    let page = Page::of(movements, limit, |movement| movement.number.to_string());
    Ok(answer::json(StatusCode::OK, &page.map(MovementView::from)))
}
