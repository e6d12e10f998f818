//! The row of an order, where each of its units stands, and its machine.
//!
//! What changes it is `fold`.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{EventId, OrderId},
    machine::Edge,
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
    /// It is ending, and channels have yet to say whether money came.
    BeginClosing,
    /// Somebody cancelled it.
    Cancel,
    /// Its payment window ended.
    Close,
    /// Late money was taken for it after all.
    Reinstate,
    /// Some of its units were shipped, others not.
    ShipPart,
    /// Nothing of it is left to ship.
    ShipRest,
    /// Nothing of it is on its way any more.
    Deliver,
    /// Everything of it was received or came back.
    Complete,
    /// A parcel came back to the shop: units wait to be shipped again.
    TakeBack,
}

/// The machine of an order. From `paid` on the status is a function of where the units stand ([`Quantities`]); these edges say
/// which of its changes can happen.
pub const ORDER_EDGES: &[Edge<OrderStatus, OrderStep>] = &[
    Edge { from: None, step: OrderStep::Place, to: OrderStatus::PendingPayment },
    Edge { from: Some(OrderStatus::PendingPayment), step: OrderStep::Pay, to: OrderStatus::Paid },
    Edge { from: Some(OrderStatus::PendingPayment), step: OrderStep::BeginClosing, to: OrderStatus::Closing },
    Edge { from: Some(OrderStatus::PendingPayment), step: OrderStep::Cancel, to: OrderStatus::Cancelled },
    Edge { from: Some(OrderStatus::PendingPayment), step: OrderStep::Close, to: OrderStatus::Cancelled },
    Edge { from: Some(OrderStatus::Closing), step: OrderStep::Pay, to: OrderStatus::Paid },
    Edge { from: Some(OrderStatus::Closing), step: OrderStep::Cancel, to: OrderStatus::Cancelled },
    Edge { from: Some(OrderStatus::Closing), step: OrderStep::Close, to: OrderStatus::Cancelled },
    Edge { from: Some(OrderStatus::Cancelled), step: OrderStep::Reinstate, to: OrderStatus::Paid },
    Edge { from: Some(OrderStatus::Paid), step: OrderStep::Cancel, to: OrderStatus::Cancelled },
    Edge { from: Some(OrderStatus::Paid), step: OrderStep::ShipPart, to: OrderStatus::PartiallyShipped },
    Edge { from: Some(OrderStatus::Paid), step: OrderStep::ShipRest, to: OrderStatus::Shipped },
    Edge { from: Some(OrderStatus::PartiallyShipped), step: OrderStep::ShipRest, to: OrderStatus::Shipped },
    Edge { from: Some(OrderStatus::PartiallyShipped), step: OrderStep::Deliver, to: OrderStatus::Delivered },
    Edge { from: Some(OrderStatus::PartiallyShipped), step: OrderStep::Complete, to: OrderStatus::Completed },
    Edge { from: Some(OrderStatus::PartiallyShipped), step: OrderStep::TakeBack, to: OrderStatus::Paid },
    Edge { from: Some(OrderStatus::Shipped), step: OrderStep::Deliver, to: OrderStatus::Delivered },
    Edge { from: Some(OrderStatus::Shipped), step: OrderStep::Complete, to: OrderStatus::Completed },
    Edge { from: Some(OrderStatus::Shipped), step: OrderStep::ShipPart, to: OrderStatus::PartiallyShipped },
    Edge { from: Some(OrderStatus::Shipped), step: OrderStep::TakeBack, to: OrderStatus::Paid },
    Edge { from: Some(OrderStatus::Delivered), step: OrderStep::Complete, to: OrderStatus::Completed },
    Edge { from: Some(OrderStatus::Delivered), step: OrderStep::ShipPart, to: OrderStatus::PartiallyShipped },
    Edge { from: Some(OrderStatus::Delivered), step: OrderStep::TakeBack, to: OrderStatus::Paid },
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
    /// With the buyer, who may still send them back without a reason.
    pub delivered: u32,
    /// With the buyer, receipt confirmed.
    #[serde(default)]
    pub confirmed: u32,
    /// Came back, or was given up on its way and its money went back.
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
            + self.confirmed as u64
            + self.returned as u64
            + self.cancelled as u64
    }

    /// Without units that the buyer has, those first that are not confirmed; `None` when there are fewer.
    #[must_use]
    pub(crate) fn buyer_less(self, count: u32) -> Option<Quantities> {
        let from_delivered = count.min(self.delivered);
        let confirmed = self.confirmed.checked_sub(count - from_delivered)?;
        Some(Quantities { delivered: self.delivered - from_delivered, confirmed, ..self })
    }

    /// Without units of a parcel, which were with the buyer or on their way; `None` when there are fewer.
    #[must_use]
    pub(crate) fn parcel_less(self, count: u32, was_delivered: bool) -> Option<Quantities> {
        Some(if was_delivered {
            Quantities { delivered: self.delivered.checked_sub(count)?, ..self }
        } else {
            Quantities { shipped: self.shipped.checked_sub(count)?, ..self }
        })
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
