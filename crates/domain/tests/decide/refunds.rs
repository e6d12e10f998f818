//! Refunds: what may be asked, how they are followed to their end, and that parts add up to the whole.

use std::sync::Arc;

use ordain_domain::{
    answer::Answer,
    command::Command,
    coupon::CouponState,
    event::{Actor, Event},
    ids::{OrderId, RefundId},
    order::PlaceOrder,
    outbox::{Message, Task},
    payment::{CallOutcome, ChannelReport, RefundReport},
    refund::{Refund, RefundLine, RefundRetried, RefundStatus, RequestRefund, ResolveRefund, RetryRefund},
    timer::TimerKind,
};
use proptest::prelude::*;

use crate::world::{World, basket, buyer, code_of, operator, refund_all, with_coupon};

fn paid(lines: &[(&str, u32)]) -> (World, OrderId) {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(lines))).id;
    world.pay(order);
    (world, order)
}

fn request(order: OrderId, lines: &[(usize, u32)], amount: Option<i64>) -> Command {
    let lines = lines.iter().map(|(line, quantity)| RefundLine { line: *line, quantity: *quantity }).collect();
    Command::RequestRefund(RequestRefund { order, lines, amount, reason: Arc::from("because"), expected_version: None })
}

fn refunded(world: &mut World, command: Command) -> Arc<Refund> {
    match world.accept(&operator(command)) {
        Answer::Refund(refund) => refund,
        other => panic!("not a refund: {other:?}"),
    }
}

fn word(refund: &Refund, succeeded: Option<bool>, is_known: bool) -> CallOutcome {
    let report =
        RefundReport { refund: refund.id, succeeded, is_known, amount: refund.amount, transaction: None, reason: None };
    CallOutcome::Answered(ChannelReport::Refund(report))
}

fn last(world: &World) -> Message {
    *world.messages().last().expect("a message waits")
}

fn row(world: &World, id: RefundId) -> Arc<Refund> {
    Arc::clone(&world.all.refunds[&id])
}

#[test]
fn a_request_is_refused_in_the_documented_order() {
    let (mut world, order) = paid(&[("a", 2), ("b", 1)]);
    let unpaid = world.place(&buyer(basket(&[("b", 2)]))).id;
    let stale = match request(order, &[], Some(0)) {
        Command::RequestRefund(command) => {
            Command::RequestRefund(RequestRefund { expected_version: Some(9), ..command })
        }
        other => panic!("{other:?}"),
    };
    let table = [
        (request(OrderId::from_number(5), &[], Some(0)), "not_found"),
        (stale, "version_mismatch"),
        (request(order, &[(0, 1)], Some(1)), "invalid_request"),
        (request(order, &[], Some(0)), "invalid_request"),
        (request(order, &[(2, 1)], None), "invalid_request"),
        (request(order, &[(0, 3)], None), "invalid_request"),
        (request(order, &[(0, 2), (0, 1)], None), "invalid_request"),
        (request(order, &[(0, 0)], None), "invalid_request"),
        (request(order, &[], Some(534)), "refund_exceeds"),
        (request(unpaid, &[], Some(1)), "refund_exceeds"),
        (request(unpaid, &[], None), "refund_exceeds"),
    ];
    for (command, code) in table {
        assert_eq!(code_of(&world.refuse(&operator(command.clone()))), code, "{command:?}");
    }
    refunded(&mut world, request(order, &[], Some(533)));
    assert_eq!(
        code_of(&world.refuse(&operator(request(order, &[(0, 1)], None)))),
        "refund_exceeds",
        "on its way counts"
    );
}

#[test]
fn a_refund_is_followed_to_its_end() {
    use RefundStatus as S;
    let (mut world, order) = paid(&[("a", 2)]);
    let refund = refunded(&mut world, refund_all(order));
    assert_eq!((refund.status, refund.amount), (S::Requested, 200));
    world.answer(&last(&world), CallOutcome::Lost);
    assert_eq!(row(&world, refund.id).status, S::Unknown);
    world.now = row(&world, refund.id).next_at.unwrap();
    world.fire();
    assert_eq!(last(&world).task, Task::QueryRefund(refund.id), "unknown is only ever asked about");
    world.answer(&last(&world), word(&refund, None, false));
    assert_eq!((row(&world, refund.id).status, last(&world).task), (S::Requested, Task::SendRefund(refund.id)));
    world.answer(&last(&world), word(&refund, None, true));
    assert_eq!(row(&world, refund.id).status, S::Sent);
    world.now = row(&world, refund.id).next_at.unwrap();
    world.fire();
    world.answer(&last(&world), word(&refund, Some(true), true));
    assert_eq!(row(&world, refund.id).status, S::Succeeded);
    let account = world.account(order);
    assert_eq!((account.captured, account.refunded, account.refunding), (200, 200, 0));
    assert_eq!(world.order(order).refunded, 200);
    assert!(world.timers().iter().all(|timer| timer.kind != TimerKind::WorkRefunds));
    assert!(
        world.messages().iter().all(|message| matches!(message.task, Task::OpenPayment(_))),
        "nothing is left to do"
    );
}

#[test]
fn a_failing_refund_is_tried_with_pauses_and_then_left_to_a_person() {
    let (mut world, order) = paid(&[("a", 2)]);
    let refund = refunded(&mut world, refund_all(order));
    let retry = Command::RetryRefund(RetryRefund { refund: refund.id });
    assert_eq!(code_of(&world.refuse(&operator(retry.clone()))), "refund_state", "it is under way");
    let tries = world.rules.payments.refund_retries.len();
    for _ in 0..tries {
        world.answer(&last(&world), word(&refund, Some(false), true));
        assert_eq!(row(&world, refund.id).status, RefundStatus::Failed);
        world.now = row(&world, refund.id).next_at.unwrap();
        world.fire();
    }
    world.answer(&last(&world), CallOutcome::Refused(Arc::from("account closed")));
    let manual = row(&world, refund.id);
    assert_eq!((manual.status, manual.note.as_deref()), (RefundStatus::Manual, Some("account closed")));
    assert!(world.timers().is_empty(), "nothing but a person moves it");
    assert_eq!(world.account(order).refunding, 200, "the money is still owed");
    assert_eq!(code_of(&world.refuse(&operator(request(order, &[], Some(1))))), "refund_exceeds");
    let (_, changes) = world.run_and_show(&[operator(retry)]);
    let event = changes.events.last().unwrap();
    let retried = RefundRetried { refund: refund.id, failed_tries: manual.tries };
    assert_eq!((&event.event, event.actor), (&Event::RefundRetried(retried), Actor::Operator), "who did it is kept");
    assert_eq!(last(&world).task, Task::SendRefund(refund.id));
    world.answer(&last(&world), CallOutcome::NotSent);
    assert_eq!(row(&world, refund.id).status, RefundStatus::Failed);
    let resolve = |note: &str| Command::ResolveRefund(ResolveRefund { refund: refund.id, note: Arc::from(note) });
    assert_eq!(code_of(&world.refuse(&operator(resolve(" ")))), "invalid_request");
    world.accept(&operator(resolve("paid by hand")));
    assert_eq!((row(&world, refund.id).status, world.account(order).refunded), (RefundStatus::Succeeded, 200));
    assert_eq!(code_of(&world.refuse(&operator(resolve("again")))), "refund_state");
}

#[test]
fn points_come_back_by_shares_and_the_coupon_with_the_last_unit() {
    let mut world = World::shop();
    world.give_points("u-1", 10);
    let coupon = world.grant("u-1", "tenth");
    let place = PlaceOrder { points: 10, ..with_coupon(basket(&[("a", 3)]), coupon.id) };
    let order = world.place(&buyer(place)).id;
    world.pay(order);
    let mut points = Vec::new();
    for _ in 0..3 {
        refunded(&mut world, request(order, &[(0, 1)], None));
        points.push(world.points_of("u-1").balance);
    }
    assert_eq!(points, [4, 7, 10], "10 points over 3 units: 4, 3, 3");
    assert_eq!(world.all.coupons[&coupon.id].state, CouponState::Granted);
    assert_eq!(world.account(order).refunding, 260);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever sequence of partial refunds of units, in the end the whole total is back, to the cent, and no line gave more.
    #[test]
    fn any_sequence_of_partial_refunds_ends_at_the_paid_total(
        a in 1_u32..8, b in 1_u32..8, points in 0_i64..50, picks in prop::collection::vec((0_usize..2, 1_u32..4), 1..40),
    ) {
        let mut world = World::shop();
        world.give_points("u-1", 50);
        let coupon = world.grant("u-1", "tenth");
        let place = PlaceOrder { points, ..with_coupon(basket(&[("a", a), ("b", b)]), coupon.id) };
        let order = world.place(&buyer(place)).id;
        world.pay(order);
        let all = (0..16).flat_map(|_| [(0, 1), (1, 1)]);
        for (line, quantity) in picks.into_iter().chain(all) {
            // A refusal is a pick of more units than are left.
            drop(world.one(&operator(request(order, &[(line, quantity)], None))));
        }
        let (account, row) = (world.account(order), world.order(order));
        prop_assert_eq!(account.refunding, row.placed.price.total);
        for (line, of) in account.lines.iter().zip(&row.placed.lines) {
            prop_assert_eq!((line.money, line.points, line.units), (of.payable(), of.points, of.quantity));
        }
        prop_assert_eq!(world.points_of("u-1").balance, 50);
    }

    /// Goodwill first: units give back what is left, and never more than was taken.
    #[test]
    fn goodwill_and_units_together_never_exceed_what_was_taken(goodwill in 1_i64..700, units in 1_u32..4) {
        let (mut world, order) = paid(&[("a", 3), ("b", 1)]);
        drop(world.one(&operator(request(order, &[], Some(goodwill)))));
        drop(world.one(&operator(request(order, &[(0, units)], None))));
        drop(world.one(&operator(refund_all(order))));
        let account = world.account(order);
        prop_assert_eq!(account.refunding, account.captured);
    }
}
