//! What happened to stock. Locks, deductions and releases are told by the order's own events, so that one transition
//! makes one event.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{ids::Sku, stock::state::MovementReason};

/// `stock.adjusted`: units were received or written off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockAdjusted {
    /// The SKU.
    pub sku: Sku,
    /// Units, never 0.
    pub delta: i64,
    /// `receive` or `write_off`.
    pub reason: MovementReason,
    /// The operator's own words.
    pub note: Arc<str>,
    /// `on_hand` after the change.
    pub on_hand: i64,
    /// Number of the ledger entry.
    pub movement: u64,
}
