//! The sandbox carrier: it is told of parcels and asked about them, while it is down, repeats itself and speaks out of order.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Shop, assert_has,
    calls::{at, units},
    support::{
        client::{Client, answer},
        server::until,
        shop::id,
    },
};

const ASK_OFTEN: &str = "orders.track_interval=100ms";

/// Something happens to a parcel at the carrier.
async fn happens(client: &Client, number: &str, fact: &Value) {
    let path = format!("/sandbox/v1/parcels/{number}/events");
    answer(client.request(Method::POST, &path).json(fact)).await.expect(200);
}

async fn ship(client: &Client, order: &str, number: &str) -> String {
    let body = json!({"lines": units(&[(1, 1)]), "carrier": "sandbox", "tracking_number": number});
    id(&client.post(&format!("/v1/orders/{order}/shipments"), &body).await.expect(201))
}

/// Waits until the carrier knows a parcel.
async fn known(client: &Client, number: &str) -> Value {
    until(&format!("the carrier knows {number}"), async || {
        let seen = client.get(&format!("/sandbox/v1/parcels/{number}")).await;
        (seen.status == 200).then(|| seen.json())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connected_carrier_is_told_and_asked() {
    let shop = Shop::open(&[ASK_OFTEN]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 1)]).await;
    let parcel = ship(client, &order, "n-1").await;
    known(client, "n-1").await;
    for (status, second, copies) in [("out_for_delivery", 3, 2), ("exception", 2, 1), ("in_transit", 1, 3)] {
        happens(client, "n-1", &json!({"status": status, "at": at(second), "copies": copies, "location": "Hull"}))
            .await;
    }
    let seen = until("all three facts are known", async || {
        let seen = client.parcel(&parcel).await;
        (seen["tracking"].as_array()?.len() == 3).then_some(seen)
    })
    .await;
    assert_eq!((&seen["status"], &seen["tracking"][0]["location"]), (&json!("out_for_delivery"), &json!("Hull")));
    assert_eq!(client.read(&order).await["status"], "shipped");
    happens(client, "n-1", &json!({"status": "delivered", "at": at(4), "copies": 2})).await;
    client.becomes(&order, "delivered").await;
    let delivered = client.events(&order).await.into_iter().filter(|kind| kind == "shipment.delivered").count();
    assert_eq!(delivered, 1);
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_is_down_holds_nothing_up() {
    let shop = Shop::open(&[ASK_OFTEN]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 2)]).await;
    client.put("/sandbox/v1/carrier-faults", &json!({"down": true})).await.expect(200);
    let parcel = ship(client, &order, "n-2").await;
    assert_eq!(client.read(&order).await["status"], "partially_shipped", "the goods have left all the same");
    assert_eq!(client.get("/sandbox/v1/parcels/n-2").await.status, 404);
    client.track(&parcel, "out_for_delivery", 1).await;
    client.put("/sandbox/v1/carrier-faults", &json!({})).await.expect(200);
    known(client, "n-2").await;
    happens(client, "n-2", &json!({"status": "delivered", "at": at(2)})).await;
    until("it is delivered", async || (client.parcel(&parcel).await["status"] == "delivered").then_some(())).await;
    assert_eq!(client.buckets(&order).await, [[0, 1, 0, 0]]);
    shop.is_sound().await;
}

/// A parcel that its carrier has trouble with, or is asked about no more, is listed with the call that ends that.
#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_that_stops_is_listed_with_its_repair() {
    let shop = Shop::open(&[ASK_OFTEN]).await;
    let client = &shop.client;
    client.put("/sandbox/v1/carrier-faults", &json!({"refuses": true})).await.expect(200);
    let refused = shop.paid(&[("a", 1)]).await;
    let refused_parcel = ship(client, &refused, "n-3").await;
    let troubled = shop.paid(&[("a", 1)]).await;
    let troubled_parcel = client.ship(&troubled, &[(1, 1)]).await;
    client.track(&troubled_parcel, "in_transit", 1).await;
    assert_eq!(client.stuck(&troubled).await, Vec::<Value>::new(), "it is on its way, and its facts come by hand");
    client.track(&troubled_parcel, "exception", 2).await;
    let table = [(&refused, &refused_parcel, "delivered", 2), (&troubled, &troubled_parcel, "returned", 1)];
    for (order, parcel, end, stopped) in table {
        let thing = until("the parcel is listed", async || client.stuck(order).await.pop()).await;
        assert_eq!(client.stuck_count("stopped_shipment").await, stopped);
        let path = format!("/v1/shipments/{parcel}/tracking");
        let repair = json!({"method": "POST", "path": path, "body": ["status", "at"]});
        assert_has(&thing, &json!({"kind": "stopped_shipment", "id": parcel, "repairs": [repair]}));
        assert_eq!(thing["since"], client.parcel(parcel).await["updated_at"]);
        client.post(&path, &json!({"status": end, "at": at(3)})).await.expect(200);
        assert_eq!(client.stuck(order).await, Vec::<Value>::new(), "{end}");
    }
    assert_eq!(client.stuck_count("stopped_shipment").await, 0);
    shop.is_sound().await;
}
