//! Orders: one row with what changes of an order; what was agreed is read from its first event.
//!
//! It finds an order by its id only: by user and key, the key index does. It applies no events.

mod quantities;

use std::sync::Arc;

use ordain_domain::{
    ids::{EventId, OrderId, UserId},
    order::{CancelReason, Order, OrderKey, OrderKeyEntry, OrderStatus, OrderToken, Placed},
    time::Timestamp,
};
use rusqlite::{
    Connection, Row, params,
    types::{ToSql, ToSqlOutput, ValueRef},
};

use super::{
    bind::{json, optional_text, signed, text, unsigned},
    failure::SqliteFailure,
};

const ORDER_INSERT: &str = "-- order_insert
INSERT INTO orders (id, user_id, token, fingerprint, answered_version, status, cancel_reason, total, paid, refunded,
    version, placed_at, expires_at, updated_at, first_event, last_event, quantities)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";

const ORDER_UPDATE: &str = "-- order_update
UPDATE orders SET status = ?3, cancel_reason = ?4, paid = ?5, refunded = ?6, version = ?7, updated_at = ?8,
    last_event = ?9, quantities = ?10
WHERE id = ?1 AND version = ?2";

// `+?1` keeps the plan from depending on the bound value: with a bare variable in a join, SQLite (built with STAT4) prepares
// the statement anew at every run, which took 5 of 7 microseconds.
const ORDER_LOAD: &str = "-- order_load
SELECT o.id, o.status, o.cancel_reason, o.paid, o.refunded, o.version, o.updated_at, o.first_event, o.last_event,
    o.quantities, e.data
FROM orders AS o LEFT JOIN events AS e ON e.position = o.first_event WHERE o.id = +?1";

const ORDERS_BEFORE_LIST: &str = "-- orders_before_list
SELECT o.id, o.status, o.cancel_reason, o.paid, o.refunded, o.version, o.updated_at, o.first_event, o.last_event,
    o.quantities, e.data
FROM orders AS o LEFT JOIN events AS e ON e.position = o.first_event WHERE o.id < +?1 ORDER BY o.id DESC LIMIT ?2 + 0";

const ORDER_LAST_EVENT_LOAD: &str = "-- order_last_event_load
SELECT last_event FROM orders WHERE id = ?1";

const ORDER_KEY_LOAD: &str = "-- order_key_load
SELECT user_id, token, fingerprint, answered_version, placed_at FROM orders WHERE id = ?1";

const ORDER_CLOSE_DUE_LOAD: &str = "-- order_close_due_load
SELECT o.status, coalesce(a.closing_until, o.expires_at)
FROM orders AS o LEFT JOIN order_accounts AS a ON a.order_id = o.id WHERE o.id = +?1";

const ORDER_OWNER_LOAD: &str = "-- order_owner_load
SELECT user_id, status FROM orders WHERE id = ?1";

/// An order that the log did not know before.
pub(super) struct NewOrder<'a> {
    pub(super) order: &'a Order,
    pub(super) token: OrderToken,
    pub(super) entry: OrderKeyEntry,
}

/// Adds orders, in the order of their ids.
pub(super) fn insert(connection: &Connection, orders: &[NewOrder<'_>]) -> Result<(), SqliteFailure> {
    if orders.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(ORDER_INSERT)?;
    for NewOrder { order, token, entry } in orders {
        let quantities = quantities::to_column(&order.quantities)?;
        statement.execute(params![
            order.id.number(),
            order.placed.user_id.as_str(),
            TokenColumn(token),
            entry.fingerprint.as_ref().map(<[u8; 32]>::as_slice),
            signed(entry.version)?,
            order.status.as_str(),
            order.cancel_reason.map(CancelReason::as_str),
            order.placed.price.total,
            order.paid,
            order.refunded,
            signed(order.version)?,
            order.placed.placed_at.0,
            order.placed.expires_at.0,
            order.updated_at.0,
            order.first_event.number(),
            order.last_event.number(),
            quantities.as_deref(),
        ])?;
    }
    Ok(())
}

/// Writes what changed of stored orders. Each comes with the number of its events in this commit, by which its stored
/// version must be smaller.
pub(super) fn update<'a>(
    connection: &Connection,
    orders: impl IntoIterator<Item = (&'a Order, u64)>,
) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare_cached(ORDER_UPDATE)?;
    for (order, events) in orders {
        let before = signed(order.version)? - signed(events)?;
        let quantities = quantities::to_column(&order.quantities)?;
        let updated = statement.execute(params![
            order.id.number(),
            before,
            order.status.as_str(),
            order.cancel_reason.map(CancelReason::as_str),
            order.paid,
            order.refunded,
            signed(order.version)?,
            order.updated_at.0,
            order.last_event.number(),
            quantities.as_deref(),
        ])?;
        if updated != 1 {
            return Err(SqliteFailure::Guard(format!("{} is not stored with version {before}", order.id)));
        }
    }
    Ok(())
}

/// An order with what was agreed.
pub(super) fn load(connection: &Connection, id: OrderId) -> Result<Option<Order>, SqliteFailure> {
    let mut statement = connection.prepare_cached(ORDER_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    rows.next()?.map(whole_order).transpose()
}

/// Orders before an id (excluded), newest first; `visit` says whether to go on.
pub(super) fn walk_before(
    connection: &Connection,
    before: Option<OrderId>,
    limit: usize,
    mut visit: impl FnMut(
        OrderId,
        OrderStatus,
        &mut dyn FnMut() -> Result<Order, SqliteFailure>,
    ) -> Result<bool, SqliteFailure>,
) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare_cached(ORDERS_BEFORE_LIST)?;
    let before = before.map_or(i64::MAX, OrderId::number);
    let mut rows = statement.query(params![before, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let id = OrderId::from_number(row.get(0)?);
        if !visit(id, status(row, 1)?, &mut || whole_order(row))? {
            break;
        }
    }
    Ok(())
}

/// Position of an order's last event.
pub(super) fn last_event(connection: &Connection, id: OrderId) -> Result<Option<EventId>, SqliteFailure> {
    let mut statement = connection.prepare_cached(ORDER_LAST_EVENT_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?.map(EventId::from_number))
}

/// What a placement became, if the order is of this very key.
pub(super) fn key_entry(
    connection: &Connection,
    id: OrderId,
    key: &OrderKey,
) -> Result<Option<OrderKeyEntry>, SqliteFailure> {
    let mut statement = connection.prepare_cached(ORDER_KEY_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let is_same = match (&key.token, row.get_ref(1)?) {
        (OrderToken::Key(key), ValueRef::Text(stored)) => key.as_bytes() == stored,
        (OrderToken::Lines(hash), ValueRef::Integer(stored)) => hash.cast_signed() == stored,
        _ => false,
    };
    if !is_same || text(row, 0)? != key.user_id.as_str() {
        return Ok(None);
    }
    Ok(Some(OrderKeyEntry {
        order: id,
        fingerprint: row.get(2)?,
        version: unsigned(row, 3)?,
        placed_at: Timestamp(row.get(4)?),
    }))
}

/// The status of an order, if it is this user's.
pub(super) fn status_if_of(
    connection: &Connection,
    id: OrderId,
    user: &UserId,
) -> Result<Option<OrderStatus>, SqliteFailure> {
    let mut statement = connection.prepare_cached(ORDER_OWNER_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    match rows.next()? {
        Some(row) if text(row, 0)? == user.as_str() => status(row, 1).map(Some),
        _ => Ok(None),
    }
}

/// When an unpaid order is to be ended: at the end of its window, or while it is closing, at the end of that. None for an order
/// that is not unpaid.
pub(super) fn close_due(connection: &Connection, id: OrderId) -> Result<Option<Timestamp>, SqliteFailure> {
    let mut statement = connection.prepare_cached(ORDER_CLOSE_DUE_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    match rows.next()? {
        Some(row) if status(row, 0)?.is_unpaid() => Ok(Some(Timestamp(row.get(1)?))),
        _ => Ok(None),
    }
}

/// The token of an order as it is stored.
pub(super) fn token(row: &Row<'_>, column: usize) -> Result<OrderToken, SqliteFailure> {
    match row.get_ref(column)? {
        ValueRef::Integer(hash) => Ok(OrderToken::Lines(hash.cast_unsigned())),
        ValueRef::Text(_) => Ok(OrderToken::Key(Arc::from(text(row, column)?))),
        other => Err(SqliteFailure::damaged("orders", format_args!("token of type {}", other.data_type()))),
    }
}

/// A column that holds the word of a status.
pub(super) fn status(row: &Row<'_>, column: usize) -> Result<OrderStatus, SqliteFailure> {
    let word = text(row, column)?;
    OrderStatus::from_word(word).ok_or_else(|| SqliteFailure::damaged("orders", format_args!("status {word:?}")))
}

/// A row of `order_load` and its lists: the order with what was agreed, as its first event has it.
fn whole_order(row: &Row<'_>) -> Result<Order, SqliteFailure> {
    match row.get_ref(10)? {
        ValueRef::Null => {
            let id: i64 = row.get(0)?;
            Err(SqliteFailure::damaged("orders", format_args!("{} has no first event", OrderId::from_number(id))))
        }
        _ => order(row, Arc::new(json(row, 10)?)),
    }
}

/// The order of a row whose first ten columns are those of `order_load`.
pub(super) fn order(row: &Row<'_>, placed: Arc<Placed>) -> Result<Order, SqliteFailure> {
    let cancel_reason = match optional_text(row, 2)? {
        None => None,
        Some(word) => Some(cancel_reason(word)?),
    };
    Ok(Order {
        id: OrderId::from_number(row.get(0)?),
        status: status(row, 1)?,
        cancel_reason,
        paid: row.get(3)?,
        refunded: row.get(4)?,
        quantities: quantities::from_column(optional_text(row, 9)?, &placed.lines)?,
        version: unsigned(row, 5)?,
        updated_at: Timestamp(row.get(6)?),
        first_event: EventId::from_number(row.get(7)?),
        last_event: EventId::from_number(row.get(8)?),
        placed,
    })
}

/// The reason of a word.
pub(super) fn cancel_reason(word: &str) -> Result<CancelReason, SqliteFailure> {
    let reason = CancelReason::ALL.into_iter().find(|reason| reason.as_str() == word);
    reason.ok_or_else(|| SqliteFailure::damaged("orders", format_args!("cancel reason {word:?}")))
}

/// The caller's key as text, the hash of the lines as a number: they can never be taken for each other.
struct TokenColumn<'a>(&'a OrderToken);

impl ToSql for TokenColumn<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            OrderToken::Key(key) => ValueRef::Text(key.as_bytes()),
            OrderToken::Lines(hash) => ValueRef::Integer(hash.cast_signed()),
        }))
    }
}
