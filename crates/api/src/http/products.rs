//! Products: put, get, list, import.

pub(crate) mod get;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod put;
mod record_splitter;
