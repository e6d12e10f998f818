//! What operators ask: verify, states, what is stuck, what channels sent, what consumers of the log could not take.

pub(crate) mod consumers;
pub(crate) mod dead_letters;
pub(crate) mod receipts;
pub(crate) mod replay_letter;
pub(crate) mod resolve_receipt;
pub(crate) mod rewind;
pub(crate) mod skip_letter;
pub(crate) mod states;
pub(crate) mod stuck;
pub(crate) mod verify;
