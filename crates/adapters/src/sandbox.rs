//! What the sandboxes share: how they read what programs send them, and how they say no.
//!
//! It knows no channel and no carrier.

pub(crate) mod body;
pub(crate) mod problem;
pub(crate) mod time_text;
