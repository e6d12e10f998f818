//! The sandbox's own ledger: the truth about money.

use std::{collections::HashMap, time::Duration};

use serde::Deserialize;

use super::rows::parsed;
use crate::{
    cli::Failure,
    load::{
        bulk::exchange_patiently,
        client::{Connection, Endpoint},
    },
};

/// Lines that are read at once: the most that the sandbox gives.
const LINES_AT_ONCE: usize = 1_000;

/// What was taken and given back of one payment, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Movements {
    pub(super) captured: i64,
    pub(super) refunded: i64,
    pub(super) captures: u32,
}

/// By payment.
pub(super) type Ledger = HashMap<String, Movements>;

#[derive(Deserialize)]
struct Page {
    data: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    number: i64,
    kind: String,
    payment_id: String,
    amount: i64,
}

/// The number of the last line.
///
/// # Errors
/// The sandbox does not answer within `patience`.
pub(super) async fn position(
    endpoint: &Endpoint,
    connection: &mut Connection,
    patience: Duration,
) -> Result<i64, Failure> {
    let mut last = 0;
    walk(endpoint, connection, (0, patience), |line| last = line.number).await?;
    Ok(last)
}

/// Every movement after line `after`.
///
/// # Errors
/// The sandbox does not answer within `patience`.
pub(super) async fn read(
    endpoint: &Endpoint,
    connection: &mut Connection,
    (after, patience): (i64, Duration),
) -> Result<Ledger, Failure> {
    let mut ledger = Ledger::new();
    walk(endpoint, connection, (after, patience), |line| enter(&mut ledger, line)).await?;
    Ok(ledger)
}

fn enter(ledger: &mut Ledger, line: Line) {
    let movements = ledger.entry(line.payment_id).or_default();
    if line.kind == "refund" {
        movements.refunded += line.amount;
    } else {
        movements.captured += line.amount;
        movements.captures += 1;
    }
}

async fn walk(
    endpoint: &Endpoint,
    connection: &mut Connection,
    (mut after, patience): (i64, Duration),
    mut take: impl FnMut(Line),
) -> Result<(), Failure> {
    let head = endpoint.head("GET", "/sandbox/v1/ledger?", None);
    let mut request = Vec::new();
    loop {
        let query = format!("after={after}&limit={LINES_AT_ONCE}");
        head.write(&mut request, query.as_bytes(), None, b"");
        let page: Page = parsed(&exchange_patiently(connection, &request, patience).await?)?;
        let is_last = page.data.len() < LINES_AT_ONCE;
        for line in page.data {
            after = line.number;
            take(line);
        }
        if is_last {
            return Ok(());
        }
    }
}
