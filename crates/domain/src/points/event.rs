//! What happened to points. Freezing and giving back are told by the order's own events.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::UserId;

/// `points.adjusted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsAdjusted {
    /// Whose.
    pub user_id: UserId,
    /// Points, never 0.
    pub delta: i64,
    /// The operator's own words.
    pub note: Arc<str>,
    /// The balance after it.
    pub balance: i64,
}
