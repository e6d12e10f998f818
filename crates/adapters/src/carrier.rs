//! Carriers behind the engine's port, one module each.
//!
//! An adapter translates; what a carrier's word means for an order is decided by the domain.

pub mod sandbox;
