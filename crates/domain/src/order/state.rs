//! The order as a fold over its events: where each unit stands, and the status that follows from it.
//!
//! `apply` is the only code that changes an order, for decisions and for replay alike; so fold(events) = state by
//! construction, and `verify` compares it with the stored row.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    event::{Event, EventRecord, Subject},
    ids::{EventId, OrderId},
    machine::{self, Edge},
    order::event::Placed,
    time::Timestamp,
};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Stock is being locked on other shards.
    Creating,
    /// Everything is held; waiting for the money.
    PendingPayment,
    /// Ending; a payment channel has yet to say whether money came.
    Closing,
    /// The money is there; nothing was shipped.
    Paid,
    /// Some units were shipped.
    PartiallyShipped,
    /// All units were shipped.
    Shipped,
    /// All units were delivered.
    Delivered,
    /// Receipt was confirmed.
    Completed,
    /// Ended without goods.
    Cancelled,
}

impl OrderStatus {
    /// Every status, in the order of an order's life.
    pub const ALL: [OrderStatus; 9] = [
        OrderStatus::Creating,
        OrderStatus::PendingPayment,
        OrderStatus::Closing,
        OrderStatus::Paid,
        OrderStatus::PartiallyShipped,
        OrderStatus::Shipped,
        OrderStatus::Delivered,
        OrderStatus::Completed,
        OrderStatus::Cancelled,
    ];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            OrderStatus::Creating => "creating",
            OrderStatus::PendingPayment => "pending_payment",
            OrderStatus::Closing => "closing",
            OrderStatus::Paid => "paid",
            OrderStatus::PartiallyShipped => "partially_shipped",
            OrderStatus::Shipped => "shipped",
            OrderStatus::Delivered => "delivered",
            OrderStatus::Completed => "completed",
            OrderStatus::Cancelled => "cancelled",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<OrderStatus> {
        OrderStatus::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether the order holds stock that it has not paid for. Invariant 2: only such an order has held locks.
    #[must_use]
    pub const fn is_unpaid(self) -> bool {
        matches!(self, OrderStatus::Creating | OrderStatus::PendingPayment | OrderStatus::Closing)
    }

    /// Whether nothing more happens to the order by itself.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, OrderStatus::Completed | OrderStatus::Cancelled)
    }
}

/// Why an order was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The buyer asked for it.
    Buyer,
    /// The shop asked for it.
    Merchant,
    /// The payment window ended.
    Timeout,
    /// Another shard refused its part.
    Rejected,
}

impl CancelReason {
    /// Every reason.
    pub const ALL: [CancelReason; 4] =
        [CancelReason::Buyer, CancelReason::Merchant, CancelReason::Timeout, CancelReason::Rejected];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            CancelReason::Buyer => "buyer",
            CancelReason::Merchant => "merchant",
            CancelReason::Timeout => "timeout",
            CancelReason::Rejected => "rejected",
        }
    }
}

/// What happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderStep {
    /// It was placed: everything is held.
    Place,
    /// Its total is covered.
    Pay,
    /// Somebody cancelled it.
    Cancel,
    /// Its payment window ended.
    Close,
}

/// The machine of an order.
pub const ORDER_EDGES: &[Edge<OrderStatus, OrderStep>] = &[
    Edge { from: None, step: OrderStep::Place, to: OrderStatus::PendingPayment },
    Edge { from: Some(OrderStatus::PendingPayment), step: OrderStep::Pay, to: OrderStatus::Paid },
    Edge { from: Some(OrderStatus::PendingPayment), step: OrderStep::Cancel, to: OrderStatus::Cancelled },
    Edge { from: Some(OrderStatus::PendingPayment), step: OrderStep::Close, to: OrderStatus::Cancelled },
];

/// Where the units of one line stand, in units. The sum is the line's quantity, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantities {
    /// Held for the order, not paid.
    pub held: u32,
    /// Paid, not shipped.
    pub paid: u32,
    /// With the carrier.
    pub shipped: u32,
    /// With the buyer.
    pub delivered: u32,
    /// Came back.
    pub returned: u32,
    /// Never left.
    pub cancelled: u32,
}

impl Quantities {
    /// The sum of the buckets: the line's quantity. The buckets are parts of 32 bits, so 64 cannot overflow.
    #[must_use]
    pub const fn sum(&self) -> u64 {
        self.held as u64
            + self.paid as u64
            + self.shipped as u64
            + self.delivered as u64
            + self.returned as u64
            + self.cancelled as u64
    }
}

/// An order.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// What was agreed.
    pub placed: Arc<Placed>,
    /// Where it stands.
    pub status: OrderStatus,
    /// Why it was cancelled; none unless it was.
    pub cancel_reason: Option<CancelReason>,
    /// Money captured so far, minor units, also for a cancelled order.
    pub paid: i64,
    /// Money given back, minor units, at most `paid`.
    pub refunded: i64,
    /// Where each line's units stand, in the order of the lines.
    pub quantities: Vec<Quantities>,
    /// Number of its last event.
    pub version: u64,
    /// When that was.
    pub updated_at: Timestamp,
    /// Position of its first event in the log.
    pub first_event: EventId,
    /// Position of its last event in the log.
    pub last_event: EventId,
}

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
            (Event::OrderPaid(paid), Some(order)) => {
                let status = machine::next(ORDER_EDGES, Some(order.status), OrderStep::Pay)?;
                let quantities = moved(order, |line| Quantities { held: 0, paid: line.paid + line.held, ..line });
                Order { status, paid: paid.paid, quantities, ..order.clone() }
            }
            (Event::OrderCancelled(cancelled), Some(order)) => {
                let step = if cancelled.reason == CancelReason::Timeout { OrderStep::Close } else { OrderStep::Cancel };
                let status = machine::next(ORDER_EDGES, Some(order.status), step)?;
                let quantities =
                    moved(order, |line| Quantities { held: 0, cancelled: line.cancelled + line.held, ..line });
                Order { status, cancel_reason: Some(cancelled.reason), quantities, ..order.clone() }
            }
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
        let held = |line: &crate::price::PricedLine| Quantities { held: line.quantity, ..Quantities::default() };
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
}

fn moved(order: &Order, step: impl Fn(Quantities) -> Quantities) -> Vec<Quantities> {
    order.quantities.iter().copied().map(step).collect()
}
