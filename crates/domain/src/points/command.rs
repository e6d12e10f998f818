//! What may be asked of points from outside. Freezing comes with an order.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::UserId;

/// Adds or takes points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustPoints {
    /// Whose.
    pub user_id: UserId,
    /// Points, never 0.
    pub delta: i64,
    /// The operator's own words, 1 to 200 characters.
    pub reason: Arc<str>,
    /// Refuse unless the account has this version.
    pub expected_version: Option<u64>,
}
