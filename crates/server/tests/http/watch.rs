//! Watching an order or a payment: the thing at once, then every change, over Server-Sent Events, from where a reader left off.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    client::Client,
    server::{Data, PATIENCE},
    shop::{id, order},
};

/// One event of a stream.
#[derive(Debug, Default)]
struct Seen {
    id: String,
    event: String,
    data: Value,
}

/// A stream that is read as the standard says, fields and lines only.
struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(client: &Client, order: &str, last: Option<&str>) -> Stream {
        Stream::of(client, &format!("/v1/orders/{order}/watch"), last).await
    }

    async fn of(client: &Client, path: &str, last: Option<&str>) -> Stream {
        let mut request = client.request(Method::GET, path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.expect("the server answers");
        assert_eq!(response.status(), 200);
        let media = response.headers()["content-type"].to_str().expect("ASCII");
        assert!(media.starts_with("text/event-stream"), "{media}");
        Stream { response, text: String::new() }
    }

    /// The next event with data; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Seen> {
        let reading = async {
            loop {
                while let Some((block, rest)) = self.text.split_once("\n\n") {
                    let seen = parse(block);
                    self.text = rest.to_owned();
                    if seen.data != Value::Null {
                        return Some(seen);
                    }
                }
                let chunk = self.response.chunk().await.ok().flatten()?;
                self.text.push_str(std::str::from_utf8(&chunk).expect("events are UTF-8"));
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("the stream goes on or ends")
    }
}

fn parse(block: &str) -> Seen {
    let mut seen = Seen::default();
    for line in block.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => seen.id = value.to_owned(),
            "event" => seen.event = value.to_owned(),
            "data" => seen.data = serde_json::from_str(value).expect("data are JSON"),
            _ => {}
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_sees_the_order_at_once_and_each_change() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    let placed = client.place(&order("u", &[("a", 1)])).await;
    let id = id(&placed);
    let mut stream = Stream::open(&client, &id, None).await;
    let first = stream.next().await.expect("the order at once");
    assert_eq!(first.data, placed);
    let cancelled = client.post(&format!("/v1/orders/{id}/cancel"), &json!({"reason": "buyer"})).await.expect(200);
    let second = stream.next().await.expect("the change");
    assert_eq!((second.event.as_str(), &second.data), ("order.cancelled", &cancelled));
    let positions = [&first.id, &second.id].map(|id| id.trim_start_matches("evt_").parse::<i64>().expect("a position"));
    assert!(positions[0] < positions[1], "{positions:?}");

    // Whoever saw the first gets the second, whoever saw all waits for nothing old.
    let mut resumed = Stream::open(&client, &id, Some(&first.id)).await;
    let next = resumed.next().await.expect("what was missed");
    assert_eq!((next.id.as_str(), &next.data["status"]), (second.id.as_str(), &json!("cancelled")));
    client.get("/v1/orders/ord_1/watch").await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_sees_a_payment_through_its_life() {
    let data = Data::new();
    let server = data.serve(&["payments.open_wait=0s"]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    let order = id(&client.place(&order("u", &[("a", 2)])).await);
    client.faults(&json!({"slow_ms": 300})).await;
    let payment = id(&client.try_open(&order).await.expect(201));
    let path = format!("/v1/payments/{payment}/watch");
    let mut stream = Stream::of(&client, &path, None).await;
    let first = stream.next().await.expect("the payment at once");
    assert_eq!((first.event.as_str(), &first.data["status"]), ("payment.created", &json!("created")));
    // The channel takes it: no fact of the order, and told all the same.
    let second = stream.next().await.expect("the channel's answer");
    assert_eq!((second.event.as_str(), &second.data["status"]), ("payment.created", &json!("pending")));
    assert_eq!(first.id, second.id);
    client.faults(&json!({})).await;
    client.pay(&payment, &json!({})).await;
    let third = stream.next().await.expect("the money");
    assert_eq!((third.event.as_str(), &third.data["status"]), ("payment.succeeded", &json!("succeeded")));
    assert_eq!(third.data["captured"], 200);
    let body = json!({"amount": 50, "reason": "goodwill"});
    client.post(&format!("/v1/orders/{order}/refunds"), &body).await.expect(201);
    client.refunds_become(&order, 1, "succeeded").await;
    let mut told = vec![];
    while told.last() != Some(&"refund.succeeded".to_owned()) {
        let seen = stream.next().await.expect("the refund");
        assert!(seen.data["version"].as_u64() >= third.data["version"].as_u64(), "{seen:?}");
        told.push(seen.event);
    }
    assert_eq!(told, ["refund.requested", "refund.succeeded"]);

    // Whoever saw the first gets every fact that was missed; whoever saw none the payment as it stands.
    let mut resumed = Stream::of(&client, &path, Some(&first.id)).await;
    for expected in ["payment.succeeded", "refund.requested", "refund.succeeded"] {
        let seen = resumed.next().await.expect("what was missed");
        assert_eq!((seen.event.as_str(), &seen.data["refunded"]), (expected, &json!(50)));
    }
    let fresh = Stream::of(&client, &path, None).await.next().await.expect("the payment at once");
    assert_eq!((fresh.event.as_str(), fresh.data), ("refund.succeeded", client.payment(&payment).await));
    client.get("/v1/payments/pay_1/watch").await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_of_an_order_sees_its_money() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    let placed = client.place(&order("u", &[("a", 2)])).await;
    let order = id(&placed);
    let mut stream = Stream::open(&client, &order, None).await;
    let first = stream.next().await.expect("the order at once");
    let payment = client.open(&order).await;
    client.pay(&payment, &json!({})).await;
    let expected = ["payment.created", "payment.succeeded", "order.paid"];
    let mut last = first.id.clone();
    for expected in expected {
        let seen = stream.next().await.expect("a change");
        assert_eq!(seen.event, expected);
        last = seen.id;
    }
    let mut resumed = Stream::open(&client, &order, Some(&first.id)).await;
    for (version, expected) in (2..).zip(expected) {
        let seen = resumed.next().await.expect("what was missed");
        assert_eq!((seen.event.as_str(), &seen.data["version"]), (expected, &json!(version)));
    }
    // Nothing was missed: what comes is what happens next.
    let mut waiting = Stream::open(&client, &order, Some(&last)).await;
    client.post(&format!("/v1/orders/{order}/refunds"), &json!({"reason": "all"})).await.expect(201);
    assert_eq!(waiting.next().await.expect("a change").event, "refund.requested");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_window_is_seen_by_all_who_watch() {
    let data = Data::new();
    let server = data.serve(&["orders.payment_window=1s"]).await;
    let client = server.client();
    client.stocked("a", 100, 1_000).await;
    let mut watchers = tokio::task::JoinSet::new();
    for number in 0..50 {
        let client = client.clone();
        watchers.spawn(async move {
            let placed = id(&client.place(&order(&format!("u-{number}"), &[("a", 1)])).await);
            let mut stream = Stream::open(&client, &placed, None).await;
            let mut versions = Vec::new();
            while let Some(seen) = stream.next().await {
                versions.push(seen.data["version"].as_u64());
                if seen.data["status"] == "cancelled" {
                    assert_eq!(seen.data["cancel_reason"], "timeout");
                    break;
                }
            }
            versions
        });
    }
    for versions in watchers.join_all().await {
        assert_eq!(versions, [Some(1), Some(2)], "each version once, in order");
    }
}

/// Streams end when the server stops, so that they do not hold it up.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_streams() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    let placed = id(&client.place(&order("u", &[("a", 1)])).await);
    let mut stream = Stream::open(&client, &placed, None).await;
    stream.next().await.expect("the order at once");
    let stopping = tokio::time::timeout(Duration::from_secs(5), server.stop());
    let (stopped, ended) = tokio::join!(stopping, stream.next());
    stopped.expect("it stops although somebody watches");
    assert!(ended.is_none(), "{ended:?}");
}

/// A connection on which nothing is asked is closed, but not while it is still being answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_may_be_silent_for_longer_than_a_connection() {
    let data = Data::new();
    let server = data.serve(&["limits.read_timeout=200ms", "orders.payment_window=3s"]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    let placed = id(&client.place(&order("u", &[("a", 1)])).await);
    let mut stream = Stream::open(&client, &placed, None).await;
    let mut last = stream.next().await.expect("the order at once").data;
    while last["status"] != "cancelled" {
        last = stream.next().await.expect("the stream is open until the order ends").data;
    }
    server.stop().await;
}
