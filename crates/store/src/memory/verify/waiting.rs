//! What waits in memory: timers, messages, open payments and refunds. Invariant 9.

use std::collections::BTreeSet;

use ordain_domain::{
    ids::RefundId,
    outbox::Task,
    payment::Payment,
    refund::Refund,
    time::{Span, Timestamp},
    timer::{Timer, TimerKind},
};

use super::super::state::State;
use crate::invariants::{
    Checks, Rule, problem_of_account_timers, problem_of_message, problem_of_payment_step, problem_of_refund_step,
    problem_of_timer,
};

/// Checks everything that waits.
pub(super) fn check(state: &State, checks: &mut Checks, now: Timestamp, late_after: Span) {
    for timer in &state.timers {
        let problem = problem_of_timer(timer, stands(state, timer), now, late_after);
        checks.examine(Rule::Timers, timer.order, problem);
    }
    for order in state.rows.orders.values().filter(|order| order.status.is_unpaid()) {
        let timer = Timer { due: state.due_of(order), kind: TimerKind::CloseOrder, order: order.id };
        let missing = !state.timers.contains(&timer);
        checks.examine(Rule::Timers, order.id, missing.then(|| "unpaid without its close timer".to_owned()));
    }
    accounts(state, checks);
    let mut refunds_in_outbox: BTreeSet<RefundId> = BTreeSet::new();
    for message in state.messages.values() {
        checks.examine(Rule::Outbox, message.id, problem_of_message(message, now, late_after));
        if let Task::SendRefund(refund) | Task::QueryRefund(refund) = message.task {
            refunds_in_outbox.insert(refund);
        }
    }
    for payment in state.rows.payments.values() {
        checks.examine(Rule::Steps, payment.id, problem_of_payment_step(payment));
    }
    for refund in state.rows.refunds.values() {
        let has_message = refunds_in_outbox.contains(&refund.id);
        checks.examine(Rule::Steps, refund.id, problem_of_refund_step(refund, has_message));
    }
}

/// The timers that an account names are those that follow from its rows, and each of them stands.
fn accounts(state: &State, checks: &mut Checks) {
    for (order, account) in &state.rows.accounts {
        let payments: Vec<Payment> = state.payments_of(*order).cloned().collect();
        let refunds: Vec<Refund> = state.refunds_of(*order).cloned().collect();
        checks.examine(Rule::Timers, order, problem_of_account_timers(account, &payments, &refunds));
        for (kind, due) in &account.timers {
            let is_set = state.timers.contains(&Timer { due: *due, kind: *kind, order: *order });
            checks.examine(Rule::Timers, order, (!is_set).then(|| format!("{kind:?} of its account is not set")));
        }
    }
}

/// When the order's timer of this kind shall fire, by what the order's own rows say.
fn stands(state: &State, timer: &Timer) -> Option<Timestamp> {
    let rows = &state.rows;
    match timer.kind {
        TimerKind::CloseOrder => {
            rows.orders.get(&timer.order).filter(|order| order.status.is_unpaid()).map(|order| state.due_of(order))
        }
        kind => rows.accounts.get(&timer.order).and_then(|account| account.timers.get(&kind)).copied(),
    }
}
