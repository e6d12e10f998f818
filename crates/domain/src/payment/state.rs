//! The row of a payment attempt and its machine. What moves it are reports; the highest one that was ever received counts.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AfterSaleId, OrderId, PaymentId},
    machine::{self, Edge},
    money::Currency,
    payment::report::{PaymentReport, ReportedState},
    time::Timestamp,
};

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Written down; the channel has not answered yet.
    Created,
    /// The channel has it and waits for the payer.
    Pending,
    /// A call's answer was not seen. Nothing but asking is allowed, and no other charge.
    Unknown,
    /// Money was taken.
    Succeeded,
    /// Refused; no money was taken.
    Failed,
    /// Closed unpaid.
    Closed,
}

impl PaymentStatus {
    /// Every status.
    pub const ALL: [PaymentStatus; 6] = [
        PaymentStatus::Created,
        PaymentStatus::Pending,
        PaymentStatus::Unknown,
        PaymentStatus::Succeeded,
        PaymentStatus::Failed,
        PaymentStatus::Closed,
    ];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            PaymentStatus::Created => "created",
            PaymentStatus::Pending => "pending",
            PaymentStatus::Unknown => "unknown",
            PaymentStatus::Succeeded => "succeeded",
            PaymentStatus::Failed => "failed",
            PaymentStatus::Closed => "closed",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<PaymentStatus> {
        PaymentStatus::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether money may still come of it without anybody having misbehaved.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, PaymentStatus::Created | PaymentStatus::Pending | PaymentStatus::Unknown)
    }
}

/// What happens to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentStep {
    /// It was written down.
    Open,
    /// The channel said that it waits for the payer.
    Accept,
    /// A call that may have had an effect got no answer.
    LoseSight,
    /// The channel said that money was taken.
    Capture,
    /// The channel said that it was refused.
    Fail,
    /// The channel said that it is closed unpaid.
    Close,
}

/// The machine of an attempt. Money outweighs every earlier word: a capture is taken from any state.
pub const PAYMENT_EDGES: &[Edge<PaymentStatus, PaymentStep>] = &[
    Edge { from: None, step: PaymentStep::Open, to: PaymentStatus::Created },
    Edge { from: Some(PaymentStatus::Created), step: PaymentStep::Accept, to: PaymentStatus::Pending },
    Edge { from: Some(PaymentStatus::Created), step: PaymentStep::LoseSight, to: PaymentStatus::Unknown },
    Edge { from: Some(PaymentStatus::Created), step: PaymentStep::Capture, to: PaymentStatus::Succeeded },
    Edge { from: Some(PaymentStatus::Created), step: PaymentStep::Fail, to: PaymentStatus::Failed },
    Edge { from: Some(PaymentStatus::Created), step: PaymentStep::Close, to: PaymentStatus::Closed },
    Edge { from: Some(PaymentStatus::Pending), step: PaymentStep::LoseSight, to: PaymentStatus::Unknown },
    Edge { from: Some(PaymentStatus::Pending), step: PaymentStep::Capture, to: PaymentStatus::Succeeded },
    Edge { from: Some(PaymentStatus::Pending), step: PaymentStep::Fail, to: PaymentStatus::Failed },
    Edge { from: Some(PaymentStatus::Pending), step: PaymentStep::Close, to: PaymentStatus::Closed },
    Edge { from: Some(PaymentStatus::Unknown), step: PaymentStep::Accept, to: PaymentStatus::Pending },
    Edge { from: Some(PaymentStatus::Unknown), step: PaymentStep::Capture, to: PaymentStatus::Succeeded },
    Edge { from: Some(PaymentStatus::Unknown), step: PaymentStep::Fail, to: PaymentStatus::Failed },
    Edge { from: Some(PaymentStatus::Unknown), step: PaymentStep::Close, to: PaymentStatus::Closed },
    Edge { from: Some(PaymentStatus::Failed), step: PaymentStep::Capture, to: PaymentStatus::Succeeded },
    Edge { from: Some(PaymentStatus::Closed), step: PaymentStep::Capture, to: PaymentStatus::Succeeded },
];

/// One attempt to pay an order. Invariant 5: `refunded + refunding <= captured`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id: the key at the channel.
    pub id: PaymentId,
    /// What it pays.
    pub order: OrderId,
    /// Name of the channel.
    pub channel: Arc<str>,
    /// Where it stands.
    pub status: PaymentStatus,
    /// The highest word of the channel so far; none before the first.
    pub reported: Option<ReportedState>,
    /// What it shall take, minor units, at least 1.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// Minor units that were taken.
    pub captured: i64,
    /// Minor units given back of it.
    pub refunded: i64,
    /// Minor units on their way back of it.
    pub refunding: i64,
    /// Whether its money is the one that pays the order. At most one attempt of an order does (invariant 6), and none that is
    /// of an after-sale.
    pub counts: bool,
    /// The after-sale whose price difference it pays; none for an attempt to pay the order itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_sale: Option<AfterSaleId>,
    /// The channel's own number of the money movement.
    pub transaction: Option<Arc<str>>,
    /// Where the payer pays.
    pub pay_url: Option<Arc<str>>,
    /// Where the payer goes afterwards.
    pub return_url: Option<Arc<str>>,
    /// When the channel is asked next without being told; none when it need not be.
    pub query_at: Option<Timestamp>,
    /// How often it was asked so far.
    pub queries: u32,
    /// Whether asking came to its end without an answer: a person has to look (`refresh` begins anew).
    pub is_manual: bool,
    /// 1 when opened, one more with each change.
    pub version: u64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// After this the channel must take no money: the end of the order's window.
    pub expires_at: Timestamp,
}

impl Payment {
    /// The attempt after a step; `None` where the machine has no such edge.
    #[must_use]
    pub fn step(&self, step: PaymentStep, now: Timestamp) -> Option<Payment> {
        let status = machine::next(PAYMENT_EDGES, Some(self.status), step)?;
        Some(Payment { status, version: self.version + 1, updated_at: now, ..self.clone() })
    }

    /// The attempt after a report: the fold. `None` when the report says nothing that is not known already, such as a
    /// duplicate, or a lower word after a higher one.
    #[must_use]
    pub fn fold(&self, report: &PaymentReport, now: Timestamp) -> Option<Payment> {
        let step = match report.state {
            ReportedState::NotFound => return None,
            ReportedState::Open | ReportedState::Authorised => PaymentStep::Accept,
            ReportedState::Closed => PaymentStep::Close,
            ReportedState::Failed => PaymentStep::Fail,
            ReportedState::Captured | ReportedState::Refunded => PaymentStep::Capture,
        };
        let mut next = self.step(step, now)?;
        next.reported = self.reported.max(Some(report.state));
        next.pay_url = report.pay_url.clone().or(next.pay_url);
        if report.state.is_captured() {
            next.captured = report.amount;
            next.transaction.clone_from(&report.transaction);
        }
        if !next.status.is_open() {
            next.query_at = None;
            next.is_manual = false;
        }
        Some(next)
    }

    /// Minor units that may still be given back of it.
    #[must_use]
    pub const fn refundable(&self) -> i64 {
        self.captured - self.refunded - self.refunding
    }
}

/// Name of a money movement at a channel. One movement belongs to one attempt, for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TransactionKey {
    /// Name of the channel.
    pub channel: Arc<str>,
    /// The channel's own number.
    pub transaction: Arc<str>,
}
