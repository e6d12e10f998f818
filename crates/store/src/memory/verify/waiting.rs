//! What waits in memory: timers and messages. Invariant 9.

use ordain_domain::{
    time::{Span, Timestamp},
    timer::{Timer, TimerKind},
};

use super::super::state::State;
use crate::invariants::{Checks, Rule, problem_of_message, problem_of_timer};

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
    for message in state.messages.values() {
        checks.examine(Rule::Outbox, message.id, problem_of_message(message, now, late_after));
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
