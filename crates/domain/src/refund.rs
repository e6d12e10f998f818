//! Giving money back: the row first, under `captured - refunded - refunding >= 0`, then the call to the channel.
//!
//! An amount is the sum of the stored shares of units, or a goodwill amount; nothing is computed a second time. This room
//! moves no goods: what a cancel or an after-sale does to units and stock is decided there.

mod command;
pub mod decide;
mod event;
mod state;

pub use command::{RefundLine, RequestRefund, ResolveRefund, RetryRefund};
pub use decide::merged;
pub use event::{RefundFailed, RefundRequested, RefundRetried, RefundSucceeded};
pub use state::{REFUND_EDGES, Refund, RefundCause, RefundStatus, RefundStep};
