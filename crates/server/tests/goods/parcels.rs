//! Parcels: made, read, listed, followed through facts that come twice and in any order, and back at the shop.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    A, Shop, UNITS, assert_has,
    calls::{at, units},
    support::{
        client::answer,
        shop::{id, order},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_is_answered_as_the_contract_shows_it() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 3), ("b", 2)]).await;
    let path = format!("/v1/orders/{order}/shipments");
    assert_eq!(client.get(&path).await.expect(200), json!({"data": [], "next_cursor": null}));
    let lines = json!([{"line": 2, "quantity": 1}, {"line": 1, "quantity": 1}, {"line": 2, "quantity": 1}]);
    let body = json!({"lines": lines, "carrier": "hand cart", "tracking_number": "h 1/é"});
    let made = client.post_keyed(&path, "s-1", &body).await;
    let parcel = made.expect(201);
    let parcel_id = id(&parcel);
    assert!(parcel_id.starts_with("shp_"), "{parcel_id}");
    let expected = json!({"order_id": order, "lines": units(&[(1, 1), (2, 2)]), "carrier": "hand cart", "tracking_number": "h 1/é",
        "status": "in_transit", "tracking": [], "delivered_at": null, "confirm_due_at": null, "confirmed_at": null, "version": 1});
    assert_has(&parcel, &expected);
    assert_eq!(made.header("location"), format!("/v1/shipments/{parcel_id}"));
    assert_eq!(made.header("etag"), "\"1\"");

    let again = client.post_keyed(&path, "s-1", &body).await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(201), parcel, "one parcel under one key");
    let other = json!({"lines": units(&[(1, 1)]), "carrier": "c", "tracking_number": "t"});
    client.post_keyed(&path, "s-1", &other).await.refused(422, "idempotency_key_reused");

    let read = client.get(&format!("/v1/shipments/{parcel_id}")).await;
    assert_eq!(read.expect(200), parcel);
    let unchanged = client.request(Method::GET, &format!("/v1/shipments/{parcel_id}"));
    assert_eq!(answer(unchanged.header("if-none-match", read.header("etag"))).await.status, 304);
    let second = client.ship(&order, &[(1, 2)]).await;
    let list = client.get(&path).await.expect(200);
    let ids: Vec<&Value> = list["data"].as_array().expect("a list").iter().map(|parcel| &parcel["id"]).collect();
    assert_eq!(ids, [&json!(second), &json!(parcel_id)], "newest first");
    for path in ["/v1/shipments/shp_1", "/v1/orders/ord_1/shipments"] {
        client.get(path).await.refused(404, "not_found");
    }
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_is_of_the_version_that_was_seen() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 2)]).await;
    let path = format!("/v1/orders/{order}/shipments");
    let body = json!({"lines": units(&[(1, 1)]), "carrier": "c", "tracking_number": "t"});
    let version = client.read(&order).await["version"].as_u64().expect("a version");
    let stale = client.post_if(&path, &format!("\"{}\"", version - 1), &body).await;
    assert_eq!(stale.refused(412, "precondition_failed")["version"], version);
    let parcel = id(&client.post_if(&path, &format!("\"{version}\""), &body).await.expect(201));
    let tracking = format!("/v1/shipments/{parcel}/tracking");
    let told = json!({"status": "out_for_delivery", "at": at(1)});
    client.post_if(&tracking, "\"2\"", &told).await.refused(412, "precondition_failed");
    let moved = client.post_if(&tracking, "\"1\"", &told).await;
    assert_eq!((moved.header("etag"), &moved.expect(200)["status"]), ("\"2\"", &json!("out_for_delivery")));
    client.post_if(&tracking, "\"1\"", &told).await.refused(412, "precondition_failed");
    shop.is_sound().await;
}

/// Every order of these, each of them told twice, comes to the same parcel.
#[tokio::test(flavor = "multi_thread")]
async fn facts_may_come_twice_and_in_any_order() {
    const FACTS: [(&str, i64); 4] = [("in_transit", 1), ("exception", 2), ("out_for_delivery", 3), ("delivered", 4)];
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 24)]).await;
    let sorted: Vec<Value> = FACTS.iter().map(|(status, second)| json!([status, at(*second)])).collect();
    let mut orders_of_facts = Vec::new();
    for first in 0..4 {
        for second in (0..4).filter(|second| *second != first) {
            for third in (0..4).filter(|third| *third != first && *third != second) {
                orders_of_facts.push([first, second, third, 6 - first - second - third]);
            }
        }
    }
    assert_eq!(orders_of_facts.len(), 24);
    for (facts, done) in orders_of_facts.into_iter().zip(1..) {
        let parcel = client.ship(&order, &[(1, 1)]).await;
        for fact in facts {
            let (status, second) = FACTS[fact];
            let once = client.track(&parcel, status, second).await;
            let twice = client.track(&parcel, status, second).await;
            assert_eq!(once, twice, "{facts:?}: a fact that is known changes nothing");
        }
        let seen = client.parcel(&parcel).await;
        let told: Vec<Value> = seen["tracking"].as_array().expect("a list").iter().map(fact_of).collect();
        assert_eq!((&seen["status"], &told), (&json!("delivered"), &sorted), "{facts:?}: {seen}");
        assert_eq!(client.buckets(&order).await, [[0, done, 0, 0]], "{facts:?}");
    }
    let delivered = client.events(&order).await.into_iter().filter(|kind| kind == "shipment.delivered").count();
    assert_eq!(delivered, 24, "each parcel once");
    assert_eq!(client.read(&order).await["status"], "delivered");
    shop.is_sound().await;
}

fn fact_of(fact: &Value) -> Value {
    let instant: jiff::Timestamp = fact["at"].as_str().expect("a time").parse().expect("RFC 3339");
    json!([fact["status"], instant.to_string()])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_word_counts_until_the_way_has_ended() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 1)]).await;
    let parcel = client.ship(&order, &[(1, 1)]).await;
    let table = [
        ("out_for_delivery", 20, "out_for_delivery"),
        ("in_transit", 10, "out_for_delivery"),
        ("exception", 30, "exception"),
        ("in_transit", 40, "in_transit"),
        ("delivered", 5, "delivered"),
        ("exception", 50, "delivered"),
        ("returned", 1, "returned"),
        ("delivered", 60, "returned"),
    ];
    for (told, second, expected) in table {
        assert_eq!(client.track(&parcel, told, second).await["status"], expected, "{told} at {second}");
    }
    let body =
        json!({"status": "in_transit", "at": "2026-01-01T02:00:10+02:00", "location": "Hull", "note": "on board"});
    let before = client.parcel(&parcel).await;
    let same = client.post(&format!("/v1/shipments/{parcel}/tracking"), &body).await.expect(200);
    assert_eq!(same, before, "the same instant in another zone is the same fact");
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_waits_to_be_shipped_again() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 2)]).await;
    let parcels = [client.ship(&order, &[(1, 1)]).await, client.ship(&order, &[(1, 1)]).await];
    client.track(&parcels[0], "delivered", 1).await;
    for (parcel, left) in parcels.iter().zip([[1, 0, 0, 0], [0, 0, 0, 0]]) {
        client.track(parcel, "returned", 2).await;
        assert_eq!(client.buckets(&order).await, [left]);
    }
    assert_eq!(client.read(&order).await["status"], "paid");
    assert_eq!(client.stock("a").await, [UNITS - 2, 0, UNITS - 2, 2], "they are the order's");
    let again = client.ship(&order, &[(1, 2)]).await;
    client.track(&again, "delivered", 3).await;
    assert_eq!(client.try_confirm(&order).await.expect(200)["status"], "completed");
    assert_eq!(client.track(&again, "returned", 4).await["status"], "delivered", "its receipt was confirmed");
    assert_eq!(client.buckets(&order).await, [[0, 2, 0, 0]]);
    assert_eq!(shop.kept(&order).await, 2 * A);
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_paid_units_that_wait_are_shipped() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let unpaid = id(&client.place(&order("u", &[("a", 1)])).await);
    let cancelled = shop.paid(&[("a", 1)]).await;
    client.post(&format!("/v1/orders/{cancelled}/cancel"), &json!({"reason": "merchant"})).await.expect(200);
    client.refunds_become(&cancelled, 1, "succeeded").await;
    let shipped = shop.delivered(&[("a", 1)]).await;
    for (order, status) in [(&unpaid, "pending_payment"), (&cancelled, "cancelled"), (&shipped, "delivered")] {
        let before = client.read(order).await;
        let refused = client.try_ship(order, &[(1, 1)]).await.refused(409, "order_state");
        assert_eq!(refused["order_status"], status, "{refused}");
        assert_eq!(client.read(order).await, before);
    }
    shop.is_sound().await;
}
