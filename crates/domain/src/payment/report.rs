//! What a channel says: of a payment, of a refund. It is the only language in which channels speak to the domain, whether
//! in the answer to a call or in a notification.
//!
//! How a channel words it (fields, signatures, formats) is the adapter's business.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{PaymentId, RefundId},
    money::Currency,
};

/// Where a channel says that a payment stands, in the order of precedence: of two reports the later-named state counts,
/// whatever came first (`refunded > captured > authorised > failed, closed > created`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedState {
    /// The channel does not know the payment.
    NotFound,
    /// It waits for the payer.
    Open,
    /// It was closed unpaid; no money will come of it.
    Closed,
    /// The payer or the channel refused; no money came of it.
    Failed,
    /// Money is reserved, not taken.
    Authorised,
    /// Money was taken.
    Captured,
    /// Money was taken and given back, in part or whole.
    Refunded,
}

impl ReportedState {
    /// Every state, the lowest first.
    pub const ALL: [ReportedState; 7] = [
        ReportedState::NotFound,
        ReportedState::Open,
        ReportedState::Closed,
        ReportedState::Failed,
        ReportedState::Authorised,
        ReportedState::Captured,
        ReportedState::Refunded,
    ];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ReportedState::NotFound => "not_found",
            ReportedState::Open => "open",
            ReportedState::Closed => "closed",
            ReportedState::Failed => "failed",
            ReportedState::Authorised => "authorised",
            ReportedState::Captured => "captured",
            ReportedState::Refunded => "refunded",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ReportedState> {
        ReportedState::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether money was taken.
    #[must_use]
    pub const fn is_captured(self) -> bool {
        matches!(self, ReportedState::Captured | ReportedState::Refunded)
    }
}

/// A channel's word on a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentReport {
    /// Our id of the payment, as the channel gave it back.
    pub payment: PaymentId,
    /// Where it stands.
    pub state: ReportedState,
    /// Minor units that were taken, or that it is about.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// The channel's own number of the money movement; there is one once money was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Arc<str>>,
    /// Where the payer pays, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_url: Option<Arc<str>>,
}

/// A channel's word on a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundReport {
    /// Our id of the refund, as the channel gave it back.
    pub refund: RefundId,
    /// Whether the money went back: none while the channel is still at it.
    pub succeeded: Option<bool>,
    /// Whether the channel knows the refund at all.
    pub is_known: bool,
    /// Minor units.
    pub amount: i64,
    /// The channel's own number of the money movement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Arc<str>>,
    /// Why it failed, in the channel's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
}

/// A channel's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelReport {
    /// On a payment.
    Payment(PaymentReport),
    /// On a refund.
    Refund(RefundReport),
}
