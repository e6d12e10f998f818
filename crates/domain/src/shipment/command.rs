//! What may be asked of parcels.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{OrderId, ShipmentId},
    refund::RefundLine,
    shipment::state::TrackingFact,
};

/// Hands paid units to a carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateShipment {
    /// Of which order.
    pub order: OrderId,
    /// Which units, at least one; a line may stand there several times and is summed.
    pub lines: Vec<RefundLine>,
    /// Name of the carrier, 1 to 64 characters. One that is not connected is told nothing and asked nothing.
    pub carrier: Arc<str>,
    /// The carrier's own number of the parcel, 1 to 100 characters.
    pub tracking_number: Arc<str>,
    /// Refuse unless the order has this version.
    pub expected_version: Option<u64>,
}

/// Tells what a carrier said of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackShipment {
    /// Which parcel.
    pub shipment: ShipmentId,
    /// What it said.
    pub fact: TrackingFact,
    /// Refuse unless the parcel has this version.
    pub expected_version: Option<u64>,
}

/// The buyer confirms to have received everything of an order that was shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmReceipt {
    /// Which order.
    pub order: OrderId,
    /// Refuse unless the order has this version.
    pub expected_version: Option<u64>,
}
