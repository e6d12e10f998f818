//! Coupons: one grant of a template to one user, spent on at most one order.
//!
//! This room does not compute discounts (that is `price`) and does not hold templates (those are in the catalog).

pub mod command;
pub mod decide;
pub mod event;
pub mod state;

pub use command::GrantCoupon;
pub use event::CouponGranted;
pub use state::{COUPON_EDGES, Coupon, CouponState, CouponStep};
