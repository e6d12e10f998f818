//! What happened to the money of an order. These are facts of the order: they carry its numbers.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{AfterSaleId, PaymentId};

/// `payment.created`: an attempt was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentOpened {
    /// The attempt.
    pub payment: PaymentId,
    /// Name of the channel.
    pub channel: Arc<str>,
    /// Minor units.
    pub amount: i64,
    /// The after-sale whose price difference it pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_sale: Option<AfterSaleId>,
}

/// `payment.succeeded`: money was taken. Recorded whatever became of the order meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCaptured {
    /// The attempt.
    pub payment: PaymentId,
    /// Minor units.
    pub amount: i64,
    /// The channel's own number of the money movement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Arc<str>>,
}

/// `payment.failed` and `payment.closed`: no money came of the attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentEnded {
    /// The attempt.
    pub payment: PaymentId,
}

/// Why money does not pay the order it came for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurplusCause {
    /// The order had ended.
    Late,
    /// The order was paid already.
    Second,
}

/// `payment.surplus`: money came that does not pay the order. What becomes of it is told by the next event: a
/// `refund.requested` or an `order.reinstated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentSurplus {
    /// The attempt.
    pub payment: PaymentId,
    /// Minor units.
    pub amount: i64,
    /// Why.
    pub cause: SurplusCause,
}
