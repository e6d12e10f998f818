//! The settings that decisions depend on, as one value.
//!
//! There are no defaults here: the configuration knows better, and a decision must never depend on a forgotten field.

use crate::{price::ShippingRule, time::Span};

/// Settings of the decisions of one shard. They may differ from batch to batch, never within one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long an order waits for its payment.
    pub payment_window: Span,
    /// Without an idempotency key, a second order of a user with the same lines within this span is refused. Zero: off.
    pub duplicate_window: Span,
    /// Most lines of one order, at least 1.
    pub lines_max: u32,
    /// Most unpaid orders of one user at a time, at least 1.
    pub unpaid_per_user_max: u32,
    /// What shipping costs.
    pub shipping: ShippingRule,
}
