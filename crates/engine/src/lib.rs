//! Runs the domain: commands in, decisions in batches, one commit, answers out.
//!
//! The engine declares the ports (store, clock) and knows no vendor. It holds no business rule: what is allowed is decided in
//! `domain`, what is kept is written by `store`. It also knows no HTTP.

pub mod port;
