//! A coupon template: what every coupon granted from it does, and the limits of granting.
//!
//! It counts nothing: how many coupons were granted, frozen and used is kept in `coupon`, and whether a template fits an
//! order is decided in `price`.

use serde::{Deserialize, Serialize};

use super::{FieldError, require, require_percent};
use crate::{
    ids::TemplateId,
    money::{AMOUNT_MAX, Currency},
    time::Timestamp,
};

/// What a coupon does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponKind {
    /// A percentage off the goods after promotions.
    PercentOff {
        /// 1 to 100.
        percent: u8,
    },
    /// An amount off the goods after promotions, at most what they cost.
    AmountOff {
        /// Minor units: 1 to [`AMOUNT_MAX`].
        amount: i64,
    },
    /// The shipping fee is not charged.
    FreeShipping,
}

/// What every coupon granted from it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponTemplate {
    /// The caller's name of it.
    pub id: TemplateId,
    /// What its coupons do.
    pub kind: CouponKind,
    /// The currency of its amounts: required when there is one. Its coupons are not usable in another currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Least goods after promotions, in minor units: 0 (none) to [`AMOUNT_MAX`].
    pub minimum_spend: i64,
    /// Most coupons ever granted; without one, any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_total: Option<u64>,
    /// Most coupons ever granted to one user; without one, any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_per_user: Option<u32>,
    /// Its coupons are usable from this point on, included.
    pub valid_from: Timestamp,
    /// Its coupons are usable up to this point, excluded.
    pub valid_until: Timestamp,
    /// Grows by one with every change, from 1.
    pub version: u32,
}

impl CouponTemplate {
    /// Checks every field against its bounds.
    ///
    /// # Errors
    /// The first field that is out of bounds, the kind's own fields first.
    pub fn check(&self) -> Result<(), FieldError> {
        match self.kind {
            CouponKind::PercentOff { percent } => require_percent(percent)?,
            CouponKind::AmountOff { amount } => {
                let amount_fits = (1..=AMOUNT_MAX).contains(&amount);
                require(amount_fits, "/amount", "must be 1 to 9007199254740991 minor units")?;
            }
            CouponKind::FreeShipping => {}
        }
        let spend_fits = (0..=AMOUNT_MAX).contains(&self.minimum_spend);
        require(spend_fits, "/minimum_spend", "must be 0 to 9007199254740991 minor units")?;
        let has_amount = self.minimum_spend > 0 || matches!(self.kind, CouponKind::AmountOff { .. });
        require(self.currency.is_some() || !has_amount, "/currency", "is required with an amount")?;
        let total_fits = self.limit_total.is_none_or(|limit| (1..=AMOUNT_MAX as u64).contains(&limit));
        require(total_fits, "/limit_total", "must be 1 to 9007199254740991")?;
        require(self.limit_per_user != Some(0), "/limit_per_user", "must be at least 1")?;
        require(self.valid_until > self.valid_from, "/valid_until", "must be later than valid_from")
    }
}
