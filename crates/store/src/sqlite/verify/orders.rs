//! One walk over all orders with their locks, events and books: invariants 2 to 6 and 8, and what the other checks add up over
//! orders.
//!
//! Orders and locks are read side by side in the order of ids; events are followed order by order, which is nearly the
//! order in which they lie.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ordain_domain::{
    event::{Event, EventRecord},
    ids::{EventId, OrderId, RefundId, Sku, UserId},
    order::{Order, Placed},
    stock::{Lock, LockState, Locks},
    timer::{Timer, TimerKind},
};
use rusqlite::{Connection, Row, Rows};

use super::{
    super::{
        bind::{parsed, text, unsigned},
        coupon, event,
        failure::SqliteFailure,
        key_index::{KeyEntry, KeyName, KeyView, Multiset},
        order, stock, timer,
    },
    books::{self, BooksSeen},
    readable,
};
use crate::invariants::{
    Checks, Rule, problem_of_coupon_user, problem_of_cursor, problem_of_edges, problem_of_events, problem_of_locks,
    problem_of_shares,
};

const VERIFY_ORDERS_LIST: &str = "-- verify_orders_list
SELECT id, status, cancel_reason, paid, refunded, version, updated_at, first_event, last_event, quantities,
    user_id, token, total, placed_at, expires_at
FROM orders ORDER BY id";

const VERIFY_LOCKS_LIST: &str = "-- verify_locks_list
SELECT order_id, sku, quantity, state FROM stock_locks ORDER BY order_id, sku";

const VERIFY_LOG_COUNT: &str = "-- verify_log_count
SELECT count(*), coalesce(max(position), 0), count(order_id), (SELECT last_event FROM shard_meta) FROM events";

const VERIFY_CURSORS_LIST: &str = "-- verify_cursors_list
SELECT consumer, position, (SELECT last_event FROM shard_meta) FROM cursors ORDER BY consumer";

/// What the walk adds up for the checks after it.
pub(super) struct Seen {
    /// Units of held locks, by SKU.
    pub(super) held: HashMap<Sku, i64>,
    /// Points on unpaid orders, by user.
    pub(super) frozen: HashMap<UserId, i64>,
    /// What the key index should hold of orders: up to the last event it knew when the snapshot began.
    pub(super) keys: Multiset,
    /// Refunds that a message in the outbox is about.
    pub(super) refunds_in_outbox: HashSet<RefundId>,
    /// Rows that accounts name.
    pub(super) books: BooksSeen,
    last_indexed: i64,
    events: u64,
}

impl Seen {
    pub(super) fn new(view: &KeyView) -> Seen {
        Seen {
            held: HashMap::new(),
            frozen: HashMap::new(),
            keys: Multiset::default(),
            refunds_in_outbox: HashSet::new(),
            books: BooksSeen::default(),
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
            checks.examine(Rule::Locks, orphan, Some("locks without an order".to_owned()));
        }
        let locks = readable(locks.of(id))?;
        if let Err(problem) = readable(note_key(row, id, seen))? {
            checks.broken(Rule::Keys, id, problem);
        }
        match readable(read_order(connection, row, id))? {
            Err(problem) => checks.broken(Rule::Events, id, problem),
            Ok(read) => {
                seen.events += read.order.version;
                checks.examine(Rule::Events, id, read.problem);
                checks.examine(Rule::Edges, id, problem_of_edges(&read.order, &read.events));
                examine(connection, checks, seen, &read.order, locks)?;
            }
        }
    }
    while let Some((orphan, _)) = locks.next_before(OrderId::from_number(i64::MAX))? {
        checks.examine(Rule::Locks, orphan, Some("locks without an order".to_owned()));
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
    checks.examine(Rule::Events, "log", problem);
    check_cursors(connection, checks)
}

/// No consumer is ahead of the log.
fn check_cursors(connection: &Connection, checks: &mut Checks) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare(VERIFY_CURSORS_LIST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let consumer = text(row, 0)?;
        let problem = problem_of_cursor(consumer, row.get(1)?, row.get(2)?);
        checks.examine(Rule::Events, format_args!("consumer {consumer}"), problem);
    }
    Ok(())
}

/// The order as its row says, its events, and what is wrong between them.
struct ReadOrder {
    order: Order,
    events: Vec<EventRecord>,
    problem: Option<String>,
}

fn read_order(connection: &Connection, row: &Row<'_>, id: OrderId) -> Result<ReadOrder, SqliteFailure> {
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
    Ok(ReadOrder { order, events, problem })
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
    checks.examine(Rule::Shares, order.id, problem_of_shares(order));
    match locks {
        Err(problem) => checks.broken(Rule::Locks, order.id, problem),
        Ok(locks) => {
            checks.examine(Rule::Locks, order.id, problem_of_locks(&locks, Some(order)));
            for lock in locks.iter().filter(|lock| lock.state == LockState::Held) {
                *seen.held.entry(lock.sku.clone()).or_default() += i64::try_from(lock.quantity).unwrap_or(i64::MAX);
            }
        }
    }
    let account = books::of_order(connection, checks, seen, order)?;
    if let Some(coupon) = order.placed.coupon {
        let problem = match readable(coupon::load(connection, coupon))? {
            Ok(coupon) => problem_of_coupon_user(order, account.as_ref(), coupon.as_ref()),
            Err(problem) => Some(problem),
        };
        checks.examine(Rule::Holdings, order.id, problem);
    }
    if order.status.is_unpaid() {
        if order.placed.price.points > 0 {
            *seen.frozen.entry(order.placed.user_id.clone()).or_default() += order.placed.price.points;
        }
        let due = order::close_due(connection, order.id)?.unwrap_or(order.placed.expires_at);
        let is_set = timer::is_set(connection, &Timer { due, kind: TimerKind::CloseOrder, order: order.id })?;
        checks.examine(Rule::Timers, order.id, (!is_set).then(|| "unpaid without its close timer".to_owned()));
    }
    Ok(())
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
