//! The sandbox carrier's program interface: what happens to a parcel, and how the carrier misbehaves.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection},
    http::HeaderMap,
    routing::{get, post},
};
use ordain_domain::shipment::{ShipmentStatus, TrackingFact};
use serde::{Deserialize, Serialize};

use super::{CarrierFaults, FACTS_MAX, SLOW_MS_MAX, SandboxCarrier, notebook::Parcel};
use crate::sandbox::{
    body::{BODY_BYTES_MAX, strict_json},
    problem::Problem,
    time_text::{read_time, time_text},
};

/// Longest place, in characters.
const LOCATION_LENGTH_MAX: usize = 200;
/// Longest note, in characters.
const NOTE_LENGTH_MAX: usize = 500;

/// The routes, to be merged with those of the sandbox channel and nested at `/sandbox`.
pub fn router(carrier: Arc<SandboxCarrier>) -> Router {
    Router::new()
        .route("/v1/parcels/{tracking_number}", get(show))
        .route("/v1/parcels/{tracking_number}/events", post(happen))
        .route("/v1/carrier-faults", get(faults).put(set_faults))
        .method_not_allowed_fallback(async || Problem::method())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(carrier)
}

#[derive(Serialize)]
struct ParcelView {
    tracking_number: String,
    shipment_id: String,
    order_id: String,
    /// In the order in which they were told, which need not be that of their times.
    events: Vec<EventView>,
}

#[derive(Serialize)]
struct EventView {
    status: ShipmentStatus,
    at: String,
    location: Option<Arc<str>>,
    note: Option<Arc<str>>,
}

/// What happens to a parcel. Disorder is made by times that do not rise, repetition by `copies`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Happening {
    status: ShipmentStatus,
    /// RFC 3339; left out: the present time.
    at: Option<String>,
    location: Option<Arc<str>>,
    note: Option<Arc<str>>,
    /// How often the carrier will say so; left out: once.
    copies: Option<usize>,
}

fn parcel_of(carrier: &SandboxCarrier, tracking_number: &str) -> Result<Parcel, Problem> {
    carrier.parcel(tracking_number).ok_or_else(|| Problem::unknown("The sandbox carrier has no such parcel."))
}

fn view_of(carrier: &SandboxCarrier, tracking_number: &str) -> Result<Json<ParcelView>, Problem> {
    let parcel = parcel_of(carrier, tracking_number)?;
    let event = |fact: TrackingFact| EventView {
        status: fact.status,
        at: time_text(fact.at),
        location: fact.location,
        note: fact.note,
    };
    Ok(Json(ParcelView {
        tracking_number: tracking_number.to_owned(),
        shipment_id: parcel.shipment.to_string(),
        order_id: parcel.order.to_string(),
        events: parcel.facts.into_iter().map(event).collect(),
    }))
}

async fn show(
    State(carrier): State<Arc<SandboxCarrier>>,
    Path(tracking_number): Path<String>,
) -> Result<Json<ParcelView>, Problem> {
    view_of(&carrier, &tracking_number)
}

async fn happen(
    State(carrier): State<Arc<SandboxCarrier>>,
    Path(tracking_number): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ParcelView>, Problem> {
    parcel_of(&carrier, &tracking_number)?;
    let happening: Happening = strict_json(&headers, &body.map_err(|_| Problem::too_long())?)?;
    let copies = happening.copies.unwrap_or(1);
    if !(1..=FACTS_MAX).contains(&copies) {
        return Err(Problem::invalid("/copies", format!("must be from 1 to {FACTS_MAX}")));
    }
    let fact = fact_of(&carrier, happening)?;
    carrier.happen(&tracking_number, &fact, copies).map_err(|error| {
        tracing::error!(error.message = %error, "the sandbox carrier cannot write");
        Problem::internal("The file of the parcels cannot be written.")
    })?;
    view_of(&carrier, &tracking_number)
}

fn fact_of(carrier: &SandboxCarrier, happening: Happening) -> Result<TrackingFact, Problem> {
    let texts = [("/location", &happening.location, LOCATION_LENGTH_MAX), ("/note", &happening.note, NOTE_LENGTH_MAX)];
    for (pointer, text, most) in texts {
        if text.as_ref().is_some_and(|text| text.chars().count() > most) {
            return Err(Problem::invalid(pointer, format!("must have at most {most} characters")));
        }
    }
    let at = match &happening.at {
        Some(text) => read_time(text).ok_or_else(|| Problem::invalid("/at", "must be a time of RFC 3339"))?,
        None => carrier.clock.now(),
    };
    Ok(TrackingFact { status: happening.status, at, location: happening.location, note: happening.note })
}

async fn faults(State(carrier): State<Arc<SandboxCarrier>>) -> Json<CarrierFaults> {
    Json(carrier.faults())
}

/// Replaces the whole menu: what is left out is off.
async fn set_faults(
    State(carrier): State<Arc<SandboxCarrier>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CarrierFaults>, Problem> {
    let faults: CarrierFaults = strict_json(&headers, &body.map_err(|_| Problem::too_long())?)?;
    if faults.slow_ms > SLOW_MS_MAX {
        return Err(Problem::invalid("/slow_ms", format!("must be at most {SLOW_MS_MAX}")));
    }
    carrier.set_faults(faults);
    Ok(Json(faults))
}
