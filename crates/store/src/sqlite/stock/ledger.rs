//! The ledger of stock.
//!
//! Entries are added at the right edge of their table, so that a batch of sales dirties few pages however many SKUs were
//! sold. A SKU's entries are a chain by `previous`, which begins at its stock row; every 64th entry is marked by its number, so
//! that a page from the middle of a long ledger is found without walking all of it. Nothing here knows why stock moves.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    ids::{OrderId, Sku},
    stock::{MovementReason, StockMovement},
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::super::{
    bind::{optional_text, parsed, signed, text, unsigned},
    failure::SqliteFailure,
};

/// Every so many entries of a SKU one is marked.
const MARK_EVERY: u64 = 64;

const STOCK_MOVEMENT_INSERT: &str = "-- stock_movement_insert
INSERT INTO stock_movements (previous, sku, number, delta, reason, note, order_id, on_hand, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const STOCK_MOVEMENT_MARK_INSERT: &str = "-- stock_movement_mark_insert
INSERT INTO stock_movement_marks (sku, number, position) VALUES (?1, ?2, ?3)";

const STOCK_MOVEMENT_LOAD: &str = "-- stock_movement_load
SELECT sku, number, delta, reason, note, order_id, on_hand, at, previous FROM stock_movements WHERE position = ?1";

const STOCK_MOVEMENT_MARK_FIND: &str = "-- stock_movement_mark_find
SELECT position FROM stock_movement_marks WHERE sku = ?1 AND number >= ?2 ORDER BY number LIMIT 1";

const STOCK_LAST_MOVEMENT_LOAD: &str = "-- stock_last_movement_load
SELECT last_movement FROM stock WHERE sku = ?1";

/// Where the ledgers end that a commit added to, by SKU.
pub(in super::super) type Ends = BTreeMap<Sku, i64>;

/// Adds entries, oldest first. `last_of` tells where a SKU's ledger ended before, for those that are remembered.
pub(in super::super) fn insert(
    connection: &Connection,
    movements: &[StockMovement],
    last_of: impl Fn(&Sku) -> Option<i64>,
) -> Result<Ends, SqliteFailure> {
    let mut ends = Ends::new();
    if movements.is_empty() {
        return Ok(ends);
    }
    let mut statement = connection.prepare_cached(STOCK_MOVEMENT_INSERT)?;
    for movement in movements {
        let previous = match ends.get(&movement.sku).copied().or_else(|| last_of(&movement.sku)) {
            Some(position) => Some(position),
            None => last(connection, &movement.sku)?,
        };
        statement.execute(params![
            previous,
            movement.sku.as_str(),
            signed(movement.number)?,
            movement.delta,
            reason_word(movement.reason),
            movement.note.as_deref(),
            movement.order.map(OrderId::number),
            movement.on_hand,
            movement.at.0,
        ])?;
        let position = connection.last_insert_rowid();
        if movement.number % MARK_EVERY == 0 {
            let mut mark = connection.prepare_cached(STOCK_MOVEMENT_MARK_INSERT)?;
            mark.execute(params![movement.sku.as_str(), signed(movement.number)?, position])?;
        }
        ends.insert(movement.sku.clone(), position);
    }
    Ok(ends)
}

/// A SKU's ledger before an entry (excluded), newest first.
pub(in super::super) fn before(
    connection: &Connection,
    sku: &Sku,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<StockMovement>, SqliteFailure> {
    let mut next = match before {
        Some(number) => mark_from(connection, sku, number)?,
        None => None,
    };
    if next.is_none() {
        next = last(connection, sku)?;
    }
    let mut statement = connection.prepare_cached(STOCK_MOVEMENT_LOAD)?;
    let mut movements = Vec::new();
    while let Some(position) = next.filter(|_| movements.len() < limit) {
        let mut rows = statement.query([position])?;
        let Some(row) = rows.next()? else {
            return Err(SqliteFailure::damaged("stock_movements", format_args!("no entry at {position} of {sku}")));
        };
        next = row.get(8)?;
        let movement = movement(row)?;
        if before.is_none_or(|before| movement.number < before) {
            movements.push(movement);
        }
    }
    Ok(movements)
}

/// Where the marked entry lies from which an entry is soonest reached.
fn mark_from(connection: &Connection, sku: &Sku, number: u64) -> Result<Option<i64>, SqliteFailure> {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(STOCK_MOVEMENT_MARK_FIND)?;
    Ok(statement.query_row(params![sku.as_str(), number], |row| row.get(0)).optional()?)
}

/// Where the last entry of a SKU lies.
fn last(connection: &Connection, sku: &Sku) -> Result<Option<i64>, SqliteFailure> {
    let mut statement = connection.prepare_cached(STOCK_LAST_MOVEMENT_LOAD)?;
    Ok(statement.query_row([sku.as_str()], |row| row.get(0)).optional()?.flatten())
}

/// A row of `stock_movement_load`.
fn movement(row: &Row<'_>) -> Result<StockMovement, SqliteFailure> {
    let word = text(row, 3)?;
    let reason = REASONS.into_iter().find(|reason| reason_word(*reason) == word);
    Ok(StockMovement {
        sku: parsed(row, 0)?,
        number: unsigned(row, 1)?,
        delta: row.get(2)?,
        reason: reason.ok_or_else(|| SqliteFailure::damaged("stock_movements", format_args!("reason {word:?}")))?,
        note: optional_text(row, 4)?.map(Arc::from),
        order: row.get::<_, Option<i64>>(5)?.map(OrderId::from_number),
        on_hand: row.get(6)?,
        at: Timestamp(row.get(7)?),
    })
}

const REASONS: [MovementReason; 4] =
    [MovementReason::Receive, MovementReason::WriteOff, MovementReason::Sale, MovementReason::Return];

const fn reason_word(reason: MovementReason) -> &'static str {
    match reason {
        MovementReason::Receive => "receive",
        MovementReason::WriteOff => "write_off",
        MovementReason::Sale => "sale",
        MovementReason::Return => "return",
    }
}
