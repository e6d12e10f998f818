//! `GET /v1/ops/states`: how many orders, payments, refunds, parcels and after-sales are in which status, and how long the oldest has been.

use axum::{extract::State, http::StatusCode, response::Response};

use crate::{
    answer,
    app::SharedApp,
    problem::Problem,
    wire::ops::{CountView, StatesView},
};

/// Count orders, payments, refunds, parcels and after-sales by status
#[utoipa::path(
    get, path = "/v1/ops/states", tag = "operations", operation_id = "states",
    responses((status = 200, body = StatesView))
)]
pub(crate) async fn states(State(app): State<SharedApp>) -> Result<Response, Problem> {
    let now = app.engine.now();
    let reading = app.read_long(move |reader| {
        Ok(StatesView {
            data: CountView::list(&reader.status_counts()?, now),
            payments: CountView::list(&reader.payment_counts()?, now),
            refunds: CountView::list(&reader.refund_counts()?, now),
            shipments: CountView::list(&reader.shipment_counts()?, now),
            after_sales: CountView::list(&reader.after_sale_counts()?, now),
        })
    });
    Ok(answer::json(StatusCode::OK, &reading.await?))
}
