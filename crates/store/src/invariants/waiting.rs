//! What waits for later: timers, messages, open payments and refunds. Invariant 9.
//!
//! Rows are handed in; it finds none.

use ordain_domain::{
    after_sale::{AfterSale, AfterSaleStatus},
    outbox::Message,
    payment::Payment,
    refund::{Refund, RefundStatus},
    shipment::Shipment,
    time::{Span, Timestamp},
    timer::{Timer, TimerKind},
};

use super::OrderBooks;

/// Invariant 9 for one timer that stands. `stands` is when the timer of its kind shall fire by what its order's rows say,
/// none when it shall not.
#[must_use]
pub fn problem_of_timer(timer: &Timer, stands: Option<Timestamp>, now: Timestamp, late_after: Span) -> Option<String> {
    if stands != Some(timer.due) {
        return Some(format!("{:?} is set for {:?}, its order says {stands:?}", timer.kind, timer.due));
    }
    (timer.due.plus(late_after) < now).then(|| format!("{:?} was due at {:?}", timer.kind, timer.due))
}

/// Invariant 9 for the timers that an account names: those that follow from the rows that it names. That each of them stands is
/// asked of the store.
#[must_use]
pub(super) fn problem_of_account_timers(books: &OrderBooks<'_>) -> Option<String> {
    let account = books.account?;
    let waits_for_goods = books.after_sales.iter().any(|after_sale| after_sale.status.claims_units());
    let confirm = books.shipments.iter().filter_map(|shipment| shipment.confirm_due).min();
    let table = [
        (TimerKind::AskChannels, books.payments.iter().filter_map(|payment| payment.query_at).min()),
        (TimerKind::WorkRefunds, books.refunds.iter().filter_map(|refund| refund.next_at).min()),
        (TimerKind::ConfirmReceipt, confirm.filter(|_| !waits_for_goods)),
        (TimerKind::AskCarriers, books.shipments.iter().filter_map(|shipment| shipment.ask_at).min()),
        (TimerKind::WorkAfterSales, books.after_sales.iter().filter_map(AfterSale::due).min()),
    ];
    table.into_iter().find_map(|(kind, expected)| {
        let named = account.timers.get(&kind).copied();
        (named != expected).then(|| format!("{kind:?} is named for {named:?}, its rows say {expected:?}"))
    })
}

/// Invariant 9 for one message of the outbox.
#[must_use]
pub fn problem_of_message(message: &Message, now: Timestamp, late_after: Span) -> Option<String> {
    let late = message.created_at.plus(late_after) < now;
    late.then(|| format!("{} of {} has waited since {:?}", message.task.as_str(), message.order, message.created_at))
}

/// Invariant 9 for one attempt.
#[must_use]
pub(super) fn problem_of_payment_step(payment: &Payment) -> Option<String> {
    let status = payment.status.as_str();
    match (payment.status.is_open(), payment.query_at) {
        (true, None) if !payment.is_manual => Some(format!("it is {status}, and nobody asks about it")),
        (false, Some(at)) => Some(format!("it is {status}, and is asked about at {at:?}")),
        _ => None,
    }
}

/// Invariant 9 for one refund; `has_message` says whether a message about it is in the outbox.
#[must_use]
pub(super) fn problem_of_refund_step(refund: &Refund, has_message: bool) -> Option<String> {
    let goes_on = match refund.status {
        RefundStatus::Succeeded => refund.next_at.is_none(),
        RefundStatus::Manual => true,
        RefundStatus::Requested => has_message || refund.next_at.is_some(),
        RefundStatus::Sent | RefundStatus::Unknown | RefundStatus::Failed => refund.next_at.is_some(),
    };
    (!goes_on).then(|| format!("it is {}, its next step at {:?}", refund.status.as_str(), refund.next_at))
}

/// Invariant 9 for one parcel: what is with the buyer is confirmed one day.
#[must_use]
pub(super) fn problem_of_shipment_step(shipment: &Shipment) -> Option<String> {
    let waits = shipment.is_with_buyer() && !shipment.units().is_empty();
    (waits && shipment.confirm_due.is_none())
        .then(|| String::from("it is with the buyer, and nobody confirms its receipt"))
}

/// Invariant 9 for what a store repeats of an after-sale's deadline, so that its scan need not read the rest: it is the domain's.
#[must_use]
pub fn problem_of_due(after_sale: &AfterSale, stored: Option<Timestamp>) -> Option<String> {
    let due = after_sale.due();
    (stored != due).then(|| format!("it is found as due at {stored:?}, it is due at {due:?}"))
}

/// Invariant 9 for one after-sale: it has a deadline, is in the hands of the shop, or waits for an open refund.
#[must_use]
pub(super) fn problem_of_after_sale_step(after_sale: &AfterSale, refunds: &[Refund]) -> Option<String> {
    let due = after_sale.due();
    let goes_on = match after_sale.status {
        AfterSaleStatus::Requested | AfterSaleStatus::Approved | AfterSaleStatus::Received => due.is_some(),
        AfterSaleStatus::Returning | AfterSaleStatus::Reshipping => true,
        AfterSaleStatus::Refunding => {
            refunds.iter().any(|refund| refund.is_open() && after_sale.refunds.contains(&refund.id))
        }
        AfterSaleStatus::Rejected | AfterSaleStatus::Withdrawn | AfterSaleStatus::Completed => due.is_none(),
    };
    (!goes_on).then(|| format!("it is {}, its next step at {due:?}", after_sale.status.as_str()))
}
