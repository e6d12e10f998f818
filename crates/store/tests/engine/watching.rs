//! Watching an order: no change goes unseen.

use std::sync::Arc;

use ordain_domain::{ids::OrderId, order::OrderStatus};
use ordain_engine::{
    EngineFailure,
    port::store::StoreReader as _,
    watch::{WATCHERS_MAX, Watch},
};
use ordain_store::memory::{CommitFault, MemoryReader};

use super::shop::{Shop, WINDOW, answered, cancel, place};

/// Follows an order to its end, as a stream to a browser would; the statuses in the order in which they were seen.
async fn follow(mut watch: Watch<OrderId>, memory: Arc<MemoryReader>, order: OrderId) -> Vec<u64> {
    let mut seen: Vec<u64> = Vec::new();
    loop {
        let events = memory.order_events(order, seen.last().copied().unwrap_or(0)).unwrap();
        seen.extend(events.iter().map(|event| event.seq));
        if memory.order(order).unwrap().unwrap().status.is_terminal() {
            return seen;
        }
        let version = watch.changed().await;
        assert!(version > seen.last().copied().unwrap_or(0), "woken for nothing");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_watcher_sees_every_version() {
    let shop = Shop::open().await;
    let mut watchers = Vec::new();
    let mut orders = Vec::new();
    for number in 0..20 {
        let order = shop.place(place(&format!("u-{number}"), "a")).await;
        orders.push(order.id);
        for _ in 0..3 {
            let watch = shop.engine.watch(order.id).unwrap();
            watchers.push(tokio::spawn(follow(watch, Arc::clone(&shop.memory), order.id)));
        }
    }
    let (cancelled, expiring) = orders.split_at(10);
    for order in cancelled {
        shop.accept(cancel(*order)).await;
    }
    shop.clock.advance(WINDOW);
    for watcher in watchers {
        assert_eq!(answered(watcher).await.unwrap(), [1, 2]);
    }
    assert!(expiring.iter().all(|order| shop.status(*order) == OrderStatus::Cancelled));
}

#[tokio::test]
async fn a_change_is_told_when_it_is_kept_and_only_then() {
    let shop = Shop::open().await;
    let order = shop.place(place("u-1", "a")).await;
    let mut watch = shop.engine.watch(order.id).unwrap();
    shop.memory.fail_next_commit(CommitFault::UnknownNotWritten);
    assert!(shop.engine.execute(cancel(order.id)).await.is_err());
    shop.place(place("u-2", "a")).await;
    let told =
        tokio::select! { biased; version = watch.changed() => Some(version), () = std::future::ready(()) => None };
    assert_eq!(told, None, "nothing was kept of the first try, and the other order is not watched");
    shop.memory.fail_next_commit(CommitFault::UnknownWritten);
    shop.accept(cancel(order.id)).await;
    assert_eq!(answered(watch.changed()).await, 2);
}

#[tokio::test]
async fn there_are_only_so_many_watchers_and_each_makes_room_when_it_leaves() {
    let shop = Shop::open().await;
    let order = shop.place(place("u-1", "a")).await;
    for _ in 0..2 {
        let mut watches: Vec<Watch<OrderId>> = (0..WATCHERS_MAX)
            .map(|number| shop.engine.watch(OrderId::from_number(number as i64 % 100)).unwrap())
            .collect();
        let refused = shop.engine.watch(order.id);
        assert!(matches!(refused, Err(EngineFailure::Overloaded)));
        drop(watches.pop());
        assert!(shop.engine.watch(order.id).is_ok());
    }
}
