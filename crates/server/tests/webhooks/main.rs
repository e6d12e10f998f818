//! Webhooks on a real server, to a real receiver on this machine: what is sent, signed by whom, again and again or never more;
//! and that signatures hold for an implementation that is not ours.
//!
//! Needs: python3, python3-venv.
//!
//! How letters are decided is tested in the domain, and who is told when in the engine's tests.

mod endpoints;
mod operations;
mod receiver;
mod reference;
mod retries;
mod signatures;

#[expect(dead_code, reason = "the suites share it, each uses its part")]
#[path = "../support"]
mod support {
    pub(crate) mod client;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use reqwest::Method;
use serde_json::{Value, json};

use receiver::Receiver;
use support::{
    client::{Answer, Client, answer},
    server::{Data, Server, until},
    shop::{id, order},
};

/// A shop with one product, and somewhere for webhooks to go.
pub(crate) struct Shop {
    data: Data,
    server: Server,
    client: Client,
    receiver: Receiver,
}

impl Shop {
    /// A shop that sends to this machine, and sends again after 50 milliseconds.
    pub(crate) async fn open() -> Shop {
        Shop::open_with(&["webhooks.retry_first=50ms"]).await
    }

    /// A shop that sends to this machine.
    pub(crate) async fn open_with(settings: &[&str]) -> Shop {
        let data = Data::new();
        let settings: Vec<&str> = settings.iter().copied().chain(["webhooks.allow_private=true"]).collect();
        let server = data.serve(&settings).await;
        let client = server.client();
        client.stocked("A", 1_530, 1_000_000).await;
        Shop { data, server, client, receiver: Receiver::start().await }
    }

    /// Puts an endpoint at a path of the receiver; it must be possible.
    pub(crate) async fn put(&self, name: &str, body: &Value) -> Value {
        let answer = self.client.put(&format!("/v1/webhooks/{name}"), &self.body(name, body)).await;
        assert!(matches!(answer.status, 200 | 201), "{answer}");
        answer.json()
    }

    fn body(&self, name: &str, more: &Value) -> Value {
        let mut body = json!({"url": self.receiver.url(name), "events": ["order.*"]});
        for (member, value) in more.as_object().expect("an object") {
            body[member] = value.clone();
        }
        body
    }

    pub(crate) async fn webhook(&self, name: &str) -> Value {
        self.client.get(&format!("/v1/webhooks/{name}")).await.expect(200)
    }

    pub(crate) async fn place(&self, user: &str) -> String {
        id(&self.client.place(&order(user, &[("A", 1)])).await)
    }

    pub(crate) async fn cancel(&self, order: &str) {
        let path = format!("/v1/orders/{order}/cancel");
        self.client.post(&path, &json!({"reason": "buyer"})).await.expect(200);
    }

    /// The ids of an order's events, oldest first.
    pub(crate) async fn events(&self, order: &str) -> Vec<String> {
        let page = self.client.get(&format!("/v1/orders/{order}/events")).await.expect(200);
        page["data"].as_array().expect("a list").iter().map(id).collect()
    }

    /// Waits until the receiver has these messages at a path, in this order.
    pub(crate) async fn until_at(&self, path: &str, ids: &[String]) {
        until(&format!("{ids:?} arrived at {path}"), async || (self.receiver.ids(path) == ids).then_some(())).await;
    }

    pub(crate) async fn deliveries(&self, name: &str) -> Vec<Value> {
        list(self.client.get(&format!("/v1/webhooks/{name}/deliveries?limit=100")).await)
    }

    /// Waits until so many deliveries are kept; newest first.
    pub(crate) async fn until_deliveries(&self, name: &str, count: usize) -> Vec<Value> {
        until(&format!("{count} deliveries of {name}"), async || {
            let deliveries = self.deliveries(name).await;
            (deliveries.len() >= count).then_some(deliveries)
        })
        .await
    }

    pub(crate) async fn dead_letters(&self) -> Vec<Value> {
        list(self.client.get("/v1/ops/dead-letters?limit=100").await)
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        answer(self.client.request(Method::DELETE, path)).await
    }
}

/// The rows of a page.
pub(crate) fn list(answer: Answer) -> Vec<Value> {
    answer.expect(200)["data"].as_array().expect("a list").clone()
}
