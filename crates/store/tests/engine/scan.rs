//! The scan for overdue orders: it finds what no timer did, and only that.

use std::sync::atomic::Ordering;

use ordain_domain::{
    event::Actor,
    ids::OrderId,
    order::OrderStatus,
    time::{Span, Timestamp},
    timer::{Timer, TimerKind},
};
use ordain_engine::{EngineFailure, port::clock::Clock as _, reconcile::expired_orders};
use ordain_store::{conformance::damages::Damage, memory::CommitFault};

use super::{
    shop::{Shop, WINDOW, answered, cancel, closings, place},
    tampered::{Tamperer, Tampering},
};

/// The timers have this long before the scan takes an order for missed.
const GRACE: Span = Span::seconds(10);

async fn pass(shop: &Shop) -> Result<u64, EngineFailure> {
    answered(expired_orders::pass(&shop.engine)).await
}

fn lose_timer(shop: &Shop, order: OrderId, due: Timestamp) {
    assert!(shop.memory.damage(&Damage::TimerLost(Timer { due, kind: TimerKind::CloseOrder, order })));
}

#[tokio::test]
async fn an_order_whose_timer_was_lost_is_found_by_the_scan_and_only_by_it() {
    let shop = Shop::open().await;
    let lost = shop.place(place("u-1", "a")).await;
    let kept = shop.place(place("u-2", "a")).await;
    lose_timer(&shop, lost.id, lost.placed.expires_at);
    shop.clock.advance(WINDOW);
    shop.until("the timer that is left fires", || shop.status(kept.id) == OrderStatus::Cancelled).await;
    shop.clock.advance(GRACE);
    shop.run_a_batch().await;
    assert_eq!(shop.status(lost.id), OrderStatus::PendingPayment);
    assert_eq!(pass(&shop).await.unwrap(), 0, "ten seconds late is not missed");
    assert!(shop.broken().iter().any(|text| text.contains(&lost.id.to_string())), "{:?}", shop.broken());

    shop.clock.advance(Span::seconds(1));
    assert_eq!(pass(&shop).await.unwrap(), 1);
    assert_eq!(shop.status(lost.id), OrderStatus::Cancelled);
    let actors: Vec<Actor> = closings(&shop.log()).into_iter().map(|(_, actor)| actor).collect();
    assert_eq!(actors, [Actor::Timer, Actor::Scan]);
    assert_eq!(shop.engine.counters().found_by_scan.load(Ordering::Relaxed), 1);
    assert_eq!(pass(&shop).await.unwrap(), 0);
    assert_eq!(shop.stock("a"), (1_000_000, 0));
    shop.verify();
}

#[tokio::test]
async fn the_scan_leaves_alone_what_is_not_overdue() {
    let shop = Shop::open().await;
    let cancelled = shop.place(place("u-1", "a")).await;
    let pending = shop.place(place("u-2", "a")).await;
    shop.accept(cancel(cancelled.id)).await;
    for _ in 0..3 {
        assert_eq!(pass(&shop).await.unwrap(), 0);
        shop.clock.advance(Span::seconds(200));
    }
    assert_eq!(shop.status(pending.id), OrderStatus::PendingPayment);
    assert_eq!(shop.count(OrderStatus::Cancelled), 1);
    shop.verify();
}

#[tokio::test]
async fn a_pass_begins_where_everything_before_is_settled() {
    let shop = Shop::open().await;
    let settled = shop.place(place("u-1", "a")).await;
    shop.accept(cancel(settled.id)).await;
    shop.clock.advance(Span::seconds(1));
    let lost = shop.place(place("u-2", "a")).await;
    lose_timer(&shop, lost.id, lost.placed.expires_at);
    shop.clock.advance(Span::seconds(1));
    let last = shop.place(place("u-3", "a")).await;
    let cursor = |shop: &Shop| shop.memory.cursors().get("scan.expired_orders").copied().unwrap_or(0);

    shop.clock.set(last.placed.expires_at);
    shop.until("the last order is closed", || shop.status(last.id) == OrderStatus::Cancelled).await;
    shop.clock.advance(GRACE);
    shop.clock.advance(Span::seconds(1));
    assert_eq!(pass(&shop).await.unwrap(), 1);
    assert!((settled.id.number()..lost.id.number()).contains(&cursor(&shop)), "the closed one was unpaid when seen");
    let shop = shop.restart();
    assert_eq!(pass(&shop).await.unwrap(), 0);
    assert!(cursor(&shop) >= last.id.number(), "everything is settled");
    shop.verify();
}

#[tokio::test]
async fn an_order_that_cannot_be_closed_hides_no_other() {
    for tampering in [Tampering::LocksForgotten, Tampering::WriteRefused, Tampering::ReadFails] {
        let tamperer = Tamperer::of("a", tampering);
        let shop = Shop::open().await;
        // More than the scan reads at once, all lost, and the very first one cannot be closed.
        let victim = shop.place(place("u-victim", "a")).await;
        let group = (0..2_500).map(|number| place(&format!("u-{number}"), "b")).collect();
        answered(shop.engine.execute_all(group)).await.unwrap();
        shop.engine.stop();
        for order in shop.orders() {
            lose_timer(&shop, order.id, order.placed.expires_at);
        }
        let shop = shop.restart_with(Some(&tamperer));
        shop.clock.advance(WINDOW);
        shop.clock.advance(Span::seconds(60));
        tamperer.switch(true);
        assert_eq!(pass(&shop).await.unwrap(), 2_500, "{tampering:?}");
        assert_eq!(shop.status(victim.id), OrderStatus::PendingPayment, "{tampering:?}");
        assert_eq!(pass(&shop).await.unwrap(), 0, "{tampering:?}: counted is what was closed");
        tamperer.switch(false);
        assert_eq!(pass(&shop).await.unwrap(), 1, "{tampering:?}: the repaired one is still looked at");
        shop.verify();
    }
}

#[tokio::test]
async fn a_pass_that_fails_is_made_up_for_by_the_next() {
    let shop = Shop::open().await;
    let order = shop.place(place("u-1", "a")).await;
    lose_timer(&shop, order.id, order.placed.expires_at);
    shop.clock.advance(WINDOW);
    shop.clock.advance(Span::seconds(60));
    shop.memory.fail_next_commit(CommitFault::NotCommitted(ordain_engine::port::store::FailureKind::Busy));
    assert!(pass(&shop).await.is_err());
    assert_eq!(shop.status(order.id), OrderStatus::PendingPayment);
    assert_eq!(pass(&shop).await.unwrap(), 1);
    assert_eq!(shop.clock.now(), shop.order(order.id).updated_at);
    shop.verify();
}
