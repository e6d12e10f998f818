//! Time as the engine tells it: it does not go back, whatever the clock does.

use std::sync::Arc;

use ordain_domain::{
    order::{Order, OrderStatus},
    time::Span,
};
use ordain_engine::port::clock::Clock as _;

use super::{
    clock::BEGIN,
    shop::{Shop, WINDOW, keyed, place},
};

const HOUR: Span = Span::seconds(3_600);

fn assert_after(later: &Order, earlier: &Order, why: &str) {
    assert!(later.placed.placed_at >= earlier.placed.placed_at, "{why}");
    assert!(later.id > earlier.id, "{why}: {} after {}", later.id, earlier.id);
    assert!(later.first_event > earlier.first_event, "{why}");
    assert_eq!(later.placed.expires_at, later.placed.placed_at.plus(WINDOW), "{why}: the whole window is left");
}

/// One user's next order: within a millisecond, ids of several users are ordered by their buckets.
async fn next_order(shop: &Shop, key: &str) -> Arc<Order> {
    shop.place(keyed(place("u-1", "a"), key, 1)).await
}

#[tokio::test]
async fn orders_do_not_go_back_with_the_clock() {
    let shop = Shop::open().await;
    let first = next_order(&shop, "k-1").await;
    shop.clock.set(BEGIN.minus(HOUR));
    let second = next_order(&shop, "k-2").await;
    assert_after(&second, &first, "the clock was set back");

    shop.clock.set(BEGIN.minus(HOUR).minus(HOUR));
    let shop = shop.restart();
    let third = next_order(&shop, "k-3").await;
    assert_after(&third, &second, "and the process came up again");

    shop.clock.set(BEGIN.plus(HOUR));
    let fourth = next_order(&shop, "k-4").await;
    assert_after(&fourth, &third, "the clock was set right");
    assert_eq!(fourth.placed.placed_at, BEGIN.plus(HOUR), "and is followed again");
    let times: Vec<_> = shop.log().iter().map(|record| record.at).collect();
    assert!(times.is_sorted(), "{times:?}");
    shop.until("the orders that expired meanwhile are closed", || shop.broken().is_empty()).await;
}

#[tokio::test]
async fn an_order_that_expired_before_the_clock_was_set_back_stays_closed() {
    let shop = Shop::open().await;
    let order = shop.place(place("u-1", "a")).await;
    shop.clock.advance(WINDOW);
    shop.until("the order is closed", || shop.status(order.id) == OrderStatus::Cancelled).await;
    shop.clock.set(BEGIN);
    let late = shop.place(place("u-2", "a")).await;
    assert_eq!(late.placed.placed_at, order.placed.expires_at);
    // Its window is counted from the time it was told, so the clock must get there first.
    shop.clock.set(BEGIN.plus(WINDOW));
    shop.run_a_batch().await;
    assert_eq!(shop.status(late.id), OrderStatus::PendingPayment);
    shop.clock.set(late.placed.expires_at);
    shop.until("the late order is closed", || shop.status(late.id) == OrderStatus::Cancelled).await;
    shop.verify();
}

/// A clock that is set back for a moment while a batch runs must not make the shard forget a timer that it has taken.
#[tokio::test]
async fn a_clock_that_wavers_loses_no_timer() {
    for readings in 1..12 {
        let shop = Shop::open().await;
        let order = shop.place(place("u-1", "a")).await;
        let (late, early) = (order.placed.expires_at, BEGIN);
        // However many readings a batch takes: each in turn is the last one before the clock goes back.
        shop.clock.read_next(std::iter::repeat_n(late, readings).chain(std::iter::repeat_n(early, 12)));
        shop.run_a_batch().await;
        while shop.clock.readings_left() > 0 {
            shop.clock.now();
        }
        shop.clock.set(late);
        shop.until("the order is closed", || shop.status(order.id) == OrderStatus::Cancelled).await;
        shop.verify();
    }
}
