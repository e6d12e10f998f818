//! Attempts to pay over HTTP: their form, what they wait for, and what is answered when a channel does not.
//!
//! What becomes of money is `payments`' matter, the suite of that name.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    assert_has, names,
    support::{
        client::{Client, answer},
        server::{Data, Server, until},
        shop::{id, order},
    },
};

/// A server with goods and an unpaid order of 1,530.
async fn shop(settings: &[&str]) -> (Data, Server, Client, String) {
    let data = Data::new();
    let server = data.serve(settings).await;
    let client = server.client();
    client.stocked("85123A", 255, 100).await;
    let placed = id(&client.place(&order("u", &[("85123A", 6)])).await);
    (data, server, client, placed)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_answered_as_the_contract_shows_it() {
    let (_data, server, client, order) = shop(&[]).await;
    let path = format!("/v1/orders/{order}/payments");
    assert_eq!(client.get(&path).await.expect(200), json!({"data": [], "next_cursor": null}));
    let body = json!({"channel": "sandbox", "return_url": "https://shop.example/thanks?o=1"});
    let opened = client.post_keyed(&path, "p-1", &body).await;
    let payment = opened.expect(201);
    let payment_id = id(&payment);
    let placed = client.read(&order).await;
    let expected = json!({"order_id": order, "channel": "sandbox", "status": "pending", "amount": 1530, "currency": "GBP",
        "return_url": "https://shop.example/thanks?o=1", "expires_at": placed["expires_at"], "captured": 0, "refunded": 0,
        "refunding": 0, "pays_order": false, "transaction": null, "needs_attention": false,
        "pay_url": format!("{}/sandbox/pay/{payment_id}", server.url()),
        "qr_code_url": format!("/v1/payments/{payment_id}/qr.svg")});
    assert_has(&payment, &expected);
    assert!(payment_id.starts_with("pay_"), "{payment_id}");
    assert_eq!(opened.header("location"), format!("/v1/payments/{payment_id}"));
    assert_eq!(opened.header("etag"), format!("\"{}\"", payment["version"]));

    let read = client.get(&format!("/v1/payments/{payment_id}")).await;
    assert_eq!((read.expect(200), read.header("etag")), (payment.clone(), opened.header("etag")));
    let unchanged = client.request(Method::GET, &format!("/v1/payments/{payment_id}"));
    assert_eq!(answer(unchanged.header("if-none-match", opened.header("etag"))).await.status, 304);
    client.get("/v1/payments/pay_1").await.refused(404, "not_found");

    client.pay(&payment_id, &json!({})).await;
    let paid = client.payment_becomes(&payment_id, "succeeded").await;
    assert_has(&paid, &json!({"captured": 1530, "pays_order": true, "pay_url": null, "qr_code_url": null}));
    assert!(paid["transaction"].is_string(), "{paid}");
    let again = client.post_keyed(&path, "p-1", &body).await;
    assert!(again.is_replayed(), "{again}");
    assert_eq!(again.expect(201), paid, "the same attempt as it stands");
    client.post_keyed(&path, "p-1", &json!({"channel": "sandbox"})).await.refused(422, "idempotency_key_reused");
    let refused = client.post(&path, &body).await.refused(409, "order_state");
    assert_eq!(refused["order_status"], "paid");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_listed_newest_first() {
    let (_data, _server, client, order) = shop(&[]).await;
    let first = client.open(&order).await;
    client.pay(&first, &json!({"outcome": "refused"})).await;
    client.payment_becomes(&first, "failed").await;
    let second = client.open(&order).await;
    let page = client.get(&format!("/v1/orders/{order}/payments")).await.expect(200);
    assert_eq!(names(&page, "id"), [second, first]);
    assert_eq!(names(&page, "status"), ["pending", "failed"]);
    client.get("/v1/orders/ord_1/payments").await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_away_is_told_with_the_attempt() {
    let (_data, _server, client, order) = shop(&[]).await;
    client.faults(&json!({"down": true})).await;
    let path = format!("/v1/orders/{order}/payments");
    let body = json!({"channel": "sandbox"});
    let problem = client.post_keyed(&path, "p-1", &body).await.refused(503, "channel_unavailable");
    let payment = problem["payment_id"].as_str().expect("the attempt is named").to_owned();
    assert_has(&client.payment(&payment).await, &json!({"status": "failed", "captured": 0}));
    let again = client.post_keyed(&path, "p-1", &body).await;
    assert!(again.is_replayed());
    assert_eq!(again.refused(503, "channel_unavailable")["payment_id"], json!(payment));
    client.faults(&json!({})).await;
    let other = client.open(&order).await;
    assert_ne!(other, payment);
    assert_eq!(client.read(&order).await["status"], "pending_payment");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breaker_tells_how_it_stands() {
    let settings = ["breaker.minimum=2", "breaker.cool_down=100ms"];
    let (_data, _server, client, order) = shop(&settings).await;
    let stands = async |state: u8| {
        let metrics = String::from_utf8(client.get("/metrics").await.body).expect("UTF-8");
        metrics.contains(&format!("ordain_breaker_state{{target=\"sandbox\"}} {state}\n")).then_some(())
    };
    stands(0).await.expect("calls pass");
    client.faults(&json!({"down": true})).await;
    for _ in 0..2 {
        client.try_open(&order).await.refused(503, "channel_unavailable");
    }
    stands(2).await.expect("no call passes");
    client.faults(&json!({})).await;
    until("the channel is tried again", async || (client.try_open(&order).await.status == 201).then_some(())).await;
    stands(0).await.expect("calls pass again");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "how long the server waits is what is tested")]
async fn a_slow_channel_is_waited_for_as_long_as_is_set() {
    let (_data, _server, client, order) = shop(&["payments.open_wait=100ms"]).await;
    client.faults(&json!({"slow_ms": 2_000})).await;
    let started = Instant::now();
    let payment = client.try_open(&order).await.expect(201);
    assert!(started.elapsed() < Duration::from_millis(1_500), "{:?}", started.elapsed());
    assert_has(&payment, &json!({"status": "created", "pay_url": null, "qr_code_url": null}));
    let payment = client.payment_becomes(&id(&payment), "pending").await;
    assert!(payment["pay_url"].is_string(), "{payment}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_blocks_until_the_channel_is_asked() {
    let (_data, _server, client, order) = shop(&[r#"payments.first_queries=["1h"]"#]).await;
    client.faults(&json!({"reply_lost": 1.0})).await;
    let payment = id(&client.try_open(&order).await.expect(201));
    assert_eq!(client.payment(&payment).await["status"], "unknown");
    let refused = client.try_open(&order).await.refused(409, "payment_unresolved");
    assert_eq!(refused["payment_id"], json!(payment));
    client.faults(&json!({})).await;
    let refreshed = client.post(&format!("/v1/payments/{payment}/refresh"), &json!({})).await;
    assert_has(&refreshed.expect(200), &json!({"id": payment, "status": "pending"}));
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "how long the server waits is what is tested")]
async fn a_refresh_waits_for_the_channel_and_no_longer() {
    // The ladder is out of the way: whatever is learned is learned by the refresh.
    let (_data, _server, client, order) = shop(&[r#"payments.first_queries=["1h"]"#, "payments.open_wait=20s"]).await;
    let payment = client.open(&order).await;
    let path = format!("/v1/payments/{payment}/refresh");
    let started = Instant::now();
    assert_eq!(
        client.post(&path, &json!({})).await.expect(200)["status"],
        "pending",
        "an answer that says nothing new"
    );
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    client.pay(&payment, &json!({"notify": "never"})).await;
    // Neither a body nor a key is needed.
    let refreshed = answer(client.request(Method::POST, &path)).await;
    assert_has(&refreshed.expect(200), &json!({"status": "succeeded", "captured": 1530}));
    assert_eq!(client.read(&order).await["status"], "paid");
    client.post("/v1/payments/pay_1/refresh", &json!({})).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_shows_where_to_pay_while_there_is_something_to_pay() {
    let (_data, _server, client, order) = shop(&[]).await;
    let payment = client.try_open(&order).await.expect(201);
    let path = payment["qr_code_url"].as_str().expect("a path").to_owned();
    let code = client.get(&path).await;
    assert_eq!((code.status, code.header("content-type")), (200, "image/svg+xml"));
    assert_eq!(code.header("cache-control"), "private, no-cache");
    assert_eq!(code.header("content-security-policy"), "default-src 'none'");
    let svg = String::from_utf8(code.body.clone()).expect("UTF-8");
    assert!(
        svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ") && svg.ends_with("</svg>"),
        "{svg}"
    );
    let again = client.request(Method::GET, &path).header("if-none-match", code.header("etag"));
    assert_eq!(answer(again).await.status, 304);
    let asked = client.request(Method::GET, &path).header("accept", "application/json");
    answer(asked).await.refused(406, "not_acceptable");
    client.pay(&id(&payment), &json!({})).await;
    client.payment_becomes(&id(&payment), "succeeded").await;
    let refused = client.get(&path).await.refused(409, "payment_state");
    assert_eq!(refused["payment_status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_money_are_told_in_their_form() {
    let (_data, _server, client, order) = shop(&[]).await;
    let payment = client.open(&order).await;
    client.pay(&payment, &json!({})).await;
    client.becomes(&order, "paid").await;
    let refund = json!({"lines": [{"line": 1, "quantity": 2}], "reason": "broken"});
    let refund = id(&client.post(&format!("/v1/orders/{order}/refunds"), &refund).await.expect(201));
    client.refunds_become(&order, 1, "succeeded").await;
    let transaction = client.payment(&payment).await["transaction"].clone();
    let events = client.get(&format!("/v1/orders/{order}/events")).await.expect(200);
    let found: Vec<(&Value, &Value)> = events["data"]
        .as_array()
        .expect("a list")
        .iter()
        .skip(1)
        .map(|event| (&event["type"], &event["data"]))
        .collect();
    let expected = [
        ("payment.created", json!({"payment_id": payment, "channel": "sandbox", "amount": 1530})),
        ("payment.succeeded", json!({"payment_id": payment, "amount": 1530, "transaction": transaction})),
        ("order.paid", json!({"paid": 1530})),
        (
            "refund.requested",
            json!({"refund_id": refund, "payment_id": payment, "amount": 510, "lines": [{"line": 1, "quantity": 2}],
                "cause": "operator", "reason": "broken"}),
        ),
        ("refund.succeeded", json!({"refund_id": refund, "amount": 510, "note": null})),
    ];
    assert_eq!(found.len(), expected.len(), "{events:#}");
    for ((kind, data), expected) in found.iter().zip(&expected) {
        assert_eq!((kind.as_str(), *data), (Some(expected.0), &expected.1));
    }
    let actors: Vec<&Value> = events["data"].as_array().expect("a list").iter().map(|event| &event["actor"]).collect();
    assert_eq!(actors, ["operator", "operator", "channel", "channel", "operator", "channel"]);
}
