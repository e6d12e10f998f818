//! Coupon templates (put, get, list) and coupons of users (grant, get).

pub(crate) mod get;
pub(crate) mod get_template;
pub(crate) mod grant;
pub(crate) mod list_templates;
pub(crate) mod put_template;
