//! Receipt: confirmed by the buyer, or by time for each parcel on its own.

use serde_json::{Value, json};

use crate::{
    A, Shop,
    support::{
        client::Client,
        server::until,
        shop::{id, order},
    },
};

fn time(row: &Value, name: &str) -> jiff::Timestamp {
    row[name].as_str().unwrap_or_else(|| panic!("no {name}: {row}")).parse().expect("RFC 3339")
}

/// Waits until the receipt of a parcel is confirmed; the parcel.
async fn confirmed(client: &Client, parcel: &str) -> Value {
    until(&format!("{parcel} is confirmed"), async || {
        let row = client.parcel(parcel).await;
        row["confirmed_at"].is_string().then_some(row)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_buyer_confirms_what_was_shipped() {
    let shop = Shop::open(&["pricing.points_per_100=10"]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 3)]).await;
    let path = format!("/v1/orders/{order}/confirm-receipt");
    assert_eq!(client.try_confirm(&order).await.refused(409, "order_state")["order_status"], "paid");
    let parcels = [client.ship(&order, &[(1, 1)]).await, client.ship(&order, &[(1, 1)]).await];
    client.track(&parcels[0], "delivered", 1).await;
    let version = client.read(&order).await["version"].as_u64().expect("a version");
    let stale = client.post_if(&path, &format!("\"{}\"", version - 1), &json!({})).await;
    assert_eq!(stale.refused(412, "precondition_failed")["version"], version);
    // What is on its way counts as received too: the buyer says so.
    let once = client.post_keyed(&path, "c-1", &json!({})).await;
    let partly = once.expect(200);
    assert_eq!((&partly["status"], &partly["lines"][0]["delivered"]), (&json!("partially_shipped"), &json!(2)));
    assert!(client.post_keyed(&path, "c-1", &json!({})).await.is_replayed());
    assert_eq!(client.try_confirm(&order).await.refused(409, "order_state")["order_status"], "partially_shipped");
    assert_eq!(client.points().await, 0, "the order is not completed yet");

    let last = client.ship(&order, &[(1, 1)]).await;
    let done = client.try_confirm(&order).await.expect(200);
    assert_eq!((&done["status"], &done["lines"][0]["shipped"]), (&json!("completed"), &json!(0)));
    assert_eq!(client.points().await, 300, "a tenth of {}", 3 * A);
    assert_eq!(client.try_confirm(&order).await.refused(409, "order_state")["order_status"], "completed");
    let told = client.track(&last, "delivered", 9).await;
    assert_eq!(told["status"], "delivered", "the carrier's word is kept");
    assert_eq!(client.buckets(&order).await, [[0, 3, 0, 0]], "and moves nothing");
    client.post("/v1/orders/ord_1/confirm-receipt", &json!({})).await.refused(404, "not_found");
    shop.is_sound().await;
}

/// §3.6: the timer of receipt runs for each parcel on its own.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_6_each_parcel_is_confirmed_at_its_own_time() {
    let shop = Shop::open(&["orders.auto_confirm_after=1s"]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 2), ("b", 1)]).await;
    let parcels = [client.ship(&order, &[(1, 1)]).await, client.ship(&order, &[(1, 1), (2, 1)]).await];
    client.track(&parcels[0], "delivered", 1).await;
    assert!(client.parcel(&parcels[1]).await["confirm_due_at"].is_null(), "it is on its way");
    let first = confirmed(client, &parcels[0]).await;
    let other = client.parcel(&parcels[1]).await;
    assert_eq!((&other["status"], &other["confirmed_at"]), (&json!("in_transit"), &Value::Null));
    assert_eq!(client.read(&order).await["status"], "shipped");
    client.track(&parcels[1], "delivered", 2).await;
    let second = confirmed(client, &parcels[1]).await;
    for row in [&first, &second] {
        let waited = time(row, "confirmed_at").duration_since(time(row, "delivered_at"));
        assert!(waited.as_millis() >= 1_000, "confirmed {waited:?} after the delivery");
        assert!(row["confirm_due_at"].is_null(), "{row}");
    }
    client.becomes(&order, "completed").await;
    let events = client.get(&format!("/v1/orders/{order}/events")).await.expect(200);
    let by: Vec<&Value> = events["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|event| event["type"] == "shipment.confirmed")
        .collect();
    assert_eq!(by.len(), 2);
    assert!(by.iter().all(|event| event["actor"] == "timer"), "{by:?}");
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_confirms_nothing_while_units_may_come_back() {
    let shop = Shop::open(&["orders.auto_confirm_after=300ms"]).await;
    let client = &shop.client;
    let order_with_return = shop.paid(&[("a", 2)]).await;
    let parcel = client.ship(&order_with_return, &[(1, 2)]).await;
    // Of one unit the money alone is asked for, so that the after-sale is open before anything is delivered.
    let after_sale = client.after_sale(&order_with_return, "refund", &[(1, 1)]).await;
    client.track(&parcel, "delivered", 1).await;
    let due = time(&client.parcel(&parcel).await, "confirm_due_at");
    // A delivery that comes later is confirmed: the time of the first one is over by then.
    let later = shop.delivered(&[("a", 1)]).await;
    let completed = client.becomes(&later, "completed").await;
    assert!(time(&completed, "updated_at") > due, "the time is over");
    assert_eq!(client.read(&order_with_return).await["status"], "delivered");
    client.step(&after_sale, "withdraw").await;
    client.becomes(&order_with_return, "completed").await;
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_receives_what_was_not_paid() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let unpaid = id(&client.place(&order("u", &[("a", 1)])).await);
    assert_eq!(client.try_confirm(&unpaid).await.refused(409, "order_state")["order_status"], "pending_payment");
    shop.is_sound().await;
}
