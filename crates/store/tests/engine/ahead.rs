//! Deciding ahead: while a batch is being committed, the next one is decided on top of it. Nobody is told anything that
//! rests on a batch that is not durable, and what rested on a batch that was lost is decided anew.

use std::sync::Arc;

use ordain_domain::{
    answer::Reply,
    catalog::command::PutProducts,
    command::{Command, Envelope},
    ids::ConsumerName,
    letter::RewindConsumer,
    order::OrderStatus,
};
use ordain_engine::{
    EngineFailure,
    port::store::{FailureKind, StoreReader as _},
};
use ordain_store::memory::CommitFault;

use super::{
    shop::{
        DEADLINE, Shop, Underway, WINDOW, answered, begin, cancel, keyed, operator, order_of, place, product, receive,
    },
    tampered::{Tamperer, Tampering},
};

/// As many commands as are worth deciding ahead.
const MANY: usize = 8;

type Answers = Result<Vec<Result<Reply, EngineFailure>>, EngineFailure>;

/// A shop that tells when rows are loaded: while a commit is held, only what decides ahead loads any.
async fn shop() -> (Shop, Arc<Tamperer>) {
    let tamperer = Tamperer::of("no-such-goods", Tampering::WriteRefused);
    (Shop::open_tampered(&tamperer).await, tamperer)
}

/// Has `below` committed and, before it is durable, `above` decided. Answers what is under way of both.
async fn stack<'s>(
    (shop, tamperer): &'s (Shop, Arc<Tamperer>),
    below: Envelope,
    above: Vec<Envelope>,
) -> (Underway<'s, Result<Reply, EngineFailure>>, Underway<'s, Answers>) {
    assert!(above.len() >= MANY);
    shop.memory.hold_commits();
    let below = begin(shop.engine.execute(below)).await;
    assert!(shop.memory.wait_for_held_commit(DEADLINE));
    tamperer.switch(true);
    let above = begin(shop.engine.execute_all(above)).await;
    shop.until_soon("rows are loaded while the commit is held", || tamperer.loads() > 0).await;
    (below, above)
}

fn of_users(count: usize, sku: &str) -> Vec<Envelope> {
    (0..count).map(|number| place(&format!("u-{number}"), sku)).collect()
}

/// How many were accepted of how many.
fn tally(answers: Answers) -> (usize, usize) {
    let answers = answers.unwrap().into_iter();
    let accepted: Vec<bool> = answers.map(|answer| answer.expect("the engine answers").outcome.is_ok()).collect();
    (accepted.iter().filter(|accepted| **accepted).count(), accepted.len())
}

/// Lets the commit that is held go on, or fail.
fn release(shop: &Shop, fault: Option<CommitFault>) {
    if let Some(fault) = fault {
        shop.memory.fail_next_commit(fault);
    }
    shop.memory.release_commits();
}

/// Takes all but `left` units out of `a`.
async fn leave(shop: &Shop, left: i64) {
    shop.accept(receive("a", left - 1_000_000)).await;
}

#[tokio::test]
async fn what_is_decided_ahead_sees_the_batch_below_it() {
    let stage = shop().await;
    let shop = &stage.0;
    leave(shop, 3).await;
    let twin = || keyed(place("u-first", "a"), "k-1", 1);
    let mut above = of_users(MANY, "a");
    above.insert(4, twin());
    let head = shop.memory.head();
    let (below, above) = stack(&stage, twin(), above).await;
    assert_eq!(shop.memory.head(), head, "nothing is durable yet");
    shop.memory.release_commits();
    let first = order_of(answered(below).await);
    let mut answers = answered(above).await.unwrap();
    let again = answers.remove(4).unwrap();
    assert!(again.replayed, "the twin finds the order of the batch below");
    assert_eq!(order_of(Ok(again)).id, first.id);
    assert_eq!(tally(Ok(answers)), (2, MANY), "three units");
    assert_eq!(shop.stock("a"), (3, 3));
    assert_eq!(shop.memory.head().batch, head.batch + 2, "two batches");
    shop.verify();
}

/// Table: how the commit below fails, whether it was kept, and how many of eight buyers then get one of two units.
#[tokio::test]
async fn what_rests_on_a_batch_that_was_lost_is_decided_anew() {
    let table = [
        (None, true, 1),
        (Some(CommitFault::NotCommitted(FailureKind::Busy)), false, 2),
        (Some(CommitFault::NotCommitted(FailureKind::Full)), false, 2),
        (Some(CommitFault::UnknownNotWritten), false, 2),
        (Some(CommitFault::UnknownWritten), true, 1),
        // Alone, the command below is kept: a constraint is the fault of one command, and this one came by chance.
        (Some(CommitFault::NotCommitted(FailureKind::Constraint)), true, 1),
    ];
    for (fault, is_kept, accepted) in table {
        let stage = shop().await;
        let shop = &stage.0;
        leave(shop, 2).await;
        let (below, above) = stack(&stage, place("u-first", "a"), of_users(MANY, "a")).await;
        release(shop, fault);
        assert_eq!(answered(below).await.is_ok(), is_kept, "{fault:?}");
        assert_eq!(tally(answered(above).await), (accepted, MANY), "{fault:?}: no refusal rests on what never was");
        assert_eq!(shop.stock("a"), (2, 2), "{fault:?}");
        assert_eq!(shop.count(OrderStatus::PendingPayment), 2, "{fault:?}");
        let positions: Vec<i64> = shop.log().iter().map(|record| record.id.number()).collect();
        assert!(positions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{fault:?}: the log has no gap");
        shop.verify();
    }
}

#[tokio::test]
async fn products_of_a_lost_batch_are_unknown_again() {
    for fault in [None, Some(CommitFault::NotCommitted(FailureKind::Busy))] {
        let stage = shop().await;
        let shop = &stage.0;
        let put = PutProducts { products: vec![product("c")], expected_version: None };
        let mut above = of_users(MANY, "c");
        above.insert(0, receive("c", 100));
        let (below, above) = stack(&stage, operator(Command::PutProducts(put)), above).await;
        release(shop, fault);
        assert_eq!(answered(below).await.is_ok(), fault.is_none());
        let expected = if fault.is_none() { MANY + 1 } else { 0 };
        assert_eq!(tally(answered(above).await), (expected, MANY + 1), "{fault:?}");
        assert_eq!(shop.engine.catalog().product(&product("c").sku).is_some(), fault.is_none());
        shop.verify();
    }
}

#[tokio::test]
async fn nobody_above_a_batch_that_brings_the_shard_down_is_told_of_a_success() {
    let stage = shop().await;
    let shop = &stage.0;
    let (below, above) = stack(&stage, place("u-first", "a"), of_users(MANY, "a")).await;
    release(shop, Some(CommitFault::SyncFailed));
    assert!(answered(below).await.is_err());
    assert!(answered(above).await.is_err());
    assert!(shop.halt().contains("injected"));
    assert_eq!(shop.count(OrderStatus::PendingPayment), 0);
}

#[tokio::test]
async fn a_panic_of_whoever_decides_ahead_ends_the_shard_once_the_batch_below_is_kept() {
    let tamperer = Tamperer::of("a", Tampering::ReadPanics);
    let stage = (Shop::open_tampered(&tamperer).await, tamperer);
    let shop = &stage.0;
    let (below, above) = stack(&stage, place("u-first", "b"), of_users(MANY, "a")).await;
    shop.memory.release_commits();
    assert!(answered(below).await.is_ok());
    assert!(answered(above).await.is_err());
    assert!(shop.halt().contains("a bug of the store"));
    assert_eq!(shop.count(OrderStatus::PendingPayment), 1);
}

/// A buyer has 15 unpaid orders of 20 that are allowed, one more is being committed, and asks for eight more meanwhile.
#[tokio::test]
async fn the_bound_of_unpaid_orders_holds_across_batches() {
    for (fault, accepted) in [(None, 4), (Some(CommitFault::NotCommitted(FailureKind::Busy)), 5)] {
        let stage = shop().await;
        let shop = &stage.0;
        let of_one = |number: usize| keyed(place("u-1", "b"), &format!("k-{number}"), 1);
        for number in 0..15 {
            shop.place(of_one(number)).await;
        }
        let (below, above) = stack(&stage, of_one(15), (16..16 + MANY).map(of_one).collect()).await;
        release(shop, fault);
        assert_eq!(answered(below).await.is_ok(), fault.is_none());
        assert_eq!(tally(answered(above).await), (accepted, MANY), "{fault:?}");
        assert_eq!(shop.count(OrderStatus::PendingPayment), 20, "{fault:?}");
        shop.verify();
    }
}

#[tokio::test]
async fn consumers_are_moved_by_the_batch_that_is_durable() {
    let stage = shop().await;
    let shop = &stage.0;
    let order = shop.place(place("u-first", "a")).await;
    let consumer = ConsumerName::new("group").unwrap();
    let position = shop.memory.head().last_event;
    assert!(shop.engine.move_cursor("group", None, position).await.unwrap());
    let rewind = RewindConsumer { consumer, to: 0 };
    let mut above = of_users(MANY, "a");
    above.push(operator(Command::RewindConsumer(rewind)));
    shop.memory.hold_commits();
    let below = begin(shop.engine.execute(cancel(order.id))).await;
    assert!(shop.memory.wait_for_held_commit(DEADLINE));
    let above = begin(shop.engine.execute_all(above)).await;
    let moved = begin(shop.engine.move_cursor("group", Some(position), position + 1)).await;
    shop.memory.release_commits();
    assert_eq!(order_of(answered(below).await).status, OrderStatus::Cancelled);
    assert_eq!(tally(answered(above).await), (MANY + 1, MANY + 1));
    assert!(!answered(moved).await.unwrap(), "the cursor no longer stands where it was");
    assert_eq!(shop.memory.cursors().get("group").copied(), Some(0));
    shop.verify();
}

/// The order whose payment window ends is cancelled by the batch below; its timer fires above it all the same, and changes
/// nothing; another order's timer closes it.
#[tokio::test]
async fn timers_fire_on_top_of_the_batch_below() {
    let stage = shop().await;
    let shop = &stage.0;
    let [first, second] = [shop.place(place("u-1", "a")).await, shop.place(place("u-2", "a")).await];
    shop.memory.hold_commits();
    let below = begin(shop.engine.execute(cancel(first.id))).await;
    assert!(shop.memory.wait_for_held_commit(DEADLINE));
    shop.clock.advance(WINDOW);
    stage.1.switch(true);
    let above = begin(shop.engine.execute_all(of_users(MANY, "b"))).await;
    shop.until_soon("rows are loaded while the commit is held", || stage.1.loads() > 0).await;
    shop.memory.release_commits();
    assert_eq!(order_of(answered(below).await).status, OrderStatus::Cancelled);
    assert_eq!(tally(answered(above).await), (MANY, MANY));
    shop.until("the other order is closed", || shop.status(second.id) == OrderStatus::Cancelled).await;
    assert_eq!(shop.memory.order_events(first.id, 0).unwrap().len(), 2, "it was cancelled once");
    assert_eq!(shop.stock("a"), (1_000_000, 0));
    shop.verify();
}
