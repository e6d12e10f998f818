//! What happened to refunds. These are facts of the order: they carry its numbers.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{PaymentId, RefundId},
    refund::{command::RefundLine, state::RefundCause},
};

/// `refund.requested`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequested {
    /// The refund.
    pub refund: RefundId,
    /// Of which attempt's money.
    pub payment: PaymentId,
    /// Minor units.
    pub amount: i64,
    /// The units whose money it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<RefundLine>,
    /// What it is for.
    pub cause: RefundCause,
    /// In the caller's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
}

/// `refund.succeeded`: the money is back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundSucceeded {
    /// The refund.
    pub refund: RefundId,
    /// Minor units.
    pub amount: i64,
    /// How a person settled it, when the channel did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// `refund.retried`: a person had a failed refund sent again. Who and when is told by the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRetried {
    /// The refund.
    pub refund: RefundId,
    /// How many tries had failed before, at least 1. They are counted from 1 again.
    pub failed_tries: u32,
}

/// `refund.failed`: a try failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundFailed {
    /// The refund.
    pub refund: RefundId,
    /// Which try it was, from 1.
    pub tries: u32,
    /// Whether it was the last: a person has to act.
    pub is_manual: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}
