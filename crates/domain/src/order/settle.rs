//! The total is covered: what an order held becomes what it has. And the way back to life for an order whose money came late.
//!
//! It is told that money came; whether it is the right money is decided in `payment`.

use crate::{
    coupon::{self, CouponState, CouponStep},
    event::Event,
    ids::PaymentId,
    order::{Order, OrderPaid, OrderReinstated, cancel::drop_close_timer, decide::record},
    payment::Books,
    points,
    scope::Scope,
    stock,
};
use alloc::sync::Arc;

/// Locks become sales, coupon and points are used, in one decision. `paid` is the money captured so far.
pub(crate) fn settle(scope: &mut Scope<'_>, order: &Order, paid: i64) -> Arc<Order> {
    stock::decide::deduct(scope, order.id);
    if let Some(coupon) = order.placed.coupon {
        coupon::decide::step(scope, coupon, CouponStep::Use, order.id);
    }
    if order.placed.price.points > 0 {
        points::decide::spend(scope, &order.placed.user_id, order.placed.price.points);
    }
    record(scope, Some(order), order.id, Event::OrderPaid(OrderPaid { paid }))
}

/// An unpaid order is paid: settled, no longer counted as unpaid, its close timer dropped.
pub(crate) fn pay(scope: &mut Scope<'_>, books: &mut Books) {
    let order = Arc::clone(&books.order);
    drop_close_timer(scope, &order, books.account.closing.as_ref());
    books.account.closing = None;
    let user = &order.placed.user_id;
    let open = scope.open_orders(user);
    scope.changes.open_orders.insert(user.clone(), open.saturating_sub(1));
    books.order = settle(scope, &order, order.paid);
}

/// Whether everything that a cancelled order had held can be had again: its stock, its coupon, its points.
pub(crate) fn can_reinstate(scope: &Scope<'_>, order: &Order) -> bool {
    let locks = scope.locks(order.id).cloned().unwrap_or_default();
    let in_stock = locks.iter().all(|lock| {
        let available = scope.stock(&lock.sku).map_or(0, stock::Stock::available);
        i64::try_from(lock.quantity).is_ok_and(|quantity| quantity <= available)
    });
    let coupon = order
        .placed
        .coupon
        .is_none_or(|coupon| scope.coupon(coupon).is_some_and(|coupon| coupon.state == CouponState::Granted));
    let points = order.placed.price.points;
    in_stock && coupon && (points == 0 || points::decide::current(scope, &order.placed.user_id).balance >= points)
}

/// Takes it all again and makes the order a paid one. Only after [`can_reinstate`] said yes.
pub(crate) fn reinstate(scope: &mut Scope<'_>, books: &mut Books, payment: PaymentId) {
    let order = Arc::clone(&books.order);
    stock::decide::take_again(scope, order.id);
    if let Some(coupon) = order.placed.coupon {
        coupon::decide::step(scope, coupon, CouponStep::Freeze, order.id);
        coupon::decide::step(scope, coupon, CouponStep::Use, order.id);
    }
    let points = order.placed.price.points;
    if points > 0 {
        points::decide::freeze(scope, &order.placed.user_id, points, order.id)
            .expect("can_reinstate saw that the balance is large enough");
        points::decide::spend(scope, &order.placed.user_id, points);
    }
    books.record(scope, Event::OrderReinstated(OrderReinstated { payment }));
}
