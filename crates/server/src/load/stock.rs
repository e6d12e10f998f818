//! Stock rows of many SKUs: reading them and changing them, over HTTP like anybody else.

use std::time::Duration;

use serde::Deserialize;

use super::{
    bulk::{Answer, exchange_all},
    client::Endpoint,
    tally::excerpt,
};
use crate::cli::Failure;

/// What `GET /v1/stock/{sku}` tells, in units.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) struct StockRow {
    /// Units in the warehouse.
    pub(crate) on_hand: i64,
    /// Units held for orders.
    pub(crate) locked: i64,
    /// Units that can be ordered.
    pub(crate) available: i64,
    /// Units that left with orders.
    pub(crate) sold: i64,
    /// Units that came in, less what was written off.
    pub(crate) received: i64,
    /// Units that came back.
    pub(crate) returned: i64,
}

/// The rows of `skus` in the same order. A SKU that has no row has no stock.
///
/// # Errors
/// The server cannot be reached within `patience`, or answers something else than a row or 404.
pub(crate) async fn read_stock(
    endpoint: &Endpoint,
    skus: Vec<String>,
    patience: Duration,
    done: impl Fn() + Send + Sync + 'static,
) -> Result<Vec<StockRow>, Failure> {
    let head = endpoint.head("GET", "/v1/stock/", None);
    let names = skus.clone();
    let request = move |index: usize| {
        let mut request = Vec::new();
        head.write(&mut request, names[index].as_bytes(), None, b"");
        request
    };
    let answers = exchange_all(endpoint, skus.len(), patience, request, done).await?;
    answers.iter().zip(&skus).map(|(answer, sku)| row_of(answer, sku)).collect()
}

fn row_of(answer: &Answer, sku: &str) -> Result<StockRow, Failure> {
    match answer.status {
        200 => Ok(serde_json::from_slice(&answer.body)
            .map_err(|error| format!("stock of {sku}: {error}: {}", excerpt(&answer.body)))?),
        404 => Ok(StockRow::default()),
        status => Err(format!("stock of {sku}: status {status}: {}", excerpt(&answer.body)).into()),
    }
}

/// One change to a stock row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Adjustment {
    /// Which row.
    pub(crate) sku: String,
    /// Units received, or written off when negative; not 0.
    pub(crate) delta: i64,
}

/// Sends `adjustments`, each with an idempotency key of `key_prefix` and its SKU, and gives the ones that the server
/// refused with its answer.
///
/// # Errors
/// The server cannot be reached within `patience`.
pub(crate) async fn adjust_stock(
    endpoint: &Endpoint,
    (adjustments, key_prefix, reason): (Vec<Adjustment>, String, &str),
    patience: Duration,
    done: impl Fn() + Send + Sync + 'static,
) -> Result<Vec<(String, Answer)>, Failure> {
    let endpoint_of_request = endpoint.clone();
    let skus: Vec<String> = adjustments.iter().map(|adjustment| adjustment.sku.clone()).collect();
    let reason = serde_json::to_string(reason)?;
    let request = move |index: usize| {
        let Adjustment { sku, delta } = &adjustments[index];
        let path = format!("/v1/stock/{sku}/adjustments");
        let body = format!("{{\"delta\":{delta},\"reason\":{reason}}}");
        let key = format!("{key_prefix}{sku}");
        let mut request = Vec::new();
        let head = endpoint_of_request.head("POST", &path, Some("application/json"));
        head.write(&mut request, b"", Some(key.as_bytes()), body.as_bytes());
        request
    };
    let answers = exchange_all(endpoint, skus.len(), patience, request, done).await?;
    Ok(skus.into_iter().zip(answers).filter(|(_, answer)| !(200..300).contains(&answer.status)).collect())
}
