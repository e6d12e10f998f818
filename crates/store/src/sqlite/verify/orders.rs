//! One walk over all orders with their locks and events: invariants 2, 3 and 8, and what the other checks add up over
//! orders.
//!
//! Orders and locks are read side by side in the order of ids; events are followed order by order, which is nearly the
//! order in which they lie.

use std::{collections::HashMap, sync::Arc};

use ordain_domain::{
    event::Event,
    ids::{EventId, OrderId, Sku, UserId},
    order::{Order, OrderStatus, Placed},
    stock::{Lock, LockState, Locks},
    time::Timestamp,
    timer::{Timer, TimerKind},
};
use rusqlite::{Connection, Row, Rows};

use super::{
    super::{
        account,
        bind::{parsed, text, unsigned},
        coupon, event,
        failure::SqliteFailure,
        key_index::{KeyEntry, KeyName, KeyView, Multiset},
        order, stock, timer,
    },
    Checks, damaged, readable,
};
use crate::invariants::{problem_of_coupon_user, problem_of_events, problem_of_locks, problem_of_shares};

const VERIFY_ORDERS_LIST: &str = "-- verify_orders_list
SELECT id, status, cancel_reason, paid, refunded, version, updated_at, first_event, last_event, quantities,
    user_id, token, total, placed_at, expires_at
FROM orders ORDER BY id";

const VERIFY_LOCKS_LIST: &str = "-- verify_locks_list
SELECT order_id, sku, quantity, state FROM stock_locks ORDER BY order_id, sku";

const VERIFY_LOG_COUNT: &str = "-- verify_log_count
SELECT count(*), coalesce(max(position), 0), count(order_id), (SELECT last_event FROM shard_meta) FROM events";

/// What the walk adds up for the checks after it.
pub(super) struct Seen {
    /// Units of held locks, by SKU.
    pub(super) held: HashMap<Sku, i64>,
    /// Points on unpaid orders, by user.
    pub(super) frozen: HashMap<UserId, i64>,
    /// What the key index should hold of orders: up to the last event it knew when the snapshot began.
    pub(super) keys: Multiset,
    last_indexed: i64,
    events: u64,
}

impl Seen {
    pub(super) fn new(view: &KeyView) -> Seen {
        Seen {
            held: HashMap::new(),
            frozen: HashMap::new(),
            keys: Multiset::default(),
            last_indexed: view.marks().last_event,
            events: 0,
        }
    }
}

/// Walks all orders.
pub(super) fn check(connection: &Connection, checks: &mut Checks, seen: &mut Seen) -> Result<(), SqliteFailure> {
    let mut order_rows = connection.prepare(VERIFY_ORDERS_LIST)?;
    let mut lock_rows = connection.prepare(VERIFY_LOCKS_LIST)?;
    let mut orders = order_rows.query([])?;
    let mut locks = LockWalk::new(lock_rows.query([])?)?;
    while let Some(row) = orders.next()? {
        let id = OrderId::from_number(row.get(0)?);
        while let Some((orphan, _)) = locks.next_before(id)? {
            checks.locks.examine(orphan, Some("locks without an order".to_owned()));
        }
        let locks = readable(locks.of(id))?;
        if let Err(problem) = readable(note_key(row, id, seen))? {
            damaged(&mut checks.keys, id, problem);
        }
        match readable(read_order(connection, row, id))? {
            Err(problem) => damaged(&mut checks.events, id, problem),
            Ok((order, problem)) => {
                seen.events += order.version;
                checks.events.examine(id, problem);
                examine(connection, checks, seen, &order, locks)?;
            }
        }
    }
    while let Some((orphan, _)) = locks.next_before(OrderId::from_number(i64::MAX))? {
        checks.locks.examine(orphan, Some("locks without an order".to_owned()));
    }
    check_log(connection, checks, seen)
}

/// The positions of the log are 1, 2, 3, … and every fact of an order is one of a stored order.
fn check_log(connection: &Connection, checks: &mut Checks, seen: &Seen) -> Result<(), SqliteFailure> {
    let numbers = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let (count, last, of_orders, head): (i64, i64, i64, i64) =
        connection.prepare(VERIFY_LOG_COUNT)?.query_row([], numbers)?;
    let problem = if count != last || last != head {
        Some(format!("it has {count} facts, the last at {last}; the shard's head says {head}"))
    } else if of_orders.cast_unsigned() != seen.events {
        Some(format!("{of_orders} facts are of orders, the orders' versions add up to {}", seen.events))
    } else {
        None
    };
    checks.events.examine("log", problem);
    Ok(())
}

/// The order as its row says, and what is wrong between it and its events.
fn read_order(connection: &Connection, row: &Row<'_>, id: OrderId) -> Result<(Order, Option<String>), SqliteFailure> {
    let last = EventId::from_number(row.get(8)?);
    let events = event::chain(connection, id, last, 0)?;
    let placed = match events.first().map(|record| &record.event) {
        Some(Event::OrderPlaced(placed)) => Arc::clone(placed),
        _ => return Err(SqliteFailure::damaged("events", format_args!("{id} does not begin with order.placed"))),
    };
    let order = order::order(row, placed)?;
    let mut problem = problem_of_events(&order, &events);
    if problem.is_none() {
        problem = problem_of_copies(row, &order.placed)?;
    }
    Ok((order, problem))
}

/// What the row repeats of the first event, so that lists and scans need not read that, says the same.
fn problem_of_copies(row: &Row<'_>, placed: &Placed) -> Result<Option<String>, SqliteFailure> {
    if text(row, 10)? != placed.user_id.as_str() {
        return Ok(Some(format!("the row is of {}, the first event of {}", text(row, 10)?, placed.user_id)));
    }
    let copies = [
        ("total", row.get(12)?, placed.price.total),
        ("placed_at", row.get(13)?, placed.placed_at.0),
        ("expires_at", row.get(14)?, placed.expires_at.0),
    ];
    let wrong = copies.into_iter().find(|(_, copy, original): &(_, i64, i64)| copy != original);
    Ok(wrong.map(|(name, copy, original)| format!("{name} of the row is {copy}, the first event says {original}")))
}

fn note_key(row: &Row<'_>, id: OrderId, seen: &mut Seen) -> Result<(), SqliteFailure> {
    if row.get::<_, i64>(7)? <= seen.last_indexed {
        let name = KeyName::of_order(text(row, 10)?, &order::token(row, 11)?);
        seen.keys.add(&KeyEntry { name, id: id.number() });
    }
    Ok(())
}

fn examine(
    connection: &Connection,
    checks: &mut Checks,
    seen: &mut Seen,
    order: &Order,
    locks: Result<Locks, String>,
) -> Result<(), SqliteFailure> {
    checks.shares.examine(order.id, problem_of_shares(order));
    match locks {
        Err(problem) => damaged(&mut checks.locks, order.id, problem),
        Ok(locks) => {
            checks
                .locks
                .examine(order.id, problem_of_locks(&locks, Some(order)).or_else(|| missing_lock(order, &locks)));
            for lock in locks.iter().filter(|lock| lock.state == LockState::Held) {
                *seen.held.entry(lock.sku.clone()).or_default() += i64::try_from(lock.quantity).unwrap_or(i64::MAX);
            }
        }
    }
    if let Some(coupon) = order.placed.coupon {
        let problem = match readable(coupon::load(connection, coupon))? {
            Ok(coupon) => problem_of_coupon_user(order, coupon.as_ref()),
            Err(problem) => Some(problem),
        };
        checks.coupons_and_points.examine(order.id, problem);
    }
    if order.status.is_unpaid() {
        if order.placed.price.points > 0 {
            *seen.frozen.entry(order.placed.user_id.clone()).or_default() += order.placed.price.points;
        }
        let timer = Timer { due: close_due(connection, order)?, kind: TimerKind::CloseOrder, order: order.id };
        let is_set = timer::is_set(connection, &timer)?;
        checks.timers.examine(order.id, (!is_set).then(|| "unpaid without its close timer".to_owned()));
    }
    Ok(())
}

/// When an unpaid order is to be ended: at the end of its window, or while it is closing, at the end of that.
fn close_due(connection: &Connection, order: &Order) -> Result<Timestamp, SqliteFailure> {
    let account = match order.status {
        OrderStatus::Closing => readable(account::load(connection, order.id))?.ok().flatten(),
        _ => None,
    };
    Ok(account.and_then(|account| account.closing).map_or(order.placed.expires_at, |closing| closing.until))
}

/// An unpaid order has a lock for each SKU of its lines.
fn missing_lock(order: &Order, locks: &Locks) -> Option<String> {
    if !order.status.is_unpaid() {
        return None;
    }
    let is_locked = |sku: &Sku| locks.binary_search_by(|lock| lock.sku.cmp(sku)).is_ok();
    let line = order.placed.lines.iter().find(|line| !is_locked(&line.sku))?;
    Some(format!("unpaid without a lock on {}", line.sku))
}

/// A lock with its order, or what is wrong with it.
type OrderLock = (OrderId, Result<Lock, String>);

/// All locks in the order of their orders, one order at a time.
struct LockWalk<'a> {
    rows: Rows<'a>,
    next: Option<OrderLock>,
}

impl<'a> LockWalk<'a> {
    fn new(rows: Rows<'a>) -> Result<LockWalk<'a>, SqliteFailure> {
        let mut walk = LockWalk { rows, next: None };
        walk.step()?;
        Ok(walk)
    }

    /// The next lock if it is of an order before `order`.
    fn next_before(&mut self, order: OrderId) -> Result<Option<OrderLock>, SqliteFailure> {
        if self.next.as_ref().is_some_and(|(of, _)| *of < order) { self.step() } else { Ok(None) }
    }

    /// The locks of this very order.
    fn of(&mut self, order: OrderId) -> Result<Locks, SqliteFailure> {
        let mut locks = Vec::new();
        let mut problem = None;
        while self.next.as_ref().is_some_and(|(of, _)| *of == order) {
            match self.step()? {
                Some((_, Ok(lock))) => locks.push(lock),
                Some((_, Err(text))) => problem = Some(text),
                None => break,
            }
        }
        problem.map_or(Ok(Arc::new(locks)), |text| Err(SqliteFailure::Damaged(text)))
    }

    /// Takes the next lock and reads the one after it.
    fn step(&mut self) -> Result<Option<OrderLock>, SqliteFailure> {
        let next = match self.rows.next()? {
            None => None,
            Some(row) => Some((OrderId::from_number(row.get(0)?), readable(lock(row))?)),
        };
        Ok(std::mem::replace(&mut self.next, next))
    }
}

fn lock(row: &Row<'_>) -> Result<Lock, SqliteFailure> {
    Ok(Lock { sku: parsed(row, 1)?, quantity: unsigned(row, 2)?, state: stock::lock_state(row, 3)? })
}
