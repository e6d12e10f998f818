//! What waits for later: timers, messages, open payments and refunds. Invariant 9.
//!
//! Rows are handed in; it finds none.

use ordain_domain::{
    outbox::Message,
    payment::{OrderAccount, Payment},
    refund::{Refund, RefundStatus},
    time::{Span, Timestamp},
    timer::{Timer, TimerKind},
};

/// Invariant 9 for one timer that stands. `stands` is when the timer of its kind shall fire by what its order's rows say,
/// none when it shall not.
#[must_use]
pub fn problem_of_timer(timer: &Timer, stands: Option<Timestamp>, now: Timestamp, late_after: Span) -> Option<String> {
    if stands != Some(timer.due) {
        return Some(format!("{:?} is set for {:?}, its order says {stands:?}", timer.kind, timer.due));
    }
    (timer.due.plus(late_after) < now).then(|| format!("{:?} was due at {:?}", timer.kind, timer.due))
}

/// Invariant 9 for the timers that an account names: those that follow from its payments and refunds. That each of them
/// stands is asked of the store.
#[must_use]
pub fn problem_of_account_timers(account: &OrderAccount, payments: &[Payment], refunds: &[Refund]) -> Option<String> {
    let table = [
        (TimerKind::AskChannels, payments.iter().filter_map(|payment| payment.query_at).min()),
        (TimerKind::WorkRefunds, refunds.iter().filter_map(|refund| refund.next_at).min()),
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
pub fn problem_of_payment_step(payment: &Payment) -> Option<String> {
    let status = payment.status.as_str();
    match (payment.status.is_open(), payment.query_at) {
        (true, None) if !payment.is_manual => Some(format!("it is {status}, and nobody asks about it")),
        (false, Some(at)) => Some(format!("it is {status}, and is asked about at {at:?}")),
        _ => None,
    }
}

/// Invariant 9 for one refund; `has_message` says whether a message about it is in the outbox.
#[must_use]
pub fn problem_of_refund_step(refund: &Refund, has_message: bool) -> Option<String> {
    let goes_on = match refund.status {
        RefundStatus::Succeeded => refund.next_at.is_none(),
        RefundStatus::Manual => true,
        RefundStatus::Requested => has_message || refund.next_at.is_some(),
        RefundStatus::Sent | RefundStatus::Unknown | RefundStatus::Failed => refund.next_at.is_some(),
    };
    (!goes_on).then(|| format!("it is {}, its next step at {:?}", refund.status.as_str(), refund.next_at))
}
