//! Without a key, the same lines within the window are a double click.

use ordain_domain::{order::PlaceOrder, refusal::Refusal, time::Span};

use crate::{
    laws,
    world::{World, basket, buyer, cancel, keyed, operator, user},
};

#[test]
fn the_window_ends_on_the_microsecond() {
    for (wait, refused) in [(0, true), (1, true), (2_999_999, true), (3_000_000, false), (3_000_001, false)] {
        let mut world = World::shop();
        let order = world.place(&buyer(basket(&[("a", 1)])));
        world.wait(Span(wait));
        let outcome = world.one(&buyer(basket(&[("a", 1)]))).outcome;
        assert_eq!(outcome.is_err(), refused, "after {wait} microseconds");
        if refused {
            assert_eq!(outcome, Err(Refusal::DuplicateOrder { order_id: order.id }));
        }
        laws::check(&world);
    }
}

#[test]
fn what_counts_as_the_same_lines() {
    let first = basket(&[("a", 1), ("b", 2)]);
    let table = [
        (basket(&[("b", 2), ("a", 1)]), true),
        (basket(&[("b", 1), ("a", 1), ("b", 1)]), true),
        (PlaceOrder { expected_total: Some(766), ..first.clone() }, true),
        (basket(&[("a", 2), ("b", 1)]), false),
        (basket(&[("a", 1)]), false),
        (PlaceOrder { user_id: user("u-2"), ..first.clone() }, false),
    ];
    for (second, refused) in table {
        let mut world = World::shop();
        world.place(&buyer(first.clone()));
        assert_eq!(world.one(&buyer(second.clone())).outcome.is_err(), refused, "{second:?}");
    }
}

#[test]
fn the_youngest_order_counts() {
    let mut world = World::shop();
    world.place(&buyer(basket(&[("a", 1)])));
    world.wait(Span::seconds(3));
    let second = world.place(&buyer(basket(&[("a", 1)])));
    world.wait(Span::seconds(2));
    let refusal = world.refuse(&buyer(basket(&[("a", 1)])));
    assert_eq!(refusal, Refusal::DuplicateOrder { order_id: second.id });
}

#[test]
fn a_key_or_a_window_of_zero_allows_the_same_lines_again() {
    let mut world = World::shop();
    world.place(&buyer(basket(&[("a", 1)])));
    world.place(&keyed(buyer(basket(&[("a", 1)])), "k", 1));
    let mut world = World::shop();
    world.rules.duplicate_window = Span(0);
    world.place(&buyer(basket(&[("a", 1)])));
    world.place(&buyer(basket(&[("a", 1)])));
    laws::check(&world);
}

#[test]
fn a_cancelled_order_is_still_a_double_click() {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("a", 1)])));
    world.accept(&operator(cancel(order.id, None)));
    assert_eq!(world.refuse(&buyer(basket(&[("a", 1)]))), Refusal::DuplicateOrder { order_id: order.id });
}

#[test]
fn two_of_a_batch_are_a_double_click() {
    let mut world = World::shop();
    let replies = world.run(&[buyer(basket(&[("a", 1)])), buyer(basket(&[("a", 1)]))]);
    let order = world.all.orders.keys().next().copied().expect("one order");
    assert!(replies[0].outcome.is_ok());
    assert_eq!(replies[1].outcome, Err(Refusal::DuplicateOrder { order_id: order }));
}
