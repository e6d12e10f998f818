//! A product: one sellable thing under the caller's own SKU.
//!
//! It carries no stock (that changes with every order and lives in `stock`) and no tax.

use alloc::{collections::BTreeMap, string::String, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{FieldError, require};
use crate::{
    ids::Sku,
    money::{Currency, UNIT_PRICE_MAX},
    time::Timestamp,
};

/// Longest title, in characters.
pub const TITLE_LENGTH_MAX: usize = 200;
/// Most attributes of one product.
pub const ATTRIBUTES_MAX: usize = 50;
/// Longest key of an attribute, in characters.
pub const ATTRIBUTE_KEY_LENGTH_MAX: usize = 64;
/// Longest value of an attribute, in characters.
pub const ATTRIBUTE_VALUE_LENGTH_MAX: usize = 500;

/// Whether a product may be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductStatus {
    /// May be ordered.
    Active,
    /// Is known, so that old orders can name it, but cannot be ordered.
    Inactive,
}

/// One sellable thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The caller's name of it.
    pub sku: Sku,
    /// What people read: 1 to [`TITLE_LENGTH_MAX`] characters. Shared with every order line that quotes it.
    pub title: Arc<str>,
    /// Base price of one unit, in minor units of `currency`: 0 to [`UNIT_PRICE_MAX`].
    pub price: i64,
    /// The one currency it is sold in.
    pub currency: Currency,
    /// Whether it may be ordered.
    pub status: ProductStatus,
    /// Weight of one unit in grams, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// Free pairs of the caller: at most [`ATTRIBUTES_MAX`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Grows by one with every change, from 1.
    pub version: u32,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Product {
    /// Checks every field against its bounds, in the order of the fields.
    ///
    /// # Errors
    /// The first field that is out of bounds.
    pub fn check(&self) -> Result<(), FieldError> {
        let title_length = self.title.chars().take(TITLE_LENGTH_MAX + 1).count();
        require((1..=TITLE_LENGTH_MAX).contains(&title_length), "/title", "must have 1 to 200 characters")?;
        require((0..=UNIT_PRICE_MAX).contains(&self.price), "/price", "must be 0 to 1000000000000 minor units")?;
        require(self.attributes.len() <= ATTRIBUTES_MAX, "/attributes", "must hold at most 50 pairs")?;
        for (key, value) in &self.attributes {
            let key_length = key.chars().count();
            let key_fits = (1..=ATTRIBUTE_KEY_LENGTH_MAX).contains(&key_length);
            require(key_fits, "/attributes", "must have keys of 1 to 64 characters")?;
            let value_fits = value.chars().count() <= ATTRIBUTE_VALUE_LENGTH_MAX;
            require(value_fits, "/attributes", "must have values of at most 500 characters")?;
        }
        Ok(())
    }
}
