//! The calls about goods as these tests write them.
//!
//! Those that begin with `try_` may be refused; all others must succeed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    client::{Answer, Client, answer, fresh_key},
    server::until,
    shop::id,
};

/// Units as (line, quantity).
pub(crate) type Units = [(i64, i64)];

/// Units as a body has them.
pub(crate) fn units(units: &Units) -> Value {
    units.iter().map(|(line, quantity)| json!({"line": line, "quantity": quantity})).collect()
}

/// A time of the carrier's clock, as many seconds after a fixed one.
pub(crate) fn at(second: i64) -> String {
    format!("2026-01-01T00:{:02}:{:02}Z", second / 60, second % 60)
}

/// A body that says with whom goods are on their way.
pub(crate) fn consignment() -> Value {
    json!({"carrier": "hand cart", "tracking_number": "h-1"})
}

impl Client {
    /// POST under a key of its own, with a condition.
    pub(crate) async fn post_if(&self, path: &str, tag: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header("idempotency-key", fresh_key()).header("if-match", tag);
        answer(request.json(body)).await
    }

    pub(crate) async fn try_ship(&self, order: &str, lines: &Units) -> Answer {
        let body = json!({"lines": units(lines), "carrier": "hand cart", "tracking_number": "h-1"});
        self.post(&format!("/v1/orders/{order}/shipments"), &body).await
    }

    /// Ships units; the parcel's id.
    pub(crate) async fn ship(&self, order: &str, lines: &Units) -> String {
        id(&self.try_ship(order, lines).await.expect(201))
    }

    /// Tells what the carrier said of a parcel; the parcel.
    pub(crate) async fn track(&self, parcel: &str, status: &str, second: i64) -> Value {
        let told = json!({"status": status, "at": at(second)});
        self.post(&format!("/v1/shipments/{parcel}/tracking"), &told).await.expect(200)
    }

    /// A parcel as it stands.
    pub(crate) async fn parcel(&self, parcel: &str) -> Value {
        self.get(&format!("/v1/shipments/{parcel}")).await.expect(200)
    }

    pub(crate) async fn try_confirm(&self, order: &str) -> Answer {
        self.post(&format!("/v1/orders/{order}/confirm-receipt"), &json!({})).await
    }

    pub(crate) async fn try_after_sale(&self, order: &str, kind: &str, lines: &Value) -> Answer {
        let body = json!({"kind": kind, "lines": lines, "reason": "does not fit"});
        self.post(&format!("/v1/orders/{order}/after-sales"), &body).await
    }

    /// Opens an after-sale; its id.
    pub(crate) async fn after_sale(&self, order: &str, kind: &str, lines: &Units) -> String {
        id(&self.try_after_sale(order, kind, &units(lines)).await.expect(201))
    }

    /// Opens an exchange of one unit of the first line for another product; its id.
    pub(crate) async fn exchange(&self, order: &str, sku: &str) -> String {
        let lines = json!([{"line": 1, "quantity": 1, "replacement_sku": sku}]);
        id(&self.try_after_sale(order, "exchange", &lines).await.expect(201))
    }

    /// Takes a step of an after-sale, whatever comes of it.
    pub(crate) async fn try_step(&self, after_sale: &str, step: &str) -> Answer {
        self.post(&format!("/v1/after-sales/{after_sale}/{}", path_of(step)), &body_of(step)).await
    }

    /// Takes a step of an after-sale; the after-sale.
    pub(crate) async fn step(&self, after_sale: &str, step: &str) -> Value {
        self.try_step(after_sale, step).await.expect(200)
    }

    /// An after-sale as it stands.
    pub(crate) async fn row(&self, after_sale: &str) -> Value {
        self.get(&format!("/v1/after-sales/{after_sale}")).await.expect(200)
    }

    /// Waits until an after-sale is in a status; the after-sale.
    pub(crate) async fn after_sale_becomes(&self, after_sale: &str, status: &str) -> Value {
        until(&format!("{after_sale} is {status}"), async || {
            let row = self.row(after_sale).await;
            (row["status"] == status).then_some(row)
        })
        .await
    }

    /// `[shipped, delivered, returned, cancelled]` of each line of an order.
    pub(crate) async fn buckets(&self, order: &str) -> Vec<[i64; 4]> {
        let order = self.read(order).await;
        let names = ["shipped", "delivered", "returned", "cancelled"];
        let line = |line: &Value| names.map(|name| line[name].as_i64().expect("a count of units"));
        order["lines"].as_array().expect("lines").iter().map(line).collect()
    }

    /// `(delta, reason)` of each entry of a SKU's ledger, oldest first.
    pub(crate) async fn movements(&self, sku: &str) -> Vec<(i64, String)> {
        let page = self.get(&format!("/v1/stock/{sku}/movements?limit=100")).await.expect(200);
        let mut rows = page["data"].as_array().expect("a list").clone();
        rows.sort_by_key(|row| row["number"].as_u64());
        let entry =
            |row: &Value| (row["delta"].as_i64().expect("units"), row["reason"].as_str().expect("why").to_owned());
        rows.iter().map(entry).collect()
    }

    /// The spendable points of the user `u`.
    pub(crate) async fn points(&self) -> i64 {
        self.get("/v1/users/u/points").await.expect(200)["balance"].as_i64().expect("a count of points")
    }
}

/// A step's path; `receive:scrap` is the step `receive` with that outcome.
pub(crate) fn path_of(step: &str) -> &str {
    step.split_once(':').map_or(step, |(path, _)| path)
}

/// The body of a step.
pub(crate) fn body_of(step: &str) -> Value {
    match step {
        "reject" => json!({"reason": "not ours"}),
        "ship-back" | "reship" => consignment(),
        _ => step.split_once(':').map_or_else(|| json!({}), |(_, outcome)| json!({"outcome": outcome})),
    }
}
