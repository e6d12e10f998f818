//! All SQL: SQLite behind the engine's store port, an in-memory store for tests and the simulator, and one conformance
//! suite that every store passes.
//!
//! A store keeps what `domain` decided and decides nothing itself.

pub mod conformance;
pub mod invariants;
pub mod memory;
pub mod sqlite;
