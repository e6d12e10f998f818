//! A promotion: a saving that applies by itself while it runs, to everything or to named SKUs.
//!
//! Only what it is; how much it saves and how several of them stack is decided in `price`. It has no budget and counts
//! no uses: what is limited per buyer is a coupon.

use alloc::collections::BTreeSet;
use core::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::{FieldError, require, require_percent};
use crate::{
    ids::{PromotionId, Sku},
    money::{AMOUNT_MAX, Currency, UNIT_PRICE_MAX},
    time::Timestamp,
};

/// Most SKUs that one promotion names.
pub const PROMOTION_SKUS_MAX: usize = 10_000;
/// Greatest `buy` and greatest `get` of [`PromotionKind::BuyXGetY`], in units.
pub const BUNDLE_UNITS_MAX: u32 = 1_000;

/// What a promotion does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromotionKind {
    /// A percentage off each unit.
    PercentOff {
        /// 1 to 100.
        percent: u8,
    },
    /// An amount off each unit.
    AmountOff {
        /// Minor units a unit: 1 to [`UNIT_PRICE_MAX`].
        amount: i64,
    },
    /// Each unit at this price, if that is less.
    FixedPrice {
        /// Minor units a unit: 0 to [`UNIT_PRICE_MAX`].
        price: i64,
    },
    /// After every `buy` units of a SKU the next `get` units of it are `percent` cheaper.
    BuyXGetY {
        /// Units at the full price in a row: 1 to [`BUNDLE_UNITS_MAX`].
        buy: u32,
        /// Units with the saving behind them: 1 to [`BUNDLE_UNITS_MAX`].
        get: u32,
        /// 1 to 100; 100 makes them free.
        #[serde(default = "whole")]
        percent: u8,
    },
    /// A saving on the order once the goods it applies to reach an amount.
    SpendAndSave {
        /// Minor units of goods after item promotions: 1 to [`AMOUNT_MAX`].
        minimum_spend: i64,
        /// What is saved.
        saving: Saving,
    },
}

/// What [`PromotionKind::SpendAndSave`] saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saving {
    /// Minor units off the order: 1 to [`AMOUNT_MAX`].
    Amount(i64),
    /// Percent off the goods it applies to: 1 to 100.
    Percent(u8),
}

/// Which goods a promotion applies to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppliesTo {
    /// Every product.
    All,
    /// The products named: 1 to [`PROMOTION_SKUS_MAX`]. A name without a product does no harm.
    Skus(BTreeSet<Sku>),
}

/// A saving that applies by itself while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// The caller's name of it.
    pub id: PromotionId,
    /// What it does.
    pub kind: PromotionKind,
    /// To which goods.
    pub applies_to: AppliesTo,
    /// The currency of its amounts: required by kinds that hold one. A promotion of another currency does not apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// It runs from this point on, included.
    pub starts_at: Timestamp,
    /// It runs up to this point, excluded; without one it runs for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// Whether it goes together with others. One that does not is exclusive.
    pub stackable: bool,
    /// The greater comes first; equal ones go by id.
    pub priority: i32,
    /// Grows by one with every change, from 1.
    pub version: u32,
}

fn whole() -> u8 {
    100
}

impl Promotion {
    /// Checks every field against its bounds.
    ///
    /// # Errors
    /// The first field that is out of bounds, the kind's own fields first.
    pub fn check(&self) -> Result<(), FieldError> {
        self.kind.check()?;
        if let AppliesTo::Skus(skus) = &self.applies_to {
            let named = (1..=PROMOTION_SKUS_MAX).contains(&skus.len());
            require(named, "/applies_to/skus", "must name 1 to 10000 SKUs")?;
        }
        require(self.currency.is_some() || !self.kind.has_amount(), "/currency", "is required by this kind")?;
        let ends_later = self.ends_at.is_none_or(|ends_at| ends_at > self.starts_at);
        require(ends_later, "/ends_at", "must be later than starts_at")
    }

    /// Whether it is running at `now` for orders in `currency`.
    #[must_use]
    pub fn is_running(&self, now: Timestamp, currency: Currency) -> bool {
        self.starts_at <= now
            && self.ends_at.is_none_or(|ends_at| now < ends_at)
            && self.currency.is_none_or(|own| own == currency)
    }

    /// Whether it applies to this product.
    #[must_use]
    pub fn names(&self, sku: &Sku) -> bool {
        match &self.applies_to {
            AppliesTo::All => true,
            AppliesTo::Skus(skus) => skus.contains(sku),
        }
    }

    /// Whether it is decided over the order and not over one SKU.
    #[must_use]
    pub const fn is_of_order(&self) -> bool {
        matches!(self.kind, PromotionKind::SpendAndSave { .. })
    }

    /// The order in which promotions are tried: greatest priority first, then by id.
    pub(crate) fn rank(&self) -> (Reverse<i32>, &PromotionId) {
        (Reverse(self.priority), &self.id)
    }
}

impl PromotionKind {
    fn check(self) -> Result<(), FieldError> {
        match self {
            PromotionKind::PercentOff { percent } => require_percent(percent),
            PromotionKind::AmountOff { amount } => {
                require((1..=UNIT_PRICE_MAX).contains(&amount), "/amount", "must be 1 to 1000000000000 minor units")
            }
            PromotionKind::FixedPrice { price } => {
                require((0..=UNIT_PRICE_MAX).contains(&price), "/price", "must be 0 to 1000000000000 minor units")
            }
            PromotionKind::BuyXGetY { buy, get, percent } => {
                require((1..=BUNDLE_UNITS_MAX).contains(&buy), "/buy", "must be 1 to 1000 units")?;
                require((1..=BUNDLE_UNITS_MAX).contains(&get), "/get", "must be 1 to 1000 units")?;
                require_percent(percent)
            }
            PromotionKind::SpendAndSave { minimum_spend, saving } => {
                let spend_fits = (1..=AMOUNT_MAX).contains(&minimum_spend);
                require(spend_fits, "/minimum_spend", "must be 1 to 9007199254740991 minor units")?;
                match saving {
                    Saving::Percent(percent) => require_percent(percent),
                    Saving::Amount(amount) => {
                        let amount_fits = (1..=AMOUNT_MAX).contains(&amount);
                        require(amount_fits, "/amount", "must be 1 to 9007199254740991 minor units")
                    }
                }
            }
        }
    }

    /// Whether it holds an amount of money, which means nothing without a currency.
    const fn has_amount(self) -> bool {
        match self {
            PromotionKind::PercentOff { .. } | PromotionKind::BuyXGetY { .. } => false,
            PromotionKind::AmountOff { .. } | PromotionKind::FixedPrice { .. } | PromotionKind::SpendAndSave { .. } => {
                true
            }
        }
    }
}
