//! Stock of one SKU: what is on hand, what is locked for orders, and the ledger of what changed it.
//!
//! This room does not know orders: a lock is a quantity taken out of what is available, and [`Locks`] says for whom.
//! It never reads the clock and never decides who may adjust stock.

pub mod command;
pub mod decide;
pub mod event;
pub mod state;

pub use command::AdjustStock;
pub use event::StockAdjusted;
pub use state::{LOCK_EDGES, Lock, LockState, LockStep, Locks, MovementReason, Stock, StockMovement};
