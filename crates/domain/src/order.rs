//! An order: what was agreed when it was placed, and where each of its units stands since.
//!
//! The room decides placing, cancelling, closing by timeout, and what being paid means. It prices through `price`, holds stock
//! through `stock`, and moves coupon and points along in the same decision. It knows no payment channel.

pub mod cancel;
pub mod command;
pub mod decide;
pub mod event;
pub mod fold;
pub mod key;
pub mod settle;
pub mod state;

pub use command::{CancelOrder, CloseOrder, PlaceOrder};
pub use event::{
    OrderCancelled, OrderClosing, OrderCompleted, OrderDelivered, OrderPaid, OrderReinstated, OrderShipped, Placed,
    UnitsCancelled,
};
pub use key::{OrderKey, OrderKeyEntry, OrderToken};
pub use state::{CancelReason, ORDER_EDGES, Order, OrderStatus, OrderStep, Quantities};
