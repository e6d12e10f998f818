//! `POST /v1/stock/{sku}/adjustments`: receives or writes off units. `on_hand` never falls below `locked`.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::Sku};

use crate::{
    answer,
    app::SharedApp,
    http::respond,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    submission::Submission,
    wire::stock::{AdjustmentBody, StockView},
};

const ROUTE: &str = "POST /v1/stock/{sku}/adjustments";

/// Receive or write off units
#[utoipa::path(
    post, path = "/v1/stock/{sku}/adjustments", tag = "stock", operation_id = "adjust_stock",
    params(
        ("sku" = String, Path, description = "The caller's name of the product"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = AdjustmentBody,
    responses((status = 200, body = StockView, description = "The row after the adjustment"))
)]
pub(crate) async fn adjust_stock(
    State(app): State<SharedApp>,
    Named(sku): Named<Sku>,
    precondition: Precondition,
    submission: Submission,
) -> Result<Response, Problem> {
    let key = submission.key();
    let stored = || Ok(app.read(|reader| reader.stock(&sku))?.map(|stock| stock.version));
    let expected_version = precondition.expected(stored)?;
    let command = submission.parse::<AdjustmentBody<'_>>()?.of_stock(sku.clone(), expected_version)?;
    let reply = app.execute(Some(ROUTE), key, Command::AdjustStock(command)).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Stock(stock) => Some(answer::resource(StatusCode::OK, stock.version, &StockView::from(stock))),
        _ => None,
    }))
}
