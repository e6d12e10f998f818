//! Wire types: what bodies look like, apart from what they mean.
//!
//! They are types of their own, so that the contract does not move when the domain does. Bodies refuse unknown fields and
//! borrow from the request; views borrow from the domain's values. No rule of business is decided here, only the form.

pub(crate) mod address;
pub(crate) mod after_sale;
pub(crate) mod after_sale_body;
pub(crate) mod cloud_event;
pub(crate) mod coupon;
pub(crate) mod event;
pub(crate) mod letter;
pub(crate) mod note;
pub(crate) mod ops;
pub(crate) mod order_body;
pub(crate) mod order_view;
pub(crate) mod payment;
mod percent;
pub(crate) mod points;
pub(crate) mod problem_view;
pub(crate) mod product;
pub(crate) mod promotion;
pub(crate) mod receipt;
pub(crate) mod refund;
pub(crate) mod shipment;
pub(crate) mod stock;
pub(crate) mod stuck;
mod text_map;
pub(crate) mod units;
pub(crate) mod user;
pub(crate) mod webhook;
