//! When a shard must not go on: whoever runs the process is told, and no caller is told of a success or left waiting.

use ordain_domain::order::OrderStatus;
use ordain_engine::{EngineFailure, port::store::FailureKind};
use ordain_store::memory::CommitFault;

use super::{
    shop::{DEADLINE, Shop, answered, begin, keyed, place},
    tampered::{Tamperer, Tampering},
};

/// Callers before, in and after the batch that brings the shard down. Answers why it halted and whether the first of them was
/// told of a success.
async fn halts(shop: &Shop, bring_down: impl FnOnce()) -> (String, bool) {
    shop.memory.hold_commits();
    let under_way = begin(shop.engine.execute(place("u-1", "b"))).await;
    assert!(shop.memory.wait_for_held_commit(DEADLINE));
    bring_down();
    let waiting =
        [begin(shop.engine.execute(place("u-2", "a"))).await, begin(shop.engine.execute(place("u-3", "b"))).await];
    let moving = begin(shop.engine.move_cursor("group", None, 1)).await;
    shop.memory.release_commits();
    let why = shop.halt();
    let mut answers = vec![answered(under_way).await];
    for call in waiting {
        answers.push(answered(call).await);
    }
    answers.push(answered(shop.engine.execute(place("u-4", "b"))).await);
    // What the first batch did may be known; of everything else only a restart can tell.
    for answer in &answers[1..] {
        assert!(answer.is_err(), "{answer:?}");
    }
    for answer in &answers[1..3] {
        assert!(matches!(answer, Err(EngineFailure::Store(_))), "nobody knows that nothing was done: {answer:?}");
    }
    assert!(answered(moving).await.is_err());
    assert!(matches!(answers[3], Err(EngineFailure::Stopping)), "nothing more is taken");
    shop.engine.stop();
    (why, answers[0].is_ok())
}

#[tokio::test]
async fn a_disk_that_fails_while_syncing_ends_the_shard() {
    let shop = Shop::open().await;
    let (why, first_succeeded) = halts(&shop, || shop.memory.fail_next_commit(CommitFault::SyncFailed)).await;
    assert!(why.contains("injected") && !first_succeeded, "{why}");
    assert_eq!(shop.count(OrderStatus::PendingPayment), 0);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_read_back_ends_the_shard() {
    for (fault, orders) in [(CommitFault::UnknownWritten, 1), (CommitFault::UnknownNotWritten, 0)] {
        let shop = Shop::open().await;
        shop.memory.fail_next_commit(fault);
        for _ in 0..5 {
            shop.memory.fail_next_head(FailureKind::Other);
        }
        let placing = keyed(place("u-1", "a"), "k-1", 1);
        let answer = answered(shop.engine.execute(placing.clone())).await;
        assert!(matches!(answer, Err(EngineFailure::Store(_))), "{fault:?}: {answer:?}");
        assert!(shop.halt().contains("cannot be read back"), "{fault:?}");
        // The process that comes up again knows, and so does the caller who asks again.
        let shop = shop.restart();
        assert_eq!(shop.count(OrderStatus::PendingPayment), orders, "{fault:?}");
        let again = shop.engine.execute(placing).await.unwrap();
        assert_eq!(again.replayed, orders == 1, "{fault:?}");
        assert_eq!(shop.count(OrderStatus::PendingPayment), 1, "{fault:?}");
        shop.verify();
    }
}

#[tokio::test]
async fn a_panic_outside_of_decisions_ends_the_shard() {
    let tamperer = Tamperer::of("a", Tampering::ReadPanics);
    let shop = Shop::open_tampered(&tamperer).await;
    let (why, first_succeeded) = halts(&shop, || tamperer.switch(true)).await;
    assert!(why.contains("a bug of the store") && first_succeeded, "{why}");
    tamperer.switch(false);
    let shop = shop.restart();
    assert_eq!(shop.count(OrderStatus::PendingPayment), 1, "the batch before is kept");
    shop.place(place("u-2", "a")).await;
    shop.verify();
}
