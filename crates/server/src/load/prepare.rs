//! Brings the server to where a run can start: its products exist, each has the stock it needs, and its stock rows were
//! read, so that the check can tell what the run changed.

use std::{sync::Arc, time::Duration};

use super::{
    answer,
    bulk::exchange_all,
    client::Endpoint,
    display::bar,
    products::{PRODUCTS_PER_REQUEST, failed_lines, import_head, product_line},
    scenario::{Good, RequestBuffers, Scenario},
    stock::{Adjustment, StockRow, adjust_stock, read_stock},
    tally::excerpt,
};
use crate::cli::Failure;

/// How many units a product must have available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Exactly so many of every product: what is too much is written off.
    Exactly(u64),
    /// By product at least so many.
    AtLeast(Vec<u64>),
}

/// Creates the products.
///
/// # Errors
/// The server cannot be reached within `patience` or does not take a product.
pub(super) async fn create_products(endpoint: &Endpoint, goods: &[Good], patience: Duration) -> Result<(), Failure> {
    let head = import_head(endpoint);
    let chunks: Vec<String> =
        goods.chunks(PRODUCTS_PER_REQUEST).map(|chunk| chunk.iter().map(product_line).collect()).collect();
    let count = chunks.len();
    let request = move |index: usize| {
        let mut request = Vec::new();
        head.write(&mut request, b"", None, chunks[index].as_bytes());
        request
    };
    for answer in exchange_all(endpoint, count, patience, request, || {}).await? {
        let failed = failed_lines(&answer).map_err(|reason| format!("products were not taken: {reason}"))?;
        if let Some(first) = failed.first() {
            return Err(format!("{} products were not taken, the first: {}", failed.len(), first.reason).into());
        }
    }
    Ok(())
}

/// The stock rows of the goods, in their order.
///
/// # Errors
/// As [`read_stock`].
pub(super) async fn rows_of(
    endpoint: &Endpoint,
    goods: &[Good],
    label: &'static str,
    patience: Duration,
) -> Result<Vec<StockRow>, Failure> {
    let progress = bar(label, goods.len());
    let skus = goods.iter().map(|good| good.sku.clone()).collect();
    let step = progress.clone();
    let rows = read_stock(endpoint, skus, patience, move || step.inc(1)).await?;
    progress.finish_and_clear();
    Ok(rows)
}

/// Receives what is missing of `wanted`, or writes off what is too much.
///
/// # Errors
/// The server cannot be reached within `patience` or refuses a change.
pub(super) async fn provide_stock(
    endpoint: &Endpoint,
    (goods, rows): (&[Good], &[StockRow]),
    wanted: &Wanted,
    (run, patience): (u64, Duration),
) -> Result<(), Failure> {
    let delta = |index: usize, row: &StockRow| match wanted {
        Wanted::Exactly(units) => *units as i64 - row.available,
        Wanted::AtLeast(units) => (units[index] as i64 - row.available).max(0),
    };
    let adjustments: Vec<Adjustment> = goods
        .iter()
        .zip(rows)
        .enumerate()
        .map(|(index, (good, row))| Adjustment { sku: good.sku.clone(), delta: delta(index, row) })
        .filter(|adjustment| adjustment.delta != 0)
        .collect();
    let progress = bar("stock", adjustments.len());
    let step = progress.clone();
    let changes = (adjustments, format!("load-{run:016x}-"), "load test");
    let refused = adjust_stock(endpoint, changes, patience, move || step.inc(1)).await?;
    progress.finish_and_clear();
    match refused.first() {
        None => Ok(()),
        Some((sku, answer)) => {
            Err(format!("stock of {sku} was not changed: status {}: {}", answer.status, excerpt(&answer.body)).into())
        }
    }
}

/// Places every order of `scenario` and gives their ids.
///
/// # Errors
/// The server cannot be reached within `patience` or refuses one.
pub(super) async fn place_orders(
    endpoint: &Endpoint,
    scenario: Scenario,
    patience: Duration,
) -> Result<Vec<String>, Failure> {
    let count = usize::try_from(scenario.requests())?;
    let progress = bar("orders", count);
    let step = progress.clone();
    let scenario = Arc::new(scenario);
    let request = move |index: usize| {
        let mut buffers = RequestBuffers::default();
        scenario.write_request(index as u64, &mut buffers);
        buffers.request
    };
    let answers = exchange_all(endpoint, count, patience, request, move || step.inc(1)).await?;
    progress.finish_and_clear();
    let id_of = |answer: &super::bulk::Answer| match answer::order_id(&answer.body) {
        Some(id) if (200..300).contains(&answer.status) => Ok(id.to_owned()),
        _ => Err(format!("no order to read: status {}: {}", answer.status, excerpt(&answer.body)).into()),
    };
    answers.iter().map(id_of).collect()
}
