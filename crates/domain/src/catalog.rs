//! The catalog: what is sold, at which price, with which promotions and coupon templates.
//!
//! It is small and read-mostly, so it is one immutable snapshot ([`Catalog`]) that decisions are handed as a value. This
//! room holds values and checks them; it prices nothing (that is `price`), knows no stock and counts no coupon.

pub mod command;
mod coupon_template;
pub mod decide;
mod product;
mod promotion;
mod promotion_index;
mod snapshot;

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

pub use coupon_template::{CouponKind, CouponTemplate};
pub use product::{
    ATTRIBUTE_KEY_LENGTH_MAX, ATTRIBUTE_VALUE_LENGTH_MAX, ATTRIBUTES_MAX, Product, ProductStatus, TITLE_LENGTH_MAX,
};
pub use promotion::{AppliesTo, BUNDLE_UNITS_MAX, PROMOTION_SKUS_MAX, Promotion, PromotionKind, Saving};
pub(crate) use promotion_index::PromotionLists;
pub use snapshot::{Catalog, Products};

/// One change of the catalog: the whole value that replaces the one of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogChange {
    /// A product was created or replaced.
    Product(Arc<Product>),
    /// A promotion was created or replaced.
    Promotion(Arc<Promotion>),
    /// A coupon template was created or replaced.
    Template(Arc<CouponTemplate>),
}

/// Why a value is not fit for the catalog: one field and what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field as a JSON pointer (RFC 6901) into the value.
    pub pointer: &'static str,
    /// What the field must be, as the end of a sentence that begins with its name.
    pub detail: &'static str,
}

/// Refuses a field unless the condition holds.
fn require(holds: bool, pointer: &'static str, detail: &'static str) -> Result<(), FieldError> {
    if holds { Ok(()) } else { Err(FieldError { pointer, detail }) }
}

/// A percentage off is a whole number of percent from 1 to 100.
fn require_percent(percent: u8) -> Result<(), FieldError> {
    require((1..=100).contains(&percent), "/percent", "must be a whole number from 1 to 100")
}
