//! `GET /v1/ops/receipts`: the notifications of channels as they arrived, newest first.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{
    ids::ReceiptId,
    payment::{Receipt, ReceiptVerdict},
};
use ordain_engine::port::store::Before;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    answer,
    app::SharedApp,
    paging::{Page, Parameters, cursor_of, given, limit_of},
    problem::{Place, Problem},
    wire::receipt::{ReceiptPage, ReceiptView, VerdictWord},
};

/// Which notifications are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReceiptQuery {
    /// Only those of this verdict.
    #[param(value_type = Option<VerdictWord>)]
    verdict: Option<String>,
    /// Rows of the page: 1 to 100, 20 unless said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List the notifications of payment channels, newest first
///
/// Of forged ones at most ten a second and channel are kept; all are counted. All are looked through 10,000 at a time, so a
/// page may be short and still have a `next_cursor`.
#[utoipa::path(
    get, path = "/v1/ops/receipts", tag = "operations", operation_id = "list_receipts",
    params(ReceiptQuery), responses((status = 200, body = ReceiptPage))
)]
pub(crate) async fn list_receipts(
    State(app): State<SharedApp>,
    Parameters(query): Parameters<ReceiptQuery>,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let key: Option<ReceiptId> = cursor_of(query.cursor.as_deref(), |text| text.parse().ok())?;
    let verdict = given(query.verdict.as_deref()).map(verdict_of).transpose()?;
    let (data, next) = app.read_long(move |reader| reader.receipts(verdict, Before { key, limit })).await?;
    let page: Page<Receipt> = Page { data, next_cursor: next.map(|id| id.to_string()) };
    Ok(answer::json(StatusCode::OK, &page.map(ReceiptView::from)))
}

fn verdict_of(word: &str) -> Result<ReceiptVerdict, Problem> {
    ReceiptVerdict::from_word(word).ok_or_else(|| {
        let words = ReceiptVerdict::ALL.map(ReceiptVerdict::as_str).join(", ");
        Problem::invalid_at(Place::Parameter("verdict"), format!("must be one of {words}"))
    })
}
