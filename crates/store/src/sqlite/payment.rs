//! Attempts to pay, and which attempt a channel's money movement belongs to.
//!
//! An order's attempts are found through its account, which names them. It folds no reports.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    ids::{AfterSaleId, OrderId, PaymentId},
    payment::{Payment, PaymentStatus, ReportedState, TransactionKey},
    time::Timestamp,
};
use ordain_engine::port::store::StatusCount;
use rusqlite::{Connection, Row, params};

use super::{
    bind::{Put, currency, optional_text, optional_time, shared, shared_or_none, signed, text, unsigned, unsigned_32},
    failure::SqliteFailure,
};

const PAYMENT_LOAD: &str = "-- payment_load
SELECT id, order_id, channel, status, reported, amount, currency, captured, refunded, refunding, counts,
    transaction_number, pay_url, return_url, query_at, queries, is_manual, version, created_at, updated_at, expires_at,
    after_sale_id
FROM payments WHERE id = ?1";

const PAYMENT_STATUSES_LIST: &str = "-- payment_statuses_list
SELECT status, count(*), min(updated_at) FROM payments GROUP BY status";

const PAYMENT_UPDATE: &str = "-- payment_update
UPDATE payments SET status = ?4, reported = ?5, captured = ?8, refunded = ?9, refunding = ?10, counts = ?11,
    transaction_number = ?12, pay_url = ?13, query_at = ?15, queries = ?16, is_manual = ?17, version = ?18, updated_at = ?22
WHERE id = ?1 AND version <= ?18";

const PAYMENT_INSERT: &str = "-- payment_insert
INSERT INTO payments (id, order_id, channel, status, reported, amount, currency, captured, refunded, refunding, counts,
    transaction_number, pay_url, return_url, query_at, queries, is_manual, version, created_at, expires_at, after_sale_id,
    updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)
ON CONFLICT (id) DO NOTHING";

const PAYMENTS_OVERDUE_LIST: &str = "-- payments_overdue_list
SELECT id, order_id FROM payments INDEXED BY payments_open
WHERE (status = 'created' OR status = 'pending' OR status = 'unknown') AND id > ?1 AND query_at < ?2
ORDER BY id LIMIT ?3 + 0";

const TRANSACTION_LOAD: &str = "-- transaction_load
SELECT payment_id FROM channel_transactions WHERE channel = ?1 AND transaction_number = ?2";

const TRANSACTION_INSERT: &str = "-- transaction_insert
INSERT INTO channel_transactions (channel, transaction_number, payment_id) VALUES (?1, ?2, ?3)";

/// An attempt.
pub(super) fn load(connection: &Connection, id: PaymentId) -> Result<Option<Payment>, SqliteFailure> {
    let mut statement = connection.prepare_cached(PAYMENT_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    rows.next()?.map(payment).transpose()
}

/// How many attempts are in each status, over the whole table.
pub(super) fn status_counts(connection: &Connection) -> Result<Vec<StatusCount<PaymentStatus>>, SqliteFailure> {
    let mut statement = connection.prepare(PAYMENT_STATUSES_LIST)?;
    let mut rows = statement.query([])?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        let word = text(row, 0)?;
        let status = PaymentStatus::from_word(word);
        let status = status.ok_or_else(|| SqliteFailure::damaged("payments", format_args!("status {word:?}")))?;
        counts.push(StatusCount { status, count: unsigned(row, 1)?, oldest: Timestamp(row.get(2)?) });
    }
    counts.sort_by_key(|count| count.status);
    Ok(counts)
}

/// A row of `payment_load` and its like.
pub(super) fn payment(row: &Row<'_>) -> Result<Payment, SqliteFailure> {
    let word = text(row, 3)?;
    let status = PaymentStatus::from_word(word);
    Ok(Payment {
        id: PaymentId::from_number(row.get(0)?),
        order: OrderId::from_number(row.get(1)?),
        channel: shared(row, 2)?,
        status: status.ok_or_else(|| SqliteFailure::damaged("payments", format_args!("status {word:?}")))?,
        reported: optional_text(row, 4)?.map(reported).transpose()?,
        amount: row.get(5)?,
        currency: currency(row, 6)?,
        captured: row.get(7)?,
        refunded: row.get(8)?,
        refunding: row.get(9)?,
        counts: row.get(10)?,
        transaction: shared_or_none(row, 11)?,
        pay_url: shared_or_none(row, 12)?,
        return_url: shared_or_none(row, 13)?,
        query_at: optional_time(row, 14)?,
        queries: unsigned_32(row, 15)?,
        is_manual: row.get(16)?,
        version: unsigned(row, 17)?,
        created_at: Timestamp(row.get(18)?),
        updated_at: Timestamp(row.get(19)?),
        expires_at: Timestamp(row.get(20)?),
        after_sale: row.get::<_, Option<i64>>(21)?.map(AfterSaleId::from_number),
    })
}

/// Writes attempts. What was agreed when one was opened stays as it was stored.
pub(super) fn put(connection: &Connection, payments: &BTreeMap<PaymentId, Arc<Payment>>) -> Result<(), SqliteFailure> {
    if payments.is_empty() {
        return Ok(());
    }
    let mut put = Put::prepare(connection, PAYMENT_UPDATE, PAYMENT_INSERT)?;
    for payment in payments.values() {
        let is_written = put.row(params![
            payment.id.number(),
            payment.order.number(),
            &*payment.channel,
            payment.status.as_str(),
            payment.reported.map(ReportedState::as_str),
            payment.amount,
            payment.currency.as_str(),
            payment.captured,
            payment.refunded,
            payment.refunding,
            payment.counts,
            payment.transaction.as_deref(),
            payment.pay_url.as_deref(),
            payment.return_url.as_deref(),
            payment.query_at.map(|at| at.0),
            payment.queries,
            payment.is_manual,
            signed(payment.version)?,
            payment.created_at.0,
            payment.expires_at.0,
            payment.after_sale.map(AfterSaleId::number),
            payment.updated_at.0,
        ])?;
        if !is_written {
            let text = format!("{} is stored with a version above {}", payment.id, payment.version);
            return Err(SqliteFailure::Guard(text));
        }
    }
    Ok(())
}

/// Open attempts after an id (excluded) that were to be asked about before a time, with their orders.
pub(super) fn overdue(
    connection: &Connection,
    after: Option<PaymentId>,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<(PaymentId, OrderId)>, SqliteFailure> {
    let mut statement = connection.prepare_cached(PAYMENTS_OVERDUE_LIST)?;
    let (after, limit) = (after.map_or(0, PaymentId::number), i64::try_from(limit).unwrap_or(i64::MAX));
    let names = |row: &Row<'_>| Ok((PaymentId::from_number(row.get(0)?), OrderId::from_number(row.get(1)?)));
    Ok(statement.query_map(params![after, before.0, limit], names)?.collect::<Result<_, _>>()?)
}

/// Which attempt a money movement belongs to.
pub(super) fn transaction(connection: &Connection, key: &TransactionKey) -> Result<Option<PaymentId>, SqliteFailure> {
    let mut statement = connection.prepare_cached(TRANSACTION_LOAD)?;
    let mut rows = statement.query([&*key.channel, &*key.transaction])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?.map(PaymentId::from_number))
}

/// Adds money movements. One that is there already is refused: it belongs to its attempt for ever.
pub(super) fn insert_transactions(
    connection: &Connection,
    transactions: &BTreeMap<TransactionKey, PaymentId>,
) -> Result<(), SqliteFailure> {
    if transactions.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(TRANSACTION_INSERT)?;
    for (key, payment) in transactions {
        statement.execute(params![&*key.channel, &*key.transaction, payment.number()])?;
    }
    Ok(())
}

fn reported(word: &str) -> Result<ReportedState, SqliteFailure> {
    ReportedState::from_word(word)
        .ok_or_else(|| SqliteFailure::damaged("payments", format_args!("reported state {word:?}")))
}
