//! Attempts to pay: opening, the fold over what channels say, what contradicts, and what becomes of the money.

use std::sync::Arc;

use ordain_domain::{
    answer::Answer,
    coupon::CouponState,
    ids::{OrderId, PaymentId},
    money::Currency,
    order::OrderStatus,
    outbox::Task,
    payment::{
        CallOutcome, ChannelReport, Payment, PaymentReport, PaymentStatus, ReceiptVerdict, RefreshPayment,
        ReportedState,
    },
    refund::{RefundCause, RefundStatus},
    rules::LateMoney,
    stock::LockState,
    time::Span,
    timer::TimerKind,
};

use crate::world::{
    WINDOW, World, basket, buyer, cancel, close, code_of, notification, open_payment, operator, report, with_coupon,
};
use ordain_domain::command::Command;

fn world() -> (World, OrderId) {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(&[("a", 2)])));
    (world, order.id)
}

fn lost() -> CallOutcome {
    CallOutcome::Lost
}

fn said(payment: &Payment, state: ReportedState) -> CallOutcome {
    CallOutcome::Answered(ChannelReport::Payment(report(payment, state)))
}

#[test]
fn opening_writes_the_row_the_event_and_the_message() {
    let (mut world, order) = world();
    let payment = world.open(order);
    assert_eq!((payment.status, payment.amount, payment.order), (PaymentStatus::Created, 200, order));
    assert_eq!(world.order(order).version, 2);
    let messages: Vec<Task> = world.messages().iter().map(|message| message.task).collect();
    assert_eq!(messages, [Task::OpenPayment(payment.id)]);
    let ask = world.timers().into_iter().find(|timer| timer.kind == TimerKind::AskChannels);
    assert_eq!(ask.map(|timer| timer.due), Some(world.now.plus(Span::seconds(5))));
}

#[test]
fn opening_is_refused_in_the_documented_order() {
    let (mut world, order) = world();
    let nobody = OrderId::from_number(7);
    assert_eq!(code_of(&world.refuse(&operator(open_payment(nobody)))), "not_found");
    let first = world.open(order);
    let message = world.messages()[0];
    world.answer(&message, lost());
    assert_eq!(world.payment(first.id).status, PaymentStatus::Unknown);
    assert_eq!(code_of(&world.refuse(&operator(open_payment(order)))), "payment_unresolved");
    world.notify(&report(&first, ReportedState::Failed));
    for _ in 1..ordain_domain::payment::decide::ATTEMPTS_MAX {
        let next = world.open(order);
        world.notify(&report(&next, ReportedState::Failed));
    }
    assert_eq!(code_of(&world.refuse(&operator(open_payment(order)))), "payment_state");
    world.wait(WINDOW);
    assert_eq!(code_of(&world.refuse(&operator(open_payment(order)))), "order_state");
}

#[test]
fn the_state_of_an_attempt_is_a_fold_over_what_was_said() {
    use PaymentStatus as S;
    use ReportedState as R;
    let table: &[(&[R], S)] = &[
        (&[R::Open], S::Pending),
        (&[R::Open, R::Open], S::Pending),
        (&[R::Open, R::Authorised], S::Pending),
        (&[R::Failed, R::Open], S::Failed),
        (&[R::Closed, R::Open], S::Closed),
        (&[R::Failed, R::Closed], S::Failed),
        (&[R::Captured, R::Captured], S::Succeeded),
        (&[R::Captured, R::Failed, R::Closed, R::Open, R::Authorised], S::Succeeded),
        (&[R::Failed, R::Captured], S::Succeeded),
        (&[R::Closed, R::Captured, R::Refunded], S::Succeeded),
        (&[R::Refunded, R::Captured], S::Succeeded),
    ];
    for (said, status) in table {
        let (mut world, order) = world();
        let payment = world.open(order);
        for state in *said {
            world.notify(&report(&payment, *state));
        }
        let captured = said.iter().any(|state| state.is_captured());
        assert_eq!(world.payment(payment.id).status, *status, "{said:?}");
        assert_eq!(world.order(order).paid, if captured { 200 } else { 0 }, "{said:?}");
        let expected = if captured { OrderStatus::Paid } else { OrderStatus::PendingPayment };
        assert_eq!(world.order(order).status, expected, "{said:?}");
    }
}

#[test]
fn being_paid_is_one_decision() {
    let mut world = World::shop();
    world.give_points("u-1", 50);
    let coupon = world.grant("u-1", "tenth");
    let place = ordain_domain::order::PlaceOrder { points: 30, ..with_coupon(basket(&[("a", 2)]), coupon.id) };
    let order = world.place(&buyer(place)).id;
    let other = world.open(order);
    let payment = world.pay(order);
    assert_eq!(world.order(order).status, OrderStatus::Paid);
    assert_eq!(world.all.locks[&order][0].state, LockState::Deducted);
    assert_eq!((world.stock("a").on_hand, world.stock("a").locked, world.stock("a").sold), (8, 0, 2));
    assert_eq!(world.all.coupons[&coupon.id].state, CouponState::Used);
    assert_eq!((world.points_of("u-1").balance, world.points_of("u-1").frozen), (20, 0));
    assert!(world.timers().iter().all(|timer| timer.kind != TimerKind::CloseOrder));
    assert!(world.payment(payment).counts);
    assert!(world.messages().iter().any(|message| message.task == Task::ClosePayment(other.id)), "the other attempt");
    assert_eq!(world.all.open_orders.values().copied().collect::<Vec<_>>(), [0]);
}

#[test]
fn what_cannot_be_true_is_quarantined_and_touches_nothing() {
    let (mut world, order) = world();
    let mut neighbour = basket(&[("b", 1)]);
    neighbour.user_id = crate::world::user("u-2");
    let other = world.place(&buyer(neighbour)).id;
    let paid = world.pay(other);
    let payment = world.open(order);
    let good = report(&payment, ReportedState::Captured);
    let stolen = world.payment(paid).transaction.clone();
    let euros = Currency::new("EUR").unwrap();
    let table = [
        PaymentReport { amount: good.amount - 1, ..good.clone() },
        PaymentReport { amount: good.amount + 1, ..good.clone() },
        PaymentReport { currency: euros, ..good.clone() },
        PaymentReport { transaction: stolen, ..good.clone() },
        PaymentReport { transaction: None, ..good.clone() },
        PaymentReport { amount: 1, state: ReportedState::Failed, ..good.clone() },
    ];
    for wrong in table {
        let before = (world.order(order), world.account(order), world.payment(payment.id), world.stock("a"));
        assert_eq!(world.notify(&wrong), ReceiptVerdict::Quarantined, "{wrong:?}");
        let after = (world.order(order), world.account(order), world.payment(payment.id), world.stock("a"));
        assert_eq!(after, before, "{wrong:?}");
    }
    let not_ours = |change: fn(&mut ordain_domain::payment::TakeNotification)| match notification(
        ChannelReport::Payment(good.clone()),
    ) {
        Command::TakeNotification(mut command) => {
            change(&mut command);
            operator(Command::TakeNotification(command))
        }
        other => panic!("{other:?}"),
    };
    let verdict = |world: &mut World, envelope| match world.accept(&envelope) {
        Answer::Receipt(receipt) => receipt.verdict,
        other => panic!("{other:?}"),
    };
    let merchant = not_ours(|command| command.is_for_us = false);
    assert_eq!(verdict(&mut world, merchant), ReceiptVerdict::Quarantined);
    let channel = not_ours(|command| command.channel = Arc::from("other"));
    assert_eq!(verdict(&mut world, channel), ReceiptVerdict::Quarantined);
    let forged = not_ours(|command| command.report = None);
    assert_eq!(verdict(&mut world, forged), ReceiptVerdict::Forged);
    let unknown = PaymentReport { payment: PaymentId::from_number(5), ..good.clone() };
    assert_eq!(world.notify(&unknown), ReceiptVerdict::Unmatched);
    assert_eq!(world.notify(&good), ReceiptVerdict::Applied);
    assert_eq!(world.notify(&good), ReceiptVerdict::Known);
    let again = PaymentReport { transaction: Some(Arc::from("t-other")), ..good };
    assert_eq!(world.notify(&again), ReceiptVerdict::Quarantined, "taken twice under another number");
    assert_eq!(world.all.receipts.len(), 14, "every notification is kept");
}

#[test]
fn a_contradicting_answer_stops_the_asking_and_waits_for_a_person() {
    let (mut world, order) = world();
    let payment = world.open(order);
    let message = world.messages()[0];
    let wrong = PaymentReport { amount: 1, ..report(&payment, ReportedState::Captured) };
    world.answer(&message, CallOutcome::Answered(ChannelReport::Payment(wrong)));
    let row = world.payment(payment.id);
    assert!(row.is_manual && row.query_at.is_none());
    assert_eq!(
        world.all.receipts.values().map(|receipt| receipt.verdict).collect::<Vec<_>>(),
        [ReceiptVerdict::Quarantined]
    );
    world.accept(&operator(Command::RefreshPayment(RefreshPayment { payment: payment.id })));
    assert!(!world.payment(payment.id).is_manual, "asking begins anew");
}

#[test]
fn calls_without_an_answer_end_an_attempt_only_when_they_had_no_effect() {
    let refused = || CallOutcome::Refused(Arc::from("no"));
    let table = [
        (CallOutcome::NotSent, PaymentStatus::Failed),
        (refused(), PaymentStatus::Failed),
        (lost(), PaymentStatus::Unknown),
    ];
    for (outcome, status) in table {
        let (mut world, order) = world();
        let payment = world.open(order);
        let message = world.messages()[0];
        world.answer(&message, outcome.clone());
        assert_eq!(world.payment(payment.id).status, status, "{outcome:?}");
        assert!(world.messages().is_empty(), "a message is tried once");
        let asks = world.timers().iter().any(|timer| timer.kind == TimerKind::AskChannels);
        assert_eq!(asks, status == PaymentStatus::Unknown);
    }
}

#[test]
fn an_unknown_attempt_is_only_ever_asked_about_and_closed() {
    let (mut world, order) = world();
    let payment = world.open(order);
    world.answer(&world.messages()[0].clone(), lost());
    world.wait(Span::seconds(5));
    world.fire();
    let query = world.messages()[0];
    assert_eq!(query.task, Task::QueryPayment(payment.id));
    world.answer(&query, said(&payment, ReportedState::NotFound));
    assert_eq!(world.messages()[0].task, Task::ClosePayment(payment.id), "it may still arrive: closing makes it final");
    let nameless = PaymentReport { amount: 0, ..report(&payment, ReportedState::Closed) };
    world.answer(&world.messages()[0].clone(), CallOutcome::Answered(ChannelReport::Payment(nameless)));
    assert_eq!(world.payment(payment.id).status, PaymentStatus::Closed, "it names no amount of what it never opened");
    world.open(order);
}

#[test]
fn asking_follows_the_ladder_and_comes_to_an_end() {
    let (mut world, order) = world();
    let payment = world.open(order);
    world.answer(&world.messages()[0].clone(), said(&payment, ReportedState::Open));
    let mut seen = Vec::new();
    while let Some(timer) = world.timers().into_iter().filter(|timer| timer.kind == TimerKind::AskChannels).min() {
        seen.push(timer.due.since(world.now).0 / 1_000_000);
        world.now = timer.due;
        world.accept(&operator(Command::AskChannels(order)));
        world.answer(&world.messages()[0].clone(), lost());
    }
    assert_eq!(&seen[..5], [5, 15, 30, 60, 60]);
    let minutes = seen.iter().filter(|pause| **pause == 60).count();
    let hours = seen.iter().filter(|pause| **pause == 3_600).count();
    assert_eq!(
        (minutes, hours),
        (45, 72),
        "each minute until half an hour behind the window, then hourly for three days"
    );
    assert!(world.payment(payment.id).is_manual);
}

#[test]
fn second_money_goes_back_whole_and_at_once() {
    let (mut world, order) = world();
    let second = world.open(order);
    let first = world.pay(order);
    world.notify(&report(&second, ReportedState::Captured));
    let row = world.order(order);
    assert_eq!((row.status, row.paid), (OrderStatus::Paid, 400));
    let refund = world.all.refunds.values().next().unwrap();
    assert_eq!((refund.payment, refund.amount, refund.cause), (second.id, 200, RefundCause::SecondMoney));
    assert_eq!(refund.status, RefundStatus::Requested);
    assert!(world.messages().iter().any(|message| message.task == Task::SendRefund(refund.id)));
    assert!(world.payment(first).counts && !world.payment(second.id).counts);
}

#[test]
fn late_money_goes_back_unless_the_order_can_come_back_to_life() {
    // (rule, stock is taken meanwhile, coupon is used meanwhile) -> the order lives again
    let table = [
        (LateMoney::Refund, false, false, false),
        (LateMoney::ReinstateIfStock, false, false, true),
        (LateMoney::ReinstateIfStock, true, false, false),
        (LateMoney::ReinstateIfStock, false, true, false),
    ];
    for (rule, stock_gone, coupon_gone, lives) in table {
        let mut world = World::shop();
        world.rules.payments.late_money = rule;
        let coupon = world.grant("u-1", "tenth");
        let order = world.place(&buyer(with_coupon(basket(&[("a", 2)]), coupon.id))).id;
        let payment = world.open(order);
        world.notify(&report(&payment, ReportedState::Closed));
        world.accept(&operator(cancel(order, None)));
        if stock_gone {
            world.accept(&operator(crate::world::adjust("a", -9)));
        }
        if coupon_gone {
            world.place(&buyer(with_coupon(basket(&[("b", 1)]), coupon.id)));
        }
        world.notify(&report(&payment, ReportedState::Captured));
        let row = world.order(order);
        let case = (rule, stock_gone, coupon_gone);
        assert_eq!(row.paid, 180, "{case:?}: money is recorded whatever becomes of it");
        assert_eq!(row.status, if lives { OrderStatus::Paid } else { OrderStatus::Cancelled }, "{case:?}");
        assert_eq!(world.all.refunds.len(), usize::from(!lives), "{case:?}");
        assert_eq!(world.payment(payment.id).counts, lives, "{case:?}");
        if lives {
            assert_eq!(world.all.coupons[&coupon.id].state, CouponState::Used);
            assert_eq!((world.stock("a").sold, world.stock("a").locked), (2, 0));
            assert_eq!(row.cancel_reason, None);
        }
    }
}

#[test]
fn the_window_does_not_refuse_money_that_is_there() {
    let (mut world, order) = world();
    let payment = world.open(order);
    world.wait(WINDOW);
    world.notify(&report(&payment, ReportedState::Captured));
    assert_eq!(world.order(order).status, OrderStatus::Paid);
    world.accept(&operator(close(order)));
    assert_eq!(world.order(order).status, OrderStatus::Paid);
}
