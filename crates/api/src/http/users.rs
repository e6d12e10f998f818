//! Users: profile (put, get) and addresses (put, get, list).

pub(crate) mod get;
pub(crate) mod get_address;
pub(crate) mod list_addresses;
pub(crate) mod put;
pub(crate) mod put_address;
