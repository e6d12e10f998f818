//! The outside behind the engine's ports: payment channels, carriers, webhooks, and the breaker that stands in front of
//! them. One module each.
//!
//! An adapter translates and decides nothing; the truth is the store's. The sandboxes in here play the outside party too,
//! with books of their own that no other crate reads.

pub mod breaker;
pub mod carrier;
pub mod channel;
mod sandbox;
pub mod webhook;
