//! What happened to parcels. These are facts of the order: they carry its numbers, and say which units moved.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{ids::ShipmentId, refund::RefundLine, shipment::state::ShipmentStatus, time::Timestamp};

/// `shipment.created`: paid units left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentCreated {
    /// The parcel.
    pub shipment: ShipmentId,
    /// Its units.
    pub lines: Vec<RefundLine>,
    /// Name of the carrier.
    pub carrier: Arc<str>,
    /// The carrier's own number of the parcel.
    pub tracking_number: Arc<str>,
}

/// `shipment.updated`: its status changed, other than by being delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentUpdated {
    /// The parcel.
    pub shipment: ShipmentId,
    /// What it changed to.
    pub status: ShipmentStatus,
    /// When that happened, by the carrier's word.
    pub happened_at: Timestamp,
    /// The units that came back to the shop with it and wait to be shipped again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<RefundLine>,
    /// Whether those had been delivered before.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub was_delivered: bool,
}

/// `shipment.delivered`: its units are with the buyer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentDelivered {
    /// The parcel.
    pub shipment: ShipmentId,
    /// The units.
    pub lines: Vec<RefundLine>,
    /// When that happened, by the carrier's word.
    pub happened_at: Timestamp,
}

/// `shipment.confirmed`: the buyer confirmed its receipt, or the time to object is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentConfirmed {
    /// The parcel.
    pub shipment: ShipmentId,
    /// The units.
    pub lines: Vec<RefundLine>,
    /// Whether the carrier had delivered it before.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub was_delivered: bool,
}
