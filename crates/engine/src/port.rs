//! The ports: what the engine needs from outside, as traits without a vendor's name.
//!
//! Implementations live in `store` (SQL), in `adapters` (everything else outside) and in the simulator. A port's error is a *failure*: it knows whether trying again
//! can help. It is never a refusal.

pub mod carrier;
pub mod clock;
pub mod payment_channel;
pub mod store;
pub mod webhook_sender;
