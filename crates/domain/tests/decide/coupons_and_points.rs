//! Granting coupons, using them, and moving points: order of refusals, limits and bounds.

use std::sync::Arc;

use ordain_domain::{
    catalog::{CouponTemplate, command::PutTemplate},
    command::Command,
    money::AMOUNT_MAX,
    order::PlaceOrder,
    refusal::{CouponProblem, Refusal, Thing},
    time::Span,
};

use crate::{
    laws,
    world::{World, basket, buyer, cancel, grant, operator, points, template, user, with_coupon},
};

fn put(world: &mut World, template: CouponTemplate) {
    let command = PutTemplate { template: Arc::new(template), expected_version: None };
    world.accept(&operator(Command::PutTemplate(command)));
}

fn not_usable(reason: CouponProblem) -> Refusal {
    Refusal::CouponNotUsable { reason }
}

#[test]
fn a_grant_is_refused_in_the_documented_order() {
    let mut world = World::shop();
    let limited = CouponTemplate { limit_total: Some(3), limit_per_user: Some(2), ..template("limited") };
    put(&mut world, limited.clone());
    assert_eq!(world.refuse(&operator(grant("u-1", "ghost"))), Refusal::NotFound { thing: Thing::CouponTemplate });
    world.grant("u-1", "limited");
    world.grant("u-1", "limited");
    let first_limit = world.refuse(&operator(grant("u-1", "limited")));
    assert_eq!(first_limit, not_usable(CouponProblem::LimitPerUser));
    world.grant("u-2", "limited");
    // Both limits are reached for u-1, the total one for everybody.
    for name in ["u-1", "u-3"] {
        assert_eq!(world.refuse(&operator(grant(name, "limited"))), not_usable(CouponProblem::LimitTotal), "{name}");
    }
    world.now = limited.valid_until;
    assert_eq!(world.refuse(&operator(grant("u-1", "limited"))), not_usable(CouponProblem::Expired));
    laws::check(&world);
}

#[test]
fn limits_hold_within_one_batch() {
    let mut world = World::shop();
    put(&mut world, CouponTemplate { limit_total: Some(3), limit_per_user: Some(2), ..template("limited") });
    let users = ["u-1", "u-1", "u-1", "u-2", "u-2", "u-3"];
    let replies = world.run(&users.map(|name| operator(grant(name, "limited"))));
    let granted: Vec<bool> = replies.iter().map(|reply| reply.outcome.is_ok()).collect();
    assert_eq!(granted, [true, true, false, true, false, false]);
    laws::check(&world);
}

#[test]
fn a_lowered_limit_takes_nothing_back_and_grants_nothing_more() {
    let mut world = World::shop();
    world.grant("u-1", "tenth");
    let second = world.grant("u-1", "tenth");
    put(&mut world, CouponTemplate { limit_total: Some(1), ..template("tenth") });
    assert_eq!(world.refuse(&operator(grant("u-2", "tenth"))), not_usable(CouponProblem::LimitTotal));
    world.place(&buyer(with_coupon(basket(&[("a", 1)]), second.id)));
}

#[test]
fn a_coupon_must_be_the_users_own_free_and_valid() {
    let mut world = World::shop();
    let mine = world.grant("u-1", "tenth");
    let theirs = world.grant("u-2", "tenth");
    let [rich, euros, early, late] = ["rich", "euros", "early", "late"].map(|name| world.grant("u-1", name));
    world.wait(Span::seconds(1));
    let table = [
        (theirs.id, CouponProblem::NotFound),
        (rich.id, CouponProblem::MinimumSpend),
        (euros.id, CouponProblem::Currency),
        (early.id, CouponProblem::NotYetValid),
        (late.id, CouponProblem::Expired),
    ];
    for (coupon, problem) in table {
        let refusal = world.refuse(&buyer(with_coupon(basket(&[("a", 1)]), coupon)));
        assert_eq!(refusal, not_usable(problem), "{coupon}");
    }
    let order = world.place(&buyer(with_coupon(basket(&[("a", 1)]), mine.id)));
    let again = buyer(with_coupon(basket(&[("a", 2)]), mine.id));
    assert_eq!(world.refuse(&again), not_usable(CouponProblem::Frozen));
    world.accept(&operator(cancel(order.id, None)));
    world.place(&again);
    laws::check(&world);
}

#[test]
fn one_coupon_serves_one_of_two_orders_of_a_batch() {
    let mut world = World::shop();
    let coupon = world.grant("u-1", "tenth");
    let orders = [1, 2].map(|quantity| buyer(with_coupon(basket(&[("a", quantity)]), coupon.id)));
    let replies = world.run(&orders);
    assert!(replies[0].outcome.is_ok());
    assert_eq!(replies[1].outcome, Err(not_usable(CouponProblem::Frozen)));
    laws::check(&world);
}

#[test]
fn points_are_refused_in_the_documented_order() {
    let mut world = World::shop();
    world.give_points("u-1", 40);
    let bound = Refusal::invalid("/delta", "would put the balance above its bound");
    let table = [
        (0, Refusal::invalid("/delta", "must not be 0")),
        (-41, Refusal::InsufficientPoints { balance: 40 }),
        (i64::MIN, Refusal::InsufficientPoints { balance: 40 }),
        (AMOUNT_MAX - 39, bound.clone()),
        (i64::MAX, bound),
    ];
    for (delta, expected) in table {
        assert_eq!(world.refuse(&operator(points("u-1", delta))), expected, "{delta}");
    }
    world.give_points("u-1", AMOUNT_MAX - 40);
    world.give_points("u-1", -AMOUNT_MAX);
    laws::check(&world);
}

#[test]
fn frozen_points_count_against_the_bound() {
    let mut world = World::shop();
    world.give_points("u-1", AMOUNT_MAX);
    let order = world.place(&buyer(PlaceOrder { points: 100, ..basket(&[("a", 2)]) }));
    let refusal = world.refuse(&operator(points("u-1", 1)));
    assert_eq!(refusal, Refusal::invalid("/delta", "would put the balance above its bound"));
    world.accept(&operator(cancel(order.id, None)));
    assert_eq!(world.all.points[&user("u-1")].balance, AMOUNT_MAX);
    world.give_points("u-1", -1);
    laws::check(&world);
}
