//! What holds of all money together after every command: invariants 4, 5, 6 and 9. Written from the rows alone.

use std::collections::BTreeMap;

use ordain_domain::{
    money::units_share,
    order::{Order, OrderStatus},
    outbox::{MessageChange, Task},
    payment::{OrderAccount, Payment},
    refund::{Refund, RefundStatus},
    timer::{Timer, TimerKind},
};

use crate::world::World;

/// Panics with the number of the first invariant that is broken.
pub(crate) fn check(world: &World) {
    for (id, order) in &world.all.orders {
        let account = world.account(*id);
        let payments: Vec<&Payment> = account.payments.iter().map(|id| world.all.payments[id].as_ref()).collect();
        let refunds: Vec<&Refund> = account.refunds.iter().map(|id| world.all.refunds[id].as_ref()).collect();
        sums(order, &account, &payments, &refunds);
        counting(order, &payments);
        lines(order, &account);
        next_steps(world, order, &payments, &refunds);
    }
    let of_orders: usize = world.all.accounts.values().map(|account| account.payments.len()).sum();
    assert_eq!(of_orders, world.all.payments.len(), "every attempt is on its order's account");
}

fn of_status(refunds: &[&Refund], is_done: bool) -> i64 {
    let counted = refunds.iter().filter(|refund| (refund.status == RefundStatus::Succeeded) == is_done);
    counted.map(|refund| refund.amount).sum()
}

fn sums(order: &Order, account: &OrderAccount, payments: &[&Payment], refunds: &[&Refund]) {
    let captured: i64 = payments.iter().map(|payment| payment.captured).sum();
    let books = (account.captured, account.refunded, account.refunding);
    assert_eq!(books, (captured, of_status(refunds, true), of_status(refunds, false)), "4: sums of {}", order.id);
    assert_eq!((order.refunded, order.paid), (account.refunded, account.captured), "4: the order and its account");
    assert!(account.refundable() >= 0, "4: {account:?}");
    for payment in payments {
        let own: Vec<&Refund> = refunds.iter().copied().filter(|refund| refund.payment == payment.id).collect();
        let sums = (of_status(&own, true), of_status(&own, false));
        assert_eq!((payment.refunded, payment.refunding), sums, "5: refunds of {}", payment.id);
        assert!(payment.refundable() >= 0, "5: {payment:?}");
    }
}

fn counting(order: &Order, payments: &[&Payment]) {
    let counted = payments.iter().filter(|payment| payment.counts).count();
    assert!(counted <= 1, "6: one attempt counts for {}", order.id);
    for payment in
        payments.iter().filter(|payment| payment.captured > 0 && !payment.counts && payment.after_sale.is_none())
    {
        assert_eq!(payment.refundable(), 0, "6: money that does not count goes back: {payment:?}");
    }
    if order.status == OrderStatus::Cancelled {
        let left: i64 = payments.iter().map(|payment| payment.refundable()).sum();
        assert_eq!(left, 0, "4: a cancelled order keeps no money ({})", order.id);
    } else if !order.status.is_unpaid() && order.placed.price.total > 0 {
        assert_eq!(counted, 1, "6: {} is paid by one attempt", order.id);
    }
}

fn lines(order: &Order, account: &OrderAccount) {
    for (line, of) in account.lines.iter().zip(&order.placed.lines) {
        let money = units_share(of.payable(), of.quantity, 0, line.units);
        let points = units_share(of.points, of.quantity, 0, line.units);
        assert_eq!((line.money, line.points), (money, points), "5: shares of {}", order.id);
    }
}

/// Whatever is open has a next step: a time, a message under way, or a person.
fn next_steps(world: &World, order: &Order, payments: &[&Payment], refunds: &[&Refund]) {
    for payment in payments.iter().filter(|payment| payment.status.is_open()) {
        assert!(payment.query_at.is_some() || payment.is_manual, "9: {payment:?} has no next step");
    }
    for refund in refunds.iter().filter(|refund| refund.is_open()) {
        let sent = world.all.messages.values().any(|change| match change {
            MessageChange::Written(message) => message.task == Task::SendRefund(refund.id),
            MessageChange::Dropped => false,
        });
        let has_next = sent || refund.next_at.is_some() || refund.status == RefundStatus::Manual;
        assert!(has_next, "9: {refund:?} has no next step");
    }
    let own = |kind| move |timer: &&Timer| timer.kind == kind && timer.order == order.id;
    let timers = world.timers();
    let due: BTreeMap<TimerKind, Vec<_>> = [TimerKind::AskChannels, TimerKind::WorkRefunds]
        .map(|kind| (kind, timers.iter().filter(own(kind)).map(|timer| timer.due).collect()))
        .into();
    let ask = payments.iter().filter_map(|payment| payment.query_at).min();
    let work = refunds.iter().filter_map(|refund| refund.next_at).min();
    assert_eq!(due[&TimerKind::AskChannels], ask.into_iter().collect::<Vec<_>>(), "9: asking about {}", order.id);
    assert_eq!(due[&TimerKind::WorkRefunds], work.into_iter().collect::<Vec<_>>(), "9: refunds of {}", order.id);
}
