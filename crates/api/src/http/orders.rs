//! Orders: place, batch, get, list, cancel, events, watch.

pub(crate) mod batch;
pub(crate) mod cancel;
pub(crate) mod confirm_receipt;
pub(crate) mod events;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod place;
pub(crate) mod watch;
