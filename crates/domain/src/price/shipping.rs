//! The shipping fee: charged once an order and shared out over its lines, so that a refund of a line knows its part.
//!
//! It does not look at weights, addresses or carriers.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Applied, AppliedKind, PricedLine, ShippingRule,
    split::{Share, spread},
};
use crate::catalog::{CouponKind, CouponTemplate};

/// Adds the fee to the lines, or tells why it is not charged: first by the amount of goods after promotions, then by a
/// coupon of free shipping (which is told with 0 when there was no fee to save, because the coupon is used all the same).
pub(super) fn apply_shipping(
    rule: &ShippingRule,
    goods_after_promotions: i64,
    coupon: Option<&CouponTemplate>,
    lines: &mut [PricedLine],
    applied: &mut Vec<Applied>,
) {
    let mut fee = rule.fee;
    if fee > 0 && rule.free_over > 0 && goods_after_promotions >= rule.free_over {
        applied.push(Applied { kind: AppliedKind::Shipping, id: String::from("free_over"), amount: fee });
        fee = 0;
    }
    if let Some(coupon) = coupon.filter(|coupon| coupon.kind == CouponKind::FreeShipping) {
        applied.push(Applied { kind: AppliedKind::Shipping, id: coupon.id.to_string(), amount: fee });
        fee = 0;
    }
    let nothing_payable = lines.iter().all(|line| line.payable() == 0);
    spread(lines, Share::Shipping, fee, if nothing_payable { |line| line.goods } else { PricedLine::payable });
}
