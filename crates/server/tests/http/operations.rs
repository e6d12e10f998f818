//! What operators and machines read: health, readiness, metrics, the OpenAPI document, verify and states.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    assert_has,
    support::{
        server::{Data, ordain},
        shop::{id, order},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_tells_how_it_is() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    client.stocked("a", 100, 10).await;
    let placed = id(&client.place(&order("u", &[("a", 1)])).await);
    client.place(&order("v", &[("a", 2)])).await;
    client.post(&format!("/v1/orders/{placed}/cancel"), &json!({"reason": "buyer"})).await.expect(200);
    let states = client.get("/v1/ops/states").await.expect(200);
    assert_eq!((client.count("pending_payment").await, client.count("cancelled").await), (1, 1), "{states}");
    for none in ["payments", "refunds", "shipments", "after_sales"] {
        assert_eq!(states[none], json!([]), "{none}");
    }
    states_are_young(&states["data"]);
    let verified = client.verified().await;
    let invariants: BTreeSet<u64> = verified.iter().map(|(invariant, _)| *invariant).collect();
    assert!(invariants.into_iter().eq(1..=9), "{verified:?}");
    let report = client.get("/v1/ops/verify").await.expect(200);
    for row in report["invariants"].as_array().expect("a list") {
        assert_has(row, &json!({"broken": 0, "examples": []}));
        assert!(row["rule"].as_str().is_some_and(|rule| rule.len() > 20), "{row}");
    }
}

/// Each count tells since when its oldest is there.
fn states_are_young(states: &Value) {
    for state in states.as_array().expect("a list") {
        assert!(state["oldest_age_seconds"].as_u64().is_some_and(|age| age < 60), "{state}");
        assert!(state["oldest_at"].as_str().is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()), "{state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parcels_and_after_sales_are_counted_by_status() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    let paid = id(&client.place(&order("u", &[("a", 3)])).await);
    let payment = client.open(&paid).await;
    client.pay(&payment, &json!({})).await;
    client.becomes(&paid, "paid").await;
    let mut parcels = Vec::new();
    for number in 1..=3 {
        let body = json!({"lines": [{"line": 1, "quantity": 1}], "carrier": "hand cart", "tracking_number": number.to_string()});
        parcels.push(id(&client.post(&format!("/v1/orders/{paid}/shipments"), &body).await.expect(201)));
    }
    for parcel in &parcels[1..] {
        let body = json!({"status": "delivered", "at": "2026-01-01T00:00:00Z"});
        client.post(&format!("/v1/shipments/{parcel}/tracking"), &body).await.expect(200);
    }
    let body = json!({"kind": "return", "lines": [{"line": 1, "quantity": 1}], "reason": "does not fit"});
    let after_sales = format!("/v1/orders/{paid}/after-sales");
    client.post(&after_sales, &body).await.expect(201);
    let rejected = id(&client.post(&after_sales, &body).await.expect(201));
    client.post(&format!("/v1/after-sales/{rejected}/reject"), &json!({"reason": "worn"})).await.expect(200);

    let states = client.get("/v1/ops/states").await.expect(200);
    let counts = |things: &str| -> Vec<(Value, Value)> {
        let rows = states[things].as_array().expect("a list");
        rows.iter().map(|row| (row["status"].clone(), row["count"].clone())).collect()
    };
    assert_eq!(counts("shipments"), [(json!("in_transit"), json!(1)), (json!("delivered"), json!(2))]);
    assert_eq!(counts("after_sales"), [(json!("requested"), json!(1)), (json!("rejected"), json!(1))]);
    for things in ["shipments", "after_sales"] {
        states_are_young(&states[things]);
    }
    let first = client.get(&after_sales).await.expect(200)["data"][1].clone();
    assert_eq!(states["after_sales"][0]["oldest_at"], first["updated_at"], "{first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happened() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    for number in 0..3 {
        client.place(&order(&format!("u-{number}"), &[("a", 3)])).await;
    }
    client.post("/v1/orders", &order("w", &[("a", 3)])).await.refused(409, "insufficient_stock");
    client.get("/v1/orders/ord_1").await.refused(404, "not_found");
    let answer = client.get("/metrics").await;
    assert_eq!(answer.status, 200);
    let media = answer.header("content-type");
    assert!(media.starts_with("application/openmetrics-text") || media.starts_with("text/plain"), "{media}");
    let text = String::from_utf8(answer.body).expect("UTF-8");
    let value = |name: &str, labels: &[&str]| -> f64 {
        let matches = |line: &&str| {
            line.split(['{', ' ']).next() == Some(name) && labels.iter().all(|label| line.contains(label))
        };
        let line = text.lines().find(matches).unwrap_or_else(|| panic!("no {name} {labels:?} in\n{text}"));
        line.rsplit(' ').next().and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{line}"))
    };
    assert_eq!(value("ordain_commands_total", &["command=\"place_order\"", "result=\"accepted\""]), 3.0);
    assert_eq!(value("ordain_commands_total", &["command=\"place_order\"", "result=\"refused\""]), 1.0);
    let route = "http_route=\"/v1/orders\"";
    assert_eq!(value("http_server_request_duration_seconds_count", &[route, "http_response_status_code=\"201\""]), 3.0);
    assert_eq!(value("http_server_request_duration_seconds_count", &[route, "http_response_status_code=\"409\""]), 1.0);
    assert!(!text.contains("ord_1"), "no ids in labels");
    for name in ["ordain_build_info", "ordain_queue_depth", "ordain_timers_due", "ordain_batch_size_count"] {
        value(name, &[]);
    }
}

/// Every call of the contract that exists is described, and every description is of a call that exists.
const CALLS: &[(&str, &str)] = &[
    ("put", "/v1/products/{sku}"),
    ("get", "/v1/products/{sku}"),
    ("get", "/v1/products"),
    ("post", "/v1/products:import"),
    ("post", "/v1/stock/{sku}/adjustments"),
    ("get", "/v1/stock/{sku}"),
    ("get", "/v1/stock/{sku}/movements"),
    ("put", "/v1/promotions/{id}"),
    ("put", "/v1/coupon-templates/{id}"),
    ("post", "/v1/users/{user}/coupons"),
    ("post", "/v1/users/{user}/points/adjustments"),
    ("get", "/v1/users/{user}/points"),
    ("put", "/v1/users/{user}"),
    ("put", "/v1/users/{user}/addresses/{id}"),
    ("post", "/v1/quotes"),
    ("post", "/v1/orders"),
    ("get", "/v1/orders"),
    ("get", "/v1/orders/{id}"),
    ("post", "/v1/orders/batch"),
    ("post", "/v1/orders/{id}/cancel"),
    ("get", "/v1/orders/{id}/events"),
    ("get", "/v1/orders/{id}/watch"),
    ("post", "/v1/orders/{id}/payments"),
    ("get", "/v1/orders/{id}/payments"),
    ("get", "/v1/payments/{id}"),
    ("get", "/v1/payments/{id}/qr.svg"),
    ("post", "/v1/payments/{id}/refresh"),
    ("get", "/v1/payments/{id}/watch"),
    ("post", "/v1/channels/{channel}/notifications"),
    ("post", "/v1/orders/{id}/refunds"),
    ("get", "/v1/orders/{id}/refunds"),
    ("get", "/v1/refunds/{id}"),
    ("post", "/v1/refunds/{id}/retry"),
    ("post", "/v1/refunds/{id}/resolve"),
    ("get", "/v1/ops/stuck"),
    ("get", "/v1/ops/receipts"),
    ("post", "/v1/ops/receipts/{id}/resolve"),
    ("get", "/v1/ops/verify"),
    ("get", "/v1/ops/states"),
    ("get", "/healthz"),
    ("get", "/readyz"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_describes_itself() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let document = client.get("/openapi.json").await.expect(200);
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    let paths = document["paths"].as_object().expect("paths");
    for (method, path) in CALLS {
        let call = paths.get(*path).and_then(|path| path.get(method)).unwrap_or_else(|| panic!("no {method} {path}"));
        assert!(call["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path} says what it does");
        assert!(call["responses"].as_object().is_some_and(|answers| !answers.is_empty()), "{method} {path}");
    }
    let mut operations = BTreeSet::new();
    for (path, methods) in paths {
        for (method, call) in methods.as_object().expect("methods") {
            let operation = call["operationId"].as_str().unwrap_or_else(|| panic!("no operationId: {method} {path}"));
            assert!(operations.insert(operation.to_owned()), "{operation} twice");
            let concrete = path.replace("{sku}", "x").replace("{id}", "x").replace("{user}", "x");
            let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let answer = crate::support::client::answer(client.request(method.clone(), &concrete)).await;
            let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let is_there = answer.status != 405
                && (answer.status != 404 || problem["detail"].as_str() != missing(&client).await.as_deref());
            assert!(is_there, "{method} {path} is described, yet answered {answer}");
        }
    }
    let printed = ordain(&["openapi"]);
    assert!(printed.status.success(), "{printed:?}");
    assert_eq!(
        serde_json::from_slice::<Value>(&printed.stdout).expect("JSON"),
        document,
        "ordain openapi says the same"
    );
    every_reference_is_there(&document, &document);
    let docs = client.get("/docs").await;
    let page = if (300..400).contains(&docs.status) { client.get(docs.header("location")).await } else { docs };
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"), "{page}");
}

/// What an unknown path is told.
async fn missing(client: &crate::support::client::Client) -> Option<String> {
    client.get("/v1/nothing").await.refused(404, "not_found")["detail"].as_str().map(str::to_owned)
}

fn every_reference_is_there(part: &Value, document: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads elsewhere"));
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            members.values().for_each(|member| every_reference_is_there(member, document));
        }
        Value::Array(items) => items.iter().for_each(|item| every_reference_is_there(item, document)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_private_is_logged() {
    let data = Data::new();
    let server = data.serve(&["telemetry.log=debug", "telemetry.order_transitions=true"]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    let mut body = order("u", &[("a", 1)]);
    body["shipping_address"] = json!({"name": "Canary Name", "phone": "+44 5550199", "country": "GB", "city": "Canary City", "street": "Canary Street 7"});
    body["metadata"] = json!({"note": "canary-metadata"});
    client.place_keyed("canary-key", &body).await.expect(201);
    client.put("/v1/users/u", &json!({"name": "Canary Name", "email": "canary@example.org"})).await.expect(201);
    client.place_keyed("canary-key", &order("u", &[("a", 2)])).await.refused(422, "idempotency_key_reused");
    crate::support::server::until("the transition is logged", async || {
        server.log().contains("order transition").then_some(())
    })
    .await;
    let log = server.log();
    for canary in ["Canary", "canary", "5550199"] {
        assert!(!log.contains(canary), "{canary} in the log:\n{log}");
    }
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for name in ["timestamp", "level", "message", "target"] {
            assert!(line[name].is_string(), "{name}: {line}");
        }
    }
}
