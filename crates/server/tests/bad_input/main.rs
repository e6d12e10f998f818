//! Bad input, one row each: it is refused with its status, its code and the place that is wrong, and changes nothing.
//!
//! The rows stand beside this file, by what they are sent to. What a good request does is `http`'s matter.

mod catalog;
mod goods;
mod money;
mod orders;
mod protocol;

#[expect(dead_code, reason = "the suites share it, each uses its part")]
#[path = "../support"]
mod support {
    pub(crate) mod client;
    pub(crate) mod money;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use reqwest::Method;
use serde_json::{Value, json};
use support::{
    client::{Answer, Client, answer, fresh_key},
    server::{Data, Server},
    shop::{id, order},
};

/// A request that must be refused.
pub(crate) struct Bad {
    name: String,
    method: Method,
    path: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    /// `/a/b` in the body, `?name` of a parameter, `name:` of a header; empty where none is named.
    place: String,
}

impl Bad {
    /// A request with a JSON body (none for a GET), refused as `invalid_request` at a place.
    pub(crate) fn new(name: &str, (method, path): (Method, &str), body: &[u8], place: &str) -> Bad {
        let mut headers = Vec::new();
        if method != Method::GET {
            headers.push(("content-type", b"application/json".to_vec()));
        }
        Bad {
            name: name.to_owned(),
            method,
            path: path.to_owned(),
            headers,
            body: body.to_vec(),
            status: 400,
            code: "invalid_request",
            place: place.to_owned(),
        }
    }

    /// Refused with another status and code.
    pub(crate) fn with(self, status: u16, code: &'static str) -> Bad {
        Bad { status, code, ..self }
    }

    /// With one header more; it replaces the one of that name.
    pub(crate) fn header(mut self, name: &'static str, value: &[u8]) -> Bad {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_vec()));
        self
    }

    fn problem_of(&self, answer: &Answer) -> Option<String> {
        let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let error = &problem["errors"][0];
        let text = |name: &str| error[name].as_str().unwrap_or_default();
        let places = [text("pointer").to_owned(), format!("?{}", text("parameter")), format!("{}:", text("header"))];
        let is_right = answer.status == self.status
            && problem["code"] == self.code
            && answer.header("content-type") == "application/problem+json"
            && (self.place.is_empty() || places.contains(&self.place))
            && !problem["detail"].as_str().unwrap_or_default().is_empty();
        (!is_right).then(|| {
            let Bad { name, status, code, place, .. } = self;
            format!("{name}: expected {status} {code} at {place}, got {answer}")
        })
    }
}

/// A server with a bit of everything, and what can be seen of it.
pub(crate) struct Shop {
    server: Server,
    client: Client,
    /// A coupon of the user `v`.
    pub(crate) coupon: String,
    /// An unpaid order of the user `v`.
    pub(crate) unpaid: String,
    /// A cancelled order of the user `v`.
    pub(crate) cancelled: String,
    /// A paid order of the user `v`: 2 units of `a`, 510 together.
    pub(crate) paid: String,
    /// What paid it.
    pub(crate) payment: String,
    _data: Data,
}

/// Most expensive unit that there may be, in minor units.
const DEAR: i64 = 1_000_000_000_000;

impl Shop {
    pub(crate) async fn open() -> Shop {
        let data = Data::new();
        let server = data.serve(&[]).await;
        let client = server.client();
        client.stocked("a", 255, 2_000_000).await;
        client.stocked("few", 100, 10).await;
        client.stocked("dear", DEAR, 2_000_000).await;
        for (sku, currency, status) in [("euro", "EUR", "active"), ("gone", "GBP", "inactive")] {
            let body = json!({"title": sku, "price": 100, "currency": currency, "status": status});
            client.put(&format!("/v1/products/{sku}"), &body).await.expect(201);
            client.receive(sku, 10).await;
        }
        let template = json!({"kind": "percent_off", "percent": 10, "limit_total": 5,
            "valid_from": "2020-01-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z"});
        client.put("/v1/coupon-templates/ten", &template).await.expect(201);
        client.post("/v1/users/u/points/adjustments", &json!({"delta": 50, "reason": "gift"})).await.expect(200);
        let coupon = id(&client.post("/v1/users/v/coupons", &json!({"template": "ten"})).await.expect(201));
        let unpaid = id(&client.place(&order("v", &[("few", 2)])).await);
        let cancelled = id(&client.place(&order("v", &[("few", 1)])).await);
        client.post(&format!("/v1/orders/{cancelled}/cancel"), &json!({"reason": "buyer"})).await.expect(200);
        let paid = id(&client.place(&order("v", &[("a", 2)])).await);
        let payment = client.open(&paid).await;
        client.pay(&payment, &json!({})).await;
        client.becomes(&paid, "paid").await;
        Shop { server, client, coupon, unpaid, cancelled, paid, payment, _data: data }
    }

    /// Everything that a bad request might have changed.
    async fn seen(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        for path in [
            "/v1/stock/a",
            "/v1/stock/few",
            "/v1/stock/dear",
            "/v1/stock/euro",
            "/v1/stock/gone",
            "/v1/products",
            "/v1/orders?user_id=u",
            "/v1/orders?user_id=v",
            "/v1/users/u/points",
        ] {
            seen.push(self.client.get(path).await.expect(200));
        }
        for order in [&self.unpaid, &self.cancelled, &self.paid] {
            for list in ["payments", "refunds", "shipments", "after-sales"] {
                seen.push(self.client.get(&format!("/v1/orders/{order}/{list}")).await.expect(200));
            }
        }
        seen.push(json!(self.client.verified().await));
        seen
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> &str {
        self.server.address()
    }

    /// How many orders a user has.
    pub(crate) async fn orders_of(&self, user: &str) -> usize {
        let page = self.client.get(&format!("/v1/orders?user_id={user}")).await.expect(200);
        page["data"].as_array().expect("a list").len()
    }

    /// Position in the log of an order's first event.
    async fn position_of(&self, order: &str) -> i64 {
        let events = self.client.get(&format!("/v1/orders/{order}/events")).await.expect(200);
        let first = id(&events["data"][0]);
        first.strip_prefix("evt_").expect("an event's id").parse().expect("a position")
    }

    /// Sends every row and says which were not refused as they must be, or changed anything.
    pub(crate) async fn refuses(&self, rows: Vec<Bad>) {
        let mut wrong = Vec::new();
        let first = self.client.place(&order("probe", &[("a", 1)])).await;
        let mut before = self.seen().await;
        for row in &rows {
            let mut request = self.client.request(row.method.clone(), &row.path).body(row.body.clone());
            for (name, value) in &row.headers {
                request = request.header(*name, value.as_slice());
            }
            let answer = answer(request).await;
            wrong.extend(row.problem_of(&answer));
            let after = self.seen().await;
            if after != before {
                wrong.push(format!("{}: something changed:\n{before:?}\n{after:?}", row.name));
                before = after;
            }
        }
        let last = self.client.place(&order("probe", &[("a", 1)])).await;
        let moved = self.position_of(&id(&last)).await - self.position_of(&id(&first)).await;
        if moved != 1 {
            wrong.push(format!("the log moved by {moved} and not by the one event of the probe"));
        }
        assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
        assert!(!self.server.log().contains("panicked"), "{}", self.server.log());
    }
}

/// A row under a key of its own: a refusal must come from the row, not from a twin.
pub(crate) fn keyed(row: Bad) -> Bad {
    row.header("idempotency-key", fresh_key().as_bytes())
}
