//! What happened to coupons. Freezing, using and releasing are told by the order's own events.

use serde::{Deserialize, Serialize};

use crate::ids::{CouponId, TemplateId, UserId};

/// `coupon.granted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponGranted {
    /// The new coupon.
    pub coupon_id: CouponId,
    /// Whose it is.
    pub user_id: UserId,
    /// Of which template.
    pub template: TemplateId,
}
