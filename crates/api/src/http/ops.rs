//! What operators ask: verify, states.

pub(crate) mod states;
pub(crate) mod verify;
