//! Points accounts and their ledger.
//!
//! It adds nothing up: balances are written as decided, and `verify` compares them with the ledger.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    ids::{OrderId, UserId},
    points::{PointsAccount, PointsEntry, PointsReason},
    time::Timestamp,
};
use rusqlite::{Connection, Row, params};

use super::{
    bind::{optional_text, parsed, signed, text, unsigned},
    failure::SqliteFailure,
};

const POINTS_LOAD: &str = "-- points_load
SELECT user_id, balance, frozen, entries, version FROM points WHERE user_id = ?1";

const POINTS_PUT: &str = "-- points_put
INSERT INTO points (user_id, balance, frozen, entries, version) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (user_id) DO UPDATE SET balance = excluded.balance, frozen = excluded.frozen, entries = excluded.entries,
    version = excluded.version";

const POINTS_ENTRY_INSERT: &str = "-- points_entry_insert
INSERT INTO points_entries (user_id, number, delta, reason, note, order_id, balance, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const POINTS_ENTRIES_BEFORE_LIST: &str = "-- points_entries_before_list
SELECT user_id, number, delta, reason, note, order_id, balance, at FROM points_entries
WHERE user_id = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3 + 0";

/// A user's account.
pub(super) fn load(connection: &Connection, user: &UserId) -> Result<Option<PointsAccount>, SqliteFailure> {
    let mut statement = connection.prepare_cached(POINTS_LOAD)?;
    let mut rows = statement.query([user.as_str()])?;
    rows.next()?.map(account).transpose()
}

/// A row of `points_load` and its like.
pub(super) fn account(row: &Row<'_>) -> Result<PointsAccount, SqliteFailure> {
    Ok(PointsAccount {
        user_id: parsed(row, 0)?,
        balance: row.get(1)?,
        frozen: row.get(2)?,
        entries: unsigned(row, 3)?,
        version: unsigned(row, 4)?,
    })
}

/// Writes accounts.
pub(super) fn put(connection: &Connection, accounts: &BTreeMap<UserId, PointsAccount>) -> Result<(), SqliteFailure> {
    if accounts.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(POINTS_PUT)?;
    for account in accounts.values() {
        let (entries, version) = (signed(account.entries)?, signed(account.version)?);
        statement.execute(params![account.user_id.as_str(), account.balance, account.frozen, entries, version])?;
    }
    Ok(())
}

/// Appends to the ledger.
pub(super) fn insert_entries(connection: &Connection, entries: &[PointsEntry]) -> Result<(), SqliteFailure> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(POINTS_ENTRY_INSERT)?;
    for entry in entries {
        statement.execute(params![
            entry.user_id.as_str(),
            signed(entry.number)?,
            entry.delta,
            reason_word(entry.reason),
            entry.note.as_deref(),
            entry.order.map(OrderId::number),
            entry.balance,
            entry.at.0,
        ])?;
    }
    Ok(())
}

/// A user's ledger before an entry (excluded), newest first.
pub(super) fn entries_before(
    connection: &Connection,
    user: &UserId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<PointsEntry>, SqliteFailure> {
    let mut statement = connection.prepare_cached(POINTS_ENTRIES_BEFORE_LIST)?;
    let before = before.and_then(|number| i64::try_from(number).ok()).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![user.as_str(), before, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

fn entry(row: &Row<'_>) -> Result<PointsEntry, SqliteFailure> {
    let word = text(row, 3)?;
    let reason = REASONS.into_iter().find(|reason| reason_word(*reason) == word);
    Ok(PointsEntry {
        user_id: parsed(row, 0)?,
        number: unsigned(row, 1)?,
        delta: row.get(2)?,
        reason: reason.ok_or_else(|| SqliteFailure::damaged("points_entries", format_args!("reason {word:?}")))?,
        note: optional_text(row, 4)?.map(Arc::from),
        order: row.get::<_, Option<i64>>(5)?.map(OrderId::from_number),
        balance: row.get(6)?,
        at: Timestamp(row.get(7)?),
    })
}

const REASONS: [PointsReason; 5] = [
    PointsReason::Adjustment,
    PointsReason::OrderPlaced,
    PointsReason::OrderCancelled,
    PointsReason::OrderRefunded,
    PointsReason::OrderCompleted,
];

const fn reason_word(reason: PointsReason) -> &'static str {
    match reason {
        PointsReason::Adjustment => "adjustment",
        PointsReason::OrderPlaced => "order_placed",
        PointsReason::OrderCancelled => "order_cancelled",
        PointsReason::OrderRefunded => "order_refunded",
        PointsReason::OrderCompleted => "order_completed",
    }
}
