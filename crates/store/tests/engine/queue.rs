//! The bounded queue: full means refused at once, and what was taken is answered.

use std::sync::atomic::Ordering;

use ordain_domain::order::OrderStatus;
use ordain_engine::{BatchLimits, EngineFailure};

use super::shop::{DEADLINE, Shop, answered, begin, order_of, place};

const QUEUE_MAX: usize = 64;

async fn small_shop() -> Shop {
    Shop::open_with(BatchLimits { commands_max: 8, queue_max: QUEUE_MAX }).await
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_answers_all_that_it_took() {
    let shop = small_shop().await;
    shop.memory.hold_commits();
    let mut calls = vec![begin(shop.engine.execute(place("u-first", "a"))).await];
    assert!(shop.memory.wait_for_held_commit(DEADLINE));
    for number in 0..QUEUE_MAX {
        calls.push(begin(shop.engine.execute(place(&format!("u-{number}"), "a"))).await);
    }
    assert_eq!(shop.engine.queue_depth(), QUEUE_MAX);
    for _ in 0..3 {
        // The commit is still held, so an answer can only come at once.
        let refused = answered(shop.engine.execute(place("u-late", "a"))).await;
        assert!(matches!(refused, Err(EngineFailure::Overloaded)), "{refused:?}");
        let refused = answered(shop.engine.execute_all(vec![place("u-late", "a"), place("u-later", "a")])).await;
        assert!(matches!(refused, Err(EngineFailure::Overloaded)), "{refused:?}");
        let refused = answered(shop.engine.move_cursor("group", None, 1)).await;
        assert!(matches!(refused, Err(EngineFailure::Overloaded)), "{refused:?}");
    }
    assert_eq!(shop.engine.counters().shed.load(Ordering::Relaxed), 6, "calls with commands");
    assert_eq!(shop.count(OrderStatus::PendingPayment), 0, "nothing is answered before it is durable");

    shop.memory.release_commits();
    for call in calls {
        let order = order_of(answered(call).await);
        assert_eq!(*order, shop.order(order.id));
    }
    assert_eq!(shop.count(OrderStatus::PendingPayment), 1 + QUEUE_MAX as u64);
    assert_eq!(shop.engine.queue_depth(), 0);
    shop.place(place("u-late", "a")).await;
    shop.verify();
}

#[tokio::test]
async fn a_group_larger_than_the_queue_is_taken_when_nothing_waits() {
    let shop = small_shop().await;
    let group = |count: usize| (0..count).map(|number| place(&format!("u-{number}"), "a")).collect::<Vec<_>>();
    let answers = answered(shop.engine.execute_all(group(3 * QUEUE_MAX))).await.unwrap();
    assert_eq!(answers.into_iter().map(order_of).count(), 3 * QUEUE_MAX);
    assert_eq!(answered(shop.engine.execute_all(Vec::new())).await.unwrap().len(), 0);
    shop.verify();
}

#[tokio::test]
async fn a_caller_that_has_left_holds_nobody_up() {
    let shop = small_shop().await;
    shop.memory.hold_commits();
    let leaving = begin(shop.engine.execute(place("u-leaving", "a"))).await;
    assert!(shop.memory.wait_for_held_commit(DEADLINE));
    let leaving_too = begin(shop.engine.execute(place("u-leaving-too", "a"))).await;
    let staying = begin(shop.engine.execute(place("u-staying", "a"))).await;
    drop((leaving, leaving_too));
    shop.memory.release_commits();
    order_of(answered(staying).await);
    assert_eq!(shop.count(OrderStatus::PendingPayment), 3, "what was taken is done, whoever still asks");
    shop.verify();
}
