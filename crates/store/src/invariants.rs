//! The invariants that every store checks on its data as they lie: their words, and what makes one row break them.
//!
//! The texts stand here once, so that all stores report the same. The judgements of single rows stand here too: a store
//! finds the rows (with SQL, or in maps) and asks. What needs payments, refunds or the chain is not here.

use std::fmt::Display;

use ordain_domain::{
    coupon::{Coupon, CouponState},
    event::EventRecord,
    order::{Order, OrderStatus},
    points::PointsAccount,
    price::PricedLine,
    stock::{LockState, Locks, Stock},
};
use ordain_engine::port::store::InvariantReport;

/// Number and words of each invariant that a store checks, in the order in which it reports them. The numbers are those
/// of ARCHITECTURE.md, section invariants.
pub const RULES: [(u8, &str); 7] = [
    (
        1,
        "per SKU: on_hand = received + returned - sold = sum of the ledger, 0 <= locked <= on_hand, \
         locked = sum of held locks",
    ),
    (2, "a lock is held only for an order in creating, pending_payment or closing; a paid order's locks are deducted"),
    (3, "per order: fold(events) = state; event numbers are 1..version without a gap; the log has no gap"),
    (6, "one order per (user, idempotency key)"),
    (
        7,
        "coupon: frozen or used by at most one order; template limit never overrun. points: balance = sum of \
         entries >= 0, frozen = sum over unpaid orders",
    ),
    (8, "sum of line shares = order total = goods - promotions - coupon - points + shipping"),
    (9, "every timer due for longer than the scan interval has been run; every unpaid order has its close timer"),
];

/// Most examples in a report.
pub const EXAMPLES_MAX: usize = 100;

/// A report in the making.
#[derive(Debug)]
pub struct Check(InvariantReport);

impl Check {
    /// A report on an invariant of [`RULES`] that has seen nothing yet.
    ///
    /// # Panics
    /// When the invariant is not one of [`RULES`]: a bug of the caller.
    #[must_use]
    pub fn new(invariant: u8) -> Check {
        let rule = RULES.iter().find(|(number, _)| *number == invariant).map(|(_, rule)| *rule);
        let rule = rule.expect("only invariants of RULES are checked");
        Check(InvariantReport { invariant, rule, examined: 0, broken: 0, examples: Vec::new() })
    }

    /// Counts one row that was looked at, and what is wrong with it.
    pub fn examine(&mut self, name: impl Display, problem: Option<String>) {
        self.0.examined += 1;
        if let Some(problem) = problem {
            self.0.broken += 1;
            if self.0.examples.len() < EXAMPLES_MAX {
                self.0.examples.push(format!("{name}: {problem}"));
            }
        }
    }

    /// The report.
    #[must_use]
    pub fn finish(self) -> InvariantReport {
        self.0
    }
}

/// Invariant 1 for one SKU: `held` is the sum of its held locks, `ledger` the sum of its ledger's deltas and `entries`
/// how many entries that has, all in units.
#[must_use]
pub fn problem_of_stock(stock: &Stock, held: i64, ledger: i64, entries: u64) -> Option<String> {
    if !stock.is_sound() {
        return Some(format!("the counters contradict each other: {stock:?}"));
    }
    if stock.locked != held {
        return Some(format!("locked is {}, the held locks add up to {held}", stock.locked));
    }
    if (stock.on_hand, stock.movements) != (ledger, entries) {
        return Some(format!(
            "on_hand is {} after {} entries, the ledger says {ledger} after {entries}",
            stock.on_hand, stock.movements
        ));
    }
    None
}

/// Invariant 2 for the locks of one order.
#[must_use]
pub fn problem_of_locks(locks: &Locks, order: Option<&Order>) -> Option<String> {
    let Some(order) = order else { return Some("locks without an order".to_owned()) };
    let expected = match order.status {
        status if status.is_unpaid() => LockState::Held,
        OrderStatus::Cancelled if order.paid == 0 && order.placed.price.total > 0 => LockState::Released,
        // It ended before or after it was paid; late money tells nothing about which.
        OrderStatus::Cancelled => {
            return locks
                .iter()
                .any(|lock| lock.state == LockState::Held)
                .then(|| "a lock is held for a cancelled order".to_owned());
        }
        _ => LockState::Deducted,
    };
    let wrong = locks.iter().find(|lock| lock.state != expected)?;
    Some(format!("the lock on {} is {:?}, the order is {}", wrong.sku, wrong.state, order.status.as_str()))
}

/// Invariant 3 for one order and its events, oldest first.
#[must_use]
pub fn problem_of_events(order: &Order, events: &[EventRecord]) -> Option<String> {
    if !(1..=order.version).eq(events.iter().map(|event| event.seq)) {
        let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
        return Some(format!("the version is {}, the events are {numbers:?}", order.version));
    }
    match Order::fold(events) {
        None => Some("the events do not follow from each other".to_owned()),
        Some(folded) if &folded != order => Some(format!("the events fold to {folded:?}, the row is {order:?}")),
        Some(_) => None,
    }
}

/// Invariant 7 for one coupon and the order that it names. That no order uses it but the one it names is asked by
/// [`problem_of_coupon_user`].
#[must_use]
pub fn problem_of_coupon(coupon: &Coupon, order: Option<&Order>) -> Option<String> {
    if coupon.state == CouponState::Granted {
        return coupon.order.map(|order| format!("granted, yet it names {order}"));
    }
    let Some(order) = order else { return Some(format!("{:?} without an order", coupon.state)) };
    if order.placed.coupon != Some(coupon.id) || order.placed.user_id != coupon.user_id {
        return Some(format!("{:?} by {}, which did not take it", coupon.state, order.id));
    }
    let fits = match order.status {
        status if status.is_unpaid() => coupon.state == CouponState::Frozen,
        OrderStatus::Cancelled => false,
        _ => coupon.state == CouponState::Used,
    };
    (!fits).then(|| format!("{:?}, while {} is {}", coupon.state, order.id, order.status.as_str()))
}

/// Invariant 7 for an order that was placed with a coupon: unless it ended, the coupon names it.
#[must_use]
pub fn problem_of_coupon_user(order: &Order, coupon: Option<&Coupon>) -> Option<String> {
    let holder = coupon.and_then(|coupon| coupon.order);
    let ended = order.status == OrderStatus::Cancelled;
    (!ended && holder != Some(order.id)).then(|| format!("its coupon names {holder:?}"))
}

/// Invariant 7 for one account: `ledger` is the sum of its entries' deltas, `entries` how many there are, `frozen` the sum
/// of the points on the user's unpaid orders.
#[must_use]
pub fn problem_of_points(account: &PointsAccount, ledger: i64, entries: u64, frozen: i64) -> Option<String> {
    if account.balance < 0 || account.frozen < 0 {
        return Some(format!("negative: balance {}, frozen {}", account.balance, account.frozen));
    }
    if (account.balance, account.entries) != (ledger, entries) {
        return Some(format!(
            "the balance is {} after {} entries, the ledger says {ledger} after {entries}",
            account.balance, account.entries
        ));
    }
    (account.frozen != frozen).then(|| format!("frozen is {}, the unpaid orders hold {frozen}", account.frozen))
}

/// Invariant 8 for one order.
#[must_use]
pub fn problem_of_shares(order: &Order) -> Option<String> {
    let (lines, price) = (&order.placed.lines, &order.placed.price);
    let sum = |part: fn(&PricedLine) -> i64| lines.iter().map(part).sum::<i64>();
    let table = [
        ("goods", sum(|line| line.goods), price.goods),
        ("promotions", sum(|line| line.promotions), price.promotions),
        ("coupon", sum(|line| line.coupon), price.coupon),
        ("points", sum(|line| line.points), price.points),
        ("shipping", sum(|line| line.shipping), price.shipping),
        ("total", sum(PricedLine::payable), price.total),
        (
            "total by its parts",
            price.goods - price.promotions - price.coupon - price.points + price.shipping,
            price.total,
        ),
    ];
    if let Some((name, found, stored)) = table.into_iter().find(|(_, found, stored)| found != stored) {
        return Some(format!("{name}: the lines say {found}, the price says {stored}"));
    }
    let dear = lines.iter().any(|line| line.discount() > line.goods || line.payable() < 0);
    dear.then(|| "a line is discounted below zero".to_owned())
}
