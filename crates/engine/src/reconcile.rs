//! Reconcilers: the net under the timers and couriers.
//!
//! A reconciler takes no input, is idempotent, and runs by period. It reads the things themselves, never the queue that
//! should have brought them, so that a bug there cannot hide here. What it finds it hands to the normal path as a command.

pub mod expired_orders;
pub mod overdue_goods;
pub mod overdue_money;
