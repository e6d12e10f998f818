//! What does not go on by itself: one list a kind, each found through a partial index or in a table that is short.
//!
//! It judges nothing: the times are the caller's.

use ordain_domain::{
    ids::{AfterSaleId, OrderId, PaymentId, ReceiptId, RefundId, ShipmentId},
    time::{Span, Timestamp},
};
use ordain_engine::port::store::{Backlog, Stuck, StuckBefore, StuckThing};
use rusqlite::{Connection, Row, params};

use super::super::{after_sale, failure::SqliteFailure, outbox, timer};

const PAYMENTS_MANUAL_LIST: &str = "-- payments_manual_list
SELECT id, order_id, updated_at FROM payments INDEXED BY payments_manual WHERE is_manual = 1 ORDER BY id LIMIT ?1 + 0";

const REFUNDS_MANUAL_LIST: &str = "-- refunds_manual_list
SELECT id, order_id, updated_at FROM refunds INDEXED BY refunds_open
WHERE status <> 'succeeded' AND status = 'manual' ORDER BY id LIMIT ?1 + 0";

const RECEIPTS_STUCK_LIST: &str = "-- receipts_stuck_list
SELECT r.id, p.order_id, r.arrived_at FROM receipts AS r INDEXED BY receipts_quarantined
LEFT JOIN payments AS p ON p.id = r.payment_id WHERE r.verdict = 'quarantined' ORDER BY r.id LIMIT ?1 + 0";

/// The after-sales whose goods somebody should have dealt with before `?1`.
macro_rules! after_sales_waiting {
    () => {
        "FROM after_sales INDEXED BY after_sales_waiting
WHERE (status = 'returning' OR status = 'received' OR status = 'reshipping') AND updated_at < ?1 AND (due IS NULL OR due < ?1)"
    };
}

/// The parcels that stopped.
macro_rules! shipments_stopped {
    () => {
        "FROM shipments INDEXED BY shipments_stopped
WHERE confirmed_at IS NULL
    AND (status = 'exception' OR ((asks > 0 OR note IS NOT NULL) AND ask_at IS NULL
        AND (status = 'in_transit' OR status = 'out_for_delivery')))
    AND EXISTS (SELECT 1 FROM json_each(shipments.lines) WHERE value ->> 'quantity' > value ->> 'settled')"
    };
}

const AFTER_SALES_WAITING_LIST: &str = concat!(
    "-- after_sales_waiting_list\nSELECT id, order_id, status, updated_at ",
    after_sales_waiting!(),
    " ORDER BY id LIMIT ?2 + 0"
);

const SHIPMENTS_STOPPED_LIST: &str = concat!(
    "-- shipments_stopped_list\nSELECT id, order_id, updated_at ",
    shipments_stopped!(),
    " ORDER BY id LIMIT ?1 + 0"
);

const ORDERS_CLOSING_LIST: &str = "-- orders_closing_list
SELECT a.order_id, o.updated_at FROM order_accounts AS a INDEXED BY order_accounts_closing
CROSS JOIN orders AS o ON o.id = a.order_id
WHERE a.closing_until IS NOT NULL AND o.updated_at < ?1 ORDER BY o.updated_at, a.order_id LIMIT ?2 + 0";

const MESSAGES_STUCK_LIST: &str = "-- messages_stuck_list
SELECT id, order_id, task, of, created_at FROM outbox WHERE created_at < ?1 ORDER BY id LIMIT ?2 + 0";

const BACKLOG_LOAD: &str = concat!(
    "-- backlog_load
SELECT (SELECT count(*) FROM outbox), (SELECT min(created_at) FROM outbox),
    (SELECT count(*) FROM order_accounts WHERE closing_until IS NOT NULL),
    (SELECT count(*) FROM payments WHERE is_manual = 1),
    (SELECT count(*) FROM refunds WHERE status <> 'succeeded' AND status = 'manual'),
    (SELECT count(*) FROM receipts WHERE verdict = 'quarantined'),
    (SELECT count(*) ",
    after_sales_waiting!(),
    "), (SELECT count(*) ",
    shipments_stopped!(),
    ")"
);

/// Everything that is stuck, kind by kind.
pub(super) fn list(connection: &Connection, before: StuckBefore, limit: usize) -> Result<Vec<Stuck>, SqliteFailure> {
    let mut stuck = money_for_a_person(connection, limit)?;
    goods_for_a_person(connection, before, limit, &mut stuck)?;
    let rows_max = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(ORDERS_CLOSING_LIST)?;
    let mut rows = statement.query(params![before.closing.0, rows_max])?;
    while let Some(row) = rows.next()? {
        let order = Some(OrderId::from_number(row.get(0)?));
        stuck.push(Stuck { what: StuckThing::ClosingOrder, order, since: Timestamp(row.get(1)?) });
    }
    let mut statement = connection.prepare_cached(MESSAGES_STUCK_LIST)?;
    let mut rows = statement.query(params![before.messages.0, rows_max])?;
    while let Some(row) = rows.next()? {
        let message = outbox::message(row)?;
        let what = StuckThing::WaitingMessage(message.id, message.task);
        stuck.push(Stuck { what, order: Some(message.order), since: message.created_at });
    }
    let overdue = timer::list(connection, None, before.timers.minus(Span(1)), limit)?;
    stuck.extend(overdue.into_iter().map(|timer| Stuck {
        what: StuckThing::OverdueTimer(timer.kind),
        order: Some(timer.order),
        since: timer.due,
    }));
    Ok(stuck)
}

fn goods_for_a_person(
    connection: &Connection,
    before: StuckBefore,
    limit: usize,
    stuck: &mut Vec<Stuck>,
) -> Result<(), SqliteFailure> {
    let rows_max = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(AFTER_SALES_WAITING_LIST)?;
    let mut rows = statement.query(params![before.after_sales.0, rows_max])?;
    while let Some(row) = rows.next()? {
        let what = StuckThing::WaitingAfterSale(AfterSaleId::from_number(row.get(0)?), after_sale::status(row, 2)?);
        let order = Some(OrderId::from_number(row.get(1)?));
        stuck.push(Stuck { what, order, since: Timestamp(row.get(3)?) });
    }
    let mut statement = connection.prepare_cached(SHIPMENTS_STOPPED_LIST)?;
    let mut rows = statement.query([rows_max])?;
    while let Some(row) = rows.next()? {
        let what = StuckThing::StoppedShipment(ShipmentId::from_number(row.get(0)?));
        let order = Some(OrderId::from_number(row.get(1)?));
        stuck.push(Stuck { what, order, since: Timestamp(row.get(2)?) });
    }
    Ok(())
}

fn money_for_a_person(connection: &Connection, limit: usize) -> Result<Vec<Stuck>, SqliteFailure> {
    type Thing = fn(i64) -> StuckThing;
    let lists: [(&str, Thing); 3] = [
        (PAYMENTS_MANUAL_LIST, |id| StuckThing::ManualPayment(PaymentId::from_number(id))),
        (REFUNDS_MANUAL_LIST, |id| StuckThing::ManualRefund(RefundId::from_number(id))),
        (RECEIPTS_STUCK_LIST, |id| StuckThing::QuarantinedReceipt(ReceiptId::from_number(id))),
    ];
    let mut stuck = Vec::new();
    for (sql, thing) in lists {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let order = row.get::<_, Option<i64>>(1)?.map(OrderId::from_number);
            stuck.push(Stuck { what: thing(row.get(0)?), order, since: Timestamp(row.get(2)?) });
        }
    }
    Ok(stuck)
}

/// How much waits.
pub(super) fn backlog(connection: &Connection, after_sales: Timestamp) -> Result<Backlog, SqliteFailure> {
    let count = |row: &Row<'_>, column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let read = |row: &Row<'_>| {
        Ok(Backlog {
            messages: count(row, 0)?,
            oldest_message: row.get::<_, Option<i64>>(1)?.map(Timestamp),
            closing_orders: count(row, 2)?,
            manual_payments: count(row, 3)?,
            manual_refunds: count(row, 4)?,
            quarantined_receipts: count(row, 5)?,
            waiting_after_sales: count(row, 6)?,
            stopped_shipments: count(row, 7)?,
        })
    };
    Ok(connection.prepare_cached(BACKLOG_LOAD)?.query_row([after_sales.0], read)?)
}
