//! Refunds.
//!
//! An order's refunds are found through its account, which names them. It adds nothing up.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    ids::{OrderId, PaymentId, RefundId},
    refund::{Refund, RefundCause, RefundStatus},
    time::Timestamp,
};
use ordain_engine::port::store::StatusCount;
use rusqlite::{Connection, Row, params};

use super::{
    bind::{
        JsonBuffer, Put, currency, json_or_default, optional_time, shared_or_none, signed, text, unsigned, unsigned_32,
    },
    failure::SqliteFailure,
};

const REFUND_LOAD: &str = "-- refund_load
SELECT id, order_id, payment_id, status, amount, currency, lines, cause, reason, tries, next_at, transaction_number,
    note, version, created_at, updated_at
FROM refunds WHERE id = ?1";

const REFUND_STATUSES_LIST: &str = "-- refund_statuses_list
SELECT status, count(*), min(updated_at) FROM refunds GROUP BY status";

const REFUND_UPDATE: &str = "-- refund_update
UPDATE refunds SET status = ?4, tries = ?10, next_at = ?11, transaction_number = ?12, note = ?13, version = ?14,
    updated_at = ?16
WHERE id = ?1 AND version <= ?14";

const REFUND_INSERT: &str = "-- refund_insert
INSERT INTO refunds (id, order_id, payment_id, status, amount, currency, lines, cause, reason, tries, next_at,
    transaction_number, note, version, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
ON CONFLICT (id) DO NOTHING";

const REFUNDS_OVERDUE_LIST: &str = "-- refunds_overdue_list
SELECT id, order_id FROM refunds INDEXED BY refunds_open
WHERE status <> 'succeeded' AND id > ?1 AND next_at < ?2 ORDER BY id LIMIT ?3 + 0";

/// A refund.
pub(super) fn load(connection: &Connection, id: RefundId) -> Result<Option<Refund>, SqliteFailure> {
    let mut statement = connection.prepare_cached(REFUND_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    rows.next()?.map(refund).transpose()
}

/// How many refunds are in each status, over the whole table.
pub(super) fn status_counts(connection: &Connection) -> Result<Vec<StatusCount<RefundStatus>>, SqliteFailure> {
    let mut statement = connection.prepare(REFUND_STATUSES_LIST)?;
    let mut rows = statement.query([])?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        let word = text(row, 0)?;
        let status = RefundStatus::from_word(word);
        let status = status.ok_or_else(|| SqliteFailure::damaged("refunds", format_args!("status {word:?}")))?;
        counts.push(StatusCount { status, count: unsigned(row, 1)?, oldest: Timestamp(row.get(2)?) });
    }
    counts.sort_by_key(|count| count.status);
    Ok(counts)
}

/// A row of `refund_load` and its like.
pub(super) fn refund(row: &Row<'_>) -> Result<Refund, SqliteFailure> {
    let (status, cause) = (text(row, 3)?, text(row, 7)?);
    let damaged = |what: &str, word: &str| SqliteFailure::damaged("refunds", format_args!("{what} {word:?}"));
    Ok(Refund {
        id: RefundId::from_number(row.get(0)?),
        order: OrderId::from_number(row.get(1)?),
        payment: PaymentId::from_number(row.get(2)?),
        status: RefundStatus::from_word(status).ok_or_else(|| damaged("status", status))?,
        amount: row.get(4)?,
        currency: currency(row, 5)?,
        lines: json_or_default(row, 6)?,
        cause: RefundCause::from_word(cause).ok_or_else(|| damaged("cause", cause))?,
        reason: shared_or_none(row, 8)?,
        tries: unsigned_32(row, 9)?,
        next_at: optional_time(row, 10)?,
        transaction: shared_or_none(row, 11)?,
        note: shared_or_none(row, 12)?,
        version: unsigned(row, 13)?,
        created_at: Timestamp(row.get(14)?),
        updated_at: Timestamp(row.get(15)?),
    })
}

/// Open refunds after an id (excluded) whose next step was to be taken before a time, with their orders.
pub(super) fn overdue(
    connection: &Connection,
    after: Option<RefundId>,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<(RefundId, OrderId)>, SqliteFailure> {
    let mut statement = connection.prepare_cached(REFUNDS_OVERDUE_LIST)?;
    let (after, limit) = (after.map_or(0, RefundId::number), i64::try_from(limit).unwrap_or(i64::MAX));
    let names = |row: &Row<'_>| Ok((RefundId::from_number(row.get(0)?), OrderId::from_number(row.get(1)?)));
    Ok(statement.query_map(params![after, before.0, limit], names)?.collect::<Result<_, _>>()?)
}

/// Writes refunds. What one is for stays as it was stored.
pub(super) fn put(
    connection: &Connection,
    refunds: &BTreeMap<RefundId, Arc<Refund>>,
    json: &mut JsonBuffer,
) -> Result<(), SqliteFailure> {
    if refunds.is_empty() {
        return Ok(());
    }
    let mut put = Put::prepare(connection, REFUND_UPDATE, REFUND_INSERT)?;
    for refund in refunds.values() {
        let lines = if refund.lines.is_empty() { None } else { Some(json.of(&refund.lines)?) };
        let is_written = put.row(params![
            refund.id.number(),
            refund.order.number(),
            refund.payment.number(),
            refund.status.as_str(),
            refund.amount,
            refund.currency.as_str(),
            lines,
            refund.cause.as_str(),
            refund.reason.as_deref(),
            refund.tries,
            refund.next_at.map(|at| at.0),
            refund.transaction.as_deref(),
            refund.note.as_deref(),
            signed(refund.version)?,
            refund.created_at.0,
            refund.updated_at.0,
        ])?;
        if !is_written {
            let text = format!("{} is stored with a version above {}", refund.id, refund.version);
            return Err(SqliteFailure::Guard(text));
        }
    }
    Ok(())
}
