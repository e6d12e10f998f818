//! What an order costs: from requested lines to a price whose every unit of money has one owner line.
//!
//! [`quote`] works in stages, each on what the stage before left to pay:
//! 1. goods: base price times quantity, line by line;
//! 2. item promotions, decided per SKU over all its lines (`promotion`);
//! 3. order promotions (`promotion`);
//! 4. one coupon (`coupon`);
//! 5. points (`points`);
//! 6. the shipping fee (`shipping`), which no discount but free shipping touches.
//!
//! A discount that concerns several lines is split over them at once by largest remainder (`split`), and the shares are
//! stored with the order: a refund later adds up stored shares and computes nothing again. This room keeps nothing,
//! counts no coupon and no points (it is told how many to use), and knows no stock and no tax.

mod coupon;
mod points;
mod promotion;
mod quote;
mod shipping;
mod split;

use alloc::{string::String, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

pub use quote::quote;

use crate::{catalog::CouponTemplate, ids::Sku, money::Currency, time::Timestamp};

/// Most lines of one order.
pub const LINES_MAX: usize = 1_000;

/// What is to be priced.
#[derive(Clone, Copy, Debug)]
pub struct PriceRequest<'a> {
    /// The one currency of the order.
    pub currency: Currency,
    /// 1 to [`LINES_MAX`] lines. The same SKU may stand on several of them.
    pub lines: &'a [RequestedLine],
    /// The template of the coupon to use. That the coupon belongs to the buyer and is unused is checked in `coupon`.
    pub coupon: Option<&'a CouponTemplate>,
    /// Points to spend, not negative; one is worth one minor unit. That the buyer has them is checked in `points`.
    pub points: i64,
    /// When it is priced: decides which promotions run and whether the coupon is valid.
    pub now: Timestamp,
}

/// A wish for some units of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedLine {
    /// Of which product.
    pub sku: Sku,
    /// How many units: 1 to [`QUANTITY_MAX`](crate::money::QUANTITY_MAX).
    pub quantity: u32,
}

/// What sending an order costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShippingRule {
    /// The fee an order, in minor units: 0 to [`AMOUNT_MAX`](crate::money::AMOUNT_MAX).
    pub fee: i64,
    /// From this amount of goods after promotions on, in minor units, the fee is not charged; 0 means never.
    pub free_over: i64,
}

/// One line with its price and its shares of everything that was decided over several lines. All amounts are minor
/// units, never negative, for the whole line; `title` and `unit_price` are kept as they were when it was priced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedLine {
    /// Of which product.
    pub sku: Sku,
    /// The product's title.
    pub title: Arc<str>,
    /// The product's base price of one unit.
    pub unit_price: i64,
    /// How many units.
    pub quantity: u32,
    /// `unit_price * quantity`.
    pub goods: i64,
    /// Saved by item and order promotions.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub promotions: i64,
    /// Saved by the coupon.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub coupon: i64,
    /// Paid with points.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub points: i64,
    /// This line's share of the shipping fee.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shipping: i64,
}

impl PricedLine {
    /// All that is taken off the goods.
    #[must_use]
    pub const fn discount(&self) -> i64 {
        self.promotions + self.coupon + self.points
    }

    /// What is left to pay for the line, its share of the shipping fee included.
    #[must_use]
    pub const fn payable(&self) -> i64 {
        self.goods - self.discount() + self.shipping
    }
}

/// The price of an order, in minor units: `total = goods - promotions - coupon - points + shipping`, each of them the
/// sum over the lines and none negative.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Base prices times quantities.
    pub goods: i64,
    /// Saved by promotions.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub promotions: i64,
    /// Saved by the coupon.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub coupon: i64,
    /// Paid with points.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub points: i64,
    /// The shipping fee that is charged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shipping: i64,
    /// What is left to pay.
    pub total: i64,
    /// Each thing that made the order cheaper, in the order in which it was applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applied: Vec<Applied>,
}

/// One thing that made an order cheaper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// What kind of thing.
    pub kind: AppliedKind,
    /// Its name: the promotion's id, the coupon's template, `points`, or `free_over` for a fee waived by the amount.
    pub id: String,
    /// What it saved, in minor units.
    pub amount: i64,
}

/// What kind of thing made an order cheaper. The amounts of a kind add up to the price's member of that name, except
/// for shipping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppliedKind {
    /// A promotion, over all the lines it was applied to.
    Promotion,
    /// The coupon.
    Coupon,
    /// Points.
    Points,
    /// A shipping fee that is not charged, by the amount of goods or by a coupon of free shipping (then the id is its
    /// template's). The amount is the fee that was saved, which is not part of the price.
    Shipping,
}

/// A priced order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The lines in the order of the request.
    pub lines: Vec<PricedLine>,
    /// Their sum.
    pub price: Price,
}

/// Why a request has no price.
///
/// Precedence: the first line in the order of the request that is refused, and of one line the reason that stands first
/// here; then the coupon; then the points. Lines are numbered from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceRefusal {
    /// There is no product of this name.
    UnknownSku {
        /// Which line.
        line: usize,
        /// The name.
        sku: Sku,
    },
    /// The product is inactive.
    SkuNotSellable {
        /// Which line.
        line: usize,
        /// The product.
        sku: Sku,
    },
    /// The product is sold in another currency than the order's.
    CurrencyMismatch {
        /// Which line.
        line: usize,
        /// The product.
        sku: Sku,
        /// The currency it is sold in.
        currency: Currency,
    },
    /// The goods up to and with this line, together with the shipping fee, exceed
    /// [`AMOUNT_MAX`](crate::money::AMOUNT_MAX).
    AmountOverflow {
        /// Which line.
        line: usize,
    },
    /// The coupon does not fit this order.
    CouponNotUsable {
        /// Why.
        reason: CouponReason,
    },
    /// More points than there is to pay for goods. Points pay no shipping.
    PointsExceedPayable {
        /// Most points that could be used, which is what is left to pay for goods.
        payable: i64,
    },
}

/// Why a coupon does not fit an order, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponReason {
    /// It is not valid yet.
    NotYetValid,
    /// It is not valid any longer.
    Expired,
    /// It is for orders in another currency.
    OtherCurrency,
    /// The goods after promotions cost too little.
    BelowMinimumSpend {
        /// Least goods after promotions, in minor units.
        minimum_spend: i64,
        /// What they cost.
        goods: i64,
    },
}

fn is_zero(amount: &i64) -> bool {
    *amount == 0
}
