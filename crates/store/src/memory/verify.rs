//! The invariants over the in-memory state: finds the rows, and asks `invariants` what is wrong with each.

mod books;
mod waiting;

use std::collections::BTreeMap;

use ordain_domain::{
    event::EventRecord,
    ids::{OrderId, Sku, TemplateId, UserId},
    order::OrderToken,
    stock::{LockState, Locks},
    time::{Span, Timestamp},
};
use ordain_engine::port::store::InvariantReport;

use super::state::State;
use crate::invariants::{
    Checks, Rule, problem_of_coupon, problem_of_coupon_user, problem_of_cursor, problem_of_edges, problem_of_events,
    problem_of_locks, problem_of_points, problem_of_shares, problem_of_stock,
};

/// One report per rule of [`RULES`](crate::invariants::RULES), in that order.
pub(super) fn verify(state: &State, now: Timestamp, late_after: Span) -> Vec<InvariantReport> {
    let mut checks = Checks::default();
    stock(state, &mut checks);
    locks(state, &mut checks);
    events(state, &mut checks);
    order_keys(state, &mut checks);
    coupons(state, &mut checks);
    points(state, &mut checks);
    shares(state, &mut checks);
    books::check(state, &mut checks);
    waiting::check(state, &mut checks, now, late_after);
    checks.finish()
}

fn stock(state: &State, checks: &mut Checks) {
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
        checks.examine(Rule::Stock, &stock.sku, problem_of_stock(stock, held, ledger, entries));
    }
    for (sku, held) in held {
        checks.examine(Rule::Stock, sku, Some(format!("{held} units are locked without a stock row")));
    }
}

fn locks(state: &State, checks: &mut Checks) {
    let nothing = Locks::default();
    for (id, order) in &state.rows.orders {
        let locks = state.rows.locks.get(id).unwrap_or(&nothing);
        checks.examine(Rule::Locks, id, problem_of_locks(locks, Some(order)));
    }
    for (id, locks) in state.rows.locks.iter().filter(|(id, _)| !state.rows.orders.contains_key(id)) {
        checks.examine(Rule::Locks, id, problem_of_locks(locks, None));
    }
}

fn events(state: &State, checks: &mut Checks) {
    for order in state.rows.orders.values() {
        let events: Vec<EventRecord> = state.events_of(order.id).cloned().collect();
        checks.examine(Rule::Events, order.id, problem_of_events(order, &events));
        checks.examine(Rule::Edges, order.id, problem_of_edges(order, &events));
    }
    for id in state.events_of_order.keys().filter(|id| !state.rows.orders.contains_key(id)) {
        checks.examine(Rule::Events, id, Some("events without an order".to_owned()));
    }
    let expected = 1..=state.head.last_event;
    let gapless = expected.eq(state.events.keys().map(|id| id.number()));
    checks.examine(Rule::Events, "log", (!gapless).then(|| format!("positions are not 1..{}", state.head.last_event)));
    for (consumer, position) in &state.cursors {
        let problem = problem_of_cursor(consumer, *position, state.head.last_event);
        checks.examine(Rule::Events, format_args!("consumer {consumer}"), problem);
    }
}

fn order_keys(state: &State, checks: &mut Checks) {
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
        checks.examine(Rule::Keys, format_args!("{key:?}"), problem);
    }
}

fn coupons(state: &State, checks: &mut Checks) {
    let orders = &state.rows.orders;
    let mut granted: BTreeMap<&TemplateId, u64> = BTreeMap::new();
    let mut granted_to_user: BTreeMap<(&UserId, &TemplateId), u64> = BTreeMap::new();
    for coupon in state.rows.coupons.values() {
        let order = coupon.order.and_then(|order| orders.get(&order)).map(AsRef::as_ref);
        checks.examine(Rule::Holdings, coupon.id, problem_of_coupon(coupon, order));
        *granted.entry(&coupon.template).or_default() += 1;
        *granted_to_user.entry((&coupon.user_id, &coupon.template)).or_default() += 1;
    }
    for order in orders.values() {
        if let Some(coupon) = order.placed.coupon {
            let account = state.rows.accounts.get(&order.id);
            checks.examine(
                Rule::Holdings,
                order.id,
                problem_of_coupon_user(order, account.map(AsRef::as_ref), state.rows.coupons.get(&coupon)),
            );
        }
    }
    for (template, usage) in &state.rows.template_usage {
        let granted = granted.get(template).copied().unwrap_or(0);
        let limit = state.catalog.template(template).filter(|template| template.version == 1);
        let limit = limit.and_then(|template| template.limit_total);
        checks.examine(Rule::Holdings, template, problem_of_usage(*usage, granted, limit));
    }
    for ((user, template), usage) in &state.rows.user_template_usage {
        let granted = granted_to_user.get(&(user, template)).copied().unwrap_or(0);
        let limit = state.catalog.template(template).filter(|template| template.version == 1);
        let limit = limit.and_then(|template| template.limit_per_user).map(u64::from);
        checks.examine(Rule::Holdings, format_args!("{template} of {user}"), problem_of_usage(*usage, granted, limit));
    }
}

/// A limit that was lowered later may lie below what was granted before: only a template that was never replaced tells.
fn problem_of_usage(usage: u64, granted: u64, limit: Option<u64>) -> Option<String> {
    if usage != granted {
        return Some(format!("{usage} are counted, {granted} were granted"));
    }
    limit.filter(|limit| granted > *limit).map(|limit| format!("{granted} were granted, the limit is {limit}"))
}

fn points(state: &State, checks: &mut Checks) {
    let mut ledgers: BTreeMap<&UserId, (i64, u64)> = BTreeMap::new();
    for entry in state.points_entries.values() {
        let ledger = ledgers.entry(&entry.user_id).or_default();
        *ledger = (ledger.0 + entry.delta, ledger.1 + 1);
    }
    for account in state.rows.points.values() {
        let unpaid = state.orders_of(&account.user_id).filter(|order| order.status.is_unpaid());
        let frozen = unpaid.map(|order| order.placed.price.points).sum();
        let (ledger, entries) = ledgers.get(&account.user_id).copied().unwrap_or_default();
        checks.examine(Rule::Holdings, &account.user_id, problem_of_points(account, ledger, entries, frozen));
    }
}

fn shares(state: &State, checks: &mut Checks) {
    for order in state.rows.orders.values() {
        checks.examine(Rule::Shares, order.id, problem_of_shares(order));
    }
}
