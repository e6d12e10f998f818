//! Pay against cancel: an order with an open attempt waits for its channel; paid wins; the hard limit ends the waiting.

use ordain_domain::{
    command::Command,
    ids::{OrderId, PaymentId},
    order::{CancelReason, OrderStatus},
    outbox::Task,
    payment::{CallOutcome, ChannelReport, ReportedState},
    refund::{RefundCause, RefundLine},
    time::Span,
    timer::TimerKind,
};

use crate::world::{WINDOW, World, basket, buyer, cancel, code_of, operator, report};

fn closing() -> (World, OrderId, PaymentId) {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("a", 2)]))).id;
    let payment = world.open(order).id;
    world.notify(&report(&world.payment(payment), ReportedState::Open));
    world.accept(&operator(cancel(order, None)));
    assert_eq!(world.order(order).status, OrderStatus::Closing);
    assert_eq!(world.stock("a").locked, 2, "closing holds the stock");
    (world, order, payment)
}

fn close_call(world: &World, payment: PaymentId) -> ordain_domain::outbox::Message {
    let is_close = |message: &&ordain_domain::outbox::Message| message.task == Task::ClosePayment(payment);
    world.messages().iter().rfind(is_close).copied().expect("the channel is asked to close")
}

#[test]
fn the_channels_word_decides() {
    let table = [
        (ReportedState::Closed, OrderStatus::Cancelled, 0),
        (ReportedState::Failed, OrderStatus::Cancelled, 0),
        (ReportedState::Captured, OrderStatus::Paid, 200),
        (ReportedState::Open, OrderStatus::Closing, 0),
    ];
    for (word, status, paid) in table {
        let (mut world, order, payment) = closing();
        let answer = report(&world.payment(payment), word);
        let message = close_call(&world, payment);
        world.answer(&message, CallOutcome::Answered(ChannelReport::Payment(answer)));
        let row = world.order(order);
        assert_eq!((row.status, row.paid), (status, paid), "{word:?}");
        let buyers = status == OrderStatus::Cancelled;
        assert_eq!(row.cancel_reason, buyers.then_some(CancelReason::Buyer), "{word:?}");
        assert_eq!(world.stock("a").locked, if status == OrderStatus::Closing { 2 } else { 0 }, "{word:?}");
        let close_timers = world.timers().iter().filter(|timer| timer.kind == TimerKind::CloseOrder).count();
        assert_eq!(close_timers, usize::from(status == OrderStatus::Closing), "{word:?}");
    }
}

#[test]
fn an_unreachable_channel_is_asked_again_up_to_the_hard_limit() {
    let (mut world, order, payment) = closing();
    world.answer(&close_call(&world, payment), CallOutcome::NotSent);
    world.wait(Span::seconds(5));
    world.fire();
    world.answer(&close_call(&world, payment), CallOutcome::Lost);
    assert_eq!(world.order(order).status, OrderStatus::Closing);
    world.wait(world.rules.payments.closing_max);
    world.fire();
    assert_eq!(world.order(order).status, OrderStatus::Cancelled);
    assert_eq!((world.stock("a").locked, world.stock("a").available()), (0, 10));
    world.notify(&report(&world.payment(payment), ReportedState::Captured));
    let causes: Vec<RefundCause> = world.all.refunds.values().map(|refund| refund.cause).collect();
    assert_eq!(causes, [RefundCause::LateMoney], "money that comes after all is given back");
}

#[test]
fn the_close_timer_asks_the_channel_first_and_keeps_its_reason() {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("a", 2)]))).id;
    let payment = world.open(order).id;
    world.wait(WINDOW);
    world.fire();
    assert_eq!(world.order(order).status, OrderStatus::Closing);
    let answer = report(&world.payment(payment), ReportedState::Closed);
    world.answer(&close_call(&world, payment), CallOutcome::Answered(ChannelReport::Payment(answer)));
    assert_eq!(world.order(order).cancel_reason, Some(CancelReason::Timeout));
    assert!(world.timers().is_empty(), "{:?}", world.timers());
}

#[test]
fn every_open_attempt_must_have_ended() {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("a", 1)]))).id;
    let (first, second) = (world.open(order).id, world.open(order).id);
    world.accept(&operator(cancel(order, None)));
    world.notify(&report(&world.payment(first), ReportedState::Closed));
    assert_eq!(world.order(order).status, OrderStatus::Closing);
    world.notify(&report(&world.payment(second), ReportedState::Closed));
    assert_eq!(world.order(order).status, OrderStatus::Cancelled);
}

#[test]
fn an_old_attempt_that_ends_does_not_end_an_order_paid_by_a_later_one() {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("a", 1)]))).id;
    let old = world.open(order).id;
    world.pay(order);
    for word in [ReportedState::Failed, ReportedState::Closed] {
        world.notify(&report(&world.payment(old), word));
        assert_eq!(world.order(order).status, OrderStatus::Paid);
    }
}

fn by_merchant(order: OrderId, lines: &[(usize, u32)]) -> Command {
    match cancel(order, None) {
        Command::CancelOrder(mut command) => {
            command.reason = CancelReason::Merchant;
            command.lines =
                lines.iter().map(|(line, quantity)| RefundLine { line: *line, quantity: *quantity }).collect();
            Command::CancelOrder(command)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_merchant_cancels_a_paid_order_whole_or_by_units() {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("a", 2), ("b", 3)]))).id;
    world.pay(order);
    assert_eq!(code_of(&world.refuse(&operator(cancel(order, None)))), "order_state", "the buyer must not");
    for wrong in [[(0, 3)].as_slice(), &[(2, 1)], &[(0, 1), (0, 2)], &[(1, 0)]] {
        assert_eq!(code_of(&world.refuse(&operator(by_merchant(order, wrong)))), "invalid_request", "{wrong:?}");
    }
    world.accept(&operator(by_merchant(order, &[(1, 2)])));
    let row = world.order(order);
    assert_eq!((row.status, row.quantities[1].cancelled, row.quantities[1].paid), (OrderStatus::Paid, 2, 1));
    assert_eq!((world.stock("b").on_hand, world.stock("b").returned), (9, 2));
    assert_eq!(world.account(order).refunding, 666);
    world.accept(&operator(by_merchant(order, &[])));
    let row = world.order(order);
    assert_eq!((row.status, row.cancel_reason), (OrderStatus::Cancelled, Some(CancelReason::Merchant)));
    assert_eq!(world.account(order).refunding, row.paid, "all of it is on its way back");
    assert_eq!((world.stock("a").on_hand, world.stock("b").on_hand), (10, 10));
}
