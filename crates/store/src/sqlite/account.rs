//! The books of orders: sums, what was given back by line, and the names of what belongs to an order.
//!
//! The lines have rows of their own only once units were refunded, so that most orders have none. It adds nothing up.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use ordain_domain::{
    ids::{AfterSaleId, OrderId, PaymentId, RefundId, ShipmentId},
    order::{CancelReason, Order},
    payment::{Closing, LineAccount, OrderAccount},
    time::Timestamp,
    timer::TimerKind,
};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use super::{
    bind::{JsonBuffer, Put, json, optional_text, optional_time, shared_or_none, signed, unsigned, unsigned_32},
    failure::SqliteFailure,
    order::cancel_reason,
};

const ACCOUNT_LOAD: &str = "-- account_load
SELECT order_id, captured, refunded, refunding, closing_until, closing_reason, closing_note, lines, lists, version
FROM order_accounts WHERE order_id = ?1";

const ACCOUNT_UPDATE: &str = "-- account_update
UPDATE order_accounts SET captured = ?2, refunded = ?3, refunding = ?4, closing_until = ?5, closing_reason = ?6,
    closing_note = ?7, lines = ?8, lists = ?9, version = ?10
WHERE order_id = ?1 AND version < ?10";

const ACCOUNT_INSERT: &str = "-- account_insert
INSERT INTO order_accounts (order_id, captured, refunded, refunding, closing_until, closing_reason, closing_note, lines,
    lists, version)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (order_id) DO NOTHING";

const LINE_ACCOUNTS_LOAD: &str = "-- line_accounts_load
SELECT line, units, money, points FROM line_accounts WHERE order_id = ?1 ORDER BY line";

const LINE_ACCOUNT_PUT: &str = "-- line_account_put
INSERT INTO line_accounts (order_id, line, payable, quantity, units, money, points) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (order_id, line) DO UPDATE SET units = excluded.units, money = excluded.money, points = excluded.points";

const LINE_ACCOUNTS_COUNT: &str = "-- line_accounts_count
SELECT lines FROM order_accounts WHERE order_id = ?1";

/// What belongs to an order, and its timers. Most orders have a payment and nothing else.
#[derive(Serialize, Deserialize)]
struct Lists<'a> {
    #[serde(default, skip_serializing_if = "is_empty")]
    payments: Cow<'a, [PaymentId]>,
    #[serde(default, skip_serializing_if = "is_empty")]
    refunds: Cow<'a, [RefundId]>,
    #[serde(default, skip_serializing_if = "is_empty")]
    shipments: Cow<'a, [ShipmentId]>,
    #[serde(default, skip_serializing_if = "is_empty")]
    after_sales: Cow<'a, [AfterSaleId]>,
    #[serde(default, skip_serializing_if = "has_no_timer")]
    timers: Cow<'a, BTreeMap<TimerKind, Timestamp>>,
}

#[expect(clippy::ptr_arg, reason = "serde hands the field over as it is")]
fn is_empty<T: Clone>(list: &Cow<'_, [T]>) -> bool {
    list.is_empty()
}

#[expect(clippy::ptr_arg, reason = "serde hands the field over as it is")]
fn has_no_timer(timers: &Cow<'_, BTreeMap<TimerKind, Timestamp>>) -> bool {
    timers.is_empty()
}

/// The books of an order.
pub(super) fn load(connection: &Connection, order: OrderId) -> Result<Option<OrderAccount>, SqliteFailure> {
    let mut statement = connection.prepare_cached(ACCOUNT_LOAD)?;
    let mut rows = statement.query([order.number()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    account(connection, row).map(Some)
}

/// A row of `account_load` and its like, with its lines.
pub(super) fn account(connection: &Connection, row: &Row<'_>) -> Result<OrderAccount, SqliteFailure> {
    let order = OrderId::from_number(row.get(0)?);
    let closing = match (optional_time(row, 4)?, optional_text(row, 5)?) {
        (Some(until), Some(word)) => {
            Some(Closing { reason: cancel_reason(word)?, note: shared_or_none(row, 6)?, until })
        }
        _ => None,
    };
    let lines = match row.get::<_, i64>(7)? {
        0 => Vec::new(),
        count => lines_of(connection, order, count)?,
    };
    let lists: Lists<'_> = json(row, 8)?;
    Ok(OrderAccount {
        order,
        captured: row.get(1)?,
        refunded: row.get(2)?,
        refunding: row.get(3)?,
        lines,
        payments: lists.payments.into_owned(),
        refunds: lists.refunds.into_owned(),
        shipments: lists.shipments.into_owned(),
        after_sales: lists.after_sales.into_owned(),
        closing,
        timers: lists.timers.into_owned(),
        version: unsigned(row, 9)?,
    })
}

fn lines_of(connection: &Connection, order: OrderId, count: i64) -> Result<Vec<LineAccount>, SqliteFailure> {
    let mut statement = connection.prepare_cached(LINE_ACCOUNTS_LOAD)?;
    let mut rows = statement.query([order.number()])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        if unsigned(row, 0)? != lines.len() as u64 {
            return Err(SqliteFailure::damaged("line_accounts", format_args!("a line of {order} is missing")));
        }
        lines.push(LineAccount { units: unsigned_32(row, 1)?, money: row.get(2)?, points: row.get(3)? });
    }
    if signed(lines.len() as u64)? != count {
        let found = lines.len();
        return Err(SqliteFailure::damaged("line_accounts", format_args!("{order} has {found} lines, not {count}")));
    }
    Ok(lines)
}

/// Writes the books of orders. Those whose lines may have changed come with their orders among `orders`: every refund of
/// units is told by an event.
pub(super) fn put(
    connection: &Connection,
    accounts: &BTreeMap<OrderId, Arc<OrderAccount>>,
    orders: &BTreeMap<OrderId, Arc<Order>>,
    json: &mut JsonBuffer,
) -> Result<(), SqliteFailure> {
    if accounts.is_empty() {
        return Ok(());
    }
    let mut put = Put::prepare(connection, ACCOUNT_UPDATE, ACCOUNT_INSERT)?;
    for (id, account) in accounts {
        if !account.lines.is_empty() {
            put_lines(connection, account, orders.get(id).map(AsRef::as_ref))?;
        }
        let closing = account.closing.as_ref();
        let lists = Lists {
            payments: Cow::Borrowed(&account.payments),
            refunds: Cow::Borrowed(&account.refunds),
            shipments: Cow::Borrowed(&account.shipments),
            after_sales: Cow::Borrowed(&account.after_sales),
            timers: Cow::Borrowed(&account.timers),
        };
        let is_written = put.row(params![
            id.number(),
            account.captured,
            account.refunded,
            account.refunding,
            closing.map(|closing| closing.until.0),
            closing.map(|closing| CancelReason::as_str(closing.reason)),
            closing.and_then(|closing| closing.note.as_deref()),
            signed(account.lines.len() as u64)?,
            json.of(&lists)?,
            signed(account.version)?,
        ])?;
        if !is_written {
            let text = format!("the account of {id} is stored with version {} or above", account.version);
            return Err(SqliteFailure::Guard(text));
        }
    }
    Ok(())
}

fn put_lines(connection: &Connection, account: &OrderAccount, order: Option<&Order>) -> Result<(), SqliteFailure> {
    let Some(order) = order else { return check_lines(connection, account) };
    let mut statement = connection.prepare_cached(LINE_ACCOUNT_PUT)?;
    for (index, (line, agreed)) in account.lines.iter().zip(&order.placed.lines).enumerate() {
        statement.execute(params![
            order.id.number(),
            signed(index as u64)?,
            agreed.payable(),
            agreed.quantity,
            line.units,
            line.money,
            line.points,
        ])?;
    }
    Ok(())
}

/// An account without its order in the same commit has the lines that are stored.
fn check_lines(connection: &Connection, account: &OrderAccount) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare_cached(LINE_ACCOUNTS_COUNT)?;
    let count: Option<i64> = statement.query([account.order.number()])?.next()?.map(|row| row.get(0)).transpose()?;
    if count == Some(signed(account.lines.len() as u64)?)
        && lines_of(connection, account.order, count.unwrap_or(0))? == account.lines
    {
        return Ok(());
    }
    Err(SqliteFailure::Guard(format!("units of {} are refunded without an event that tells it", account.order)))
}
