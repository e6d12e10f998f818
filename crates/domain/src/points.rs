//! Points: a user's balance in minor units, and the ledger that adds up to it.
//!
//! This room does not decide how many points an order may take (that is `price`).

pub mod command;
pub mod decide;
pub mod event;
pub mod state;

pub use command::AdjustPoints;
pub use event::PointsAdjusted;
pub use state::{PointsAccount, PointsEntry, PointsReason};
