//! The order as a fold over its events: where each unit stands, and the status that follows from it.
//!
//! `apply` is the only code that changes an order, for decisions and for replay alike; so fold(events) = state by
//! construction, and `verify` compares it with the stored row. It checks nothing but that an event can follow.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    after_sale::AfterSaleApproved,
    event::{Event, EventRecord, Subject},
    ids::{EventId, OrderId},
    machine,
    order::{CancelReason, ORDER_EDGES, Order, OrderCancelled, OrderStatus, OrderStep, Placed, Quantities},
    price::PricedLine,
    refund::RefundLine,
};

impl Order {
    /// The order after `record`, which must be its next event; `None` when it is not.
    #[must_use]
    pub fn apply(order: Option<&Order>, record: &EventRecord) -> Option<Order> {
        let Subject::Order(id) = record.subject else { return None };
        let version = order.map_or(0, |order| order.version);
        if record.seq != version + 1 || order.is_some_and(|order| order.id != id) {
            return None;
        }
        let mut next = match (&record.event, order) {
            (Event::OrderPlaced(placed), None) => Order::placed(id, Arc::clone(placed), record.id),
            (event, Some(order)) => order.after(event)?,
            _ => return None,
        };
        next.version = record.seq;
        next.updated_at = record.at;
        next.last_event = record.id;
        let whole = next.placed.lines.iter().zip(&next.quantities).all(|(l, q)| q.sum() == u64::from(l.quantity));
        assert!(whole, "the quantity buckets of a line add up to its quantity ({id})");
        Some(next)
    }

    /// Folds an order's events, oldest first. `None` when there is none or one does not follow from those before it.
    #[must_use]
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a EventRecord>) -> Option<Order> {
        let mut order = None;
        for record in records {
            order = Some(Order::apply(order.as_ref(), record)?);
        }
        order
    }

    fn placed(id: OrderId, placed: Arc<Placed>, event: EventId) -> Order {
        let held = |line: &PricedLine| Quantities { held: line.quantity, ..Quantities::default() };
        Order {
            id,
            status: OrderStatus::PendingPayment,
            cancel_reason: None,
            paid: 0,
            refunded: 0,
            quantities: placed.lines.iter().map(held).collect(),
            version: 0,
            updated_at: placed.placed_at,
            first_event: event,
            last_event: event,
            placed,
        }
    }

    fn after(&self, event: &Event) -> Option<Order> {
        match event {
            Event::OrderPaid(paid) => {
                let quantities = self.each(|line| Quantities { held: 0, paid: line.paid + line.held, ..line });
                Some(Order { paid: paid.paid, quantities, ..self.stepped(OrderStep::Pay)? })
            }
            Event::OrderClosing(_) => self.stepped(OrderStep::BeginClosing),
            Event::OrderCancelled(cancelled) => self.cancelled(cancelled),
            Event::OrderReinstated(_) => {
                let quantities = self.each(|line| Quantities { cancelled: 0, paid: line.cancelled, ..line });
                Some(Order { cancel_reason: None, quantities, ..self.stepped(OrderStep::Reinstate)? })
            }
            Event::UnitsCancelled(units) => self.moved(&units.lines, |line, count| {
                Some(Quantities { paid: line.paid.checked_sub(count)?, cancelled: line.cancelled + count, ..line })
            }),
            Event::ShipmentCreated(created) => self.moved(&created.lines, |line, count| {
                Some(Quantities { paid: line.paid.checked_sub(count)?, shipped: line.shipped + count, ..line })
            }),
            Event::ShipmentDelivered(delivered) => self.moved(&delivered.lines, |line, count| {
                Some(Quantities { delivered: line.delivered + count, ..line.parcel_less(count, false)? })
            }),
            Event::ShipmentUpdated(updated) => self.moved(&updated.waiting, |line, count| {
                Some(Quantities { paid: line.paid + count, ..line.parcel_less(count, updated.was_delivered)? })
            }),
            Event::ShipmentConfirmed(confirmed) => self.moved(&confirmed.lines, |line, count| {
                let left = line.parcel_less(count, confirmed.was_delivered)?;
                Some(Quantities { confirmed: line.confirmed + count, ..left })
            }),
            Event::AfterSaleApproved(approved) => self.agreed(approved),
            Event::AfterSaleReceived(received) => self.moved(&received.accepted(), |line, count| {
                let left = line.buyer_less(count)?;
                Some(Quantities { returned: line.returned + count, ..left })
            }),
            Event::PaymentCaptured(captured) => Some(Order { paid: self.paid + captured.amount, ..self.clone() }),
            Event::RefundSucceeded(refund) => Some(Order { refunded: self.refunded + refund.amount, ..self.clone() }),
            Event::PaymentOpened(_)
            | Event::PaymentFailed(_)
            | Event::PaymentClosed(_)
            | Event::PaymentSurplus(_)
            | Event::RefundRequested(_)
            | Event::RefundFailed(_)
            | Event::RefundRetried(_)
            | Event::OrderShipped(_)
            | Event::OrderDelivered(_)
            | Event::OrderCompleted(_)
            | Event::AfterSaleOpened(_)
            | Event::AfterSaleRejected(_)
            | Event::AfterSaleWithdrawn(_)
            | Event::AfterSaleShippedBack(_)
            | Event::ReplacementReleased(_)
            | Event::AfterSaleReshipped(_)
            | Event::AfterSaleClosed(_) => Some(self.clone()),
            Event::OrderPlaced(_)
            | Event::StockAdjusted(_)
            | Event::CouponGranted(_)
            | Event::PointsAdjusted(_)
            | Event::LetterSkipped(_)
            | Event::LetterReplayed(_)
            | Event::ConsumerRewound(_)
            | Event::WebhookDisabled(_) => None,
        }
    }

    /// Units that are given up on their way are done with; those that the buyer keeps stay there for good.
    fn agreed(&self, approved: &AfterSaleApproved) -> Option<Order> {
        let kept = self.moved(&approved.kept, |line, count| {
            let left = line.buyer_less(count)?;
            Some(Quantities { confirmed: left.confirmed + count, ..left })
        })?;
        kept.moved(&approved.given_up, |line, count| {
            Some(Quantities { returned: line.returned + count, ..line.parcel_less(count, false)? })
        })
    }

    fn cancelled(&self, cancelled: &OrderCancelled) -> Option<Order> {
        let step = if cancelled.reason == CancelReason::Timeout { OrderStep::Close } else { OrderStep::Cancel };
        let quantities = self.each(|line| {
            let ended = line.cancelled + line.held + line.paid;
            Quantities { held: 0, paid: 0, cancelled: ended, ..line }
        });
        Some(Order { cancel_reason: Some(cancelled.reason), quantities, ..self.stepped(step)? })
    }

    fn stepped(&self, step: OrderStep) -> Option<Order> {
        let status = machine::next(ORDER_EDGES, Some(self.status), step)?;
        Some(Order { status, ..self.clone() })
    }

    fn each(&self, step: impl Fn(Quantities) -> Quantities) -> Vec<Quantities> {
        self.quantities.iter().copied().map(step).collect()
    }

    /// The order after units of some lines went from bucket to bucket. The status follows; `None` when a bucket has too few
    /// units, there is no such line, or the machine has no such edge.
    fn moved(&self, units: &[RefundLine], step: impl Fn(Quantities, u32) -> Option<Quantities>) -> Option<Order> {
        let mut quantities = self.quantities.clone();
        for unit in units {
            let line = quantities.get_mut(unit.line)?;
            *line = step(*line, unit.quantity)?;
        }
        let status = status_of(&quantities);
        let can_follow =
            status == self.status || ORDER_EDGES.iter().any(|edge| edge.from == Some(self.status) && edge.to == status);
        can_follow.then(|| Order { status, quantities, ..self.clone() })
    }
}

/// The status of an order that was paid: a function of where its units stand, and of nothing else.
#[must_use]
pub fn status_of(quantities: &[Quantities]) -> OrderStatus {
    let sum = |bucket: fn(&Quantities) -> u32| quantities.iter().map(|line| u64::from(bucket(line))).sum::<u64>();
    let (waiting, on_the_way, with_buyer) =
        (sum(|line| line.paid), sum(|line| line.shipped), sum(|line| line.delivered));
    let done = sum(|line| line.confirmed) + sum(|line| line.returned);
    match (waiting, on_the_way + with_buyer + done) {
        (0, 0) => OrderStatus::Cancelled,
        (0, _) if on_the_way > 0 => OrderStatus::Shipped,
        (0, _) if with_buyer > 0 => OrderStatus::Delivered,
        (0, _) => OrderStatus::Completed,
        (_, 0) => OrderStatus::Paid,
        (_, _) => OrderStatus::PartiallyShipped,
    }
}
