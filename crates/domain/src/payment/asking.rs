//! When a channel is asked without being told: the ladder for attempts whose notification did not come.
//!
//! Every plan of asking has a stated end (hyperswitch#2380): then the attempt is `manual`, and `ops/stuck` shows it. This
//! room only says when; the asking itself is a message.

use alloc::sync::Arc;

use crate::{
    answer::Answer,
    ids::OrderId,
    order::OrderStatus,
    outbox::Task,
    payment::{Books, Payment},
    refusal::Refusal,
    scope::Scope,
    time::{Span, Timestamp},
};

/// While an order is closing, its stock waits for the answer: its channels are asked at least this often.
const CLOSING: Span = Span::seconds(15);
/// The interval of asking once the regular one has ended.
const HOURLY: Span = Span::seconds(3_600);

/// When an attempt is asked about next, after it was asked `queries` times; none when asking has come to its end.
#[must_use]
pub(crate) fn next_query(scope: &Scope<'_>, expires_at: Timestamp, queries: u32) -> Option<Timestamp> {
    let rules = &scope.rules.payments;
    let pause = match rules.first_queries.get(queries as usize) {
        Some(pause) => *pause,
        None if scope.now < expires_at.plus(rules.poll_for) => rules.poll_interval,
        None if scope.now < expires_at.plus(rules.give_up_after) => HOURLY.max(rules.poll_interval),
        None => return None,
    };
    Some(scope.now.plus(pause))
}

/// Asks about every attempt of an order that is due. While the order is closing, an attempt is not asked about but closed.
///
/// # Errors
/// `not_found`.
pub(crate) fn ask_channels(scope: &mut Scope<'_>, order: OrderId) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, order)?;
    let is_closing = books.order.status == OrderStatus::Closing;
    for payment in books.payments(scope) {
        if payment.query_at.is_none_or(|due| scope.now < due) {
            continue;
        }
        let task = if is_closing { Task::ClosePayment(payment.id) } else { Task::QueryPayment(payment.id) };
        let mut query_at = next_query(scope, payment.expires_at, payment.queries + 1);
        if is_closing {
            query_at = query_at.map(|due| due.min(scope.now.plus(CLOSING)));
        }
        let asked = Payment {
            query_at,
            queries: payment.queries + 1,
            is_manual: query_at.is_none(),
            ..Arc::unwrap_or_clone(payment)
        };
        books.put_payment(scope, asked);
        scope.send(order, task);
    }
    books.close(scope);
    Ok(Answer::NothingToDo)
}
