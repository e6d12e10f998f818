//! Cases: orders, their locks and their events come back whole.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    catalog::{AppliesTo, Promotion, PromotionKind, Saving, command::PutPromotion},
    command::Command,
    ids::PromotionId,
    money::UNIT_PRICE_MAX,
    order::{CancelReason, OrderStatus, PlaceOrder},
    price::RequestedLine,
    stock::{LockState, state::ON_HAND_MAX},
};

use super::{
    Fixture,
    bench::{BEGIN, Bench, WINDOW},
    shop::{
        address, adjust, basket, buyer, cancel, close, keyed, operator, points, product, put_products, sku, with_coupon,
    },
};

fn promote<F: Fixture>(bench: &mut Bench<F>, id: &str, kind: PromotionKind) {
    let promotion = Promotion {
        id: PromotionId::new(id).expect("a valid id"),
        kind,
        applies_to: AppliesTo::All,
        currency: Some(super::shop::pounds()),
        starts_at: BEGIN,
        ends_at: None,
        stackable: true,
        priority: 0,
        version: 0,
    };
    let put = PutPromotion { promotion: Arc::new(promotion), expected_version: None };
    bench.accept(&operator(Command::PutPromotion(put)));
}

/// An order with all that an order may have: promotions, coupon, points, fee, address, data of the caller's own.
pub fn a_placed_order_comes_back_whole<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    promote(&mut bench, "fifth", PromotionKind::PercentOff { percent: 20 });
    promote(&mut bench, "save", PromotionKind::SpendAndSave { minimum_spend: 300, saving: Saving::Amount(50) });
    bench.accept(&operator(points("u-1", 100)));
    let coupon = bench.grant("u-1", "tenth");
    let metadata = BTreeMap::from([("basket".to_owned(), "536365".to_owned()), ("empty".to_owned(), String::new())]);
    let place = PlaceOrder {
        points: 99,
        shipping_address: Some(address("Town")),
        metadata: Arc::new(metadata),
        ..with_coupon(basket("u-1", &[("b", 2), ("a", 3), ("b", 1)]), coupon.id)
    };
    let order = bench.place(&keyed(buyer(place), "k", 1));
    let price = &order.placed.price;
    let parts = [price.promotions, price.coupon, price.points, price.shipping];
    assert!(parts.iter().all(|part| *part > 0) && price.applied.len() == 4, "{price:?}");
    bench.compare();
    bench.reopen();
    bench.compare();
}

/// Placed and paid in one commit: two events, locks deducted, a ledger entry.
pub fn an_order_that_costs_nothing_comes_back_paid<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    bench.rules.shipping.fee = 0;
    let order = bench.place(&keyed(buyer(basket("u-1", &[("free", 3)])), "k", 1));
    assert_eq!((order.status, order.version), (OrderStatus::Paid, 2));
    let locks = bench.reader().locks(order.id).expect("locks can be read");
    assert!(locks.iter().all(|lock| lock.state == LockState::Deducted));
    bench.compare();
    bench.reopen();
    bench.compare();
    assert!(bench.one(&keyed(buyer(basket("u-1", &[("free", 3)])), "k", 1)).replayed);
}

/// The reason and the note of each way to end.
pub fn an_order_that_ended_tells_why<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let orders = [1, 2, 3, 4].map(|quantity| bench.place(&buyer(basket("u-1", &[("a", quantity), ("b", 1)]))).id);
    bench.accept(&operator(cancel(orders[0], CancelReason::Buyer, Some("\"no\"\n🙅"))));
    bench.accept(&operator(cancel(orders[1], CancelReason::Merchant, None)));
    bench.wait(WINDOW);
    bench.accept(&operator(close(orders[2])));
    bench.compare();
    let reasons = orders.map(|order| bench.reader().order(order).expect("an order can be read"));
    let reasons = reasons.map(|order| order.expect("the order is there").cancel_reason);
    let expected = [Some(CancelReason::Buyer), Some(CancelReason::Merchant), Some(CancelReason::Timeout), None];
    assert_eq!(reasons, expected);
    bench.reopen();
    bench.compare();
}

/// As many lines as an order may have, of as many SKUs.
pub fn an_order_of_a_thousand_lines<F: Fixture>() {
    let mut bench = Bench::<F>::empty();
    let name = |number: u32| format!("sku-{number:04}");
    let products = (0..1_000).map(|number| product(&name(number), 100 + i64::from(number)));
    bench.accept(&operator(put_products(products.collect())));
    bench.run(&(0..1_000).map(|number| operator(adjust(&name(number), 9))).collect::<Vec<_>>());
    let line = |number: u32| RequestedLine { sku: sku(&name(number)), quantity: 1 + number % 3 };
    let place = PlaceOrder { lines: (0..1_000).rev().map(line).collect(), ..basket("u-1", &[]) };
    let order = bench.place(&buyer(place));
    let read = bench.reader().order(order.id).expect("an order can be read");
    assert_eq!(read.as_ref(), Some(order.as_ref()));
    bench.accept(&operator(cancel(order.id, CancelReason::Buyer, None)));
    let read = bench.reader().order(order.id).expect("an order can be read");
    assert_eq!(read.as_ref(), Some(bench.model.all.orders[&order.id].as_ref()));
    assert_eq!(bench.reader().locks(order.id).expect("locks can be read"), bench.model.all.locks[&order.id]);
    assert_eq!(bench.broken(), []);
}

/// Amounts and quantities at their bounds.
pub fn an_order_of_the_greatest_amounts<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    bench.accept(&operator(put_products(vec![product("dear", UNIT_PRICE_MAX), product("cheap", 9_007)])));
    bench.accept(&operator(adjust("dear", ON_HAND_MAX)));
    bench.accept(&operator(adjust("cheap", ON_HAND_MAX)));
    let order = bench.place(&buyer(basket("u-1", &[("dear", 9_007)])));
    assert_eq!(order.placed.price.goods, 9_007_000_000_000_000);
    bench.place(&buyer(basket("u-1", &[("cheap", 1_000_000), ("cheap", 1_000_000)])));
    bench.compare();
    bench.reopen();
    bench.compare();
}

/// Text is kept as it was written, whatever it looks like.
pub fn an_order_with_any_text<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let texts =
        ["", " ", "'; DROP TABLE orders; --", "\"\\\n\r\t", "naïve 🛒 日本語 עברית", "null", "{\"a\":[1]}", "%s?1$1"];
    for text in texts {
        let titled = ordain_domain::catalog::Product { title: Arc::from(format!("t{text}")), ..product("a", 100) };
        bench.accept(&operator(put_products(vec![titled])));
        let mut to = address("Town").as_ref().clone();
        (to.name, to.city, to.phone) = (Arc::from(text), Arc::from(text), Some(Arc::from(text)));
        let place = PlaceOrder {
            shipping_address: Some(Arc::new(to)),
            metadata: Arc::new(BTreeMap::from([(text.to_owned(), text.to_owned())])),
            ..basket("u-1", &[("a", 1)])
        };
        let key = if text.is_empty() { "empty" } else { text };
        let order = bench.place(&keyed(buyer(place), key, 1));
        bench.accept(&operator(cancel(order.id, CancelReason::Buyer, Some(text))));
    }
    bench.compare();
    bench.reopen();
    bench.compare();
}

/// Orders whose events lie among each other's in the log.
pub fn events_of_an_order_are_its_own<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let orders = [1, 2, 3].map(|quantity| bench.place(&buyer(basket("u-1", &[("a", quantity)]))).id);
    bench.accept(&operator(adjust("a", 1)));
    for order in [orders[2], orders[0], orders[1]] {
        bench.accept(&operator(cancel(order, CancelReason::Buyer, None)));
        bench.accept(&operator(adjust("a", 1)));
    }
    for order in orders {
        let events = bench.reader().order_events(order, 0).expect("events can be read");
        assert_eq!(
            events.iter().map(|event| event.event.type_name()).collect::<Vec<_>>(),
            ["order.placed", "order.cancelled"]
        );
        assert_eq!(events[1].previous, Some(events[0].id));
        let later = bench.reader().order_events(order, 1).expect("events can be read");
        assert_eq!(later, events[1..]);
        assert_eq!(bench.reader().order_events(order, 2).expect("events can be read"), []);
    }
    bench.compare();
}
