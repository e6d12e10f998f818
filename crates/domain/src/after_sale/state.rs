//! The row of an after-sale and its machine.
//!
//! What changes it is `decide` and its neighbours.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AfterSaleId, OrderId, PaymentId, RefundId, Sku},
    machine::{self, Edge},
    money::units_share,
    time::Timestamp,
    user::Address,
};

/// What the buyer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterSaleKind {
    /// The money of units, which stay where they are.
    Refund,
    /// The money of units that go back.
    Return,
    /// Other goods for units that go back.
    Exchange,
}

impl AfterSaleKind {
    /// Every kind.
    pub const ALL: [AfterSaleKind; 3] = [AfterSaleKind::Refund, AfterSaleKind::Return, AfterSaleKind::Exchange];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            AfterSaleKind::Refund => "refund",
            AfterSaleKind::Return => "return",
            AfterSaleKind::Exchange => "exchange",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<AfterSaleKind> {
        AfterSaleKind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Where an after-sale stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterSaleStatus {
    /// The shop has to review it.
    Requested,
    /// The buyer has to send the goods back.
    Approved,
    /// The shop did not agree, or nothing good came back. The end.
    Rejected,
    /// The buyer wants it no longer, or did not send the goods in time. The end.
    Withdrawn,
    /// The goods are on their way back.
    Returning,
    /// The goods are back; the buyer has to pay the price difference.
    Received,
    /// Money is on its way back.
    Refunding,
    /// The replacement is to be sent.
    Reshipping,
    /// Everything is done. The end.
    Completed,
}

impl AfterSaleStatus {
    /// Every status.
    pub const ALL: [AfterSaleStatus; 9] = [
        AfterSaleStatus::Requested,
        AfterSaleStatus::Approved,
        AfterSaleStatus::Rejected,
        AfterSaleStatus::Withdrawn,
        AfterSaleStatus::Returning,
        AfterSaleStatus::Received,
        AfterSaleStatus::Refunding,
        AfterSaleStatus::Reshipping,
        AfterSaleStatus::Completed,
    ];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            AfterSaleStatus::Requested => "requested",
            AfterSaleStatus::Approved => "approved",
            AfterSaleStatus::Rejected => "rejected",
            AfterSaleStatus::Withdrawn => "withdrawn",
            AfterSaleStatus::Returning => "returning",
            AfterSaleStatus::Received => "received",
            AfterSaleStatus::Refunding => "refunding",
            AfterSaleStatus::Reshipping => "reshipping",
            AfterSaleStatus::Completed => "completed",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<AfterSaleStatus> {
        AfterSaleStatus::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether something is still to happen.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, AfterSaleStatus::Rejected | AfterSaleStatus::Withdrawn | AfterSaleStatus::Completed)
    }

    /// Whether its units stand where they stood when it was opened, and no other after-sale may be opened for them.
    #[must_use]
    pub const fn claims_units(self) -> bool {
        matches!(self, AfterSaleStatus::Requested | AfterSaleStatus::Approved | AfterSaleStatus::Returning)
    }
}

/// What happens to an after-sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AfterSaleStep {
    /// The buyer asked for it.
    Open,
    /// The shop agreed; the goods are to come back.
    Approve,
    /// The shop did not agree, or what was sent never came.
    Reject,
    /// Nothing was taken back: it was refused, or the units went back another way.
    Refuse,
    /// The buyer wants it no longer, or did not send the goods in time.
    Withdraw,
    /// The buyer sent the goods back.
    ShipBack,
    /// The goods came; the price difference is still to be paid.
    AwaitPayment,
    /// Money goes back.
    BeginRefund,
    /// The replacement may be sent.
    BeginReship,
    /// Nothing is left to do.
    Complete,
}

/// The machine of an after-sale.
pub const AFTER_SALE_EDGES: &[Edge<AfterSaleStatus, AfterSaleStep>] = {
    use AfterSaleStatus as S;
    use AfterSaleStep as T;
    &[
        Edge { from: None, step: T::Open, to: S::Requested },
        Edge { from: Some(S::Requested), step: T::Approve, to: S::Approved },
        Edge { from: Some(S::Requested), step: T::BeginRefund, to: S::Refunding },
        Edge { from: Some(S::Requested), step: T::Complete, to: S::Completed },
        Edge { from: Some(S::Requested), step: T::Reject, to: S::Rejected },
        Edge { from: Some(S::Requested), step: T::Refuse, to: S::Rejected },
        Edge { from: Some(S::Requested), step: T::Withdraw, to: S::Withdrawn },
        Edge { from: Some(S::Approved), step: T::ShipBack, to: S::Returning },
        // Goods may come without having been announced.
        Edge { from: Some(S::Approved), step: T::AwaitPayment, to: S::Received },
        Edge { from: Some(S::Approved), step: T::BeginRefund, to: S::Refunding },
        Edge { from: Some(S::Approved), step: T::BeginReship, to: S::Reshipping },
        Edge { from: Some(S::Approved), step: T::Complete, to: S::Completed },
        Edge { from: Some(S::Approved), step: T::Refuse, to: S::Rejected },
        Edge { from: Some(S::Approved), step: T::Withdraw, to: S::Withdrawn },
        Edge { from: Some(S::Returning), step: T::AwaitPayment, to: S::Received },
        Edge { from: Some(S::Returning), step: T::BeginRefund, to: S::Refunding },
        Edge { from: Some(S::Returning), step: T::BeginReship, to: S::Reshipping },
        Edge { from: Some(S::Returning), step: T::Complete, to: S::Completed },
        Edge { from: Some(S::Returning), step: T::Reject, to: S::Rejected },
        Edge { from: Some(S::Returning), step: T::Refuse, to: S::Rejected },
        Edge { from: Some(S::Received), step: T::BeginReship, to: S::Reshipping },
        Edge { from: Some(S::Received), step: T::BeginRefund, to: S::Refunding },
        Edge { from: Some(S::Received), step: T::Complete, to: S::Completed },
        Edge { from: Some(S::Reshipping), step: T::BeginRefund, to: S::Refunding },
        Edge { from: Some(S::Reshipping), step: T::Complete, to: S::Completed },
        Edge { from: Some(S::Refunding), step: T::Complete, to: S::Completed },
    ]
};

/// What was found of goods that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inspection {
    /// They can be sold again: they go on the shelf.
    Restock,
    /// They cannot be sold again; the buyer gets what it asked for all the same.
    Scrap,
    /// They are not taken back: they stay the buyer's.
    Refuse,
}

/// Goods on their way, one way or the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consignment {
    /// Name of the carrier, 1 to 64 characters.
    pub carrier: Arc<str>,
    /// The carrier's own number, 1 to 100 characters.
    pub tracking_number: Arc<str>,
}

/// Units of one line of an after-sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSaleLine {
    /// Index of the order's line, from 0.
    pub line: usize,
    /// How many units, at least 1.
    pub quantity: u32,
    /// What is sent instead, in an exchange.
    pub replacement: Option<Sku>,
    /// What all the replacements cost, minor units. The same goods again cost what was paid for these.
    pub price: i64,
    /// What was paid for these units without shipping, minor units, points among it.
    pub credit: i64,
    /// How much of the credit was paid with points.
    pub points: i64,
    /// Units whose money goes back and that stay with the buyer.
    pub kept: u32,
    /// Units that came back and are on the shelf.
    pub restocked: u32,
    /// Units that came back and cannot be sold.
    pub scrapped: u32,
    /// Units that were not taken back, or did not come.
    pub refused: u32,
}

impl AfterSaleLine {
    /// Units that came back.
    #[must_use]
    pub const fn accepted(&self) -> u32 {
        self.restocked + self.scrapped
    }

    /// What `units` of them cost more than was paid for them, minor units; negative when they cost less.
    #[must_use]
    pub fn difference(&self, units: u32) -> i64 {
        let of = |amount| units_share(amount, self.quantity, 0, units);
        of(self.price) - of(self.credit)
    }

    /// The money that was paid for `units` of them without shipping, minor units.
    #[must_use]
    pub fn money(&self, units: u32) -> i64 {
        let of = |amount| units_share(amount, self.quantity, 0, units);
        of(self.credit) - of(self.points)
    }
}

/// Where the replacement of an exchange stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegState {
    /// Nothing is held for it yet.
    Wanted,
    /// Its stock was taken.
    Taken,
    /// Its stock went back: none will be sent.
    Released,
    /// It was sent.
    Sent,
}

/// The replacement of an exchange, and its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacementLeg {
    /// Where it stands.
    pub state: LegState,
    /// What it costs more than was paid for what goes back, minor units; negative when it costs less.
    pub difference: i64,
    /// Until when the buyer can pay the difference; none when nothing is to be paid (any more).
    pub pay_by: Option<Timestamp>,
    /// The attempt that paid the difference.
    pub payment: Option<PaymentId>,
    /// Minor units that were paid of the difference and not given back.
    pub paid: i64,
    /// Minor units of money that went back because it costs less.
    pub money_back: i64,
    /// Points that went back because it costs less.
    pub points_back: i64,
    /// With whom it was sent.
    pub sent: Option<Consignment>,
}

/// One after-sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSale {
    /// Its id.
    pub id: AfterSaleId,
    /// Of which order.
    pub order: OrderId,
    /// What the buyer wants.
    pub kind: AfterSaleKind,
    /// Where it stands.
    pub status: AfterSaleStatus,
    /// For which units. A line may stand there several times, with different replacements.
    pub lines: Vec<AfterSaleLine>,
    /// In the buyer's own words.
    pub reason: Arc<str>,
    /// Until when the shop has to review it.
    pub review_due_at: Timestamp,
    /// Until when the buyer has to send the goods back; none before the approval.
    pub ship_back_by: Option<Timestamp>,
    /// Where the goods shall go.
    pub return_address: Option<Arc<Address>>,
    /// With whom the buyer sent them.
    pub sent_back: Option<Consignment>,
    /// The replacement; none unless it is an exchange.
    pub replacement: Option<ReplacementLeg>,
    /// Its refunds, oldest first.
    pub refunds: Vec<RefundId>,
    /// Why the shop did not agree, or could not send a replacement.
    pub note: Option<Arc<str>>,
    /// 1 when opened, one more with each change.
    pub version: u64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl AfterSale {
    /// Moves it along; false where the machine has no such edge.
    pub(crate) fn step(&mut self, step: AfterSaleStep) -> bool {
        let next = machine::next(AFTER_SALE_EDGES, Some(self.status), step);
        self.status = next.unwrap_or(self.status);
        next.is_some()
    }

    /// When it is due next without anybody asking; none when it waits for somebody without a deadline.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        let deadline = match self.status {
            AfterSaleStatus::Requested => Some(self.review_due_at),
            AfterSaleStatus::Approved => self.ship_back_by,
            _ => None,
        };
        let pay_by = self.replacement.as_ref().and_then(|leg| leg.pay_by);
        deadline.into_iter().chain(pay_by).min()
    }

    /// Whether it has waited since before `before` for somebody to deal with goods: that come back, or that shall be sent.
    #[must_use]
    pub fn waits_for_goods_since(&self, before: Timestamp) -> bool {
        let waits =
            matches!(self.status, AfterSaleStatus::Returning | AfterSaleStatus::Received | AfterSaleStatus::Reshipping);
        waits && self.updated_at < before && self.due().is_none_or(|due| due < before)
    }

    /// The replacement while its stock is held and it was not sent.
    #[must_use]
    pub fn held_replacement(&self) -> Option<&ReplacementLeg> {
        self.replacement.as_ref().filter(|leg| leg.state == LegState::Taken)
    }

    /// The SKUs that are sent instead, in an exchange.
    pub fn replacements(&self) -> impl Iterator<Item = &Sku> {
        self.lines.iter().filter_map(|line| line.replacement.as_ref())
    }
}
