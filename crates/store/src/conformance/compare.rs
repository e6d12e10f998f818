//! Compares what a store gives back with its model: every method of the reader, for every row there is and some that
//! there are not.

mod goods;
mod letters;
mod money;

use std::{collections::BTreeSet, fmt::Debug};

use ordain_domain::{
    catalog::Catalog,
    ids::{AddressId, CouponId, EventId, OrderId, UserId},
    order::OrderStatus,
    rows::Rows,
    time::{Span, Timestamp},
};
use ordain_engine::port::store::{Before, StoreFailure, StoreReader};

use super::{
    model::Model,
    shop::{sku, user},
};

const READABLE: &str = "the store can be read";

/// Loaded rows. A counter that is not there is the same as one of 0. Unpaid orders may be counted too many where the
/// store does not count `exactly`, never too few.
pub(super) fn rows(found: &Rows, expected: &Rows, exactly: bool) {
    let zeroes = |rows: &Rows| {
        let mut rows = rows.clone();
        rows.open_orders.values_mut().for_each(|row| *row = Some(row.unwrap_or(0)));
        rows.template_usage.values_mut().for_each(|row| *row = Some(row.unwrap_or(0)));
        rows.user_template_usage.values_mut().for_each(|row| *row = Some(row.unwrap_or(0)));
        rows
    };
    let (mut found, expected) = (zeroes(found), zeroes(expected));
    // Table by table, so that a difference is told without a page of rows that agree.
    assert_eq!(found.stock, expected.stock, "stock");
    assert_eq!(found.locks, expected.locks, "locks");
    assert_eq!(found.orders, expected.orders, "orders");
    assert_eq!(found.order_keys, expected.order_keys, "order keys");
    assert_eq!(found.accounts, expected.accounts, "accounts");
    assert_eq!(found.payments, expected.payments, "payments");
    assert_eq!(found.transactions, expected.transactions, "transactions");
    assert_eq!(found.refunds, expected.refunds, "refunds");
    assert_eq!(found.shipments, expected.shipments, "shipments");
    assert_eq!(found.after_sales, expected.after_sales, "after-sales");
    assert_eq!(found.receipts, expected.receipts, "receipts");
    assert_eq!(found.answers, expected.answers, "answers");
    for (user, count) in &mut found.open_orders {
        let expected = expected.open_orders.get(user).copied().flatten();
        if !exactly && *count > expected {
            *count = expected;
        }
    }
    assert_eq!(found.open_orders, expected.open_orders, "open orders");
    assert_eq!(found.coupons, expected.coupons, "coupons");
    assert_eq!(found, expected, "rows");
}

pub(super) fn catalog(found: &Catalog, expected: &Catalog) {
    assert_eq!(found.len(), expected.len(), "the number of products");
    assert!(found.products().eq(expected.products()), "products");
    assert_eq!(found.promotions(), expected.promotions(), "promotions");
    assert!(found.templates().eq(expected.templates()), "coupon templates");
}

/// Every method of the reader.
pub(super) fn reader(reader: &dyn StoreReader, model: &Model) {
    orders(reader, model);
    lists_of_orders(reader, model);
    money::all(reader, model);
    letters::all(reader, model);
    goods::all(reader, model);
    stock(reader, model);
    coupons_and_points(reader, model);
    users(reader, model);
    log(reader, model);
    timers(reader, model);
    for minted_before in [Timestamp(0), model.head.time, Timestamp::MAX] {
        for expired_before in [Timestamp(0), model.head.time, model.head.time.plus(Span(1)), Timestamp::MAX] {
            overdue(reader, model, minted_before, expired_before, 7);
        }
    }
    let mut counts = reader.status_counts().expect(READABLE);
    counts.retain(|count| count.count > 0);
    counts.sort_by_key(|count| count.status);
    assert_eq!(counts, model.status_counts(), "orders by status");
    assert_eq!(reader.payment_counts().expect(READABLE), model.payment_counts(), "attempts by status");
    assert_eq!(reader.refund_counts().expect(READABLE), model.refund_counts(), "refunds by status");
    assert_eq!(reader.shipment_counts().expect(READABLE), model.shipment_counts(), "parcels by status");
    assert_eq!(reader.after_sale_counts().expect(READABLE), model.after_sale_counts(), "after-sales by status");
}

/// All pages of a list, each asked for before the last key of the one before it.
pub(super) fn pages<K: Copy + Debug + Ord, T>(
    limit: usize,
    page: impl Fn(Before<K>) -> Result<Vec<T>, StoreFailure>,
    key: impl Fn(&T) -> K,
) -> Vec<T> {
    let mut all = Vec::new();
    loop {
        let found = page(Before { key: all.last().map(&key), limit }).expect(READABLE);
        assert!(found.len() <= limit, "a page has at most {limit} rows, not {}", found.len());
        if found.is_empty() {
            return all;
        }
        all.extend(found);
        assert!(all.is_sorted_by(|newer, older| key(newer) > key(older)), "newest first, no row twice");
    }
}

fn orders(reader: &dyn StoreReader, model: &Model) {
    for (id, order) in &model.all.orders {
        assert_eq!(reader.order(*id).expect(READABLE).as_ref(), Some(order.as_ref()));
        assert_eq!(&reader.locks(*id).expect(READABLE), &model.all.locks[id]);
        let events = model.events_of(*id);
        for after in 0..=events.len() {
            let found = reader.order_events(*id, after as u64).expect(READABLE);
            assert_eq!(found, events[after..], "events of {id} after {after}");
        }
    }
    let nobody = OrderId::from_number(1);
    assert_eq!(reader.order(nobody).expect(READABLE), None);
    assert!(reader.locks(nobody).expect(READABLE).is_empty());
    assert_eq!(reader.order_events(nobody, 0).expect(READABLE), []);
}

/// Users that have an order, points or a profile, and one that has nothing.
fn users_of(model: &Model) -> BTreeSet<UserId> {
    let orders = model.all.orders.values().map(|order| order.placed.user_id.clone());
    let points = model.all.points.keys().cloned();
    let profiles = model.all.users.keys().cloned();
    let addresses = model.all.addresses.keys().map(|(user, _)| user.clone());
    orders.chain(points).chain(profiles).chain(addresses).chain([user("nobody")]).collect()
}

fn lists_of_orders(reader: &dyn StoreReader, model: &Model) {
    for status in OrderStatus::ALL.map(Some).into_iter().chain([None]) {
        for user in users_of(model) {
            let expected = model.orders(Some(&user), status);
            for limit in [2, 100] {
                let found = pages(limit, |page| reader.orders_of_user(&user, status, page), |order| order.id);
                assert_eq!(found, expected, "orders of {user} in {status:?} by {limit}");
            }
        }
        for limit in [3, 100] {
            assert_eq!(all_orders(reader, status, limit), model.orders(None, status), "orders in {status:?}");
        }
    }
}

/// All pages of everybody's orders.
pub(super) fn all_orders(
    reader: &dyn StoreReader,
    status: Option<OrderStatus>,
    limit: usize,
) -> Vec<ordain_domain::order::Order> {
    let mut all = Vec::new();
    let mut key = None;
    loop {
        let (found, next) = reader.orders(status, Before { key, limit }).expect(READABLE);
        assert!(found.len() <= limit, "a page has at most {limit} orders, not {}", found.len());
        all.extend(found);
        let Some(next) = next else { return all };
        assert!(key.is_none_or(|key| next < key), "a page ends before it began: {next} after {key:?}");
        key = Some(next);
    }
}

fn stock(reader: &dyn StoreReader, model: &Model) {
    for (name, stock) in &model.all.stock {
        assert_eq!(reader.stock(name).expect(READABLE).as_ref(), Some(stock));
        for limit in [2, 100] {
            let found = pages(limit, |page| reader.stock_movements(name, page), |movement| movement.number);
            assert_eq!(found, model.movements(name), "the ledger of {name} by {limit}");
        }
    }
    assert_eq!(reader.stock(&sku("nothing")).expect(READABLE), None);
    assert_eq!(pages(9, |page| reader.stock_movements(&sku("nothing"), page), |movement| movement.number), []);
}

fn coupons_and_points(reader: &dyn StoreReader, model: &Model) {
    for (id, coupon) in &model.all.coupons {
        assert_eq!(reader.coupon(*id).expect(READABLE).as_ref(), Some(coupon));
    }
    assert_eq!(reader.coupon(CouponId::from_number(1)).expect(READABLE), None);
    for user in users_of(model) {
        assert_eq!(reader.points(&user).expect(READABLE).as_ref(), model.all.points.get(&user));
        for limit in [2, 100] {
            let found = pages(limit, |page| reader.points_entries(&user, page), |entry| entry.number);
            assert_eq!(found, model.points_entries(&user), "points of {user} by {limit}");
        }
    }
}

fn users(reader: &dyn StoreReader, model: &Model) {
    for user in users_of(model) {
        assert_eq!(reader.user(&user).expect(READABLE).as_ref(), model.all.users.get(&user));
        let own = model.all.addresses.values().filter(|address| address.user_id == user);
        assert_eq!(reader.addresses(&user).expect(READABLE), own.cloned().collect::<Vec<_>>(), "of {user}");
        let nowhere = AddressId::new("nowhere").expect("a valid id");
        assert_eq!(reader.address(&user, &nowhere).expect(READABLE), None);
    }
    for ((user, id), address) in &model.all.addresses {
        assert_eq!(reader.address(user, id).expect(READABLE).as_ref(), Some(address));
    }
}

fn log(reader: &dyn StoreReader, model: &Model) {
    let events = &model.all.events;
    for limit in [3, 1_000] {
        let mut found = Vec::new();
        loop {
            let position = i64::try_from(found.len()).expect("a short log");
            let page = reader.events_after(position, limit).expect(READABLE);
            assert!(page.len() <= limit, "a page has at most {limit} events, not {}", page.len());
            if page.is_empty() {
                break;
            }
            found.extend(page);
            assert!(found.len() <= events.len(), "more events than there are");
        }
        assert_eq!(&found, events, "the log by {limit}");
    }
    for event in events {
        assert_eq!(reader.event(event.id).expect(READABLE).as_ref(), Some(event));
    }
    assert_eq!(reader.event(EventId::from_number(model.head.last_event + 1)).expect(READABLE), None);
    for (consumer, position) in &model.cursors {
        assert_eq!(reader.cursor(consumer).expect(READABLE), Some(*position), "{consumer}");
    }
    let expected: Vec<_> = model.cursors.iter().map(|(name, position)| (name.clone(), *position)).collect();
    assert_eq!(reader.cursors().expect(READABLE), expected, "cursors by name");
    assert_eq!(reader.cursor("nobody").expect(READABLE), None);
}

fn timers(reader: &dyn StoreReader, model: &Model) {
    let expected = model.timers();
    let middle = expected.get(expected.len() / 2).map_or(model.head.time, |timer| timer.due);
    for until in [Timestamp(0), middle.minus(Span(1)), middle, Timestamp::MAX] {
        for limit in [2, 100] {
            let mut found = Vec::new();
            loop {
                let page = reader.timers(found.last().copied(), until, limit).expect(READABLE);
                assert!(page.len() <= limit, "a page has at most {limit} timers, not {}", page.len());
                if page.is_empty() {
                    break;
                }
                found.extend(page);
                assert!(found.len() <= expected.len(), "more timers than there are");
            }
            let due: Vec<_> = expected.iter().filter(|timer| timer.due <= until).copied().collect();
            assert_eq!(found, due, "timers until {until:?} by {limit}");
        }
    }
}

/// A whole scan for overdue orders, page by page, and what its pages say about themselves.
pub(super) fn overdue(
    reader: &dyn StoreReader,
    model: &Model,
    minted_before: Timestamp,
    expired_before: Timestamp,
    limit: usize,
) {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = reader.overdue_orders(after, minted_before, expired_before, limit).expect(READABLE);
        assert!(page.overdue.len() <= limit, "a page has at most {limit} orders, not {}", page.overdue.len());
        let Some(seen_up_to) = page.seen_up_to else {
            assert!(page.overdue.is_empty() && page.first_unpaid.is_none(), "a page that saw nothing: {page:?}");
            break;
        };
        assert!(after.is_none_or(|after| seen_up_to > after), "the scan goes on: {page:?} after {after:?}");
        let looked_at = model.all.orders.iter().filter(|(id, _)| after.is_none_or(|after| **id > after));
        let mut looked_at = looked_at.filter(|(id, _)| **id <= seen_up_to);
        let first_unpaid = looked_at.find(|(_, order)| order.status.is_unpaid()).map(|(id, _)| *id);
        assert_eq!(page.first_unpaid, first_unpaid, "the first unpaid order up to {seen_up_to}");
        found.extend(page.overdue);
        after = Some(seen_up_to);
    }
    assert_eq!(found, model.overdue(minted_before, expired_before), "overdue at {expired_before:?}");
}
