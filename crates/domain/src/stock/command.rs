//! What may be asked of stock from outside. Locks are not: they come with an order.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::Sku;

/// Receives or writes off units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustStock {
    /// The SKU; it must be in the catalog.
    pub sku: Sku,
    /// Units: positive to receive, negative to write off, never 0.
    pub delta: i64,
    /// The operator's own words, 1 to 200 characters.
    pub reason: Arc<str>,
    /// Refuse unless the row has this version.
    pub expected_version: Option<u64>,
}
