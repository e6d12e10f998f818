//! Goods over HTTP, both ways: parcels and what carriers say of them, receipt, partial shipment, and after-sales with every
//! step, deadline and leg. Each test of a row of the catalogue of cases names it.
//!
//! After each test the order is held against its own log, the sandbox's ledger and the invariants. How a decision comes about is
//! tested in the domain; bad bodies are `bad_input`'s matter.

mod after_sales;
mod calls;
mod carrier;
mod cents;
mod deadlines;
mod exchange;
mod inspection;
mod legs;
mod log;
mod parcels;
mod partial;
mod race;
mod receipt;
mod restart;
mod states;
mod walks;

#[expect(dead_code, reason = "the suites share it, each uses its part")]
#[path = "../support"]
mod support {
    pub(crate) mod client;
    pub(crate) mod money;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use serde_json::{Value, json};
use support::{
    client::Client,
    server::{Data, Server},
    shop::{id, order},
};

/// What a unit costs: `a` is the usual one, `b` is dearer, `c` cheaper. No other product is there.
const A: i64 = 1_000;
const B: i64 = 1_333;
const C: i64 = 650;
/// How many units of each there are.
const UNITS: i64 = 100;

/// A shop on data of its own.
struct Shop {
    client: Client,
    server: Server,
    data: Data,
}

impl Shop {
    async fn open(settings: &[&str]) -> Shop {
        let data = Data::new();
        let server = data.serve(settings).await;
        let client = server.client();
        for (sku, price) in [("a", A), ("b", B), ("c", C)] {
            client.stocked(sku, price, UNITS).await;
        }
        Shop { client, server, data }
    }

    /// Kills the server and starts another one on its data.
    async fn killed_and_started(self, settings: &[&str]) -> Shop {
        let Shop { server, data, .. } = self;
        server.kill();
        let server = data.serve(settings).await;
        Shop { client: server.client(), server, data }
    }

    /// A paid order; its id.
    async fn paid(&self, lines: &[(&str, i64)]) -> String {
        self.paid_for(&order("u", lines)).await
    }

    /// An order of this body, paid.
    async fn paid_for(&self, body: &Value) -> String {
        let order = id(&self.client.place(body).await);
        let payment = self.client.open(&order).await;
        self.client.pay(&payment, &json!({})).await;
        self.client.becomes(&order, "paid").await;
        order
    }

    /// An order whose units are all with the buyer, in one parcel.
    async fn delivered(&self, lines: &[(&str, i64)]) -> String {
        let order = self.paid(lines).await;
        let units: Vec<(i64, i64)> = lines.iter().zip(1..).map(|((_, quantity), line)| (line, *quantity)).collect();
        let parcel = self.client.ship(&order, &units).await;
        self.client.track(&parcel, "delivered", 1).await;
        order
    }

    /// Everything that must hold once nothing is under way: each order follows from its log, its money is what the sandbox moved,
    /// no refund waits, nothing but goods is stuck, and the invariants hold.
    async fn is_sound(&self) {
        let client = &self.client;
        let orders = client.get("/v1/orders?user_id=u&limit=100").await.expect(200);
        assert_eq!(orders["next_cursor"], Value::Null, "a test has at most 100 orders of the user u");
        for order in orders["data"].as_array().expect("a list") {
            self.is_settled(&id(order)).await;
        }
        assert!(!orders["data"].as_array().expect("a list").is_empty(), "somebody ordered");
        client.verified().await;
    }

    async fn is_settled(&self, order: &str) {
        let client = &self.client;
        log::follows(client, order).await;
        for refund in client.refunds(order).await {
            assert_eq!(refund["status"], "succeeded", "{refund}");
        }
        let (mut captured, mut refunded) = (0, 0);
        for payment in client.payments(order).await {
            let moved = client.moved(&id(&payment)).await;
            assert_eq!((&payment["captured"], &payment["refunded"]), (&json!(moved.captured), &json!(moved.refunded)));
            (captured, refunded) = (captured + moved.captured, refunded + moved.refunded);
        }
        let seen = client.read(order).await;
        assert_eq!((&seen["paid"], &seen["refunded"]), (&json!(captured), &json!(refunded)), "{seen}");
        let mut stuck = client.stuck(order).await;
        // Goods may wait for a person, however sound the books are.
        stuck.retain(|thing| thing["kind"] != "waiting_after_sale" && thing["kind"] != "stopped_shipment");
        assert_eq!(stuck, Vec::<Value>::new());
    }

    /// What the shop keeps of an order's money.
    async fn kept(&self, order: &str) -> i64 {
        let order = self.client.read(order).await;
        let amount = |name: &str| order[name].as_i64().expect("an amount");
        amount("paid") - amount("refunded")
    }
}

/// Every member of `expected` is in `found` with this value; `found` may have more.
#[track_caller]
fn assert_has(found: &Value, expected: &Value) {
    for (name, value) in expected.as_object().expect("an object is expected") {
        assert_eq!(found.get(name), Some(value), "{name} in {found:#}");
    }
}
