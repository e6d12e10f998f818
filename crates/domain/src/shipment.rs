//! Parcels: which units left, what the carrier says of them, and when the buyer is taken to have them.
//!
//! A parcel's status is the carrier's word, folded from facts that may come twice and in any order. Where the units stand is
//! told by the order's buckets; a parcel moves its own units and no others. This room calls no carrier: it writes messages to
//! the outbox and is told the answers by commands.

mod command;
pub mod decide;
mod event;
pub(crate) mod following;
mod state;

pub use command::{ConfirmReceipt, CreateShipment, TrackShipment};
pub use event::{ShipmentConfirmed, ShipmentCreated, ShipmentDelivered, ShipmentUpdated};
pub use state::{FACTS_MAX, SHIPMENT_EDGES, Shipment, ShipmentLine, ShipmentStatus, ShipmentStep, TrackingFact};
