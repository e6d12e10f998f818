//! Promotions: put, get, list.

pub(crate) mod get;
pub(crate) mod list;
mod only_currency;
pub(crate) mod put;

pub(crate) use only_currency::only_currency;
