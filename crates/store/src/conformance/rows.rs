//! Cases: stock, coupons, points and users come back whole.

use std::sync::Arc;

use ordain_domain::{
    coupon::CouponState,
    money::AMOUNT_MAX,
    order::{CancelReason, PlaceOrder},
    rows::Changes,
    stock::{Stock, state::ON_HAND_MAX},
    time::{Span, Timestamp},
    user::{PutUser, User},
};

use super::{
    Fixture,
    bench::Bench,
    shop::{
        adjust, basket, buyer, cancel, operator, points, product, put_address, put_products, put_user, sku, user,
        with_coupon,
    },
};

/// Nothing in any list, nothing under any name, nothing broken.
pub fn an_empty_shard_has_nothing<F: Fixture>() {
    let mut bench = Bench::<F>::empty();
    bench.compare();
    assert!(bench.fixture().store().catalog().expect("the catalog can be read").is_empty());
    assert_eq!(
        bench.reader().status_counts().expect("states can be counted").iter().map(|count| count.count).sum::<u64>(),
        0
    );
    assert_eq!(bench.reader().timers(None, Timestamp::MAX, 10).expect("timers can be read"), []);
    assert_eq!(bench.broken(), []);
}

/// Received, written off, locked, released, sold.
pub fn stock_and_its_ledger<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    bench.rules.shipping.fee = 0;
    bench.accept(&operator(adjust("free", -900)));
    let order = bench.place(&buyer(basket("u-1", &[("a", 5), ("b", 7)])));
    bench.compare();
    bench.place(&buyer(basket("u-1", &[("free", 3), ("free", 4)])));
    bench.compare();
    bench.accept(&operator(cancel(order.id, CancelReason::Buyer, None)));
    bench.compare();
    assert_eq!(bench.model.all.stock[&sku("free")].sold, 7);
}

/// Counters at their bounds, also those that no command of today moves.
pub fn stock_of_the_greatest_amounts<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    bench.accept(&operator(put_products(vec![product("full", 1)])));
    bench.accept(&operator(adjust("full", ON_HAND_MAX)));
    let back = Stock {
        sku: sku("back"),
        on_hand: ON_HAND_MAX,
        locked: ON_HAND_MAX,
        sold: AMOUNT_MAX,
        received: AMOUNT_MAX,
        returned: ON_HAND_MAX,
        version: u64::MAX >> 1,
        movements: u64::MAX >> 1,
    };
    let mut changes = Changes::default();
    changes.stock.insert(sku("back"), back);
    bench.commit(&changes, &[], &[]).expect("stock can be committed");
    bench.compare();
    bench.reopen();
    bench.compare();
}

/// Granted, frozen, released, frozen again, used.
pub fn coupons_through_their_life<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    bench.rules.shipping.fee = 0;
    let coupon = bench.grant("u-1", "all");
    bench.accept(&operator(put_products(vec![product("a", 100)])));
    bench.compare();
    let mut states = vec![bench.model.all.coupons[&coupon.id].state];
    bench.rules.shipping.fee = 10;
    let order = bench.place(&buyer(with_coupon(basket("u-1", &[("a", 1)]), coupon.id)));
    bench.compare();
    states.push(bench.model.all.coupons[&coupon.id].state);
    bench.accept(&operator(cancel(order.id, CancelReason::Buyer, None)));
    bench.compare();
    states.push(bench.model.all.coupons[&coupon.id].state);
    bench.rules.shipping.fee = 0;
    bench.place(&buyer(with_coupon(basket("u-1", &[("a", 2)]), coupon.id)));
    states.push(bench.model.all.coupons[&coupon.id].state);
    bench.grant("u-2", "all");
    bench.compare();
    bench.reopen();
    bench.compare();
    assert_eq!(states, [CouponState::Granted, CouponState::Frozen, CouponState::Granted, CouponState::Used]);
}

/// Given, taken, frozen, given back, spent.
pub fn points_and_their_ledger<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    bench.accept(&operator(points("u-1", AMOUNT_MAX)));
    bench.accept(&operator(points("u-1", 300 - AMOUNT_MAX)));
    bench.accept(&operator(points("u-2", 50)));
    let order = bench.place(&buyer(PlaceOrder { points: 100, ..basket("u-1", &[("a", 2)]) }));
    bench.compare();
    bench.accept(&operator(cancel(order.id, CancelReason::Buyer, None)));
    bench.compare();
    bench.rules.shipping.fee = 0;
    bench.place(&buyer(PlaceOrder { points: 300, ..basket("u-1", &[("a", 3)]) }));
    bench.place(&buyer(PlaceOrder { points: 10, ..basket("u-2", &[("a", 3)]) }));
    bench.compare();
    assert_eq!((bench.model.all.points[&user("u-1")].balance, bench.model.all.points[&user("u-2")].frozen), (0, 10));
    bench.reopen();
    bench.compare();
}

/// Profiles with every field and with none; addresses by id, each user's own.
pub fn profiles_and_addresses<F: Fixture>() {
    let mut bench = Bench::<F>::empty();
    bench.accept(&operator(put_user("u-1", None)));
    bench.accept(&operator(put_user("u-2", Some("Ärger \"quoted\""))));
    let full = User {
        id: user("u-3"),
        name: Some(Arc::from("")),
        email: Some(Arc::from("a@example.org")),
        phone: Some(Arc::from("+1")),
        version: 0,
        updated_at: Timestamp(0),
    };
    let put = PutUser { user: full, expected_version: Some(0) };
    bench.accept(&operator(ordain_domain::command::Command::PutUser(put)));
    for (name, id, town) in [("u-1", "work", "B"), ("u-1", "home", "A"), ("u-2", "home", "C"), ("u-1", "work", "D")] {
        bench.accept(&operator(put_address(name, id, town)));
        bench.compare();
    }
    bench.wait(Span(1));
    bench.accept(&operator(put_user("u-2", None)));
    bench.compare();
    bench.reopen();
    bench.compare();
    let towns = bench.reader().addresses(&user("u-1")).expect("addresses can be read");
    assert_eq!(towns.iter().map(|address| &*address.address.city).collect::<Vec<_>>(), ["A", "D"]);
}
