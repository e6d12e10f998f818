//! What may be asked of orders.

use alloc::{collections::BTreeMap, string::String, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{CouponId, OrderId, Sku, UserId},
    money::Currency,
    order::state::CancelReason,
    price::RequestedLine,
    refund::RefundLine,
    user::Address,
};

/// Places an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// Whose order.
    pub user_id: UserId,
    /// Currency of every amount.
    pub currency: Currency,
    /// 1 to `Rules::lines_max` lines; a SKU may stand on several.
    pub lines: Vec<RequestedLine>,
    /// A coupon of the user.
    pub coupon: Option<CouponId>,
    /// Points to spend, at least 0.
    pub points: i64,
    /// Where the parcels go; none for goods that are not shipped.
    pub shipping_address: Option<Arc<Address>>,
    /// Refuse unless the total is this, minor units.
    pub expected_total: Option<i64>,
    /// The caller's own data, kept as it is.
    pub metadata: Arc<BTreeMap<String, String>>,
}

impl PlaceOrder {
    /// Units per SKU over all lines. Quantities are 32 bits and lines are few, so that 64 bits cannot overflow.
    #[must_use]
    pub fn demand(&self) -> BTreeMap<Sku, u64> {
        let mut demand = BTreeMap::new();
        for line in &self.lines {
            *demand.entry(line.sku.clone()).or_insert(0) += u64::from(line.quantity);
        }
        demand
    }
}

/// Cancels an order, or paid units of it that are not shipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelOrder {
    /// Which order.
    pub order: OrderId,
    /// Whose wish it is: `buyer` or `merchant`.
    pub reason: CancelReason,
    /// In the caller's own words.
    pub note: Option<Arc<str>>,
    /// The units, for a merchant's cancel of part of a paid order; empty for all that are not shipped.
    pub lines: Vec<RefundLine>,
    /// Refuse unless the order has this version.
    pub expected_version: Option<u64>,
}

/// Closes an order whose payment window is over. Only timers and scans ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseOrder {
    /// Which order.
    pub order: OrderId,
}
