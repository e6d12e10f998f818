//! `[limits]`: what a request may cost.
//!
//! Limits of business (lines of an order, unpaid orders) are in `[orders]`.

use serde::Serialize;

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;

/// What a request may cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Limits {
    /// The longest request body, in bytes: 1 KiB to 64 MiB.
    pub(crate) body_bytes_max: usize,
}

impl Limits {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "limits");
        Ok(Self { body_bytes_max: section.integer("body_bytes_max", 1 << 10..=64 << 20)? })
    }
}
