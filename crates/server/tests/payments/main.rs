//! Money over HTTP, against a sandbox that misbehaves: an order's whole life, odd notifications, lost answers, late and second
//! money, and a server that dies in between. Each test names the row of the catalogue of cases that it shows.
//!
//! The sandbox's own ledger is held against what the server says. How a decision comes about is tested in the domain.

mod late;
mod life;
mod lost;
mod notified;
mod restart;
mod retried;

#[expect(dead_code, reason = "the suites share it, each uses its part")]
#[path = "../support"]
mod support {
    pub(crate) mod client;
    pub(crate) mod money;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use support::{
    client::Client,
    money::Moved,
    server::{Data, Server},
    shop::{id, order},
};

/// What one unit costs here.
const PRICE: i64 = 1_530;
const UNITS: i64 = 1_000;

/// A shop with one product, on data of its own.
struct Shop {
    data: Data,
    server: Server,
    client: Client,
}

impl Shop {
    async fn open(settings: &[&str]) -> Shop {
        let data = Data::new();
        let server = data.serve(settings).await;
        let client = server.client();
        client.stocked("a", PRICE, UNITS).await;
        Shop { data, server, client }
    }

    /// Places an order of one unit; its id.
    async fn place(&self) -> String {
        id(&self.client.place(&order("u", &[("a", 1)])).await)
    }

    /// Places an order and opens an attempt to pay it.
    async fn place_and_open(&self) -> (String, String) {
        let order = self.place().await;
        let payment = self.client.open(&order).await;
        (order, payment)
    }

    /// Kills the server and starts another one on its data.
    async fn killed_and_started(self, settings: &[&str]) -> Shop {
        let Shop { data, server, .. } = self;
        server.kill();
        let server = data.serve(settings).await;
        let client = server.client();
        Shop { data, server, client }
    }
}

/// Taken once, and given back or not.
fn moved(captured: i64, refunded: i64) -> Moved {
    Moved { captured, refunded, captures: u32::from(captured > 0), refunds: u32::from(refunded > 0) }
}

/// `[status, paid, refunded]` of an order.
async fn settled(client: &Client, order: &str) -> (String, i64, i64) {
    let order = client.read(order).await;
    let amount = |name: &str| order[name].as_i64().expect("an amount");
    (order["status"].as_str().expect("a status").to_owned(), amount("paid"), amount("refunded"))
}
