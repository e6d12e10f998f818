//! Stock counters and the locks of orders; the ledger is `stock/ledger.rs`.
//!
//! The writer remembers where the ledgers of hot SKUs end (`stock/ledger_ends.rs`); this room only reads and writes rows.

use std::collections::BTreeMap;

use ordain_domain::{
    ids::{OrderId, Sku},
    stock::{Lock, LockState, Locks, Stock},
};
use rusqlite::{Connection, Row, params};

use super::{
    bind::{Put, parsed, signed, text, unsigned},
    failure::SqliteFailure,
};

pub(super) mod ledger;
pub(super) mod ledger_ends;

use ledger::Ends;

const STOCK_LOAD: &str = "-- stock_load
SELECT sku, on_hand, locked, sold, received, returned, version, movements FROM stock WHERE sku = ?1";

const STOCK_UPDATE: &str = "-- stock_update
UPDATE stock SET on_hand = ?2, locked = ?3, sold = ?4, received = ?5, returned = ?6, version = ?7, movements = ?8,
    last_movement = coalesce(?9, last_movement)
WHERE sku = ?1 AND version < ?7";

const STOCK_INSERT: &str = "-- stock_insert
INSERT INTO stock (sku, on_hand, locked, sold, received, returned, version, movements, last_movement)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (sku) DO NOTHING";

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

/// Writes counters, each newer than the stored ones. `ends` says where the ledgers end that this commit added to.
pub(super) fn put(connection: &Connection, rows: &BTreeMap<Sku, Stock>, ends: &Ends) -> Result<(), SqliteFailure> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut put = Put::prepare(connection, STOCK_UPDATE, STOCK_INSERT)?;
    for stock in rows.values() {
        let is_written = put.row(params![
            stock.sku.as_str(),
            stock.on_hand,
            stock.locked,
            stock.sold,
            stock.received,
            stock.returned,
            signed(stock.version)?,
            signed(stock.movements)?,
            ends.get(&stock.sku),
        ])?;
        if !is_written {
            let text = format!("stock of {} is stored with version {} or above", stock.sku, stock.version);
            return Err(SqliteFailure::Guard(text));
        }
    }
    Ok(())
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
