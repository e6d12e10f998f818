//! What operators ask: verify, states, what is stuck, what channels sent.

pub(crate) mod receipts;
pub(crate) mod resolve_receipt;
pub(crate) mod states;
pub(crate) mod stuck;
pub(crate) mod verify;
