//! Poisonous commands: one that cannot be decided or kept answers for itself, and everything beside it is kept.

use std::sync::{Arc, atomic::Ordering};

use ordain_domain::{event::Actor, order::OrderStatus};
use ordain_engine::{
    EngineFailure,
    port::store::{FailureKind, StoreReader as _},
    reconcile::expired_orders,
};

use super::{
    shop::{Shop, WINDOW, answered, cancel, closings, keyed, order_of, place},
    tampered::{Tamperer, Tampering},
};

async fn shop(tampering: Tampering) -> (Shop, Arc<Tamperer>) {
    let tamperer = Tamperer::of("a", tampering);
    let shop = Shop::open_tampered(&tamperer).await;
    (shop, tamperer)
}

#[tokio::test]
async fn a_decision_that_panics_takes_nobody_with_it() {
    let (shop, tamperer) = shop(Tampering::LocksForgotten).await;
    let victim = shop.place(place("u-victim", "a")).await;
    tamperer.switch(true);
    let head = shop.memory.head();
    let poisonous = keyed(cancel(victim.id), "cancel-1", 1);
    let group = vec![place("u-1", "b"), poisonous.clone(), place("u-2", "b"), place("u-3", "b")];
    let mut answers = answered(shop.engine.execute_all(group)).await.unwrap();
    let failed = answers.remove(1);
    assert!(matches!(failed, Err(EngineFailure::Bug)), "{failed:?}");
    for answer in answers {
        let order = order_of(answer);
        assert_eq!(*order, shop.order(order.id));
    }
    assert_eq!(shop.memory.head().batch, head.batch + 1, "all in one batch");
    assert_eq!(shop.memory.head().last_event, head.last_event + 3, "the log has no gap");

    let poisoned = shop.memory.poisoned();
    assert_eq!(poisoned.len(), 1);
    assert_eq!((poisoned[0].command, poisoned[0].at), ("cancel_order", shop.engine.now()));
    assert!(poisoned[0].input.contains(&victim.id.number().to_string()), "{}", poisoned[0].input);
    assert!(poisoned[0].bug.contains("invariant 1"), "{}", poisoned[0].bug);
    assert_eq!(shop.engine.counters().poisoned.load(Ordering::Relaxed), 1);

    tamperer.switch(false);
    assert_eq!(shop.status(victim.id), OrderStatus::PendingPayment);
    shop.verify();
    // Nothing was kept under the key: repaired, the very same request goes through.
    let reply = shop.engine.execute(poisonous).await.unwrap();
    assert!(!reply.replayed);
    assert_eq!(order_of(Ok(reply)).status, OrderStatus::Cancelled);
    shop.verify();
}

#[tokio::test]
async fn a_row_that_the_schema_refuses_is_found_one_by_one() {
    let (shop, tamperer) = shop(Tampering::WriteRefused).await;
    tamperer.switch(true);
    let users = ["u-0", "u-1", "u-2", "u-3", "u-4", "u-5"];
    let is_poisonous = |index: usize| index == 1 || index == 4;
    let group = users.iter().enumerate().map(|(index, user)| place(user, if is_poisonous(index) { "a" } else { "b" }));
    let answers = answered(shop.engine.execute_all(group.collect())).await.unwrap();
    for (index, answer) in answers.into_iter().enumerate() {
        if is_poisonous(index) {
            assert!(matches!(answer, Err(EngineFailure::Bug)), "{index}: {answer:?}");
        } else {
            let order = order_of(answer);
            assert_eq!(order.placed.user_id.as_str(), users[index], "each caller has its own answer");
            assert_eq!(*order, shop.order(order.id));
        }
    }
    assert_eq!(shop.count(OrderStatus::PendingPayment), 4);
    let poisoned = shop.memory.poisoned();
    assert_eq!(poisoned.iter().map(|one| one.command).collect::<Vec<_>>(), ["place_order", "place_order"]);
    for (one, user) in poisoned.iter().zip(["u-1", "u-4"]) {
        assert!(one.input.contains(user) && one.bug.contains("CHECK failed"), "{one:?}");
    }
    shop.verify();
    tamperer.switch(false);
    shop.place(place("u-1", "a")).await;
    shop.verify();
}

#[tokio::test]
async fn a_damaged_row_fails_only_those_who_need_it() {
    let (shop, tamperer) = shop(Tampering::ReadFails).await;
    tamperer.switch(true);
    let group = vec![place("u-1", "b"), place("u-2", "a"), place("u-3", "b")];
    let answers = answered(shop.engine.execute_all(group)).await.unwrap();
    for (index, answer) in answers.into_iter().enumerate() {
        match answer {
            Err(EngineFailure::Store(failure)) if index == 1 => assert_eq!(failure.kind, FailureKind::Corrupt),
            answer => assert_eq!(order_of(answer).status, OrderStatus::PendingPayment, "{index}"),
        }
    }
    assert_eq!(shop.count(OrderStatus::PendingPayment), 2);
    assert_eq!(shop.memory.poisoned(), [], "damaged data are no bug of the command");
    shop.verify();
}

/// A timer that cannot be decided is not tried again and again, and holds up neither other timers nor new orders; the row
/// stays, and after the repair the scan finds the order.
async fn a_poisonous_timer_is_left_to_the_scan(tampering: Tampering, poisoned: usize) {
    let (shop, tamperer) = shop(tampering).await;
    let victim = shop.place(place("u-victim", "a")).await;
    let other = shop.place(place("u-other", "b")).await;
    let shop = shop.restart_with(Some(&tamperer));
    tamperer.switch(true);
    shop.clock.advance(WINDOW);
    shop.until("the other order is closed", || shop.status(other.id) == OrderStatus::Cancelled).await;
    for user in ["u-1", "u-2", "u-3"] {
        shop.place(place(user, "b")).await;
    }
    assert_eq!(shop.status(victim.id), OrderStatus::PendingPayment);
    assert_eq!(shop.memory.poisoned().len(), poisoned, "it fired once");

    tamperer.switch(false);
    shop.clock.advance(WINDOW);
    answered(expired_orders::pass(&shop.engine)).await.unwrap();
    assert_eq!(shop.status(victim.id), OrderStatus::Cancelled);
    assert!(closings(&shop.log()).iter().any(|(_, actor)| *actor == Actor::Scan));
    assert_eq!(shop.memory.order_events(victim.id, 0).unwrap().len(), 2);
}

#[tokio::test]
async fn a_timer_whose_decision_panics_is_left_to_the_scan() {
    a_poisonous_timer_is_left_to_the_scan(Tampering::LocksForgotten, 1).await;
}

#[tokio::test]
async fn a_timer_whose_change_the_schema_refuses_is_left_to_the_scan() {
    a_poisonous_timer_is_left_to_the_scan(Tampering::WriteRefused, 1).await;
}

#[tokio::test]
async fn a_timer_whose_rows_are_damaged_is_left_to_the_scan() {
    a_poisonous_timer_is_left_to_the_scan(Tampering::ReadFails, 0).await;
}
