//! Timers: not before their time, not much after it, and not lost with the process.

use ordain_domain::{
    event::{Actor, Event},
    ids::OrderId,
    order::{CancelReason, OrderStatus},
    time::Span,
};
use ordain_engine::port::{clock::Clock as _, store::StoreReader as _};
use ordain_store::memory::CommitFault;

use super::{
    shop::{DEADLINE, Shop, WINDOW, answered, begin, cancel, closings, order_of, place},
    tampered::{Tamperer, Tampering},
};

const MOMENT: Span = Span(1);

#[tokio::test]
async fn an_order_is_closed_at_its_time_and_not_a_microsecond_before() {
    let shop = Shop::open().await;
    let order = shop.place(place("u-1", "a")).await;
    assert_eq!(order.placed.expires_at, shop.clock.now().plus(WINDOW));
    shop.clock.set(order.placed.expires_at.minus(MOMENT));
    for _ in 0..3 {
        shop.run_a_batch().await;
        assert_eq!(shop.status(order.id), OrderStatus::PendingPayment);
    }
    shop.clock.advance(MOMENT);
    shop.until("the order is closed", || shop.status(order.id) == OrderStatus::Cancelled).await;
    let closed = shop.order(order.id);
    assert_eq!((closed.cancel_reason, closed.updated_at), (Some(CancelReason::Timeout), order.placed.expires_at));
    assert_eq!(shop.memory.order_events(order.id, 1).unwrap()[0].actor, Actor::Timer);
    assert_eq!(shop.stock("a"), (1_000_000, 0));
    shop.verify();
}

#[tokio::test]
async fn orders_of_any_window_are_closed_in_their_order() {
    // The wheel reads 60 seconds ahead and reads on after 30: timers are set before, at and behind what it has read.
    for seconds in [0, 2, 29, 30, 31, 59, 60, 61, 900] {
        let window = Span(Span::seconds(seconds).0 + 1);
        let shop = Shop::open_for(window).await;
        let mut orders = Vec::new();
        // All are placed before the first is due; with the shortest windows that is at once.
        let pauses = [0, 1, 0, 7, 12, 3, 5, 0, 1, 1].map(|share| Span(window.0 * share / 31));
        for (number, pause) in pauses.into_iter().enumerate() {
            shop.clock.advance(pause);
            orders.push(shop.place(place(&format!("u-{number}"), "a")).await);
        }
        assert_eq!(shop.count(OrderStatus::PendingPayment), 10, "{seconds} s");
        for (index, order) in orders.iter().enumerate() {
            shop.clock.set(order.placed.expires_at);
            shop.until("the next order is closed", || shop.status(order.id) == OrderStatus::Cancelled).await;
            assert_eq!(shop.order(order.id).updated_at, order.placed.expires_at, "{seconds} s");
            let later = orders[index + 1..].iter().filter(|later| later.placed.expires_at > order.placed.expires_at);
            for later in later {
                assert_eq!(shop.status(later.id), OrderStatus::PendingPayment, "{seconds} s");
            }
        }
        shop.verify();
    }
}

#[tokio::test]
async fn a_cancelled_order_has_no_timer_left() {
    for window in [Span::seconds(2), WINDOW] {
        let shop = Shop::open_for(window).await;
        let order = shop.place(place("u-1", "a")).await;
        shop.clock.set(order.placed.expires_at.minus(Span::seconds(1)));
        shop.run_a_batch().await;
        shop.accept(cancel(order.id)).await;
        let other = shop.place(place("u-2", "a")).await;
        shop.clock.set(other.placed.expires_at);
        shop.until("the other order is closed", || shop.status(other.id) == OrderStatus::Cancelled).await;
        assert_eq!(shop.order(order.id).cancel_reason, Some(CancelReason::Buyer));
        assert_eq!(shop.memory.timers(None, shop.clock.now().plus(WINDOW), 10).unwrap(), []);
        let fired = shop.engine.counters().timer_lag.read().0.iter().sum::<u64>();
        assert_eq!(fired, 1, "what is not wanted any more does not even fire");
        shop.verify();
    }
}

#[tokio::test]
async fn timers_survive_the_process() {
    let shop = Shop::open().await;
    let mut orders = Vec::new();
    for number in 0..5 {
        orders.push(shop.place(place(&format!("u-{number}"), "a")).await);
        shop.clock.advance(Span::seconds(10));
    }
    let (first, rest) = orders.split_first().unwrap();
    // One comes due while nobody runs, the others after the restart.
    shop.engine.stop();
    shop.clock.set(first.placed.expires_at);
    let shop = shop.restart();
    shop.until("the first order is closed", || shop.status(first.id) == OrderStatus::Cancelled).await;
    for order in rest {
        assert_eq!(shop.status(order.id), OrderStatus::PendingPayment);
        shop.clock.set(order.placed.expires_at);
        shop.until("the order is closed", || shop.status(order.id) == OrderStatus::Cancelled).await;
    }
    shop.verify();
}

/// Placed in groups; each user has one.
async fn place_many(shop: &Shop, count: usize) -> Vec<OrderId> {
    let mut orders = Vec::new();
    for first in (0..count).step_by(1_000) {
        let group = (first..count.min(first + 1_000)).map(|number| place(&format!("u-{number}"), "a"));
        let answers = answered(shop.engine.execute_all(group.collect())).await.unwrap();
        orders.extend(answers.into_iter().map(|answer| order_of(answer).id));
    }
    orders
}

#[tokio::test]
async fn ten_thousand_orders_that_expire_at_once_do_not_shut_new_ones_out() {
    let shop = Shop::open().await;
    let orders = place_many(&shop, 10_000).await;
    shop.memory.hold_commits();
    shop.clock.advance(WINDOW);
    assert!(shop.memory.wait_for_held_commit(DEADLINE), "the first timers fire by themselves");
    let mut new = Vec::new();
    for number in 0..1_000 {
        new.push(begin(shop.engine.execute(place(&format!("new-{number}"), "b"))).await);
    }
    shop.memory.release_commits();
    for call in new {
        assert_eq!(order_of(answered(call).await).status, OrderStatus::PendingPayment);
    }
    shop.until("all old orders are closed", || shop.count(OrderStatus::Cancelled) == 10_000).await;
    assert_eq!(shop.count(OrderStatus::PendingPayment), 1_000);

    let log = shop.log();
    let is_new =
        |event: &Event| matches!(event, Event::OrderPlaced(placed) if placed.user_id.as_str().starts_with("new-"));
    let last_new = log.iter().rfind(|record| is_new(&record.event)).unwrap().id.number();
    let closed_before = closings(&log).iter().filter(|(position, _)| *position < last_new).count();
    // 512 of the batch under way; then at least half of each batch is new orders: 1,000 of them leave room for 1,000 more.
    assert!(closed_before <= 512 + 1_024, "{closed_before} closings went first");
    assert!(orders.iter().all(|order| shop.status(*order) == OrderStatus::Cancelled));
    shop.verify();
}

#[tokio::test]
async fn a_timer_whose_batch_was_not_kept_fires_again() {
    for fault in [
        CommitFault::NotCommitted(ordain_engine::port::store::FailureKind::Busy),
        CommitFault::UnknownNotWritten,
        CommitFault::UnknownWritten,
    ] {
        let shop = Shop::open().await;
        let orders = place_many(&shop, 3).await;
        shop.memory.fail_next_commit(fault);
        shop.clock.advance(WINDOW);
        shop.until("all orders are closed", || shop.count(OrderStatus::Cancelled) == 3).await;
        for order in orders {
            assert_eq!(shop.memory.order_events(order, 0).unwrap().len(), 2, "{fault:?}: closed once");
        }
        shop.verify();
    }
}

#[tokio::test]
async fn timers_do_not_storm_a_store_that_is_busy() {
    let tamperer = Tamperer::of("a", Tampering::AlwaysBusy);
    let shop = Shop::open_tampered(&tamperer).await;
    let order = shop.place(place("u-1", "a")).await;
    tamperer.switch(true);
    shop.clock.advance(WINDOW);
    let asked = async |times: u64| {
        while tamperer.loads() < times {
            tokio::task::yield_now().await;
        }
    };
    answered(asked(1)).await;
    let began = real_time();
    answered(asked(5)).await;
    assert!(began.elapsed() >= std::time::Duration::from_millis(250), "{:?}", began.elapsed());
    tamperer.switch(false);
    shop.until("the order is closed", || shop.status(order.id) == OrderStatus::Cancelled).await;
    shop.verify();
}

#[expect(clippy::disallowed_methods, reason = "how long the engine pauses between tries is what is measured")]
fn real_time() -> std::time::Instant {
    std::time::Instant::now()
}
