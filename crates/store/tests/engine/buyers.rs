//! A crowd in front of one shelf: no unit is sold twice, none is kept back.

use std::sync::Arc;

use ordain_domain::{order::OrderStatus, refusal::Refusal};

use super::shop::{Shop, answered, place, receive};

const UNITS: usize = 500;
const BUYERS: usize = 2_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_buyers_gets_exactly_what_is_there() {
    let shop = Shop::open().await;
    shop.accept(receive("a", UNITS as i64 - 1_000_000)).await;
    let calls: Vec<_> = (0..BUYERS)
        .map(|number| {
            let engine = Arc::clone(&shop.engine);
            tokio::spawn(async move { engine.execute(place(&format!("u-{number}"), "a")).await })
        })
        .collect();
    let (mut placed, mut sold_out) = (0, 0);
    for call in calls {
        match answered(call).await.unwrap().unwrap().outcome {
            Ok(_) => placed += 1,
            Err(Refusal::InsufficientStock { available: 0, .. }) => sold_out += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((placed, sold_out), (UNITS, BUYERS - UNITS));
    assert_eq!(shop.count(OrderStatus::PendingPayment), UNITS as u64);
    assert_eq!(shop.stock("a"), (UNITS as i64, UNITS as i64));
    shop.verify();

    // What the crowd does not pay for is there for the next one.
    shop.clock.advance(super::shop::WINDOW);
    shop.until("all orders are closed", || shop.count(OrderStatus::Cancelled) == UNITS as u64).await;
    assert_eq!(shop.stock("a"), (UNITS as i64, 0));
    shop.place(place("u-late", "a")).await;
    shop.verify();
}
