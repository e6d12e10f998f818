//! The books of one order as a decision works on them: the order, its account, and what hangs on both.
//!
//! Whoever changes an attempt, a refund, a parcel or an after-sale opens the books, and closes them at the end: closing sets the timers that follow
//! from the rows, tells when the order is shipped, delivered or completed, and writes the account. It decides nothing else.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    after_sale::AfterSale,
    event::Event,
    ids::{AfterSaleId, OrderId, PaymentId, RefundId, ShipmentId},
    money,
    order::{Order, OrderCompleted, OrderDelivered, OrderShipped, OrderStatus, decide::record},
    payment::{OrderAccount, Payment},
    points,
    refund::Refund,
    refusal::{Refusal, Thing},
    scope::Scope,
    shipment::Shipment,
    time::Timestamp,
    timer::{Timer, TimerChange, TimerKind},
};

/// The opened books of one order.
#[derive(Debug)]
pub struct Books {
    /// The order as the decision has left it so far.
    pub order: Arc<Order>,
    /// Its account as the decision has left it so far.
    pub account: OrderAccount,
    before: Option<Arc<OrderAccount>>,
    status_before: OrderStatus,
}

impl Books {
    /// Opens the books of an order.
    ///
    /// # Errors
    /// `not_found`.
    pub fn open(scope: &Scope<'_>, id: OrderId) -> Result<Books, Refusal> {
        let order = scope.order(id).cloned().ok_or(Refusal::NotFound { thing: Thing::Order })?;
        let before = scope.account(id).cloned();
        let account = before.as_deref().cloned().unwrap_or_else(|| OrderAccount::empty(id));
        let status_before = order.status;
        Ok(Books { order, account, before, status_before })
    }

    /// Appends the order's next event.
    pub fn record(&mut self, scope: &mut Scope<'_>, event: Event) {
        self.order = record(scope, Some(&self.order), self.order.id, event);
    }

    /// The order's attempts, oldest first.
    #[must_use]
    pub fn payments(&self, scope: &Scope<'_>) -> Vec<Arc<Payment>> {
        let row = |id: &PaymentId| scope.payment(*id).cloned().expect("the account names only attempts that are there");
        self.account.payments.iter().map(row).collect()
    }

    /// The order's refunds, oldest first.
    #[must_use]
    pub fn refunds(&self, scope: &Scope<'_>) -> Vec<Arc<Refund>> {
        let row = |id: &RefundId| scope.refund(*id).cloned().expect("the account names only refunds that are there");
        self.account.refunds.iter().map(row).collect()
    }

    /// The order's parcels, oldest first.
    #[must_use]
    pub fn shipments(&self, scope: &Scope<'_>) -> Vec<Arc<Shipment>> {
        let row =
            |id: &ShipmentId| scope.shipment(*id).cloned().expect("the account names only parcels that are there");
        self.account.shipments.iter().map(row).collect()
    }

    /// The order's after-sales, oldest first.
    #[must_use]
    pub fn after_sales(&self, scope: &Scope<'_>) -> Vec<Arc<AfterSale>> {
        let row = |id: &AfterSaleId| {
            scope.after_sale(*id).cloned().expect("the account names only after-sales that are there")
        };
        self.account.after_sales.iter().map(row).collect()
    }

    /// Whether an after-sale may still bring units of the order back.
    #[must_use]
    pub fn waits_for_goods(&self, scope: &Scope<'_>) -> bool {
        self.after_sales(scope).iter().any(|after_sale| after_sale.status.claims_units())
    }

    /// The attempt whose money pays the order.
    #[must_use]
    pub fn counted_payment(&self, scope: &Scope<'_>) -> Option<Arc<Payment>> {
        self.payments(scope).into_iter().find(|payment| payment.counts)
    }

    /// Writes an attempt.
    ///
    /// # Panics
    /// When more would be given back than was taken: invariant 5.
    pub fn put_payment(&mut self, scope: &mut Scope<'_>, payment: Payment) -> Arc<Payment> {
        assert!(
            payment.refundable() >= 0 && payment.refunding >= 0,
            "invariant 5: refunds <= captured ({})",
            payment.id
        );
        let payment = Arc::new(payment);
        scope.changes.payments.insert(payment.id, Arc::clone(&payment));
        payment
    }

    /// Writes a refund.
    pub fn put_refund(&mut self, scope: &mut Scope<'_>, refund: Refund) -> Arc<Refund> {
        let refund = Arc::new(refund);
        scope.changes.refunds.insert(refund.id, Arc::clone(&refund));
        refund
    }

    /// Writes a parcel.
    pub fn put_shipment(&mut self, scope: &mut Scope<'_>, shipment: Shipment) -> Arc<Shipment> {
        let shipment = Arc::new(shipment);
        scope.changes.shipments.insert(shipment.id, Arc::clone(&shipment));
        shipment
    }

    /// Writes an after-sale.
    pub fn put_after_sale(&mut self, scope: &mut Scope<'_>, after_sale: AfterSale) -> Arc<AfterSale> {
        let after_sale = Arc::new(after_sale);
        scope.changes.after_sales.insert(after_sale.id, Arc::clone(&after_sale));
        after_sale
    }

    /// Sets the order's timer of a kind, or drops it.
    pub fn set_timer(&mut self, scope: &mut Scope<'_>, kind: TimerKind, due: Option<Timestamp>) {
        let order = self.order.id;
        let old = self.account.timers.get(&kind).copied();
        if old == due {
            return;
        }
        if let Some(due) = old {
            scope.changes.timers.insert(Timer { due, kind, order }, TimerChange::Dropped);
            self.account.timers.remove(&kind);
        }
        if let Some(due) = due {
            scope.changes.timers.insert(Timer { due, kind, order }, TimerChange::Set);
            self.account.timers.insert(kind, due);
        }
    }

    /// Sets the timers that follow from the rows, and writes the account if it changed.
    ///
    /// # Panics
    /// When the account is not sound: invariants 4 and 5.
    pub fn close(mut self, scope: &mut Scope<'_>) -> Arc<Order> {
        self.tell_progress(scope);
        self.set_timers(scope);
        if self.before.as_deref() != Some(&self.account) && self.account != OrderAccount::empty(self.order.id) {
            assert!(
                self.account.is_sound(&self.order.placed.lines),
                "invariant 4: captured - refunded - refunding >= 0, also by line ({})",
                self.order.id
            );
            self.account.version += 1;
            scope.changes.accounts.insert(self.order.id, Arc::new(self.account));
        }
        self.order
    }

    /// Tells that the order is shipped, delivered or completed as a whole. A completed order earns points.
    fn tell_progress(&mut self, scope: &mut Scope<'_>) {
        if self.order.status == self.status_before {
            return;
        }
        match self.order.status {
            OrderStatus::Shipped => self.record(scope, Event::OrderShipped(OrderShipped {})),
            OrderStatus::Delivered => self.record(scope, Event::OrderDelivered(OrderDelivered {})),
            OrderStatus::Completed => {
                let points = money::earned_points(self.account.refundable(), scope.rules.fulfilment.points_per_100);
                if points > 0 {
                    points::decide::earn(scope, &self.order.placed.user_id, points, self.order.id);
                }
                self.record(scope, Event::OrderCompleted(OrderCompleted { points }));
            }
            _ => {}
        }
    }

    fn set_timers(&mut self, scope: &mut Scope<'_>) {
        let ask = self.payments(scope).iter().filter_map(|payment| payment.query_at).min();
        self.set_timer(scope, TimerKind::AskChannels, ask);
        let work = self.refunds(scope).iter().filter_map(|refund| refund.next_at).min();
        self.set_timer(scope, TimerKind::WorkRefunds, work);
        let shipments = self.shipments(scope);
        let confirm = shipments.iter().filter_map(|shipment| shipment.confirm_due).min();
        let confirm = confirm.filter(|_| !self.waits_for_goods(scope));
        self.set_timer(scope, TimerKind::ConfirmReceipt, confirm);
        let carriers = shipments.iter().filter_map(|shipment| shipment.ask_at).min();
        self.set_timer(scope, TimerKind::AskCarriers, carriers);
        let after_sales = self.after_sales(scope).iter().filter_map(|after_sale| after_sale.due()).min();
        self.set_timer(scope, TimerKind::WorkAfterSales, after_sales);
    }
}
