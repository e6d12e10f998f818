//! What follows from a channel's word on an attempt: the one path on which an attempt ends and money is taken, whoever brought
//! the word (an answer, a notification, a query).
//!
//! Money is recorded first, whatever became of the order meanwhile. Then it pays the order, or it goes back: money that
//! comes late by the rule that is set, a second payment always.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    after_sale,
    event::Event,
    ids::ReceiptId,
    order::{OrderStatus, cancel, settle},
    outbox::Task,
    payment::{
        Books, CallOutcome, ChannelReport, Payment, PaymentCaptured, PaymentEnded, PaymentReport, PaymentStatus,
        PaymentStep, PaymentSurplus, Receipt, ReceiptVerdict, ReportedState, SurplusCause, TransactionKey,
    },
    refund::{self, RefundCause},
    rules::LateMoney,
    scope::Scope,
};

/// Why a signed word cannot be true, or nothing. Compared are the payment, amount, currency, and to whom the money movement
/// belongs.
#[must_use]
pub(crate) fn contradiction(scope: &Scope<'_>, payment: &Payment, report: &PaymentReport) -> Option<&'static str> {
    if report.payment != payment.id {
        return Some("the answer is about another payment");
    }
    // No money comes of either, and a channel that closes what it was never told to open cannot name an amount.
    if matches!(report.state, ReportedState::NotFound | ReportedState::Closed) {
        return None;
    }
    if report.amount != payment.amount {
        return Some("the amount is not that of the payment");
    }
    if report.currency != payment.currency {
        return Some("the currency is not that of the payment");
    }
    if !report.state.is_captured() {
        return None;
    }
    let Some(transaction) = &report.transaction else { return Some("money was taken without a transaction number") };
    if payment.transaction.as_ref().is_some_and(|known| known != transaction) {
        return Some("the money was taken a second time under another transaction number");
    }
    match scope.transaction(&key_of(payment, transaction)) {
        Some(other) if other != payment.id => Some("the transaction belongs to another payment"),
        _ => None,
    }
}

/// Folds a report that contradicts nothing into its attempt, and does what follows. False when it said nothing new.
pub(crate) fn take_report(scope: &mut Scope<'_>, books: &mut Books, payment: &Payment, report: &PaymentReport) -> bool {
    let Some(next) = payment.fold(report, scope.now) else { return false };
    let next = books.put_payment(scope, next);
    let ended = PaymentEnded { payment: next.id };
    match next.status {
        PaymentStatus::Succeeded => take_money(scope, books, &next),
        PaymentStatus::Failed => books.record(scope, Event::PaymentFailed(ended)),
        PaymentStatus::Closed => books.record(scope, Event::PaymentClosed(ended)),
        PaymentStatus::Created | PaymentStatus::Pending | PaymentStatus::Unknown => {}
    }
    cancel::end_closing(scope, books, false);
    true
}

/// A channel's answer to a call. An answer that contradicts the attempt is kept as a quarantined receipt, and a person is
/// asked for; the attempt and its order stay as they are.
pub(crate) fn take_answer(
    scope: &mut Scope<'_>,
    books: &mut Books,
    payment: &Arc<Payment>,
    task: Task,
    report: &PaymentReport,
) {
    if report.state == ReportedState::NotFound {
        // The call that opens it may still be under way; closing makes the answer final, at any channel.
        if payment.status.is_open() && matches!(task, Task::QueryPayment(_)) && payment.status != PaymentStatus::Created
        {
            scope.send(payment.order, Task::ClosePayment(payment.id));
        }
        return;
    }
    match contradiction(scope, payment, report) {
        None => {
            take_report(scope, books, payment, report);
        }
        Some(_) if payment.is_manual => {}
        Some(note) => {
            let receipt = Receipt {
                id: ReceiptId::from_number(scope.mint.next(scope.now, payment.order.bucket())),
                channel: Arc::clone(&payment.channel),
                event_id: None,
                payment: Some(payment.id),
                report: Some(ChannelReport::Payment(report.clone())),
                headers: Arc::from(""),
                body: Arc::from(Vec::new()),
                arrived_at: scope.now,
                verdict: ReceiptVerdict::Quarantined,
                note: Some(Arc::from(note)),
                resolution: None,
            };
            scope.changes.receipts.insert(receipt.id, Arc::new(receipt));
            // An attempt that ended is asked about by nobody anyway; the receipt alone waits for a person.
            let is_manual = payment.status.is_open();
            let stopped = Payment { query_at: None, is_manual, ..payment.as_ref().clone() };
            books.put_payment(scope, stopped);
        }
    }
}

/// A call without an answer. Only the first call of an attempt, when it certainly was not sent or was refused, ends it; in
/// every other case the attempt is asked about until there is an answer.
pub(crate) fn take_silence(
    scope: &mut Scope<'_>,
    books: &mut Books,
    payment: &Payment,
    task: Task,
    outcome: &CallOutcome,
) {
    let had_no_effect = matches!(outcome, CallOutcome::NotSent | CallOutcome::Refused(_));
    match (task, had_no_effect) {
        (Task::OpenPayment(_), true) => {
            if let Some(failed) = payment.step(PaymentStep::Fail, scope.now) {
                let failed = books.put_payment(scope, Payment { query_at: None, ..failed });
                books.record(scope, Event::PaymentFailed(PaymentEnded { payment: failed.id }));
                cancel::end_closing(scope, books, false);
            }
        }
        (Task::OpenPayment(_) | Task::ClosePayment(_), false) => {
            if let Some(unknown) = payment.step(PaymentStep::LoseSight, scope.now) {
                books.put_payment(scope, unknown);
            }
        }
        _ => {}
    }
}

/// Money was taken: recorded first, then it pays the order or goes back.
fn take_money(scope: &mut Scope<'_>, books: &mut Books, payment: &Arc<Payment>) {
    if let Some(transaction) = &payment.transaction {
        scope.changes.transactions.insert(key_of(payment, transaction), payment.id);
    }
    books.account.captured += payment.captured;
    let captured =
        PaymentCaptured { payment: payment.id, amount: payment.captured, transaction: payment.transaction.clone() };
    books.record(scope, Event::PaymentCaptured(captured));
    if payment.after_sale.is_some() {
        if !after_sale::decide::take_difference(scope, books, payment) {
            give_back(scope, books, payment, SurplusCause::Late, RefundCause::LateMoney);
        }
        return;
    }
    match books.order.status {
        OrderStatus::PendingPayment | OrderStatus::Closing => {
            books.put_payment(scope, Payment { counts: true, ..payment.as_ref().clone() });
            settle::pay(scope, books);
            close_others(scope, books);
        }
        OrderStatus::Cancelled if books.counted_payment(scope).is_none() => take_late_money(scope, books, payment),
        _ => give_back(scope, books, payment, SurplusCause::Second, RefundCause::SecondMoney),
    }
}

fn take_late_money(scope: &mut Scope<'_>, books: &mut Books, payment: &Arc<Payment>) {
    let can_come_back =
        scope.rules.payments.late_money == LateMoney::ReinstateIfStock && settle::can_reinstate(scope, &books.order);
    if !can_come_back {
        return give_back(scope, books, payment, SurplusCause::Late, RefundCause::LateMoney);
    }
    record_surplus(scope, books, payment, SurplusCause::Late);
    books.put_payment(scope, Payment { counts: true, ..payment.as_ref().clone() });
    settle::reinstate(scope, books, payment.id);
}

fn give_back(scope: &mut Scope<'_>, books: &mut Books, payment: &Payment, cause: SurplusCause, why: RefundCause) {
    record_surplus(scope, books, payment, cause);
    refund::decide::give_back_payment(scope, books, payment, why);
}

fn record_surplus(scope: &mut Scope<'_>, books: &mut Books, payment: &Payment, cause: SurplusCause) {
    let surplus = PaymentSurplus { payment: payment.id, amount: payment.captured, cause };
    books.record(scope, Event::PaymentSurplus(surplus));
}

/// The order is paid: its other attempts shall take no more money.
fn close_others(scope: &mut Scope<'_>, books: &Books) {
    for other in books.payments(scope) {
        if other.status.is_open() {
            scope.send(other.order, Task::ClosePayment(other.id));
        }
    }
}

/// Name of a money movement of the attempt.
pub(crate) fn key_of(payment: &Payment, transaction: &Arc<str>) -> TransactionKey {
    TransactionKey { channel: Arc::clone(&payment.channel), transaction: Arc::clone(transaction) }
}
