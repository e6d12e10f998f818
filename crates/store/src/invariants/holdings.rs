//! What a SKU, a coupon and an account of points hold for orders: invariants 1, 2 and 7.
//!
//! Rows are handed in; it finds none.

use std::collections::BTreeMap;

use ordain_domain::{
    coupon::{Coupon, CouponState},
    ids::Sku,
    order::{Order, OrderStatus},
    payment::OrderAccount,
    points::PointsAccount,
    stock::{LockState, Locks, Stock},
};

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
        status if status.is_unpaid() => Some(LockState::Held),
        OrderStatus::Cancelled if order.paid == 0 && order.placed.price.total > 0 => Some(LockState::Released),
        // It ended before or after it was paid; late money tells nothing about which.
        OrderStatus::Cancelled => None,
        _ => Some(LockState::Deducted),
    };
    let is_wrong = |state| expected.map_or(state == LockState::Held, |expected| state != expected);
    if let Some(wrong) = locks.iter().find(|lock| is_wrong(lock.state)) {
        return Some(format!("the lock on {} is {:?}, the order is {}", wrong.sku, wrong.state, order.status.as_str()));
    }
    let mut needed: BTreeMap<&Sku, u64> = BTreeMap::new();
    for line in &order.placed.lines {
        *needed.entry(&line.sku).or_default() += u64::from(line.quantity);
    }
    let locked: BTreeMap<&Sku, u64> = locks.iter().map(|lock| (&lock.sku, lock.quantity)).collect();
    (locked != needed).then(|| format!("it locks {locked:?}, its lines need {needed:?}"))
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

/// Invariant 7 for an order that was placed with a coupon: unless it ended or the money of its last unit went back, the coupon
/// names it.
#[must_use]
pub fn problem_of_coupon_user(
    order: &Order,
    account: Option<&OrderAccount>,
    coupon: Option<&Coupon>,
) -> Option<String> {
    let holder = coupon.and_then(|coupon| coupon.order);
    let is_given_back = account.is_some_and(|account| account.is_wholly_refunded(order));
    let ended = order.status == OrderStatus::Cancelled || is_given_back;
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
