//! Points of users: adjust, get.

pub(crate) mod adjust;
pub(crate) mod get;
