//! Data of shipment events on the wire.

use ordain_domain::shipment::{ShipmentConfirmed, ShipmentCreated, ShipmentDelivered, ShipmentUpdated};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{number_text::PrefixedId, time_text::Rfc3339, wire::units::UnitsView};

/// `shipment.created`: paid units left.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShipmentCreated)]
pub(crate) struct CreatedView<'a> {
    #[schema(value_type = String)]
    shipment_id: PrefixedId,
    lines: Vec<UnitsView>,
    carrier: &'a str,
    tracking_number: &'a str,
}

impl<'a> From<&'a ShipmentCreated> for CreatedView<'a> {
    fn from(created: &'a ShipmentCreated) -> CreatedView<'a> {
        CreatedView {
            shipment_id: created.shipment.into(),
            lines: UnitsView::list(&created.lines),
            carrier: &created.carrier,
            tracking_number: &created.tracking_number,
        }
    }
}

/// `shipment.updated`: its status changed, other than by being delivered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShipmentUpdated)]
pub(crate) struct UpdatedView {
    #[schema(value_type = String)]
    shipment_id: PrefixedId,
    /// `in_transit`, `out_for_delivery`, `exception`, `returned`.
    status: &'static str,
    /// When that happened, by the carrier's word.
    #[schema(value_type = String, format = DateTime)]
    happened_at: Rfc3339,
    /// The units that came back to the shop and wait to be shipped again.
    waiting: Vec<UnitsView>,
}

impl From<&ShipmentUpdated> for UpdatedView {
    fn from(updated: &ShipmentUpdated) -> UpdatedView {
        UpdatedView {
            shipment_id: updated.shipment.into(),
            status: updated.status.as_str(),
            happened_at: Rfc3339(updated.happened_at),
            waiting: UnitsView::list(&updated.waiting),
        }
    }
}

/// `shipment.delivered`: its units are with the buyer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShipmentDelivered)]
pub(crate) struct DeliveredView {
    #[schema(value_type = String)]
    shipment_id: PrefixedId,
    lines: Vec<UnitsView>,
    /// When that happened, by the carrier's word.
    #[schema(value_type = String, format = DateTime)]
    happened_at: Rfc3339,
}

impl From<&ShipmentDelivered> for DeliveredView {
    fn from(delivered: &ShipmentDelivered) -> DeliveredView {
        DeliveredView {
            shipment_id: delivered.shipment.into(),
            lines: UnitsView::list(&delivered.lines),
            happened_at: Rfc3339(delivered.happened_at),
        }
    }
}

/// `shipment.confirmed`: its receipt was confirmed, by the buyer or by time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShipmentConfirmed)]
pub(crate) struct ConfirmedView {
    #[schema(value_type = String)]
    shipment_id: PrefixedId,
    lines: Vec<UnitsView>,
}

impl From<&ShipmentConfirmed> for ConfirmedView {
    fn from(confirmed: &ShipmentConfirmed) -> ConfirmedView {
        ConfirmedView { shipment_id: confirmed.shipment.into(), lines: UnitsView::list(&confirmed.lines) }
    }
}
