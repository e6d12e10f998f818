//! What happened to an order: enough to fold the order back.

use alloc::{collections::BTreeMap, string::String, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{CouponId, PaymentId, UserId},
    money::Currency,
    order::state::CancelReason,
    price::{Price, PricedLine},
    refund::RefundLine,
    time::Timestamp,
    user::Address,
};

/// `order.placed`: everything that was agreed. It never changes and is stored once, here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    /// Whose order.
    pub user_id: UserId,
    /// Currency of every amount.
    pub currency: Currency,
    /// The lines with their shares of every discount and of the shipping fee. Refunds are sums of these.
    pub lines: Vec<PricedLine>,
    /// The sums over the lines, and what was applied.
    pub price: Price,
    /// The coupon that was frozen for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<CouponId>,
    /// Where the parcels go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<Arc<Address>>,
    /// The caller's own data.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub metadata: Arc<BTreeMap<String, String>>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When its payment window ends.
    pub expires_at: Timestamp,
}

fn is_empty(metadata: &Arc<BTreeMap<String, String>>) -> bool {
    metadata.is_empty()
}

/// `order.paid`: the total is covered; locks became sales.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPaid {
    /// Money captured for the order so far, minor units.
    pub paid: i64,
}

/// `order.cancelled`: the order ended; what it held was given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancelled {
    /// Whose wish it was.
    pub reason: CancelReason,
    /// In the caller's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// `order.closing`: a cancel or a timeout waits until the channels have answered for the open attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderClosing {
    /// Whose wish it is.
    pub reason: CancelReason,
    /// In the caller's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// `order.reinstated`: late money was taken for the order; what it needs was taken again in the same decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReinstated {
    /// The attempt whose money pays it.
    pub payment: PaymentId,
}

/// `order.units_cancelled`: units that were paid will not be shipped; others will, or were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitsCancelled {
    /// Which units.
    pub lines: Vec<RefundLine>,
    /// In the merchant's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// `order.shipped`: nothing of the order waits to be shipped any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderShipped {}

/// `order.delivered`: nothing of the order is on its way any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDelivered {}

/// `order.completed`: everything of the order was received or came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCompleted {
    /// Points that the buyer earned with it.
    #[serde(default)]
    pub points: i64,
}
