//! Ending an unpaid order: somebody cancels it, or its payment window ends. What it held goes back in the same decision.
//!
//! Order of refusals of a cancel: `not_found`, `version_mismatch`, `order_state`. Cancelling a cancelled order is refused
//! with `order_state`; a retry of the same request is told apart by its idempotency key. Closing never refuses: a timer
//! that finds nothing left to do is dropped.

use crate::{
    answer::Answer,
    coupon::{self, CouponStep},
    event::Event,
    machine,
    order::{CancelOrder, CancelReason, CloseOrder, ORDER_EDGES, Order, OrderCancelled, OrderStep, decide::record},
    points,
    refusal::{Refusal, Thing},
    scope::Scope,
    stock,
    timer::{Timer, TimerChange, TimerKind},
};
use alloc::sync::Arc;

/// Cancels an unpaid order.
///
/// # Errors
/// See the order of refusals above.
pub fn cancel(scope: &mut Scope<'_>, command: &CancelOrder) -> Result<Answer, Refusal> {
    let order = scope.order(command.order).cloned().ok_or(Refusal::NotFound { thing: Thing::Order })?;
    Refusal::check_version(command.expected_version, order.version)?;
    if machine::next(ORDER_EDGES, Some(order.status), OrderStep::Cancel).is_none() {
        return Err(Refusal::OrderState { status: order.status });
    }
    let cancelled = OrderCancelled { reason: command.reason, note: command.note.clone() };
    Ok(Answer::Order(end_unpaid(scope, &order, cancelled)))
}

/// Closes an order whose payment window is over. Never early: a close that comes before its time does nothing and leaves
/// the timer where it is.
///
/// # Errors
/// `not_found`.
pub fn close(scope: &mut Scope<'_>, command: CloseOrder) -> Result<Answer, Refusal> {
    let order = scope.order(command.order).cloned().ok_or(Refusal::NotFound { thing: Thing::Order })?;
    if scope.now < order.placed.expires_at {
        return Ok(Answer::NothingToDo);
    }
    if machine::next(ORDER_EDGES, Some(order.status), OrderStep::Close).is_none() {
        drop_close_timer(scope, &order);
        return Ok(Answer::NothingToDo);
    }
    let cancelled = OrderCancelled { reason: CancelReason::Timeout, note: None };
    Ok(Answer::Order(end_unpaid(scope, &order, cancelled)))
}

/// Gives everything back that an unpaid order holds.
fn end_unpaid(scope: &mut Scope<'_>, order: &Order, cancelled: OrderCancelled) -> Arc<Order> {
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
    drop_close_timer(scope, order);
    record(scope, Some(order), order.id, Event::OrderCancelled(cancelled))
}

fn drop_close_timer(scope: &mut Scope<'_>, order: &Order) {
    let timer = Timer { due: order.placed.expires_at, kind: TimerKind::CloseOrder, order: order.id };
    scope.changes.timers.insert(timer, TimerChange::Dropped);
}
