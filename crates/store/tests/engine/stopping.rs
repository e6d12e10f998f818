//! Stopping: what was taken is answered, and nothing more is taken.

use ordain_domain::order::OrderStatus;
use ordain_engine::EngineFailure;

use super::shop::{DEADLINE, Shop, answered, begin, keyed, order_of, place};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_is_answered_and_then_nothing_is_taken() {
    let shop = Shop::open().await;
    shop.memory.hold_commits();
    let mut calls = vec![begin(shop.engine.execute(place("u-first", "a"))).await];
    assert!(shop.memory.wait_for_held_commit(DEADLINE));
    for number in 0..1_000 {
        calls.push(begin(shop.engine.execute(place(&format!("u-{number}"), "a"))).await);
    }
    let moving = begin(shop.engine.move_cursor("group", None, 1)).await;
    let stopping = tokio::task::spawn_blocking({
        let engine = std::sync::Arc::clone(&shop.engine);
        move || engine.stop()
    });
    // Until the queue is closed, a late call may still be taken; then it must be answered like the others.
    let refused = async {
        for number in 0.. {
            let mut call = Box::pin(shop.engine.execute(place(&format!("late-{number}"), "a")));
            let answer = std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context))).await;
            match answer {
                std::task::Poll::Ready(answer) => return answer,
                std::task::Poll::Pending => calls.push(call),
            }
            tokio::task::yield_now().await;
        }
        unreachable!("the loop has no end")
    };
    let refused = answered(refused).await;
    assert!(matches!(refused, Err(EngineFailure::Stopping)), "{refused:?}");
    assert!(shop.engine.is_stopping());
    assert!(!stopping.is_finished(), "it waits for the batch that is being committed");

    shop.memory.release_commits();
    let taken = calls.len() as u64;
    for call in calls {
        order_of(answered(call).await);
    }
    assert!(answered(moving).await.unwrap());
    answered(stopping).await.unwrap();
    assert_eq!(shop.count(OrderStatus::PendingPayment), taken);
    let refused = answered(shop.engine.execute(place("u-late", "a"))).await;
    assert!(matches!(refused, Err(EngineFailure::Stopping)), "{refused:?}");
    assert!(matches!(shop.engine.move_cursor("group", None, 2).await, Err(EngineFailure::Stopping)));
    shop.engine.stop();
    shop.verify();
}

#[tokio::test]
async fn an_engine_that_comes_up_again_goes_on_where_it_was() {
    let shop = Shop::open().await;
    let first = shop.place(keyed(place("u-1", "a"), "k-1", 1)).await;
    let head = shop.memory.head();
    let shop = shop.restart();
    assert_eq!(*shop.engine.last_event().borrow(), head.last_event);
    assert_eq!(shop.engine.catalog().product(&super::shop::product("a").sku).map(|product| product.version), Some(1));
    let again = shop.engine.execute(keyed(place("u-1", "a"), "k-1", 1)).await.unwrap();
    assert!(again.replayed);
    assert_eq!(order_of(Ok(again)), first);
    let second = shop.place(place("u-2", "a")).await;
    assert!(second.id > first.id);
    assert_eq!(second.first_event.number(), head.last_event + 1);
    shop.verify();
}
