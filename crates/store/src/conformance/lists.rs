//! Cases: lists come newest first, in pages without a gap or a repeat.

use ordain_domain::{
    ids::OrderId,
    order::{CancelReason, OrderStatus},
    time::Span,
};
use ordain_engine::port::store::Before;

use super::{
    Fixture,
    bench::{Bench, WINDOW},
    compare::{all_orders, pages},
    shop::{adjust, basket, buyer, cancel, close, keyed, operator, points, sku, user},
};

/// Three users with orders in turn, some cancelled, some closed, some paid.
fn busy<F: Fixture>() -> Bench<F> {
    let mut bench = Bench::<F>::shop();
    bench.rules.shipping.fee = 0;
    for round in 0..9_u32 {
        for name in ["u-1", "u-2", "u-3"] {
            let goods = if (round + u32::from(name == "u-2")) % 4 == 0 { "free" } else { "a" };
            let envelope = keyed(buyer(basket(name, &[(goods, 1 + round)])), &format!("{round}"), 1);
            let order = bench.place(&envelope);
            if round % 3 == 1 && order.status.is_unpaid() {
                bench.accept(&operator(cancel(order.id, CancelReason::Merchant, None)));
            }
        }
        bench.wait(Span::seconds(100));
    }
    let overdue: Vec<OrderId> =
        bench.model.timers().iter().filter(|timer| timer.due <= bench.now).map(|timer| timer.order).collect();
    bench.run(&overdue.into_iter().map(|order| operator(close(order))).collect::<Vec<_>>());
    bench
}

/// For each user its own orders and nobody else's.
pub fn orders_of_a_user_come_newest_first<F: Fixture>() {
    let mut bench = busy::<F>();
    let reader = bench.reader();
    for name in ["u-1", "u-2", "u-3"] {
        for limit in [1, 2, 8, 9, 10, 100] {
            let found = pages(limit, |page| reader.orders_of_user(&user(name), None, page), |order| order.id);
            assert_eq!(found, bench.model.orders(Some(&user(name)), None), "{name} by {limit}");
            assert_eq!(found.len(), 9);
            assert!(found.is_sorted_by(|newer, older| newer.id > older.id));
        }
    }
    bench.compare();
}

/// A list of one status leaves the others out and still fills its pages.
pub fn orders_of_a_user_come_by_status<F: Fixture>() {
    let mut bench = busy::<F>();
    let reader = bench.reader();
    for status in OrderStatus::ALL {
        let expected = bench.model.orders(Some(&user("u-2")), Some(status));
        for limit in [1, 2, 100] {
            let page = Before { key: None, limit };
            let found = reader.orders_of_user(&user("u-2"), Some(status), page).expect("orders can be listed");
            assert_eq!(found, expected[..limit.min(expected.len())], "{status:?} by {limit}");
        }
        let all = pages(2, |page| reader.orders_of_user(&user("u-2"), Some(status), page), |order| order.id);
        assert_eq!(all, expected, "{status:?}");
    }
}

/// The list over all users.
pub fn pages_of_everybodys_orders_have_no_gap_and_no_repeat<F: Fixture>() {
    let mut bench = busy::<F>();
    let reader = bench.reader();
    for status in OrderStatus::ALL.map(Some).into_iter().chain([None]) {
        for limit in [1, 2, 5, 27, 28, 100] {
            assert_eq!(all_orders(reader.as_ref(), status, limit), bench.model.orders(None, status), "by {limit}");
        }
    }
}

/// A list of a status that few orders have looks at a bounded number of orders a page, and says where to go on.
pub fn a_rare_status_is_found_across_the_bound<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    bench.accept(&operator(adjust("a", 20_000)));
    let rare = bench.place(&buyer(basket("u-0", &[("a", 1)])));
    bench.accept(&operator(cancel(rare.id, CancelReason::Buyer, None)));
    // Ids of one millisecond are in the order of their buckets.
    bench.wait(Span::milliseconds(1));
    for batch in 0..20 {
        let place = |number| buyer(basket(&format!("u-{batch}-{number}"), &[("a", 1)]));
        let replies = bench.run(&(0..510).map(place).collect::<Vec<_>>());
        assert!(replies.iter().all(|reply| reply.outcome.is_ok()), "all are placed");
    }
    let reader = bench.reader();
    let page = Before { key: None, limit: 5 };
    let (found, next) = reader.orders(Some(OrderStatus::Cancelled), page).expect("orders can be listed");
    assert!(found.is_empty(), "10,200 younger orders stand before it, a page looks at 10,000");
    assert!(next.is_some_and(|next| next > rare.id), "the page says where to go on: {next:?}");
    let found = all_orders(reader.as_ref(), Some(OrderStatus::Cancelled), 5);
    assert_eq!(found.iter().map(|order| order.id).collect::<Vec<_>>(), [rare.id]);
    assert_eq!(all_orders(reader.as_ref(), None, 4_000).len(), 10_201);
}

/// A cursor is a key and not a position: it works when the row it names is another user's or is not there at all.
pub fn a_page_may_begin_at_a_key_that_is_not_there<F: Fixture>() {
    let mut bench = busy::<F>();
    let reader = bench.reader();
    let all = bench.model.orders(None, None);
    let keys = all.iter().flat_map(|order| [-1, 0, 1].map(|step| order.id.number() + step));
    for key in keys.chain([0, i64::MAX]).map(OrderId::from_number) {
        let page = Before { key: Some(key), limit: 3 };
        let of_user: Vec<_> =
            bench.model.orders(Some(&user("u-2")), None).into_iter().filter(|order| order.id < key).take(3).collect();
        assert_eq!(reader.orders_of_user(&user("u-2"), None, page).expect("orders can be listed"), of_user, "{key}");
        let of_all: Vec<_> = all.iter().filter(|order| order.id < key).take(3).cloned().collect();
        assert_eq!(reader.orders(None, page).expect("orders can be listed").0, of_all, "{key}");
    }
}

/// The ledgers of stock and points.
pub fn ledgers_come_newest_first<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    for number in 1..=7 {
        bench.run(&[
            operator(adjust("a", number)),
            operator(adjust("b", -number)),
            operator(points("u-1", number)),
            operator(points("u-2", 10 * number)),
        ]);
    }
    let reader = bench.reader();
    for limit in [1, 2, 8, 9] {
        let found = pages(limit, |page| reader.stock_movements(&sku("a"), page), |movement| movement.number);
        assert_eq!(found, bench.model.movements(&sku("a")), "by {limit}");
        assert!(found.iter().map(|movement| movement.number).eq((1..=8).rev()), "newest first");
        let found = pages(limit, |page| reader.points_entries(&user("u-2"), page), |entry| entry.number);
        assert_eq!(found, bench.model.points_entries(&user("u-2")), "by {limit}");
        assert!(found.iter().map(|entry| entry.number).eq((1..=7).rev()), "newest first");
    }
    for key in [0, 1, 9, u64::MAX >> 1] {
        let page = Before { key: Some(key), limit: 100 };
        let found = reader.stock_movements(&sku("a"), page).expect("a ledger can be listed");
        assert!(found.iter().map(|movement| movement.number).eq((1..=8).rev().filter(|number| *number < key)));
    }
    bench.compare();
}

/// A ledger that is long enough for a store to find its middle in another way than its end.
pub fn a_long_ledger_is_found_from_every_entry<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    for _ in 0..20 {
        bench.run(&std::array::from_fn::<_, 10, _>(|_| operator(adjust("a", 1))));
    }
    let reader = bench.reader();
    let all = bench.model.movements(&sku("a"));
    assert_eq!(all.len(), 201, "the shop's own delivery and 200 more");
    for key in (0..=202).map(Some).chain([None]) {
        let found = reader.stock_movements(&sku("a"), Before { key, limit: 3 }).expect("a ledger can be listed");
        let expected = all.iter().filter(|movement| key.is_none_or(|key| movement.number < key)).take(3);
        assert!(found.iter().eq(expected), "before {key:?}");
    }
    bench.compare();
}

/// The log from any position, oldest first.
pub fn the_log_comes_in_pages<F: Fixture>() {
    let mut bench = busy::<F>();
    let reader = bench.reader();
    let events = bench.model.all.events.clone();
    for position in 0..=events.len() + 1 {
        for limit in [1, 4, 1_000] {
            let after = i64::try_from(position).expect("a short log");
            let found = reader.events_after(after, limit).expect("the log can be read");
            let expected: Vec<_> = events.iter().skip(position).take(limit).cloned().collect();
            assert_eq!(found, expected, "after {position} by {limit}");
        }
    }
}

/// How many orders are in each state, and since when.
pub fn states_are_counted<F: Fixture>() {
    let mut bench = busy::<F>();
    let mut counts = bench.reader().status_counts().expect("states can be counted");
    counts.retain(|count| count.count > 0);
    counts.sort_by_key(|count| count.status);
    assert_eq!(counts, bench.model.status_counts());
    assert_eq!(counts.len(), 3, "some wait, some are paid, some are cancelled");
    bench.wait(WINDOW);
    let open: Vec<OrderId> = bench.model.timers().iter().map(|timer| timer.order).collect();
    bench.run(&open.into_iter().map(|order| operator(close(order))).collect::<Vec<_>>());
    bench.compare();
}
