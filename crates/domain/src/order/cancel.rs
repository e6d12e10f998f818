//! Ending an order, or units of it: somebody cancels it, or its payment window ends.
//!
//! An unpaid order without an open attempt ends at once; what it held goes back in the same decision. With an open attempt it
//! goes to `closing` and its channels are asked to close or to answer finally: paid wins, only "closed, unpaid" cancels. Where
//! no answer comes, the order ends at a hard limit, and money that comes later is given back. A merchant's cancel of paid
//! units that are not shipped gives their money back.
//!
//! Order of refusals of a cancel: `not_found`, `version_mismatch`, `order_state`, `invalid_request` (lines). Cancelling a
//! cancelled order is refused with `order_state`; a retry of the same request is told apart by its idempotency key. A cancel
//! of an order that is closing changes nothing and answers it. Closing never refuses: a timer that finds nothing left to do
//! is dropped.

use crate::{
    answer::Answer,
    coupon::{self, CouponStep},
    event::Event,
    order::{CancelOrder, CancelReason, CloseOrder, Order, OrderCancelled, OrderClosing, OrderStatus, UnitsCancelled},
    outbox::Task,
    payment::{Books, Closing, Payment, asking},
    points,
    refund::{self, RefundCause, RefundLine},
    refusal::Refusal,
    scope::Scope,
    stock,
    timer::{Timer, TimerChange, TimerKind},
};
use alloc::{format, sync::Arc, vec::Vec};

/// Cancels an order, or units of it.
///
/// # Errors
/// See the order of refusals above.
pub fn cancel(scope: &mut Scope<'_>, command: &CancelOrder) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, command.order)?;
    Refusal::check_version(command.expected_version, books.order.version)?;
    let status = books.order.status;
    match status {
        OrderStatus::PendingPayment => {
            if !command.lines.is_empty() {
                return Err(Refusal::invalid("/lines", "an unpaid order is cancelled as a whole"));
            }
            end_or_close(scope, &mut books, OrderCancelled { reason: command.reason, note: command.note.clone() });
        }
        OrderStatus::Closing => return Ok(Answer::Order(books.order)),
        OrderStatus::Paid | OrderStatus::PartiallyShipped if command.reason == CancelReason::Merchant => {
            cancel_paid(scope, &mut books, command)?;
        }
        _ => return Err(Refusal::OrderState { status }),
    }
    Ok(Answer::Order(books.close(scope)))
}

/// Closes an order whose payment window is over, or ends one that has been closing for too long. Never early: a close that
/// comes before its time does nothing and leaves the timer where it is.
///
/// # Errors
/// `not_found`.
pub fn close(scope: &mut Scope<'_>, command: CloseOrder) -> Result<Answer, Refusal> {
    let mut books = Books::open(scope, command.order)?;
    let due = match (books.order.status, &books.account.closing) {
        (OrderStatus::Closing, Some(closing)) => closing.until,
        _ => books.order.placed.expires_at,
    };
    if scope.now < due {
        return Ok(Answer::NothingToDo);
    }
    match books.order.status {
        OrderStatus::PendingPayment => {
            end_or_close(scope, &mut books, OrderCancelled { reason: CancelReason::Timeout, note: None });
        }
        OrderStatus::Closing => end_closing(scope, &mut books, true),
        _ => {
            drop_close_timer(scope, &books.order, None);
            return Ok(Answer::NothingToDo);
        }
    }
    Ok(Answer::Order(books.close(scope)))
}

/// Ends an unpaid order, at once or as soon as its channels have answered.
fn end_or_close(scope: &mut Scope<'_>, books: &mut Books, cancelled: OrderCancelled) {
    let open: Vec<Arc<Payment>> =
        books.payments(scope).into_iter().filter(|payment| payment.status.is_open()).collect();
    if open.is_empty() {
        return end_unpaid(scope, books, cancelled);
    }
    let until = scope.now.plus(scope.rules.payments.closing_max);
    move_close_timer(scope, books, until);
    for payment in open {
        scope.send(books.order.id, Task::ClosePayment(payment.id));
        // The ladder begins anew: how often it was asked before says nothing about the closing.
        let query_at = asking::next_query(scope, payment.expires_at, 0);
        let asked = Payment { query_at, queries: 0, is_manual: false, ..Arc::unwrap_or_clone(payment) };
        books.put_payment(scope, asked);
    }
    let OrderCancelled { reason, note } = cancelled;
    books.record(scope, Event::OrderClosing(OrderClosing { reason, note: note.clone() }));
    books.account.closing = Some(Closing { reason, note, until });
}

/// Ends a closing order once no attempt of it is open, or by force. An order that is not closing is left alone.
pub(crate) fn end_closing(scope: &mut Scope<'_>, books: &mut Books, by_force: bool) {
    let Some(closing) = books.account.closing.clone() else { return };
    let has_open = books.payments(scope).iter().any(|payment| payment.status.is_open());
    if books.order.status != OrderStatus::Closing || (has_open && !by_force) {
        return;
    }
    end_unpaid(scope, books, OrderCancelled { reason: closing.reason, note: closing.note });
}

/// Gives everything back that an unpaid order holds.
fn end_unpaid(scope: &mut Scope<'_>, books: &mut Books, cancelled: OrderCancelled) {
    let order = Arc::clone(&books.order);
    stock::decide::release(scope, order.id);
    if let Some(coupon) = order.placed.coupon {
        coupon::decide::step(scope, coupon, CouponStep::Release, order.id);
    }
    let user = &order.placed.user_id;
    if order.placed.price.points > 0 {
        points::decide::unfreeze(scope, user, order.placed.price.points, order.id);
    }
    let open = scope.open_orders(user);
    scope.changes.open_orders.insert(user.clone(), open.saturating_sub(1));
    drop_close_timer(scope, &order, books.account.closing.as_ref());
    books.account.closing = None;
    books.record(scope, Event::OrderCancelled(cancelled));
}

/// Drops the one timer of an unpaid order: at the end of its window, or while it is closing, at the hard limit.
pub(crate) fn drop_close_timer(scope: &mut Scope<'_>, order: &Order, closing: Option<&Closing>) {
    let due = closing.map_or(order.placed.expires_at, |closing| closing.until);
    let timer = Timer { due, kind: TimerKind::CloseOrder, order: order.id };
    scope.changes.timers.insert(timer, TimerChange::Dropped);
}

fn move_close_timer(scope: &mut Scope<'_>, books: &Books, due: crate::time::Timestamp) {
    drop_close_timer(scope, &books.order, None);
    let timer = Timer { due, kind: TimerKind::CloseOrder, order: books.order.id };
    scope.changes.timers.insert(timer, TimerChange::Set);
}

/// Cancels paid units that are not shipped, all of them or those that are named: stock comes back, and their money.
fn cancel_paid(scope: &mut Scope<'_>, books: &mut Books, command: &CancelOrder) -> Result<(), Refusal> {
    let order = Arc::clone(&books.order);
    let lines = units_to_cancel(&order, &command.lines)?;
    for unit in &lines {
        let sku = order.placed.lines[unit.line].sku.clone();
        stock::decide::take_back(scope, &sku, unit.quantity, order.id);
    }
    let is_whole = order.quantities.iter().enumerate().all(|(index, line)| {
        let ended: u32 = lines.iter().filter(|unit| unit.line == index).map(|unit| unit.quantity).sum();
        line.sum() == u64::from(ended) + u64::from(line.cancelled)
    });
    let event = if is_whole {
        Event::OrderCancelled(OrderCancelled { reason: command.reason, note: command.note.clone() })
    } else {
        Event::UnitsCancelled(UnitsCancelled { lines: lines.clone(), note: command.note.clone() })
    };
    books.record(scope, event);
    refund::decide::give_back_units(scope, books, &lines, RefundCause::Cancel, command.note.clone());
    Ok(())
}

/// The units that a merchant's cancel is about: those named, or every paid unit that is not shipped.
fn units_to_cancel(order: &Order, wanted: &[RefundLine]) -> Result<Vec<RefundLine>, Refusal> {
    if wanted.is_empty() {
        let unshipped = order.quantities.iter().enumerate().filter(|(_, line)| line.paid > 0);
        return Ok(unshipped.map(|(line, units)| RefundLine { line, quantity: units.paid }).collect());
    }
    let lines = refund::decide::merged(wanted);
    for unit in &lines {
        let at = wanted.iter().position(|line| line.line == unit.line).unwrap_or(0);
        let Some(line) = order.quantities.get(unit.line) else {
            return Err(Refusal::invalid_at(format!("/lines/{at}/line"), "is not a line of the order"));
        };
        if unit.quantity == 0 || unit.quantity > line.paid {
            let pointer = format!("/lines/{at}/quantity");
            return Err(Refusal::invalid_at(
                pointer,
                "must be from 1 to the paid units of the line that are not shipped",
            ));
        }
    }
    Ok(lines)
}
