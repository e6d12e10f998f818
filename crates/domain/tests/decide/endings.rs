//! Cancelling and closing: order of refusals, what is given back, and closing that comes early, late or twice.

use std::sync::Arc;

use ordain_domain::{
    answer::Answer,
    coupon::CouponState,
    event::Actor,
    ids::OrderId,
    order::{CancelReason, Order, OrderStatus, PlaceOrder},
    refusal::{Refusal, Thing},
    time::Span,
};

use crate::{
    laws,
    world::{WINDOW, World, basket, buyer, cancel, close, operator, with_coupon},
};

fn order_of(answer: Answer) -> Arc<Order> {
    match answer {
        Answer::Order(order) => order,
        other => panic!("not an order: {other:?}"),
    }
}

#[test]
fn a_cancel_is_refused_in_the_documented_order() {
    let mut world = World::shop();
    let open = world.place(&buyer(basket(&[("a", 1)])));
    let paid = world.place(&buyer(basket(&[("free", 1)])));
    let nobody = OrderId::from_number(1);
    let state = |status| Refusal::OrderState { status };
    let table = [
        (nobody, None, Refusal::NotFound { thing: Thing::Order }),
        (nobody, Some(9), Refusal::NotFound { thing: Thing::Order }),
        (open.id, Some(9), Refusal::VersionMismatch { version: 1 }),
        (paid.id, Some(9), Refusal::VersionMismatch { version: 2 }),
        (paid.id, Some(2), state(OrderStatus::Paid)),
        (paid.id, None, state(OrderStatus::Paid)),
    ];
    for (order, version, expected) in table {
        assert_eq!(world.refuse(&operator(cancel(order, version))), expected, "{order} {version:?}");
    }
    let cancelled = order_of(world.accept(&operator(cancel(open.id, Some(1)))));
    assert_eq!((cancelled.status, cancelled.version), (OrderStatus::Cancelled, 2));
    assert_eq!(world.refuse(&operator(cancel(open.id, Some(1)))), Refusal::VersionMismatch { version: 2 });
    assert_eq!(world.refuse(&operator(cancel(open.id, Some(2)))), state(OrderStatus::Cancelled));
    laws::check(&world);
}

#[test]
fn ending_an_order_gives_everything_back() {
    for by_timeout in [false, true] {
        let mut world = World::shop();
        world.give_points("u-1", 30);
        let coupon = world.grant("u-1", "tenth");
        let place = PlaceOrder { points: 30, ..with_coupon(basket(&[("a", 2), ("b", 1)]), coupon.id) };
        let order = world.place(&buyer(place));
        let command = if by_timeout { close(order.id) } else { cancel(order.id, None) };
        world.wait(WINDOW);
        let ended = order_of(world.accept(&operator(command)));
        let reason = if by_timeout { CancelReason::Timeout } else { CancelReason::Buyer };
        assert_eq!((ended.status, ended.cancel_reason), (OrderStatus::Cancelled, Some(reason)));
        assert_eq!(ended.quantities.iter().map(|line| line.cancelled).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(ended.updated_at, world.now);
        assert_eq!((world.stock("a").available(), world.stock("b").available()), (10, 10));
        assert_eq!((world.points_of("u-1").balance, world.points_of("u-1").frozen), (30, 0));
        let coupon = &world.all.coupons[&coupon.id];
        assert_eq!((coupon.state, coupon.order, coupon.version), (CouponState::Granted, None, 3));
        assert_eq!(world.timers(), []);
        laws::check(&world);
    }
}

#[test]
fn a_close_comes_never_early_and_ends_an_order_once() {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("a", 1)])));
    let timer = operator(close(order.id));
    for (wait, expected) in [(Span(0), OrderStatus::PendingPayment), (Span(WINDOW.0 - 1), OrderStatus::PendingPayment)]
    {
        world.wait(wait);
        let (replies, changes) = world.run_and_show(std::slice::from_ref(&timer));
        assert_eq!(replies[0].outcome, Ok(Answer::NothingToDo));
        assert!(changes.is_empty(), "an early close leaves the timer where it is");
        assert_eq!(world.order(order.id).status, expected);
    }
    world.wait(Span(1));
    assert_eq!(order_of(world.accept(&timer)).status, OrderStatus::Cancelled);
    assert_eq!(world.accept(&timer), Answer::NothingToDo);
    assert_eq!(world.order(order.id).version, 2);
    laws::check(&world);
}

#[test]
fn a_close_of_no_order_is_not_found() {
    let refusal = World::shop().refuse(&operator(close(OrderId::from_number(1))));
    assert_eq!(refusal, Refusal::NotFound { thing: Thing::Order });
}

#[test]
fn an_order_may_be_ended_in_the_batch_that_placed_it() {
    let mut known = World::shop();
    let order = known.place(&buyer(basket(&[("a", 1)])));
    let mut world = World::shop();
    let replies = world.run(&[buyer(basket(&[("a", 1)])), operator(cancel(order.id, Some(1)))]);
    assert!(replies.iter().all(|reply| reply.outcome.is_ok()), "{replies:?}");
    assert_eq!(world.order(order.id).status, OrderStatus::Cancelled);
    assert_eq!(world.stock("a").available(), 10);
    laws::check(&world);
}

#[test]
fn the_facts_say_who_caused_them() {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("a", 1)])));
    world.wait(WINDOW);
    world.accept(&ordain_domain::command::Envelope { actor: Actor::Timer, ..operator(close(order.id)) });
    let actors: Vec<(&str, Actor)> =
        world.all.events.iter().rev().take(2).map(|event| (event.event.type_name(), event.actor)).collect();
    assert_eq!(actors, [("order.cancelled", Actor::Timer), ("order.placed", Actor::Buyer)]);
}
