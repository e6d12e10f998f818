//! Parcels on the wire: handing units to a carrier, what carriers say, and the parcel as the API shows it.
//!
//! Lines are counted from 1 here, and from 0 in the domain.

use std::{borrow::Cow, sync::Arc};

use ordain_domain::{
    ids::{OrderId, ShipmentId},
    shipment::{CreateShipment, Shipment, ShipmentLine, ShipmentStatus, TrackShipment, TrackingFact},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    field_errors::FieldErrors,
    json_text::Object,
    number_text::PrefixedId,
    problem::Problem,
    time_text::{Rfc3339, parse_rfc3339},
    wire::units::{UnitsBody, checked_units},
};

/// Longest name of a carrier and longest number of a parcel, in characters.
pub(super) const CARRIER_LENGTH_MAX: usize = 64;
pub(super) const TRACKING_NUMBER_LENGTH_MAX: usize = 100;
/// Longest place and longest note of a carrier's word, in characters.
const LOCATION_LENGTH_MAX: usize = 200;
const NOTE_LENGTH_MAX: usize = 500;

/// Hands paid units to a carrier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShipmentBody)]
pub(crate) struct ShipmentBody<'a> {
    /// The units; a line may stand there several times and is summed.
    #[schema(value_type = Vec<UnitsBody>, min_items = 1)]
    lines: Vec<Object<UnitsBody>>,
    /// Name of the carrier: 1 to 64 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    carrier: Cow<'a, str>,
    /// The carrier's own number of the parcel: 1 to 100 characters.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    tracking_number: Cow<'a, str>,
}

impl ShipmentBody<'_> {
    /// The command.
    pub(crate) fn into_command(self, order: OrderId, expected_version: Option<u64>) -> Result<CreateShipment, Problem> {
        let mut errors = FieldErrors::new();
        let lines = checked_units(&self.lines, &mut errors);
        errors.text(&self.carrier, CARRIER_LENGTH_MAX, format_args!("/carrier"));
        errors.text(&self.tracking_number, TRACKING_NUMBER_LENGTH_MAX, format_args!("/tracking_number"));
        errors.finish(Some(CreateShipment {
            order,
            lines,
            carrier: Arc::from(self.carrier.as_ref()),
            tracking_number: Arc::from(self.tracking_number.as_ref()),
            expected_version,
        }))
    }
}

/// What a carrier says of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShipmentStatus)]
pub(crate) enum ShipmentStatusWord {
    /// It is with the carrier. So is a parcel of which nothing was said yet.
    InTransit,
    /// It is on its last leg.
    OutForDelivery,
    /// Something is wrong; it may still arrive.
    Exception,
    /// It was handed over.
    Delivered,
    /// It came back to the shop: its units wait to be shipped again.
    Returned,
}

impl From<ShipmentStatusWord> for ShipmentStatus {
    fn from(word: ShipmentStatusWord) -> ShipmentStatus {
        match word {
            ShipmentStatusWord::InTransit => ShipmentStatus::InTransit,
            ShipmentStatusWord::OutForDelivery => ShipmentStatus::OutForDelivery,
            ShipmentStatusWord::Exception => ShipmentStatus::Exception,
            ShipmentStatusWord::Delivered => ShipmentStatus::Delivered,
            ShipmentStatusWord::Returned => ShipmentStatus::Returned,
        }
    }
}

impl From<ShipmentStatus> for ShipmentStatusWord {
    fn from(status: ShipmentStatus) -> ShipmentStatusWord {
        match status {
            ShipmentStatus::InTransit => ShipmentStatusWord::InTransit,
            ShipmentStatus::OutForDelivery => ShipmentStatusWord::OutForDelivery,
            ShipmentStatus::Exception => ShipmentStatusWord::Exception,
            ShipmentStatus::Delivered => ShipmentStatusWord::Delivered,
            ShipmentStatus::Returned => ShipmentStatusWord::Returned,
        }
    }
}

/// Tells what a carrier said of a parcel. The same twice, and an older word after a younger one, change nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TrackingBody)]
pub(crate) struct TrackingBody<'a> {
    status: ShipmentStatusWord,
    /// When that happened, by the carrier's clock: RFC 3339.
    #[serde(borrow)]
    #[schema(value_type = String, format = DateTime)]
    at: Cow<'a, str>,
    /// Where: at most 200 characters.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, max_length = 200)]
    location: Option<Cow<'a, str>>,
    /// In the carrier's words: at most 500 characters.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, max_length = 500)]
    note: Option<Cow<'a, str>>,
}

impl TrackingBody<'_> {
    /// The command.
    pub(crate) fn into_command(
        self,
        shipment: ShipmentId,
        expected_version: Option<u64>,
    ) -> Result<TrackShipment, Problem> {
        let mut errors = FieldErrors::new();
        let at = errors.take(parse_rfc3339(&self.at), format_args!("/at"));
        if let Some(location) = &self.location {
            errors.text(location, LOCATION_LENGTH_MAX, format_args!("/location"));
        }
        if let Some(note) = &self.note {
            errors.text(note, NOTE_LENGTH_MAX, format_args!("/note"));
        }
        let kept = |text: Option<Cow<'_, str>>| text.map(|text| Arc::from(text.as_ref()));
        let (location, note) = (kept(self.location), kept(self.note));
        errors.finish(at.map(|at| TrackShipment {
            shipment,
            fact: TrackingFact { status: self.status.into(), at, location, note },
            expected_version,
        }))
    }
}

/// Units of one line in a parcel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShipmentLine)]
pub(crate) struct ShipmentLineView {
    /// The order's line, counted from 1.
    line: usize,
    quantity: u32,
}

impl From<&ShipmentLine> for ShipmentLineView {
    fn from(line: &ShipmentLine) -> ShipmentLineView {
        ShipmentLineView { line: line.line + 1, quantity: line.quantity }
    }
}

/// One word of a carrier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrackingFact)]
pub(crate) struct TrackingFactView<'a> {
    status: ShipmentStatusWord,
    #[schema(value_type = String, format = DateTime)]
    at: Rfc3339,
    location: Option<&'a str>,
    note: Option<&'a str>,
}

impl<'a> From<&'a TrackingFact> for TrackingFactView<'a> {
    fn from(fact: &'a TrackingFact) -> TrackingFactView<'a> {
        TrackingFactView {
            status: fact.status.into(),
            at: Rfc3339(fact.at),
            location: fact.location.as_deref(),
            note: fact.note.as_deref(),
        }
    }
}

/// One parcel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Shipment)]
pub(crate) struct ShipmentView<'a> {
    #[schema(value_type = String, example = "shp_1")]
    id: PrefixedId,
    #[schema(value_type = String)]
    order_id: PrefixedId,
    lines: Vec<ShipmentLineView>,
    carrier: &'a str,
    tracking_number: &'a str,
    /// The carrier's word, folded over all that it said.
    status: ShipmentStatusWord,
    /// What the carrier said, by its time; at most 200.
    tracking: Vec<TrackingFactView<'a>>,
    /// When its units were taken to be with the buyer.
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered_at: Option<Rfc3339>,
    /// When its receipt is confirmed without the buyer; null unless it waits for that.
    #[schema(value_type = Option<String>, format = DateTime)]
    confirm_due_at: Option<Rfc3339>,
    /// When its receipt was confirmed.
    #[schema(value_type = Option<String>, format = DateTime)]
    confirmed_at: Option<Rfc3339>,
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Rfc3339,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Rfc3339,
}

impl<'a> From<&'a Shipment> for ShipmentView<'a> {
    fn from(shipment: &'a Shipment) -> ShipmentView<'a> {
        ShipmentView {
            id: shipment.id.into(),
            order_id: shipment.order.into(),
            lines: shipment.lines.iter().map(ShipmentLineView::from).collect(),
            carrier: &shipment.carrier,
            tracking_number: &shipment.tracking_number,
            status: shipment.status.into(),
            tracking: shipment.facts.iter().map(TrackingFactView::from).collect(),
            delivered_at: shipment.delivered_at.map(Rfc3339),
            confirm_due_at: shipment.confirm_due.map(Rfc3339),
            confirmed_at: shipment.confirmed_at.map(Rfc3339),
            version: shipment.version,
            created_at: Rfc3339(shipment.created_at),
            updated_at: Rfc3339(shipment.updated_at),
        }
    }
}

/// The parcels of an order, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShipmentList)]
pub(crate) struct ShipmentList<'a> {
    pub(crate) data: Vec<ShipmentView<'a>>,
    /// Always null: an order's parcels are few and come whole.
    pub(crate) next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_text::parse_json;

    #[test]
    fn a_carriers_word_has_a_time_and_bounds() {
        let long = "x".repeat(201);
        let table = [
            (r#"{"status":"delivered","at":"2026-11-21T08:00:00Z"}"#.to_owned(), Ok(())),
            (
                r#"{"status":"exception","at":"2026-11-21T09:00:00+01:00","location":"Hull","note":"n"}"#.to_owned(),
                Ok(()),
            ),
            (r#"{"status":"lost","at":"2026-11-21T08:00:00Z"}"#.to_owned(), Err("/status")),
            (r#"{"status":"delivered","at":"yesterday"}"#.to_owned(), Err("/at")),
            (r#"{"status":"delivered"}"#.to_owned(), Err("/at")),
            (format!(r#"{{"status":"delivered","at":"2026-11-21T08:00:00Z","location":"{long}"}}"#), Err("/location")),
            (r#"{"status":"delivered","at":"2026-11-21T08:00:00Z","version":1}"#.to_owned(), Err("/version")),
        ];
        for (text, expected) in table {
            let command = parse_json::<TrackingBody<'_>>(text.as_bytes())
                .and_then(|body| body.into_command(ShipmentId::from_number(1), None));
            let found = command.map(drop).map_err(|problem| {
                let value = serde_json::to_value(problem).unwrap();
                value["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned()
            });
            assert_eq!(found, expected.map_err(str::to_owned), "{text}");
        }
    }
}
