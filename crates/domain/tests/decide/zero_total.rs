//! Orders that cost nothing are paid in the decision that places them: no timer, no unpaid order, everything used.

use ordain_domain::{
    answer::Answer,
    coupon::CouponState,
    order::{OrderKey, OrderStatus, OrderToken, PlaceOrder},
    stock::LockState,
};

use crate::{
    laws,
    world::{World, basket, buyer, close, keyed, operator, user, with_coupon},
};

#[test]
fn an_order_without_a_price_is_paid_at_once() {
    let mut world = World::shop();
    world.give_points("u-1", 100);
    let coupon = world.grant("u-1", "all");
    let table = [
        basket(&[("free", 2)]),
        PlaceOrder { points: 100, ..basket(&[("a", 1)]) },
        with_coupon(basket(&[("a", 1), ("b", 1)]), coupon.id),
    ];
    for place in table {
        let order = world.place(&buyer(place.clone()));
        assert_eq!((order.status, order.version, order.paid), (OrderStatus::Paid, 2, 0), "{place:?}");
        assert!(world.all.locks[&order.id].iter().all(|lock| lock.state == LockState::Deducted));
        let units = order.quantities.iter().zip(&order.placed.lines);
        assert!(units.clone().all(|(units, line)| (units.paid, units.held) == (line.quantity, 0)));
        assert_eq!(world.timers(), [], "nothing waits");
        laws::check(&world);
    }
    assert_eq!(world.all.coupons[&coupon.id].state, CouponState::Used);
    assert_eq!((world.points_of("u-1").balance, world.points_of("u-1").frozen), (0, 0));
    assert_eq!((world.stock("free").sold, world.stock("a").sold, world.stock("b").sold), (2, 2, 1));
    assert_eq!(world.all.open_orders.values().sum::<u32>(), 0);
}

#[test]
fn its_key_remembers_the_version_that_was_answered() {
    let mut world = World::shop();
    let place = keyed(buyer(basket(&[("free", 1)])), "k", 1);
    let order = world.place(&place);
    let key = OrderKey { user_id: user("u-1"), token: OrderToken::Key("k".into()) };
    assert_eq!(world.all.order_keys[&key].version, 2);
    let reply = world.one(&place);
    assert!(reply.replayed);
    assert_eq!(reply.outcome, Ok(Answer::OrderAt { id: order.id, version: 2 }));
}

#[test]
fn a_close_of_a_paid_order_does_nothing() {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("free", 1)])));
    world.now = order.placed.expires_at;
    assert_eq!(world.accept(&operator(close(order.id))), Answer::NothingToDo);
    assert_eq!(world.order(order.id).status, OrderStatus::Paid);
    laws::check(&world);
}
