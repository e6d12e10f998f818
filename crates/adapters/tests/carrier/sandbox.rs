//! Parcels are announced once, and the carrier says of them what it was told.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
};
use http_body_util::BodyExt;
use ordain_adapters::{
    carrier::sandbox::{SandboxCarrier, SandboxCarrierSettings, router},
    channel::sandbox::{self, Sandbox, SandboxSettings},
};
use ordain_domain::{
    ids::{OrderId, ShipmentId},
    time::Timestamp,
};
use ordain_engine::port::{
    carrier::{Announcement, Carrier, CarrierFailure},
    clock::Clock,
};
use serde_json::{Value, json};
use tower::ServiceExt;

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000_000)
    }
}

fn announcement(shipment: i64, tracking_number: &str) -> Announcement {
    Announcement {
        shipment: ShipmentId::from_number(shipment),
        order: OrderId::from_number(shipment + 1_000),
        tracking_number: Arc::from(tracking_number),
    }
}

fn carrier() -> Arc<SandboxCarrier> {
    let clock = Arc::new(StoppedClock);
    SandboxCarrier::open(SandboxCarrierSettings { clock, ..SandboxCarrierSettings::new(None) }).unwrap()
}

async fn call(router: &Router, method: &Method, path: &str, body: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let response = router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

/// What came of a call, in one word.
fn word<T>(answer: &Result<T, CarrierFailure>) -> &'static str {
    match answer {
        Ok(_) => "taken",
        Err(CarrierFailure::Unreachable(_)) => "unreachable",
        Err(CarrierFailure::Refused(_)) => "refused",
    }
}

#[tokio::test]
async fn a_parcel_is_announced_once() {
    let carrier = carrier();
    let table = [(1, "T1", "taken"), (1, "T1", "taken"), (2, "T1", "refused"), (2, "T2", "taken")];
    for (shipment, number, expected) in table {
        assert_eq!(word(&carrier.announce(announcement(shipment, number)).await), expected, "{shipment} as {number}");
    }
    assert_eq!(carrier.track(Arc::from("T1")).await.unwrap(), []);
    assert_eq!(word(&carrier.track(Arc::from("T3")).await), "refused");
}

#[tokio::test]
async fn the_carrier_says_what_it_was_told_in_that_order_and_as_often() {
    let carrier = carrier();
    let router = Router::new().nest("/sandbox", router(Arc::clone(&carrier)));
    carrier.announce(announcement(7, "T 1/ü")).await.unwrap();
    let parcel = "/sandbox/v1/parcels/T%201%2F%C3%BC";
    let events = format!("{parcel}/events");
    for body in [
        r#"{"status":"delivered","at":"2027-01-15T16:00:00+08:00","location":"door","copies":2}"#,
        r#"{"status":"out_for_delivery","at":"2027-01-15T07:00:00Z","note":"late"}"#,
        r#"{"status":"in_transit"}"#,
    ] {
        assert_eq!(call(&router, &Method::POST, &events, body).await.0, 200, "{body}");
    }
    let event = |status: &str, at: &str, location: Option<&str>, note: Option<&str>| json!({"status": status, "at": at, "location": location, "note": note});
    let now = "2027-01-15T08:00:00Z";
    let (status, view) = call(&router, &Method::GET, parcel, "").await;
    let expected = json!({
        "tracking_number": "T 1/ü", "shipment_id": "shp_7", "order_id": "ord_1007",
        "events": [
            event("delivered", now, Some("door"), None),
            event("delivered", now, Some("door"), None),
            event("out_for_delivery", "2027-01-15T07:00:00Z", None, Some("late")),
            event("in_transit", now, None, None),
        ],
    });
    assert_eq!((status, view), (200, expected));
    let facts = carrier.track(Arc::from("T 1/ü")).await.unwrap();
    let said: Vec<&str> = facts.iter().map(|fact| fact.status.as_str()).collect();
    assert_eq!(said, ["delivered", "delivered", "out_for_delivery", "in_transit"]);
}

#[tokio::test]
async fn calls_meet_the_faults_of_the_menu() {
    let table = [
        ("{}", "taken", "taken"),
        (r#"{"down":true}"#, "unreachable", "unreachable"),
        (r#"{"refuses":true}"#, "refused", "taken"),
        (r#"{"slow_ms":1}"#, "taken", "taken"),
    ];
    for (menu, announced, tracked) in table {
        let carrier = carrier();
        let router = Router::new().nest("/sandbox", router(Arc::clone(&carrier)));
        carrier.announce(announcement(1, "T1")).await.unwrap();
        let (status, answer) = call(&router, &Method::PUT, "/sandbox/v1/carrier-faults", menu).await;
        assert_eq!(status, 200, "{menu}");
        assert_eq!(call(&router, &Method::GET, "/sandbox/v1/carrier-faults", "").await.1, answer);
        assert_eq!(word(&carrier.announce(announcement(2, "T2")).await), announced, "{menu}");
        assert_eq!(word(&carrier.track(Arc::from("T1")).await), tracked, "{menu}");
    }
}

#[tokio::test]
async fn what_is_not_a_request_is_refused_beside_the_channel_too() {
    let folder = tempfile::tempdir().unwrap();
    let channel = Sandbox::open(SandboxSettings::new(folder.path().join("sandbox.db"), "http://x")).unwrap();
    let carrier = carrier();
    carrier.announce(announcement(1, "T1")).await.unwrap();
    let both = sandbox::router(channel).merge(router(carrier));
    let router = Router::new().nest("/sandbox", both);
    let events = "/sandbox/v1/parcels/T1/events";
    let long = format!(r#"{{"status":"delivered","note":"{}"}}"#, "x".repeat(501));
    let table = [
        (Method::POST, events, r#"{"status":"lost"}"#, 400),
        (Method::POST, events, "{}", 400),
        (Method::POST, events, r#"{"status":"delivered","at":"yesterday"}"#, 400),
        (Method::POST, events, r#"{"status":"delivered","copies":0}"#, 400),
        (Method::POST, events, r#"{"status":"delivered","copies":201}"#, 400),
        (Method::POST, events, r#"{"status":"delivered","where":"x"}"#, 400),
        (Method::POST, events, &long, 400),
        (Method::POST, "/sandbox/v1/parcels/T2/events", r#"{"status":"delivered"}"#, 404),
        (Method::GET, "/sandbox/v1/parcels/T2", "", 404),
        (Method::PUT, events, "{}", 405),
        (Method::PUT, "/sandbox/v1/carrier-faults", r#"{"slow_ms":60001}"#, 400),
        (Method::DELETE, "/sandbox/v1/ledger", "", 405),
        (Method::GET, "/sandbox/v1/ledger", "", 200),
    ];
    for (method, path, body, expected) in table {
        let (status, answer) = call(&router, &method, path, body).await;
        assert_eq!(status, expected, "{method} {path} {body}: {answer}");
        assert!(status == StatusCode::OK || answer["status"] == expected, "{method} {path} {body}: {answer}");
    }
}
