//! The row of a refund and its machine.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{OrderId, PaymentId, RefundId},
    machine::{self, Edge},
    money::Currency,
    refund::command::RefundLine,
    time::Timestamp,
};

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Written down; its message waits to be delivered.
    Requested,
    /// The channel has it and is at it.
    Sent,
    /// A call's answer was not seen; the channel is asked with the same key.
    Unknown,
    /// The money is back.
    Succeeded,
    /// The channel said no; it is tried again after a pause.
    Failed,
    /// Tried to the end: a person has to act (`retry`, `resolve`).
    Manual,
}

impl RefundStatus {
    /// Every status.
    pub const ALL: [RefundStatus; 6] = [
        RefundStatus::Requested,
        RefundStatus::Sent,
        RefundStatus::Unknown,
        RefundStatus::Succeeded,
        RefundStatus::Failed,
        RefundStatus::Manual,
    ];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            RefundStatus::Requested => "requested",
            RefundStatus::Sent => "sent",
            RefundStatus::Unknown => "unknown",
            RefundStatus::Succeeded => "succeeded",
            RefundStatus::Failed => "failed",
            RefundStatus::Manual => "manual",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<RefundStatus> {
        RefundStatus::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What happens to a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefundStep {
    /// It was written down.
    Request,
    /// The channel said that it is at it.
    Accept,
    /// A call's answer was not seen.
    LoseSight,
    /// The channel said that the money is back.
    Succeed,
    /// The channel said no, or could not be reached.
    Fail,
    /// It was tried to the end.
    GiveUp,
    /// It is tried again, by a timer or a person.
    Retry,
    /// A person settled it outside of the channel.
    Resolve,
}

/// The machine of a refund. It ends only with the money back, or settled by a person.
pub const REFUND_EDGES: &[Edge<RefundStatus, RefundStep>] = &[
    Edge { from: None, step: RefundStep::Request, to: RefundStatus::Requested },
    Edge { from: Some(RefundStatus::Requested), step: RefundStep::Accept, to: RefundStatus::Sent },
    Edge { from: Some(RefundStatus::Requested), step: RefundStep::LoseSight, to: RefundStatus::Unknown },
    Edge { from: Some(RefundStatus::Requested), step: RefundStep::Succeed, to: RefundStatus::Succeeded },
    Edge { from: Some(RefundStatus::Requested), step: RefundStep::Fail, to: RefundStatus::Failed },
    Edge { from: Some(RefundStatus::Requested), step: RefundStep::GiveUp, to: RefundStatus::Manual },
    Edge { from: Some(RefundStatus::Sent), step: RefundStep::Succeed, to: RefundStatus::Succeeded },
    Edge { from: Some(RefundStatus::Sent), step: RefundStep::Fail, to: RefundStatus::Failed },
    Edge { from: Some(RefundStatus::Sent), step: RefundStep::GiveUp, to: RefundStatus::Manual },
    Edge { from: Some(RefundStatus::Sent), step: RefundStep::Retry, to: RefundStatus::Requested },
    Edge { from: Some(RefundStatus::Unknown), step: RefundStep::Accept, to: RefundStatus::Sent },
    Edge { from: Some(RefundStatus::Unknown), step: RefundStep::Succeed, to: RefundStatus::Succeeded },
    Edge { from: Some(RefundStatus::Unknown), step: RefundStep::Fail, to: RefundStatus::Failed },
    Edge { from: Some(RefundStatus::Unknown), step: RefundStep::GiveUp, to: RefundStatus::Manual },
    // A refund that the channel does not know was never carried out: the same key is sent again.
    Edge { from: Some(RefundStatus::Unknown), step: RefundStep::Retry, to: RefundStatus::Requested },
    Edge { from: Some(RefundStatus::Failed), step: RefundStep::Succeed, to: RefundStatus::Succeeded },
    Edge { from: Some(RefundStatus::Failed), step: RefundStep::Retry, to: RefundStatus::Requested },
    Edge { from: Some(RefundStatus::Failed), step: RefundStep::Resolve, to: RefundStatus::Succeeded },
    Edge { from: Some(RefundStatus::Manual), step: RefundStep::Succeed, to: RefundStatus::Succeeded },
    Edge { from: Some(RefundStatus::Manual), step: RefundStep::Retry, to: RefundStatus::Requested },
    Edge { from: Some(RefundStatus::Manual), step: RefundStep::Resolve, to: RefundStatus::Succeeded },
];

/// What a refund is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundCause {
    /// An operator asked for it.
    Operator,
    /// Units that were paid are not shipped.
    Cancel,
    /// The money came after the order had ended.
    LateMoney,
    /// The order was paid already.
    SecondMoney,
    /// An after-sale.
    AfterSale,
}

impl RefundCause {
    /// Every cause.
    pub const ALL: [RefundCause; 5] = [
        RefundCause::Operator,
        RefundCause::Cancel,
        RefundCause::LateMoney,
        RefundCause::SecondMoney,
        RefundCause::AfterSale,
    ];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            RefundCause::Operator => "operator",
            RefundCause::Cancel => "cancel",
            RefundCause::LateMoney => "late_money",
            RefundCause::SecondMoney => "second_money",
            RefundCause::AfterSale => "after_sale",
        }
    }

    /// The cause of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<RefundCause> {
        RefundCause::ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}

/// One giving back of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its id: the key at the channel.
    pub id: RefundId,
    /// Of which order.
    pub order: OrderId,
    /// Of which attempt's money.
    pub payment: PaymentId,
    /// Where it stands.
    pub status: RefundStatus,
    /// Minor units, at least 1.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// The units whose money it is; empty for an amount without units.
    pub lines: Vec<RefundLine>,
    /// What it is for.
    pub cause: RefundCause,
    /// In the caller's own words.
    pub reason: Option<Arc<str>>,
    /// How often it was sent.
    pub tries: u32,
    /// When it is asked for or sent next; none when nothing is to be done.
    pub next_at: Option<Timestamp>,
    /// The channel's own number of the money movement.
    pub transaction: Option<Arc<str>>,
    /// Why the last try failed, or how a person resolved it.
    pub note: Option<Arc<str>>,
    /// 1 when requested, one more with each change.
    pub version: u64,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Refund {
    /// The refund after a step; `None` where the machine has no such edge.
    #[must_use]
    pub fn step(&self, step: RefundStep, now: Timestamp) -> Option<Refund> {
        let status = machine::next(REFUND_EDGES, Some(self.status), step)?;
        Some(Refund { status, version: self.version + 1, updated_at: now, ..self.clone() })
    }

    /// Whether the money is not back yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.status != RefundStatus::Succeeded
    }
}
