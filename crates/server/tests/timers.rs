//! The payment window of real orders on the real clock: never early, never lost, each once, also over a restart.
//!
//! That the scan finds orders whose timer is gone is tested in the engine, where a timer can be taken away.

#[expect(dead_code, reason = "the suites share it, each uses its part")]
mod support {
    pub(crate) mod client;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use support::{
    client::{Client, answer, fresh_key},
    server::{Data, until},
    shop::{id, order},
};
use tokio::{sync::Mutex, task::JoinSet};

/// Times are measured by one test at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

fn micros(order: &Value, name: &str) -> i64 {
    let text = order[name].as_str().unwrap_or_else(|| panic!("no {name}: {order}"));
    text.parse::<jiff::Timestamp>().expect("RFC 3339").as_microsecond()
}

/// How late an order was closed, in microseconds; it must be closed by its timer, and not before its time.
fn lateness(closed: &Value, window_micros: i64) -> i64 {
    assert_eq!(closed["status"], "cancelled", "{closed}");
    assert_eq!(closed["cancel_reason"], "timeout", "{closed}");
    assert_eq!(closed["version"], 2, "{closed}");
    assert_eq!(micros(closed, "expires_at") - micros(closed, "created_at"), window_micros, "{closed}");
    let late = micros(closed, "updated_at") - micros(closed, "expires_at");
    assert!(late >= 0, "closed {late} microseconds early: {closed}");
    late
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_order_is_closed_when_its_window_ends_and_not_before() {
    let _alone = ALONE.lock().await;
    let data = Data::new();
    let server = data.serve(&["orders.payment_window=2s"]).await;
    let client = server.client();
    client.stocked("a", 100, 50).await;
    client.product("gift", 0).await;
    client.receive("gift", 5).await;
    client.post("/v1/users/u/points/adjustments", &json!({"delta": 30, "reason": "gift"})).await.expect(200);
    let mut with_points = order("u", &[("a", 3)]);
    with_points["points"] = json!(30);
    let placed = [client.place(&with_points).await, client.place(&order("v", &[("a", 4)])).await];
    let free = client.place(&order("v", &[("gift", 1)])).await;
    assert_eq!(free["status"], "paid", "nothing is owed for it");
    assert_eq!(client.stock("a").await, [50, 7, 43, 0]);
    for order in &placed {
        let id = id(order);
        let closed = until("it is closed", async || {
            let seen = client.read(&id).await;
            (seen["status"] != "pending_payment").then_some(seen)
        });
        let late = lateness(&closed.await, 2_000_000);
        assert!(late < 2_000_000, "{late} microseconds late");
        let events = client.get(&format!("/v1/orders/{id}/events")).await.expect(200)["data"].clone();
        assert_eq!((&events[0]["type"], &events[1]["type"]), (&json!("order.placed"), &json!("order.cancelled")));
        assert_eq!(events.as_array().map(Vec::len), Some(2), "{events}");
    }
    assert_eq!(client.stock("a").await, [50, 0, 50, 0]);
    let points = client.get("/v1/users/u/points").await.expect(200);
    assert_eq!((&points["balance"], &points["frozen"]), (&json!(30), &json!(0)));
    assert_eq!(client.read(&id(&free)).await["status"], "paid", "a paid order has no window");
    let cancel = format!("/v1/orders/{}/cancel", id(&placed[0]));
    client.post(&cancel, &json!({"reason": "buyer"})).await.refused(409, "order_state");
    client.verified().await;
}

/// Places `count` orders of one unit in batches, all within a moment; their ids.
async fn place_many(client: &Client, count: usize) -> Vec<String> {
    let mut tasks = JoinSet::new();
    for batch in 0..count.div_ceil(500) {
        let client = client.clone();
        tasks.spawn(async move {
            let orders: Vec<Value> = (batch * 500..count.min(batch * 500 + 500))
                .map(|number| {
                    let mut body = order(&format!("u-{number}"), &[("a", 1)]);
                    body["idempotency_key"] = json!(fresh_key());
                    body
                })
                .collect();
            let items = client.post("/v1/orders/batch", &json!({"orders": orders})).await.expect(200)["data"].clone();
            let items = items.as_array().expect("items").clone();
            items.into_iter().map(|item| id(&item["order"])).collect::<Vec<String>>()
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

/// New orders must not wait for the closing of old ones.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_orders_end_at_once_while_new_ones_are_taken() {
    const ORDERS: usize = 10_000;
    let _alone = ALONE.lock().await;
    let data = Data::new();
    let server = data.serve(&["orders.payment_window=5s"]).await;
    let client = server.client();
    client.stocked("a", 100, 1_000_000).await;
    client.stocked("b", 100, 1_000_000).await;
    let placed = place_many(&client, ORDERS).await;
    assert_eq!(placed.len(), ORDERS);
    let mut taken = 0;
    let closing = async {
        loop {
            let body = order(&format!("w-{taken}"), &[("b", 1)]);
            let request = client.request(Method::POST, "/v1/orders").header("Idempotency-Key", fresh_key()).json(&body);
            let placed = tokio::time::timeout(Duration::from_secs(2), answer(request)).await;
            placed.expect("a new order is taken within 2 s while old ones end").expect(201);
            taken += 1;
            let [_, locked, ..] = client.stock("a").await;
            if locked == 0 {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(15), closing).await.expect("10,000 orders are closed within 10 s");
    let mut latest = 0;
    for id in placed.iter().step_by(97).chain(placed.last()) {
        latest = latest.max(lateness(&client.read(id).await, 5_000_000));
    }
    assert!(latest < 10_000_000, "{latest} microseconds late");
    assert!(taken > 10, "{taken}");
    assert_eq!(client.stock("a").await, [1_000_000, 0, 1_000_000, 0]);
    until("the new ones end as well", async || (client.stock("b").await[1] == 0).then_some(())).await;
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_go_on_while_nothing_runs() {
    let _alone = ALONE.lock().await;
    let settings = ["orders.payment_window=1500ms"];
    let data = Data::new();
    let mut server = data.serve(&settings).await;
    server.client().stocked("a", 100, 1_000).await;
    for gracefully in [true, false] {
        let before = place_many(&server.client(), 200).await;
        if gracefully {
            server.stop().await;
        } else {
            server.kill();
        }
        // The window of the second half ends while nothing runs, that of the first while the next server does.
        if !gracefully {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
        }
        server = data.serve(&settings).await;
        let client = server.client();
        until("all are closed", async || (client.stock("a").await[1] == 0).then_some(())).await;
        for id in &before {
            lateness(&client.read(id).await, 1_500_000);
        }
        assert_eq!(client.stock("a").await, [1_000, 0, 1_000, 0]);
        client.verified().await;
    }
}
