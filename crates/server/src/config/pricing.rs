//! `[pricing]`: the parts of a price that are no product's and no promotion's.
//!
//! Amounts only, in minor units of the order's currency: the arithmetic is the domain's.

use serde::Serialize;

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;

/// The parts of a price that are no product's and no promotion's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Pricing {
    /// What the shipping of an order costs, in minor units: 0 to 10^9.
    pub(crate) shipping_fee: i64,
    /// Goods worth this much after promotions ship free, in minor units; 0 means that no order does. At most 10^12.
    pub(crate) free_shipping_over: i64,
    /// Points earned for each 100 minor units of a completed order: 0 to 10,000.
    pub(crate) points_per_100: i64,
}

impl Pricing {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "pricing");
        Ok(Self {
            shipping_fee: section.integer("shipping_fee", 0..=1_000_000_000)?,
            free_shipping_over: section.integer("free_shipping_over", 0..=1_000_000_000_000)?,
            points_per_100: section.integer("points_per_100", 0..=10_000)?,
        })
    }
}
