//! Payment channels behind the engine's port, one module each, and the suite that each of them passes.
//!
//! An adapter translates; it decides nothing about payments or orders.

pub mod conformance;
pub mod guarded;
pub mod sandbox;
