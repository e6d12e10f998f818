//! The coupon of an order: whether it fits, and what it saves.
//!
//! Whose coupon it is and whether it is still unused is not known here (that is `coupon`, the room beside `price`).

use alloc::{string::ToString, vec::Vec};

use super::{
    Applied, AppliedKind, CouponReason, PriceRequest, PricedLine,
    split::{Share, payable, spread},
};
use crate::{
    catalog::{CouponKind, CouponTemplate},
    money,
};

/// Takes the coupon off the lines and tells what it saved. A coupon of free shipping takes nothing here.
///
/// # Errors
/// The first [`CouponReason`] in order of precedence.
pub(super) fn apply_coupon(
    coupon: &CouponTemplate,
    request: &PriceRequest<'_>,
    lines: &mut [PricedLine],
    applied: &mut Vec<Applied>,
) -> Result<(), CouponReason> {
    let goods = payable(&*lines);
    check(coupon, request, goods)?;
    let amount = match coupon.kind {
        CouponKind::PercentOff { percent } => money::percent_of(goods, u32::from(percent) * 100),
        CouponKind::AmountOff { amount } => amount.min(goods),
        CouponKind::FreeShipping => return Ok(()),
    };
    spread(lines, Share::Coupon, amount, PricedLine::payable);
    applied.push(Applied { kind: AppliedKind::Coupon, id: coupon.id.to_string(), amount });
    Ok(())
}

fn check(coupon: &CouponTemplate, request: &PriceRequest<'_>, goods: i64) -> Result<(), CouponReason> {
    if request.now < coupon.valid_from {
        return Err(CouponReason::NotYetValid);
    }
    if request.now >= coupon.valid_until {
        return Err(CouponReason::Expired);
    }
    if coupon.currency.is_some_and(|currency| currency != request.currency) {
        return Err(CouponReason::OtherCurrency);
    }
    if goods < coupon.minimum_spend {
        return Err(CouponReason::BelowMinimumSpend { minimum_spend: coupon.minimum_spend, goods });
    }
    Ok(())
}
