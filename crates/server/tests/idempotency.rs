//! Retries: the same key and body are answered the same for as long as it matters, with one effect; anything else is said.
//!
//! What a crash in the middle of a request leaves to a retry is `crash`'s matter.

#[expect(dead_code, reason = "the suites share it, each uses its part")]
mod support {
    pub(crate) mod client;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use reqwest::Method;
use serde_json::{Value, json};
use support::{
    client::{Answer, Client, answer, fresh_key},
    server::{Data, until},
    shop::{id, order},
};
use tokio::task::JoinSet;

/// The answer again: same status, same bytes, and said to be a replay.
#[track_caller]
fn assert_replay(first: &Answer, again: &Answer) {
    assert_eq!((again.status, &again.body), (first.status, &first.body), "{first}\n{again}");
    assert!(again.is_replayed() && !first.is_replayed(), "{first}\n{again}");
    assert_eq!(again.header("content-type"), first.header("content-type"));
    assert_eq!(again.header("location"), first.header("location"));
}

async fn twins(client: &Client, count: usize, path: &str, body: &Value) -> Vec<Answer> {
    let key = fresh_key();
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (client, path, key, body) = (client.clone(), path.to_owned(), key.clone(), body.clone());
        tasks.spawn(async move { client.post_keyed(&path, &key, &body).await });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_twins_one_acts_and_63_hear_of_it() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 1_000).await;
    let table = [
        ("place", "/v1/orders".to_owned(), order("u", &[("a", 3)]), 201),
        ("refused", "/v1/orders".to_owned(), order("u", &[("a", 1_001)]), 409),
        ("receive", "/v1/stock/a/adjustments".to_owned(), json!({"delta": 7, "reason": "found"}), 200),
        ("points", "/v1/users/u/points/adjustments".to_owned(), json!({"delta": 7, "reason": "gift"}), 200),
    ];
    for (name, path, body, status) in table {
        let answers = twins(&client, 64, &path, &body).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_replayed()).count(), 63, "{name}");
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (status, &answers[0].body), "{name}");
        }
    }
    assert_eq!(client.stock("a").await, [1_007, 3, 1_004, 0]);
    assert_eq!(client.get("/v1/users/u/points").await.expect(200)["balance"], 7);
    let placed = client.get("/v1/orders?user_id=u").await.expect(200);
    assert_eq!(placed["data"].as_array().map(Vec::len), Some(1));
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_its_body_its_user_and_its_route() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 1_000).await;
    let first = client.place_keyed("k", &order("u", &[("a", 1)])).await;
    first.expect(201);
    assert_replay(&first, &client.place_keyed("k", &order("u", &[("a", 1)])).await);
    let mut with_metadata = order("u", &[("a", 1)]);
    with_metadata["metadata"] = json!({"note": "x"});
    for other in [order("u", &[("a", 2)]), order("u", &[("a", 1), ("a", 1)]), with_metadata] {
        client.place_keyed("k", &other).await.refused(422, "idempotency_key_reused");
    }
    let other_user = client.place_keyed("k", &order("v", &[("a", 1)])).await;
    assert_ne!(id(&other_user.expect(201)), id(&first.json()), "another user's key is another key");
    let elsewhere = client.post_keyed("/v1/stock/a/adjustments", "k", &json!({"delta": 1, "reason": "x"})).await;
    elsewhere.expect(200);
    client.place_keyed("K", &order("u", &[("a", 1)])).await.expect(201);
    assert_eq!(client.stock("a").await, [1_001, 3, 998, 0]);
    client.verified().await;
}

/// The draft of the IETF quotes keys, Stripe does not; both forms name the same key.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_be_quoted() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 1_000).await;
    let longest = "k".repeat(255);
    for (quoted, bare) in [
        ("\"abc\"", "abc"),
        ("\"a b\"", "a b"),
        ("\"a\\\"b\"", "a\"b"),
        ("\"~!@#$%^&*()\"", "~!@#$%^&*()"),
        (&format!("\"{longest}\""), &longest),
    ] {
        let first = client.place_keyed(quoted, &order("u", &[("a", 1)])).await;
        first.expect(201);
        assert_replay(&first, &client.place_keyed(bare, &order("u", &[("a", 1)])).await);
    }
    assert_eq!(client.stock("a").await[1], 5);
}

/// Only placing could make a second thing of a retry that nobody notices; other changes may come without a key.
#[tokio::test(flavor = "multi_thread")]
async fn changes_without_a_key_are_made_each_time() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    for expected in [11, 12, 13] {
        let request = client.request(Method::POST, "/v1/stock/a/adjustments").json(&json!({"delta": 1, "reason": "x"}));
        let adjusted = answer(request).await;
        assert_eq!(adjusted.expect(200)["on_hand"], expected);
        assert!(!adjusted.is_replayed());
    }
}

/// A refusal is an answer: it stays, although the reason for it is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_again_although_it_would_succeed() {
    let data = Data::new();
    let server = data.serve(&["orders.unpaid_per_user_max=1"]).await;
    let client = server.client();
    client.stocked("plenty", 100, 1_000).await;
    client.product("scarce", 100).await;
    let unpaid = id(&client.place(&order("full", &[("plenty", 1)])).await);
    let with = |user: &str, sku: &str, name: &str, value: Value| {
        let mut body = order(user, &[(sku, 1)]);
        body[name] = value;
        body
    };
    let table = [
        ("insufficient_stock", 409, order("u", &[("scarce", 1)])),
        ("unknown_sku", 422, order("u", &[("later", 1)])),
        ("price_changed", 409, with("u", "plenty", "expected_total", json!(99))),
        ("insufficient_points", 409, with("u", "plenty", "points", json!(5))),
        ("coupon_not_usable", 409, with("u", "plenty", "coupon_id", json!("cpn_1"))),
        ("too_many_unpaid", 409, order("full", &[("plenty", 1)])),
    ];
    let mut refusals = Vec::new();
    for (code, status, body) in &table {
        let refusal = client.place_keyed(code, body).await;
        refusal.refused(*status, code);
        refusals.push(refusal);
    }
    client.receive("scarce", 5).await;
    client.stocked("later", 100, 5).await;
    client.product("plenty", 99).await;
    client.post("/v1/users/u/points/adjustments", &json!({"delta": 50, "reason": "gift"})).await.expect(200);
    client.post(&format!("/v1/orders/{unpaid}/cancel"), &json!({"reason": "buyer"})).await.expect(200);
    for ((code, _, body), refusal) in table.iter().zip(&refusals) {
        assert_replay(refusal, &client.place_keyed(code, body).await);
    }
    for (code, _, body) in &table {
        let again = client.place_keyed(&fresh_key(), body).await;
        let expected = if *code == "coupon_not_usable" { 409 } else { 201 };
        assert_eq!(again.status, expected, "{code} with a new key: {again}");
        if again.status == 201 {
            let path = format!("/v1/orders/{}/cancel", id(&again.json()));
            client.post(&path, &json!({"reason": "buyer"})).await.expect(200);
        }
    }
    client.verified().await;
}

/// A request that was no request leaves the key free.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_not_spent_on_a_mistake() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 1_000).await;
    let mut unknown_field = order("u", &[("a", 1)]);
    unknown_field["total"] = json!(1);
    for mistake in [order("u", &[("a", 0)]), order("u", &[]), order("u u", &[("a", 1)]), unknown_field] {
        client.place_keyed("k", &mistake).await.refused(400, "invalid_request");
    }
    client.place_keyed("k", &order("u", &[("a", 1)])).await.expect(201);
    let adjust = "/v1/stock/a/adjustments";
    client.post_keyed(adjust, "k", &json!({"delta": 0, "reason": "x"})).await.refused(400, "invalid_request");
    client.post_keyed(adjust, "k", &json!({"delta": 1, "reason": "x"})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_takes_a_key() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 1_000).await;
    let template = json!({"kind": "free_shipping", "minimum_spend": 0,
        "valid_from": "2020-01-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z"});
    client.put("/v1/coupon-templates/free", &template).await;
    let placed = id(&client.place(&order("u", &[("a", 1)])).await);
    let cancel = format!("/v1/orders/{placed}/cancel");
    let table = [
        (cancel.as_str(), json!({"reason": "buyer"}), json!({"reason": "merchant"}), 200),
        ("/v1/stock/a/adjustments", json!({"delta": -5, "reason": "x"}), json!({"delta": -6, "reason": "x"}), 200),
        ("/v1/users/u/coupons", json!({"template": "free"}), json!({"template": "other"}), 201),
        ("/v1/users/u/points/adjustments", json!({"delta": 5, "reason": "x"}), json!({"delta": 6, "reason": "x"}), 200),
    ];
    for (path, body, other, status) in &table {
        let first = client.post_keyed(path, "k", body).await;
        assert_eq!(first.status, *status, "{path}: {first}");
        for _ in 0..3 {
            assert_replay(&first, &client.post_keyed(path, "k", body).await);
        }
        client.post_keyed(path, "k", other).await.refused(422, "idempotency_key_reused");
    }
    assert_eq!(client.stock("a").await, [995, 0, 995, 0]);
    assert_eq!(client.get("/v1/users/u/points").await.expect(200)["balance"], 5);
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_in_one_batch_are_one_order() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    let item = |key: &str, quantity: i64| {
        let mut body = order("u", &[("a", quantity)]);
        body["idempotency_key"] = json!(key);
        body
    };
    let body = json!({"orders": [item("one", 2), item("one", 2), item("one", 3), item("two", 9), item("two", 9), item("three", 1)]});
    let items = client.post("/v1/orders/batch", &body).await.expect(200)["data"].clone();
    let statuses: Vec<(u64, bool)> = items
        .as_array()
        .expect("items")
        .iter()
        .map(|item| (item["status"].as_u64().expect("a status"), item["replayed"].as_bool().unwrap_or(false)))
        .collect();
    assert_eq!(statuses, [(201, false), (201, true), (422, false), (409, false), (409, true), (201, false)]);
    assert_eq!(items[0]["order"], items[1]["order"]);
    assert_eq!(items[2]["problem"]["code"], "idempotency_key_reused");
    assert_eq!(items[3]["problem"], items[4]["problem"]);
    assert_eq!(client.stock("a").await, [10, 3, 7, 0]);
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_outlive_the_process() {
    let data = Data::new();
    let mut server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    let template = json!({"kind": "percent_off", "percent": 5, "minimum_spend": 0, "limit_per_user": 1,
        "valid_from": "2020-01-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z"});
    client.put("/v1/coupon-templates/five", &template).await;
    let placed = id(&client.place(&order("u", &[("a", 1)])).await);
    let requests = [
        ("/v1/orders".to_owned(), order("u", &[("a", 2)])),
        ("/v1/orders".to_owned(), order("v", &[("a", 11)])),
        (format!("/v1/orders/{placed}/cancel"), json!({"reason": "merchant"})),
        ("/v1/stock/a/adjustments".to_owned(), json!({"delta": 5, "reason": "received"})),
        ("/v1/users/u/coupons".to_owned(), json!({"template": "five"})),
        ("/v1/users/u/points/adjustments".to_owned(), json!({"delta": 5, "reason": "gift"})),
    ];
    let mut first = Vec::new();
    for (path, body) in &requests {
        first.push(client.post_keyed(path, "k", body).await);
    }
    let statuses: Vec<u16> = first.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [201, 409, 200, 200, 201, 200]);
    // What was answered is told as it was, also after it went on.
    let cancelled = id(&first[0].json());
    client.post(&format!("/v1/orders/{cancelled}/cancel"), &json!({"reason": "buyer"})).await.expect(200);
    for gracefully in [true, false] {
        if gracefully {
            server.stop().await;
        } else {
            server.kill();
        }
        server = data.serve(&[]).await;
        let client = server.client();
        for ((path, body), first) in requests.iter().zip(&first) {
            assert_replay(first, &client.post_keyed(path, "k", body).await);
        }
        client.post_keyed("/v1/orders", "k", &order("u", &[("a", 3)])).await.refused(422, "idempotency_key_reused");
        assert_eq!(client.stock("a").await, [15, 0, 15, 0]);
        client.verified().await;
    }
}

/// Without a key, the same lines by the same user are a double click for a while.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_a_double_click_is_one_order() {
    let data = Data::new();
    let server = data.serve(&["orders.duplicate_window=1s"]).await;
    let client = server.client();
    client.stocked("a", 100, 1_000).await;
    client.stocked("b", 100, 1_000).await;
    let bare = async |body: &Value| answer(client.request(Method::POST, "/v1/orders").json(body)).await;
    let body = order("u", &[("a", 2), ("b", 1)]);
    let first = bare(&body).await.expect(201);
    let same_units = order("u", &[("b", 1), ("a", 1), ("a", 1)]);
    for twin in [&body, &same_units] {
        let problem = bare(twin).await.refused(409, "duplicate_order");
        assert_eq!(problem["order_id"], first["id"]);
    }
    for other in [order("v", &[("a", 2), ("b", 1)]), order("u", &[("a", 2)]), order("u", &[("a", 1), ("b", 2)])] {
        bare(&other).await.expect(201);
    }
    client.place(&body).await;
    let second = until("the window is over", async || {
        let answer = bare(&body).await;
        (answer.status == 201).then(|| answer.json())
    });
    let second = second.await;
    let at =
        |order: &Value| -> jiff::Timestamp { order["created_at"].as_str().expect("a time").parse().expect("a time") };
    let waited = at(&second).as_millisecond() - at(&first).as_millisecond();
    assert!((1_000..4_000).contains(&waited), "{waited} ms");
    client.verified().await;
}

/// Where no window protects it, placing needs a key.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_window_a_key_is_required() {
    let data = Data::new();
    let server = data.serve(&["orders.duplicate_window=0s"]).await;
    let client = server.client();
    client.stocked("a", 100, 1_000).await;
    let bare = client.request(Method::POST, "/v1/orders").json(&order("u", &[("a", 1)]));
    let problem = answer(bare).await.refused(400, "invalid_request");
    assert!(problem["errors"][0]["header"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("idempotency-key")));
    client.place(&order("u", &[("a", 1)])).await;
    assert_eq!(client.stock("a").await, [1_000, 1, 999, 0]);
}
