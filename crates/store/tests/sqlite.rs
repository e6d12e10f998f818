//! The SQLite store through its port: what goes in comes out, also after the process ended without a word.

mod support {
    pub(crate) mod files;
    pub(crate) mod shard;
}

use ordain_domain::{
    order::OrderStatus,
    refusal::Refusal,
    time::{Span, Timestamp},
};
use ordain_engine::port::store::{Before, CommitFailure, FailureKind, ShardStore, StoreReader};
use ordain_store::sqlite::SqliteStore;
use support::{
    files::{Files, broken},
    shard::{self, Shard, cancel, close, order_of, place, skus, user},
};

#[test]
fn an_order_lives_and_ends_and_is_found_by_every_way() {
    let files = Files::new();
    let (store, reader) = files.open();
    let mut shard = Shard::new(store, shard::rules());
    let skus = skus(3);
    shard.stock_up(&skus, 100);
    let (anna, ben) = (user("anna"), user("ben"));
    let placements = [
        place(&anna, Some("k1"), &[(&skus[0], 2), (&skus[1], 1)]),
        place(&anna, None, &[(&skus[2], 1)]),
        place(&ben, Some("k1"), &[(&skus[0], 5)]),
        place(&anna, Some("k2"), &[(&skus[0], 500)]),
    ];
    let replies = shard.run(&placements);
    let [first, second, third] = [0, 1, 2].map(|index| order_of(&replies[index]));
    assert!(matches!(replies[3].outcome, Err(Refusal::InsufficientStock { .. })));
    // Within a millisecond, ids of different users are in the order of their buckets.
    shard.now = shard.now.plus(Span::milliseconds(1));
    let again = shard.run(&placements);
    assert_eq!(order_of(&again[0]), first);
    assert!(again[0].replayed && again[3].replayed);
    assert_eq!(again[3].outcome, replies[3].outcome);
    assert_eq!(order_of(&again[2]), third);
    let twin = order_of(&again[1]);
    shard.run(&[cancel(second)]);
    shard.now = shard.now.plus(Span::seconds(900));
    shard.run(&[close(third)]);

    let page = |key, limit| Before { key, limit };
    let ids = |orders: Vec<ordain_domain::order::Order>| orders.iter().map(|order| order.id).collect::<Vec<_>>();
    assert_eq!(ids(reader.orders_of_user(&anna, None, page(None, 10)).unwrap()), [twin, second, first]);
    assert_eq!(ids(reader.orders_of_user(&anna, None, page(Some(twin), 1)).unwrap()), [second]);
    let cancelled = reader.orders_of_user(&anna, Some(OrderStatus::Cancelled), page(None, 10)).unwrap();
    assert_eq!(ids(cancelled), [second]);
    let (newest, next) = reader.orders(None, page(None, 1)).unwrap();
    assert_eq!((ids(newest), next), (vec![twin], Some(twin)));
    assert_eq!(ids(reader.orders(None, page(next, 2)).unwrap().0).len(), 2);
    let events = reader.order_events(third, 0).unwrap();
    assert_eq!(
        events.iter().map(|event| event.event.type_name()).collect::<Vec<_>>(),
        ["order.placed", "order.cancelled"]
    );
    assert_eq!(reader.order_events(third, 1).unwrap(), events[1..]);
    assert_eq!(reader.timers(None, Timestamp::MAX, 10).unwrap().len(), 2);
    assert_eq!(reader.stock(&skus[0]).unwrap().unwrap().locked, 2);
    assert_eq!(broken(&reader, shard.now), [""; 0]);
}

#[test]
fn what_was_acknowledged_survives_a_crash() {
    let files = Files::new();
    let (store, reader) = files.open();
    let mut shard = Shard::new(store, shard::rules());
    let skus = skus(2);
    shard.stock_up(&skus, 1_000);
    let anna = user("anna");
    let placed = order_of(&shard.run(&[place(&anna, Some("k"), &[(&skus[0], 2)])])[0]);
    let image = files.crash_image();
    let before = (reader.order(placed).unwrap(), shard.head());
    let (mut store, reader) = image.open();
    assert_eq!(store.head().unwrap(), before.1);
    assert_eq!(reader.order(placed).unwrap(), before.0);
    let mut shard = Shard::new(store, shard::rules());
    let again = shard.run(&[place(&anna, Some("k"), &[(&skus[0], 2)])]);
    assert!(again[0].replayed);
    assert_eq!(order_of(&again[0]), placed);
    assert_eq!(broken(&reader, shard.now), [""; 0]);
}

#[test]
fn a_second_process_is_refused() {
    let files = Files::new();
    let open = files.open();
    let failure = SqliteStore::open(&files.settings).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Busy);
    drop(open);
    files.open();
}

#[test]
fn a_commit_that_a_constraint_refuses_leaves_everything_as_it_was() {
    let files = Files::new();
    let (store, reader) = files.open();
    let mut shard = Shard::new(store, shard::rules());
    let skus = skus(1);
    shard.stock_up(&skus, 10);
    let anna = user("anna");
    let (_, mut changes, carry) = shard.decide(&[place(&anna, Some("bad"), &[(&skus[0], 1)])]);
    changes.stock.values_mut().for_each(|stock| stock.locked = 11);
    let failure = shard.commit(&changes, carry).unwrap_err();
    assert!(matches!(&failure, CommitFailure::NotCommitted(failure) if failure.kind == FailureKind::Constraint));
    let reply = &shard.run(&[place(&anna, Some("bad"), &[(&skus[0], 1)])])[0];
    assert!(!reply.replayed);
    assert_eq!(reader.stock(&skus[0]).unwrap().unwrap().locked, 1);
    assert_eq!(broken(&reader, shard.now), [""; 0]);
}
