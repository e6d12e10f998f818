//! Stock counters, the locks of orders, and the ledger.
//!
//! The writer keeps hot counters in memory (`stock/cache.rs`); this room only reads and writes rows.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    ids::{OrderId, Sku},
    stock::{Lock, LockState, Locks, MovementReason, Stock, StockMovement},
    time::Timestamp,
};
use rusqlite::{Connection, Row, params};

use super::{
    bind::{optional_text, parsed, signed, text, unsigned},
    failure::SqliteFailure,
};

pub(super) mod cache;

const STOCK_LOAD: &str = "-- stock_load
SELECT sku, on_hand, locked, sold, received, returned, version, movements FROM stock WHERE sku = ?1";

const STOCK_PUT: &str = "-- stock_put
INSERT INTO stock (sku, on_hand, locked, sold, received, returned, version, movements)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (sku) DO UPDATE SET on_hand = excluded.on_hand, locked = excluded.locked, sold = excluded.sold,
    received = excluded.received, returned = excluded.returned, version = excluded.version,
    movements = excluded.movements
WHERE version < excluded.version";

const STOCK_MOVEMENT_INSERT: &str = "-- stock_movement_insert
INSERT INTO stock_movements (sku, number, delta, reason, note, order_id, on_hand, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const STOCK_MOVEMENTS_BEFORE_LIST: &str = "-- stock_movements_before_list
SELECT sku, number, delta, reason, note, order_id, on_hand, at FROM stock_movements
WHERE sku = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3 + 0";

const STOCK_LOCK_INSERT: &str = "-- stock_lock_insert
INSERT INTO stock_locks (order_id, sku, quantity, state) VALUES (?1, ?2, ?3, ?4)";

const STOCK_LOCK_PUT: &str = "-- stock_lock_put
INSERT INTO stock_locks (order_id, sku, quantity, state) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (order_id, sku) DO UPDATE SET quantity = excluded.quantity, state = excluded.state";

const STOCK_LOCKS_OF_ORDER_LIST: &str = "-- stock_locks_of_order_list
SELECT sku, quantity, state FROM stock_locks WHERE order_id = ?1 ORDER BY sku";

/// A SKU's counters.
pub(super) fn load(connection: &Connection, sku: &Sku) -> Result<Option<Stock>, SqliteFailure> {
    let mut statement = connection.prepare_cached(STOCK_LOAD)?;
    let mut rows = statement.query([sku.as_str()])?;
    rows.next()?.map(stock).transpose()
}

/// A row of `stock_load` and its lists.
pub(super) fn stock(row: &Row<'_>) -> Result<Stock, SqliteFailure> {
    Ok(Stock {
        sku: parsed(row, 0)?,
        on_hand: row.get(1)?,
        locked: row.get(2)?,
        sold: row.get(3)?,
        received: row.get(4)?,
        returned: row.get(5)?,
        version: unsigned(row, 6)?,
        movements: unsigned(row, 7)?,
    })
}

/// Writes counters, each newer than the stored ones.
pub(super) fn put(connection: &Connection, rows: &BTreeMap<Sku, Stock>) -> Result<(), SqliteFailure> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(STOCK_PUT)?;
    for stock in rows.values() {
        let written = statement.execute(params![
            stock.sku.as_str(),
            stock.on_hand,
            stock.locked,
            stock.sold,
            stock.received,
            stock.returned,
            signed(stock.version)?,
            signed(stock.movements)?,
        ])?;
        if written != 1 {
            let text = format!("stock of {} is stored with version {} or above", stock.sku, stock.version);
            return Err(SqliteFailure::Guard(text));
        }
    }
    Ok(())
}

/// Appends to the ledger.
pub(super) fn insert_movements(connection: &Connection, movements: &[StockMovement]) -> Result<(), SqliteFailure> {
    if movements.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(STOCK_MOVEMENT_INSERT)?;
    for movement in movements {
        statement.execute(params![
            movement.sku.as_str(),
            signed(movement.number)?,
            movement.delta,
            reason_word(movement.reason),
            movement.note.as_deref(),
            movement.order.map(OrderId::number),
            movement.on_hand,
            movement.at.0,
        ])?;
    }
    Ok(())
}

/// A SKU's ledger before an entry (excluded), newest first.
pub(super) fn movements_before(
    connection: &Connection,
    sku: &Sku,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<StockMovement>, SqliteFailure> {
    let mut statement = connection.prepare_cached(STOCK_MOVEMENTS_BEFORE_LIST)?;
    let before = before.and_then(|number| i64::try_from(number).ok()).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![sku.as_str(), before, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut movements = Vec::new();
    while let Some(row) = rows.next()? {
        movements.push(movement(row)?);
    }
    Ok(movements)
}

/// A row of `stock_movements_before_list` and its like.
pub(super) fn movement(row: &Row<'_>) -> Result<StockMovement, SqliteFailure> {
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

/// Adds the locks of orders that had none.
pub(super) fn insert_locks<'a>(
    connection: &Connection,
    locks: impl IntoIterator<Item = (OrderId, &'a Locks)>,
) -> Result<(), SqliteFailure> {
    write_locks(connection, STOCK_LOCK_INSERT, locks)
}

/// Writes the locks of orders that may have them already.
pub(super) fn put_locks<'a>(
    connection: &Connection,
    locks: impl IntoIterator<Item = (OrderId, &'a Locks)>,
) -> Result<(), SqliteFailure> {
    write_locks(connection, STOCK_LOCK_PUT, locks)
}

fn write_locks<'a>(
    connection: &Connection,
    sql: &str,
    locks: impl IntoIterator<Item = (OrderId, &'a Locks)>,
) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare_cached(sql)?;
    for (order, locks) in locks {
        for lock in locks.iter() {
            let quantity = signed(lock.quantity)?;
            statement.execute(params![order.number(), lock.sku.as_str(), quantity, state_word(lock.state)])?;
        }
    }
    Ok(())
}

/// The locks of an order, by SKU.
pub(super) fn locks_of(connection: &Connection, order: OrderId) -> Result<Vec<Lock>, SqliteFailure> {
    let mut statement = connection.prepare_cached(STOCK_LOCKS_OF_ORDER_LIST)?;
    let mut rows = statement.query([order.number()])?;
    let mut locks = Vec::new();
    while let Some(row) = rows.next()? {
        locks.push(Lock { sku: parsed(row, 0)?, quantity: unsigned(row, 1)?, state: lock_state(row, 2)? });
    }
    Ok(locks)
}

/// A column that holds the word of a lock's state.
pub(super) fn lock_state(row: &Row<'_>, column: usize) -> Result<LockState, SqliteFailure> {
    let word = text(row, column)?;
    let state = STATES.into_iter().find(|state| state_word(*state) == word);
    state.ok_or_else(|| SqliteFailure::damaged("stock_locks", format_args!("state {word:?}")))
}

const STATES: [LockState; 3] = [LockState::Held, LockState::Deducted, LockState::Released];

const fn state_word(state: LockState) -> &'static str {
    match state {
        LockState::Held => "held",
        LockState::Deducted => "deducted",
        LockState::Released => "released",
    }
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
