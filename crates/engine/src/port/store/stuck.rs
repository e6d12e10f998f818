//! What does not go on by itself, or not in time: the list that a person works through, and its counts for an alarm.
//!
//! It names things and tells since when. What to do about each is said at the rim.

use ordain_domain::{
    after_sale::AfterSaleStatus,
    ids::{AfterSaleId, MessageId, OrderId, PaymentId, ReceiptId, RefundId, ShipmentId},
    outbox::Task,
    time::Timestamp,
    timer::TimerKind,
};

/// From when on what should go on by itself counts as stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StuckBefore {
    /// Orders that are closing and to which nothing happened since before this.
    pub closing: Timestamp,
    /// Messages that were written before this.
    pub messages: Timestamp,
    /// Timers that were due before this.
    pub timers: Timestamp,
    /// After-sales whose goods somebody should have dealt with before this.
    pub after_sales: Timestamp,
}

/// What is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StuckThing {
    /// A payment that nobody asks about any more (`refresh`).
    ManualPayment(PaymentId),
    /// A refund that was tried to the end (`retry`, `resolve`).
    ManualRefund(RefundId),
    /// A notification that is signed and cannot be true (`resolve`). Most are of an order's payment.
    QuarantinedReceipt(ReceiptId),
    /// An after-sale whose goods somebody has to deal with, and where it stands: they are on their way back (`receive`,
    /// `reject`), or are back and the replacement was not sent (`reship`, `reject`). One whose price difference the buyer has
    /// to pay is among them only behind the end of its time.
    WaitingAfterSale(AfterSaleId, AfterSaleStatus),
    /// A parcel that still moves units, which its carrier has trouble with or refused, or which it was asked about and is
    /// asked about no more (`tracking`). One whose facts came by hand from the beginning is watched by whoever tells them.
    StoppedShipment(ShipmentId),
    /// The order itself is closing: its channels do not answer.
    ClosingOrder,
    /// A message that no answer came to.
    WaitingMessage(MessageId, Task),
    /// A timer that has not fired.
    OverdueTimer(TimerKind),
}

impl StuckThing {
    /// The word for it in lists and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            StuckThing::ManualPayment(_) => "manual_payment",
            StuckThing::ManualRefund(_) => "manual_refund",
            StuckThing::QuarantinedReceipt(_) => "quarantined_receipt",
            StuckThing::WaitingAfterSale(..) => "waiting_after_sale",
            StuckThing::StoppedShipment(_) => "stopped_shipment",
            StuckThing::ClosingOrder => "closing_order",
            StuckThing::WaitingMessage(..) => "waiting_message",
            StuckThing::OverdueTimer(_) => "overdue_timer",
        }
    }
}

/// One stuck thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// What.
    pub what: StuckThing,
    /// Of which order; none for a notification that names no payment of ours.
    pub order: Option<OrderId>,
    /// Since when: of a payment, a refund, an after-sale, a parcel and an order when it last changed, of a notification when it
    /// arrived, of a message when it was written, of a timer when it was due.
    pub since: Timestamp,
}

/// How much waits, for metrics. Everything but the first two waits for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Messages in the outbox.
    pub messages: u64,
    /// When the oldest of them was written.
    pub oldest_message: Option<Timestamp>,
    /// Orders that are closing.
    pub closing_orders: u64,
    /// Payments that nobody asks about any more.
    pub manual_payments: u64,
    /// Refunds that were tried to the end.
    pub manual_refunds: u64,
    /// Notifications in quarantine.
    pub quarantined_receipts: u64,
    /// After-sales whose goods somebody should have dealt with.
    pub waiting_after_sales: u64,
    /// Parcels that stopped.
    pub stopped_shipments: u64,
}
