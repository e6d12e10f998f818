//! Runs the domain: commands in, decisions in batches, one commit, answers out.
//!
//! The engine declares the ports (store, clock) and knows no vendor. It holds no business rule: what is allowed is decided in
//! `domain`, what is kept is written by `store`. It also knows no HTTP.
//!
//! The way of a command: [`handle`] routes it into the shard's `queue`; at the `desk` all that waits is collected into a `round`
//! with the timers that are due, loaded and decided (`deciding`); the `executor` has the `shard` commit it once and answers,
//! while its assistant works at the desk. [`consumer`] reads what was committed; [`courier`] delivers messages to the outside;
//! [`reconcile`] looks for what was missed.

mod cached_rows;
pub mod consumer;
pub mod counters;
pub mod courier;
mod deciding;
mod desk;
pub mod executor;
pub mod failure;
pub mod handle;
mod outbox;
pub mod port;
mod query;
pub mod queue;
mod recent;
pub mod reconcile;
mod round;
pub mod routing;
pub mod shard;
pub mod timers;
pub mod watch;
pub mod webhook;

pub use executor::BatchLimits;
pub use failure::EngineFailure;
pub use handle::{Engine, EngineParts};
