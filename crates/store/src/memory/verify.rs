//! The invariants over the in-memory state: finds the rows, and asks `invariants` what is wrong with each.

use std::collections::BTreeMap;

use ordain_domain::{
    event::EventRecord,
    ids::{OrderId, Sku, TemplateId, UserId},
    order::OrderToken,
    stock::LockState,
    time::{Span, Timestamp},
    timer::{Timer, TimerKind},
};
use ordain_engine::port::store::InvariantReport;

use super::state::State;
use crate::invariants::{
    Check, problem_of_coupon, problem_of_coupon_user, problem_of_events, problem_of_locks, problem_of_points,
    problem_of_shares, problem_of_stock,
};

/// One report per invariant of [`RULES`](crate::invariants::RULES), in that order.
pub(super) fn verify(state: &State, now: Timestamp, late_after: Span) -> Vec<InvariantReport> {
    vec![
        stock(state),
        locks(state),
        events(state),
        order_keys(state),
        coupons_and_points(state),
        shares(state),
        timers(state, now, late_after),
    ]
}

fn stock(state: &State) -> InvariantReport {
    let mut check = Check::new(1);
    let mut held: BTreeMap<&Sku, i64> = BTreeMap::new();
    for lock in state.rows.locks.values().flat_map(|locks| locks.iter()) {
        if lock.state == LockState::Held {
            *held.entry(&lock.sku).or_default() += i64::try_from(lock.quantity).unwrap_or(i64::MAX);
        }
    }
    let mut ledgers: BTreeMap<&Sku, (i64, u64)> = BTreeMap::new();
    for movement in state.movements.values() {
        let ledger = ledgers.entry(&movement.sku).or_default();
        *ledger = (ledger.0 + movement.delta, ledger.1 + 1);
    }
    for stock in state.rows.stock.values() {
        let (ledger, entries) = ledgers.get(&stock.sku).copied().unwrap_or_default();
        let held = held.remove(&stock.sku).unwrap_or(0);
        check.examine(&stock.sku, problem_of_stock(stock, held, ledger, entries));
    }
    for (sku, held) in held {
        check.examine(sku, Some(format!("{held} units are locked without a stock row")));
    }
    check.finish()
}

fn locks(state: &State) -> InvariantReport {
    let mut check = Check::new(2);
    for (id, locks) in &state.rows.locks {
        check.examine(id, problem_of_locks(locks, state.rows.orders.get(id).map(AsRef::as_ref)));
    }
    check.finish()
}

fn events(state: &State) -> InvariantReport {
    let mut check = Check::new(3);
    for order in state.rows.orders.values() {
        let events: Vec<EventRecord> = state.events_of(order.id).cloned().collect();
        check.examine(order.id, problem_of_events(order, &events));
    }
    for id in state.events_of_order.keys().filter(|id| !state.rows.orders.contains_key(id)) {
        check.examine(id, Some("events without an order".to_owned()));
    }
    let expected = 1..=state.head.last_event;
    let gapless = expected.eq(state.events.keys().map(|id| id.number()));
    check.examine("log", (!gapless).then(|| format!("positions are not 1..{}", state.head.last_event)));
    check.finish()
}

fn order_keys(state: &State) -> InvariantReport {
    let mut check = Check::new(6);
    let mut keys_of_order: BTreeMap<OrderId, u64> = BTreeMap::new();
    for (key, entry) in &state.rows.order_keys {
        let owner = state.rows.orders.get(&entry.order).map(|order| &order.placed.user_id);
        let keys = keys_of_order.entry(entry.order).or_default();
        *keys += u64::from(matches!(key.token, OrderToken::Key(_)));
        let problem = if owner != Some(&key.user_id) {
            Some(format!("names {}, which is an order of {owner:?}", entry.order))
        } else {
            (*keys > 1).then(|| format!("{} has {keys} keys", entry.order))
        };
        check.examine(format_args!("{key:?}"), problem);
    }
    check.finish()
}

fn coupons_and_points(state: &State) -> InvariantReport {
    let mut check = Check::new(7);
    let orders = &state.rows.orders;
    let mut granted: BTreeMap<&TemplateId, u64> = BTreeMap::new();
    let mut granted_to_user: BTreeMap<(&UserId, &TemplateId), u64> = BTreeMap::new();
    for coupon in state.rows.coupons.values() {
        let order = coupon.order.and_then(|order| orders.get(&order)).map(AsRef::as_ref);
        check.examine(coupon.id, problem_of_coupon(coupon, order));
        *granted.entry(&coupon.template).or_default() += 1;
        *granted_to_user.entry((&coupon.user_id, &coupon.template)).or_default() += 1;
    }
    for order in orders.values() {
        if let Some(coupon) = order.placed.coupon {
            check.examine(order.id, problem_of_coupon_user(order, state.rows.coupons.get(&coupon)));
        }
    }
    for (template, usage) in &state.rows.template_usage {
        let granted = granted.get(template).copied().unwrap_or(0);
        let limit = state.catalog.template(template).filter(|template| template.version == 1);
        let limit = limit.and_then(|template| template.limit_total);
        check.examine(template, problem_of_usage(*usage, granted, limit));
    }
    for ((user, template), usage) in &state.rows.user_template_usage {
        let granted = granted_to_user.get(&(user, template)).copied().unwrap_or(0);
        let limit = state.catalog.template(template).filter(|template| template.version == 1);
        let limit = limit.and_then(|template| template.limit_per_user).map(u64::from);
        check.examine(format_args!("{template} of {user}"), problem_of_usage(*usage, granted, limit));
    }
    points(state, &mut check);
    check.finish()
}

/// A limit that was lowered later may lie below what was granted before: only a template that was never replaced tells.
fn problem_of_usage(usage: u64, granted: u64, limit: Option<u64>) -> Option<String> {
    if usage != granted {
        return Some(format!("{usage} are counted, {granted} were granted"));
    }
    limit.filter(|limit| granted > *limit).map(|limit| format!("{granted} were granted, the limit is {limit}"))
}

fn points(state: &State, check: &mut Check) {
    let mut ledgers: BTreeMap<&UserId, (i64, u64)> = BTreeMap::new();
    for entry in state.points_entries.values() {
        let ledger = ledgers.entry(&entry.user_id).or_default();
        *ledger = (ledger.0 + entry.delta, ledger.1 + 1);
    }
    for account in state.rows.points.values() {
        let unpaid = state.orders_of(&account.user_id).filter(|order| order.status.is_unpaid());
        let frozen = unpaid.map(|order| order.placed.price.points).sum();
        let (ledger, entries) = ledgers.get(&account.user_id).copied().unwrap_or_default();
        check.examine(&account.user_id, problem_of_points(account, ledger, entries, frozen));
    }
}

fn shares(state: &State) -> InvariantReport {
    let mut check = Check::new(8);
    for order in state.rows.orders.values() {
        check.examine(order.id, problem_of_shares(order));
    }
    check.finish()
}

fn timers(state: &State, now: Timestamp, late_after: Span) -> InvariantReport {
    let mut check = Check::new(9);
    for timer in &state.timers {
        let late = timer.due.plus(late_after) < now;
        check.examine(timer.order, late.then(|| format!("{:?} was due at {:?}", timer.kind, timer.due)));
    }
    for order in state.rows.orders.values().filter(|order| order.status.is_unpaid()) {
        let timer = Timer { due: state.due_of(order), kind: TimerKind::CloseOrder, order: order.id };
        let missing = !state.timers.contains(&timer);
        check.examine(order.id, missing.then(|| "unpaid without its close timer".to_owned()));
    }
    check.finish()
}
