//! Adjusting stock: order of refusals, bounds, the ledger.

use std::sync::Arc;

use ordain_domain::{
    command::Command,
    refusal::Refusal,
    stock::{AdjustStock, MovementReason, state::ON_HAND_MAX},
};

use crate::{
    laws,
    world::{World, adjust, basket, buyer, operator, sku},
};

fn adjust_at(name: &str, delta: i64, expected_version: u64) -> Command {
    let reason = Arc::from("count");
    Command::AdjustStock(AdjustStock { sku: sku(name), delta, reason, expected_version: Some(expected_version) })
}

#[test]
fn an_adjustment_is_refused_in_the_documented_order() {
    let mut world = World::shop();
    // Ten on hand, four of them locked; the row's version is 2.
    world.place(&buyer(basket(&[("a", 4)])));
    let zero = Refusal::invalid("/delta", "must not be 0");
    let bound = Refusal::invalid("/delta", "would put more than 1,000,000,000,000 units on hand");
    let unknown = Refusal::UnknownSku { line: None, sku: sku("ghost") };
    let stale = Refusal::VersionMismatch { version: 2 };
    let short = Refusal::InsufficientStock { sku: sku("a"), available: 6 };
    let table = [
        (adjust_at("ghost", 0, 9), zero.clone()),
        (adjust_at("a", 0, 9), zero),
        (adjust_at("ghost", -11, 9), unknown.clone()),
        (adjust("ghost", 1), unknown),
        (adjust_at("a", -7, 9), stale.clone()),
        (adjust_at("a", i64::MAX, 9), stale),
        (adjust_at("a", -7, 2), short.clone()),
        (adjust("a", i64::MIN), short),
        (adjust("a", ON_HAND_MAX - 9), bound.clone()),
        (adjust("a", i64::MAX), bound),
    ];
    for (command, expected) in table {
        assert_eq!(world.refuse(&operator(command.clone())), expected, "{command:?}");
    }
    world.accept(&operator(adjust_at("a", -6, 2)));
    assert_eq!((world.stock("a").on_hand, world.stock("a").available()), (4, 0));
    laws::check(&world);
}

#[test]
fn stock_may_be_filled_to_its_bound_and_emptied() {
    let mut world = World::shop();
    world.accept(&operator(adjust("none", ON_HAND_MAX)));
    assert_eq!(world.stock("none").on_hand, ON_HAND_MAX);
    world.accept(&operator(adjust("none", -ON_HAND_MAX)));
    assert_eq!((world.stock("none").on_hand, world.stock("none").received), (0, 0));
    laws::check(&world);
}

#[test]
fn an_inactive_product_may_be_stocked() {
    let mut world = World::shop();
    world.accept(&operator(adjust("asleep", 3)));
    assert_eq!(world.stock("asleep").on_hand, 3);
}

#[test]
fn the_ledger_tells_each_change_of_what_is_on_hand() {
    let mut world = World::shop();
    world.accept(&operator(adjust("free", -2)));
    let order = world.place(&buyer(basket(&[("free", 1), ("free", 2)])));
    let ledger: Vec<_> = world
        .all
        .movements
        .iter()
        .filter(|movement| movement.sku == sku("free"))
        .map(|movement| (movement.number, movement.delta, movement.reason, movement.on_hand, movement.order))
        .collect();
    let expected = [
        (1, 10, MovementReason::Receive, 10, None),
        (2, -2, MovementReason::WriteOff, 8, None),
        (3, -3, MovementReason::Sale, 5, Some(order.id)),
    ];
    assert_eq!(ledger, expected);
    laws::check(&world);
}
