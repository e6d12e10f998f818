//! What orders cost: a table for every kind of promotion and coupon, the stack rule, the refusals in their order of
//! precedence, and properties over random shops. The shop that all of them price in is built in `shop`.

mod coupons_points_shipping;
mod item_promotions;
mod order_promotions;
mod properties;
mod refusals;
mod shop;
mod stored_form;
