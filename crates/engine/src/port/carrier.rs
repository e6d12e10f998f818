//! The port to carriers: announce a parcel, ask where it is.
//!
//! Every call carries an id of ours as its idempotency key: the same call again has one effect at the carrier and the same
//! answer. A carrier decides nothing about an order; its facts go to the domain, which takes them twice and in any order.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use ordain_domain::{
    ids::{OrderId, ShipmentId},
    shipment::TrackingFact,
};

/// What a carrier is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The parcel: the key of the call, for ever.
    pub shipment: ShipmentId,
    /// Of which order, for people.
    pub order: OrderId,
    /// The carrier's own number of the parcel, as the shop has it.
    pub tracking_number: Arc<str>,
}

/// Why a call to a carrier has no answer. Both calls may be repeated without harm, so it does not matter whether the carrier
/// acted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CarrierFailure {
    /// No answer came.
    #[error("the carrier cannot be reached: {0}")]
    Unreachable(String),
    /// The carrier refuses the call for good: trying the same again cannot help.
    #[error("the carrier refuses: {0}")]
    Refused(String),
}

impl CarrierFailure {
    /// Whether the same call may get an answer later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, CarrierFailure::Unreachable(_))
    }
}

/// One carrier.
pub trait Carrier: Send + Sync {
    /// Its name in the API: `sandbox`.
    fn name(&self) -> &str;

    /// Tells it of a parcel. The same parcel again changes nothing.
    fn announce(&self, announcement: Announcement) -> BoxFuture<'_, Result<(), CarrierFailure>>;

    /// Asks what happened to a parcel so far: every fact that the carrier knows, in any order, at most 200.
    fn track(&self, tracking_number: Arc<str>) -> BoxFuture<'_, Result<Vec<TrackingFact>, CarrierFailure>>;
}
