//! Lists of orders: a user's, everybody's, those whose window is over; and how many are in each status.
//!
//! A user's are found through the key index, all others by walking ids. Nothing here sorts.

use std::{collections::BTreeMap, ops::ControlFlow};

use ordain_domain::{
    ids::{OrderId, UserId, first_number_at},
    order::{Order, OrderStatus},
    time::Timestamp,
};
use ordain_engine::port::store::{Before, OverduePage, StatusCount};
use rusqlite::{Connection, params};

use super::super::{failure::SqliteFailure, key_index::KeyIndex, order};

/// How many orders a list of everybody's looks at.
const LOOKED_AT_MAX: usize = 10_000;

const ORDERS_AFTER_LIST: &str = "-- orders_after_list
SELECT o.id, o.status, CASE WHEN o.status = 'closing'
    THEN coalesce((SELECT a.closing_until FROM order_accounts AS a WHERE a.order_id = o.id), o.expires_at)
    ELSE o.expires_at END
FROM orders AS o WHERE o.id > ?1 AND o.id < ?2 ORDER BY o.id LIMIT ?3 + 0";

const ORDER_STATUSES_LIST: &str = "-- order_statuses_list
SELECT status, updated_at FROM orders";

/// A user's orders, newest first.
pub(super) fn of_user(
    connection: &Connection,
    index: &KeyIndex,
    user: &UserId,
    status: Option<OrderStatus>,
    page: Before<OrderId>,
) -> Result<Vec<Order>, SqliteFailure> {
    let mut orders = Vec::new();
    if page.limit == 0 {
        return Ok(orders);
    }
    let before = page.key.map_or(i64::MAX, OrderId::number);
    index.walk_user(connection, user, before, |id| {
        let id = OrderId::from_number(id);
        let found = order::status_if_of(connection, id, user)?;
        if found.is_some_and(|found| status.is_none_or(|status| status == found)) {
            // The status may have moved on between the two reads; the second one counts.
            let order = order::load(connection, id)?;
            orders.extend(order.filter(|order| status.is_none_or(|status| status == order.status)));
        }
        Ok(if orders.len() < page.limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(orders)
}

/// Everybody's orders, newest first, and where to go on when the page or the bound was full.
pub(super) fn of_all(
    connection: &Connection,
    status: Option<OrderStatus>,
    page: Before<OrderId>,
) -> Result<(Vec<Order>, Option<OrderId>), SqliteFailure> {
    let (mut orders, mut looked_at, mut next) = (Vec::new(), 0, None);
    order::walk_before(connection, page.key, LOOKED_AT_MAX, |id, found, read| {
        looked_at += 1;
        if status.is_none_or(|status| status == found) {
            orders.push(read()?);
        }
        let goes_on = orders.len() < page.limit && looked_at < LOOKED_AT_MAX;
        if !goes_on {
            next = Some(id);
        }
        Ok(goes_on)
    })?;
    Ok((orders, next))
}

/// A page of the scan for unpaid orders whose window is over, or whose time to close is.
pub(super) fn overdue(
    connection: &Connection,
    after: Option<OrderId>,
    minted_before: Timestamp,
    expired_before: Timestamp,
    limit: usize,
) -> Result<OverduePage, SqliteFailure> {
    let mut statement = connection.prepare_cached(ORDERS_AFTER_LIST)?;
    let after = after.map_or(0, OrderId::number);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![after, first_number_at(minted_before), limit])?;
    let mut page = OverduePage::default();
    while let Some(row) = rows.next()? {
        let id = OrderId::from_number(row.get(0)?);
        page.seen_up_to = Some(id);
        if order::status(row, 1)?.is_unpaid() {
            page.first_unpaid.get_or_insert(id);
            if Timestamp(row.get(2)?) < expired_before {
                page.overdue.push(id);
            }
        }
    }
    Ok(page)
}

/// How many orders are in each status, over the whole table.
pub(super) fn status_counts(connection: &Connection) -> Result<Vec<StatusCount>, SqliteFailure> {
    let mut counts: BTreeMap<OrderStatus, StatusCount> = BTreeMap::new();
    let mut statement = connection.prepare(ORDER_STATUSES_LIST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let status = order::status(row, 0)?;
        let updated_at = Timestamp(row.get(1)?);
        let count = counts.entry(status).or_insert(StatusCount { status, count: 0, oldest: updated_at });
        count.count += 1;
        count.oldest = count.oldest.min(updated_at);
    }
    Ok(counts.into_values().collect())
}
