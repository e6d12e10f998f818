//! Commits that fail: what a caller is told is what lies in the store, and nothing is there twice or by half.

use ordain_domain::{catalog::command::PutProducts, command::Command, order::OrderStatus};
use ordain_engine::{EngineFailure, port::store::FailureKind};
use ordain_store::memory::CommitFault;

use super::shop::{Shop, answered, cancel, keyed, operator, order_of, ordered, place, product, receive};

#[tokio::test]
async fn a_commit_that_was_written_but_not_confirmed_is_a_success() {
    let shop = Shop::open().await;
    shop.memory.fail_next_commit(CommitFault::UnknownWritten);
    let placing = keyed(place("u-1", "a"), "k-1", 1);
    let reply = answered(shop.engine.execute(placing.clone())).await.unwrap();
    assert!(!reply.replayed);
    let order = order_of(Ok(reply));
    assert_eq!(*order, shop.order(order.id));

    let again = shop.engine.execute(placing).await.unwrap();
    assert!(again.replayed, "the retry finds the order");
    assert_eq!(order_of(Ok(again)), order);
    assert_eq!(shop.count(OrderStatus::PendingPayment), 1);
    shop.place(place("u-2", "a")).await;
    assert_eq!(shop.stock("a"), (1_000_000, 2));
    shop.verify();
}

#[tokio::test]
async fn a_commit_that_was_neither_written_nor_confirmed_is_a_failure() {
    let shop = Shop::open().await;
    let head = shop.memory.head();
    shop.memory.fail_next_commit(CommitFault::UnknownNotWritten);
    let placing = keyed(place("u-1", "a"), "k-1", 1);
    let failed = answered(shop.engine.execute(placing.clone())).await;
    assert!(matches!(&failed, Err(EngineFailure::Store(failure)) if failure.is_retryable()), "{failed:?}");
    assert_eq!(shop.memory.head(), head);
    assert_eq!((shop.count(OrderStatus::PendingPayment), shop.stock("a")), (0, (1_000_000, 0)));

    let reply = shop.engine.execute(placing).await.unwrap();
    assert!(!reply.replayed, "the first try left nothing");
    assert_eq!(shop.count(OrderStatus::PendingPayment), 1);
    shop.verify();
}

#[tokio::test]
async fn reading_back_is_tried_again_when_it_fails() {
    for (fault, orders) in [(CommitFault::UnknownWritten, 1), (CommitFault::UnknownNotWritten, 0)] {
        let shop = Shop::open().await;
        shop.memory.fail_next_commit(fault);
        for _ in 0..4 {
            shop.memory.fail_next_head(FailureKind::Busy);
        }
        let answer = answered(shop.engine.execute(place("u-1", "a"))).await;
        assert_eq!(answer.is_ok(), orders == 1, "{fault:?}: {answer:?}");
        assert_eq!(shop.count(OrderStatus::PendingPayment), orders, "{fault:?}");
        assert!(!shop.has_halted(), "{fault:?}");
        shop.place(place("u-2", "a")).await;
        shop.verify();
    }
}

#[tokio::test]
async fn every_caller_of_an_unconfirmed_batch_gets_its_own_answer() {
    let shop = Shop::open().await;
    let first = shop.place(place("u-0", "a")).await;
    shop.memory.fail_next_commit(CommitFault::UnknownWritten);
    let group = vec![place("u-1", "a"), place("u-1", "nothing"), cancel(first.id), receive("b", 7)];
    let mut answers = answered(shop.engine.execute_all(group)).await.unwrap().into_iter();
    let mut next = || answers.next().expect("four answers").expect("the engine answers").outcome;
    let placed = ordered(next().expect("placed"));
    assert_eq!(*placed, shop.order(placed.id));
    assert!(next().is_err(), "there is no such product");
    assert_eq!(ordered(next().expect("cancelled")).status, OrderStatus::Cancelled);
    assert!(next().is_ok());
    assert_eq!((shop.stock("a"), shop.stock("b")), ((1_000_000, 1), (1_000_007, 0)));
    shop.verify();
}

#[tokio::test]
async fn a_store_that_is_busy_or_full_fails_the_batch_whole_and_the_next_one_works() {
    for kind in [FailureKind::Busy, FailureKind::Full] {
        for fails_at_load in [false, true] {
            let shop = Shop::open().await;
            let head = shop.memory.head();
            if fails_at_load {
                shop.memory.fail_next_load(kind);
            } else {
                shop.memory.fail_next_commit(CommitFault::NotCommitted(kind));
            }
            let put = PutProducts { products: vec![product("c")], expected_version: None };
            let group = vec![
                keyed(place("u-1", "a"), "k-1", 1),
                operator(Command::PutProducts(put)),
                place("u-2", "nothing"),
                receive("b", 7),
            ];
            let answers = answered(shop.engine.execute_all(group.clone())).await.unwrap();
            for answer in answers {
                let Err(EngineFailure::Store(failure)) = answer else { panic!("{kind:?}: {answer:?}") };
                assert!(failure.kind == kind && failure.is_retryable(), "{failure:?}");
            }
            assert_eq!(shop.memory.head(), head, "{kind:?}: nothing is half done");
            assert_eq!(shop.engine.catalog().product(&product("c").sku), None, "{kind:?}");
            assert_eq!(shop.memory.poisoned(), []);

            let again = answered(shop.engine.execute_all(group)).await.unwrap();
            let accepted = again.iter().filter(|answer| answer.as_ref().is_ok_and(|reply| reply.outcome.is_ok()));
            assert_eq!(accepted.count(), 3, "{kind:?}");
            assert!(shop.engine.catalog().product(&product("c").sku).is_some(), "{kind:?}");
            assert_eq!((shop.stock("a"), shop.stock("b")), ((1_000_000, 1), (1_000_007, 0)));
            shop.verify();
        }
    }
}
