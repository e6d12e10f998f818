//! Timers as rows: a message to a thing for later. The row is the truth; what wakes it is the engine's business.

use serde::{Deserialize, Serialize};

use crate::{ids::OrderId, time::Timestamp};

/// What a timer does when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// Close an order whose payment window is over, or end one that has been closing for too long. An unpaid order has
    /// exactly one.
    CloseOrder,
    /// Ask the channels about an order's open attempts.
    AskChannels,
    /// Ask about an order's refunds, or send them again.
    WorkRefunds,
    /// Confirm the receipt of an order's parcels that were delivered long enough ago.
    ConfirmReceipt,
    /// Tell carriers of an order's parcels, or ask about them.
    AskCarriers,
    /// Do what an order's after-sales are due for: a review, a parcel back, a payment that did not come in time.
    WorkAfterSales,
}

impl TimerKind {
    /// Every kind.
    pub const ALL: [TimerKind; 6] = [
        TimerKind::CloseOrder,
        TimerKind::AskChannels,
        TimerKind::WorkRefunds,
        TimerKind::ConfirmReceipt,
        TimerKind::AskCarriers,
        TimerKind::WorkAfterSales,
    ];

    /// The word for it in lists and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            TimerKind::CloseOrder => "close_order",
            TimerKind::AskChannels => "ask_channels",
            TimerKind::WorkRefunds => "work_refunds",
            TimerKind::ConfirmReceipt => "confirm_receipt",
            TimerKind::AskCarriers => "ask_carriers",
            TimerKind::WorkAfterSales => "work_after_sales",
        }
    }

    /// The stored number of the kind. Never reused.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            TimerKind::CloseOrder => 1,
            TimerKind::AskChannels => 2,
            TimerKind::WorkRefunds => 3,
            TimerKind::ConfirmReceipt => 4,
            TimerKind::AskCarriers => 5,
            TimerKind::WorkAfterSales => 6,
        }
    }
}

/// A timer. Ordered by due time first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timer {
    /// Not before this.
    pub due: Timestamp,
    /// What to do.
    pub kind: TimerKind,
    /// To which order.
    pub order: OrderId,
}

/// What a decision does to a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerChange {
    /// It shall fire.
    Set,
    /// It has fired or is no longer wanted.
    Dropped,
}
