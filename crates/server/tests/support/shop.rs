//! A small shop to test with: products in pounds, stock, orders, and what must be true of it at any time.
//!
//! It asserts that its own calls succeed; calls that a test expects to be refused are made with `client` itself.

use serde_json::{Value, json};

use super::client::{Answer, Client};

/// An order's body: lines of (SKU, quantity).
pub(crate) fn order(user: &str, lines: &[(&str, i64)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity})).collect();
    json!({"user_id": user, "currency": "GBP", "lines": lines})
}

impl Client {
    /// A product at a price in pence, without stock.
    pub(crate) async fn product(&self, sku: &str, price: i64) -> Value {
        let body = json!({"title": format!("Title of {sku}"), "price": price, "currency": "GBP", "status": "active"});
        let answer = self.put(&format!("/v1/products/{sku}"), &body).await;
        assert!(matches!(answer.status, 200 | 201), "{answer}");
        answer.json()
    }

    /// More units of a SKU.
    pub(crate) async fn receive(&self, sku: &str, units: i64) -> Value {
        let path = format!("/v1/stock/{sku}/adjustments");
        self.post(&path, &json!({"delta": units, "reason": "received"})).await.expect(200)
    }

    /// A product with its stock.
    pub(crate) async fn stocked(&self, sku: &str, price: i64, units: i64) {
        self.product(sku, price).await;
        self.receive(sku, units).await;
    }

    /// Places an order that must succeed.
    pub(crate) async fn place(&self, body: &Value) -> Value {
        self.post("/v1/orders", body).await.expect(201)
    }

    /// Places under a key, whatever comes of it.
    pub(crate) async fn place_keyed(&self, key: &str, body: &Value) -> Answer {
        self.post_keyed("/v1/orders", key, body).await
    }

    /// `[on_hand, locked, available, sold]` of a SKU.
    pub(crate) async fn stock(&self, sku: &str) -> [i64; 4] {
        let row = self.get(&format!("/v1/stock/{sku}")).await.expect(200);
        ["on_hand", "locked", "available", "sold"].map(|name| row[name].as_i64().expect("a count of units"))
    }

    /// The order as it stands.
    pub(crate) async fn read(&self, id: &str) -> Value {
        self.get(&format!("/v1/orders/{id}")).await.expect(200)
    }

    /// How many orders are in a status.
    pub(crate) async fn count(&self, status: &str) -> u64 {
        let states = self.get("/v1/ops/states").await.expect(200);
        let states = states["data"].as_array().expect("a list").iter();
        let found = states.filter(|state| state["status"] == status).map(|state| state["count"].as_u64());
        found.map(|count| count.expect("a count")).sum()
    }

    /// The invariants must hold; how many rows each looked at.
    pub(crate) async fn verified(&self) -> Vec<(u64, u64)> {
        let report = self.get("/v1/ops/verify").await.expect(200);
        assert_eq!(report["clean"], true, "{report:#}");
        let invariants = report["invariants"].as_array().expect("a list").iter();
        let number = |row: &Value, name: &str| row[name].as_u64().expect("a count");
        invariants.map(|row| (number(row, "invariant"), number(row, "examined"))).collect()
    }
}

/// The id of an order, a coupon or an event.
pub(crate) fn id(value: &Value) -> String {
    value["id"].as_str().expect("it has an id").to_owned()
}
