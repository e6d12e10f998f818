//! Parcels: hand units to a carrier, read, list, take a carrier's word.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod track;
