//! Stock: adjust, get, movements.

pub(crate) mod adjust;
pub(crate) mod get;
pub(crate) mod movements;
