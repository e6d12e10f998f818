//! What may be asked of refunds.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, RefundId};

/// Some units of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RefundLine {
    /// Index of the line, from 0.
    pub line: usize,
    /// How many units, at least 1.
    pub quantity: u32,
}

/// Gives money back without moving goods. Of lines and amount exactly one is given; neither means everything that is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRefund {
    /// Of which order.
    pub order: OrderId,
    /// The units whose money it is; empty for none.
    pub lines: Vec<RefundLine>,
    /// A goodwill amount, minor units, at least 1.
    pub amount: Option<i64>,
    /// In the operator's own words, 1 to 200 characters.
    pub reason: Arc<str>,
    /// Refuse unless the order has this version.
    pub expected_version: Option<u64>,
}

/// Tries a failed or manual refund again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryRefund {
    /// Which one.
    pub refund: RefundId,
}

/// Settles a failed or manual refund that was paid outside of the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveRefund {
    /// Which one.
    pub refund: RefundId,
    /// How it was settled, 1 to 1,000 characters.
    pub note: Arc<str>,
}
