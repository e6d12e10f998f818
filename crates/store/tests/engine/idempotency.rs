//! One key, one effect, one answer: for twins in flight, after changes, and after a restart.

use std::sync::Arc;

use ordain_domain::{
    order::{Order, OrderStatus},
    refusal::Refusal,
};

use super::shop::{Shop, answered, cancel, keyed, order_of, place, receive};

const TWINS: usize = 64;

fn twin() -> ordain_domain::command::Envelope {
    keyed(place("u-1", "a"), "k-1", 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_twins_are_one_order() {
    let shop = Shop::open().await;
    let calls: Vec<_> = (0..TWINS)
        .map(|_| {
            let engine = Arc::clone(&shop.engine);
            tokio::spawn(async move { engine.execute(twin()).await })
        })
        .collect();
    let mut fresh = 0;
    let mut orders: Vec<Arc<Order>> = Vec::new();
    for call in calls {
        let reply = answered(call).await.unwrap().unwrap();
        fresh += usize::from(!reply.replayed);
        orders.push(order_of(Ok(reply)));
    }
    assert_eq!((fresh, orders.len()), (1, TWINS));
    for order in &orders {
        assert_eq!(*order, orders[0]);
    }
    assert_eq!(*orders[0], shop.order(orders[0].id));
    assert_eq!((shop.count(OrderStatus::PendingPayment), shop.stock("a")), (1, (1_000_000, 1)));
    shop.verify();
}

#[tokio::test]
async fn twins_of_one_batch_are_one_order() {
    let shop = Shop::open().await;
    let answers = answered(shop.engine.execute_all(vec![twin(); TWINS])).await.unwrap();
    let replayed = answers.iter().filter(|answer| answer.as_ref().is_ok_and(|reply| reply.replayed)).count();
    let orders: Vec<Arc<Order>> = answers.into_iter().map(order_of).collect();
    assert_eq!((replayed, shop.count(OrderStatus::PendingPayment)), (TWINS - 1, 1));
    assert!(orders.iter().all(|order| *order == orders[0]));
    shop.verify();
}

#[tokio::test]
async fn a_key_that_is_used_for_another_request_is_refused() {
    let shop = Shop::open().await;
    let order = shop.place(twin()).await;
    let other = [keyed(place("u-1", "a"), "k-1", 2), keyed(place("u-1", "b"), "k-1", 3)];
    let answers = answered(shop.engine.execute_all(other.to_vec())).await.unwrap();
    for answer in answers {
        let reply = answer.unwrap();
        assert_eq!((reply.outcome, reply.replayed), (Err(Refusal::IdempotencyKeyReused), false));
    }
    let again = shop.engine.execute(twin()).await.unwrap();
    assert!(again.replayed, "the first use stands");
    assert_eq!(order_of(Ok(again)), order);
    let reply = shop.engine.execute(keyed(place("u-2", "a"), "k-1", 2)).await.unwrap();
    assert!(!reply.replayed, "a key is one user's");
    assert_eq!(shop.count(OrderStatus::PendingPayment), 2);
    shop.verify();
}

#[tokio::test]
async fn a_replay_tells_the_order_as_it_was_then() {
    let shop = Shop::open().await;
    let placed = shop.place(twin()).await;
    let cancelling = keyed(cancel(placed.id), "c-1", 7);
    let cancelled = order_of(shop.engine.execute(cancelling.clone()).await);
    assert_eq!((placed.version, cancelled.version), (1, 2));
    let shop = shop.restart();
    for (envelope, then) in [(twin(), &placed), (cancelling, &cancelled)] {
        let reply = shop.engine.execute(envelope).await.unwrap();
        assert!(reply.replayed);
        assert_eq!(order_of(Ok(reply)), *then);
    }
    assert_eq!(shop.order(placed.id), *cancelled);
    shop.verify();
}

#[tokio::test]
async fn a_refusal_is_replayed_even_when_its_reason_is_gone() {
    let shop = Shop::open().await;
    let too_many = keyed(receive("a", -2_000_000), "w-1", 1);
    let first = shop.engine.execute(too_many.clone()).await.unwrap();
    assert!(matches!(first.outcome, Err(Refusal::InsufficientStock { .. })), "{first:?}");
    shop.accept(receive("a", 5_000_000)).await;
    let shop = shop.restart();
    let again = shop.engine.execute(too_many).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.outcome, first.outcome);
    assert_eq!(shop.stock("a"), (6_000_000, 0));
    shop.verify();
}
