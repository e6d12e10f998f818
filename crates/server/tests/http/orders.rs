//! Orders: placed, read, listed, placed in batches, cancelled, and the events they leave.

use serde_json::{Value, json};

use crate::{
    assert_has, names,
    support::{
        client::{answer, fresh_key},
        server::Data,
        shop::{id, order},
    },
};
use reqwest::Method;

fn time(order: &Value, name: &str) -> jiff::Timestamp {
    order[name].as_str().unwrap_or_else(|| panic!("no {name}: {order}")).parse().expect("RFC 3339")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_answered_as_the_contract_shows_it() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("85123A", 255, 10).await;
    let address = json!({"name": "Ann", "phone": "1", "country": "GB", "region": "Y", "city": "York", "street": "S", "postcode": "P"});
    let body = json!({"user_id": "u-17850", "currency": "GBP", "lines": [{"sku": "85123A", "quantity": 6}],
        "coupon_id": null, "points": 0, "shipping_address": address, "expected_total": 1530, "metadata": {"basket": "b-7"}});
    let answer = client.place_keyed("k-1", &body).await;
    let placed = answer.expect(201);
    let expected = json!({"user_id": "u-17850", "status": "pending_payment", "version": 1, "currency": "GBP",
        "price": {"goods": 1530, "promotions": 0, "coupon": 0, "points": 0, "shipping": 0, "total": 1530, "applied": []},
        "paid": 0, "refunded": 0, "cancel_reason": null, "shipping_address": address, "metadata": {"basket": "b-7"}});
    assert_has(&placed, &expected);
    let line = json!({"line": 1, "sku": "85123A", "title": "Title of 85123A", "unit_price": 255, "quantity": 6, "goods": 1530,
        "discount": 0, "payable": 1530, "shipped": 0, "delivered": 0, "returned": 0, "cancelled": 0});
    assert_has(&placed["lines"][0], &line);
    let id = id(&placed);
    assert!(id.strip_prefix("ord_").is_some_and(|number| number.parse::<i64>().is_ok_and(|number| number > 0)), "{id}");
    assert_eq!(answer.header("location"), format!("/v1/orders/{id}"));
    assert_eq!((answer.header("etag"), answer.header("content-type")), ("\"1\"", "application/json"));
    assert_eq!(answer.header("idempotency-replayed"), "");
    assert!(!answer.header("x-request-id").is_empty());
    let window = time(&placed, "expires_at").as_microsecond() - time(&placed, "created_at").as_microsecond();
    assert_eq!(window, 15 * 60 * 1_000_000, "the default window");
    assert_eq!(placed["created_at"], placed["updated_at"]);

    let read = client.get(&format!("/v1/orders/{id}")).await;
    assert_eq!(read.expect(200), placed);
    assert_eq!(read.header("etag"), "\"1\"");
    let unchanged = client.request(Method::GET, &format!("/v1/orders/{id}")).header("if-none-match", "\"1\"");
    assert_eq!(crate::support::client::answer(unchanged).await.status, 304);
    assert_eq!(client.stock("85123A").await, [10, 6, 4, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_an_id_of_its_own_or_of_its_caller() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let first = client.get("/healthz").await;
    let second = client.get("/healthz").await;
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    let given = answer(client.request(Method::GET, "/v1/orders/ord_1").header("x-request-id", "req-7")).await;
    assert_eq!(given.header("x-request-id"), "req-7");
    given.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_listed_newest_first_by_user_and_status() {
    let data = Data::new();
    let server = data.serve(&["orders.unpaid_per_user_max=100"]).await;
    let client = server.client();
    client.stocked("a", 100, 1_000).await;
    let mut placed = Vec::new();
    for number in 0..25 {
        let user = if number % 5 == 0 { "v" } else { "u" };
        placed.push((user, id(&client.place(&order(user, &[("a", 1)])).await)));
    }
    let mut of_u: Vec<&str> = placed.iter().filter(|(user, _)| *user == "u").map(|(_, id)| id.as_str()).collect();
    of_u.reverse();
    for id in &of_u[3..7] {
        client.post(&format!("/v1/orders/{id}/cancel"), &json!({"reason": "buyer"})).await.expect(200);
    }
    let mut pending = of_u.clone();
    pending.drain(3..7);
    let table = [
        ("user_id=u", of_u.clone()),
        ("user_id=u&status=cancelled", of_u[3..7].to_vec()),
        ("user_id=u&status=pending_payment", pending),
        ("user_id=u&status=paid", vec![]),
        ("user_id=nobody", vec![]),
    ];
    for (query, expected) in table {
        for limit in [3, 20, 100] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = client.get(&format!("/v1/orders?{query}&limit={limit}{cursor}")).await.expect(200);
                seen.extend(names(&page, "id").iter().map(|id| (*id).to_owned()));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(seen, expected, "{query} in pages of {limit}");
        }
    }
    let all = client.get("/v1/orders?limit=100").await.expect(200);
    assert_eq!(names(&all, "id").len(), 25);
    assert_eq!(names(&all, "id")[0], placed[24].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_answers_each_order_for_itself() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    let item = |key: &str, user: &str, quantity: i64| {
        let mut body = order(user, &[("a", quantity)]);
        body["idempotency_key"] = json!(key);
        body
    };
    let mut unknown_field = item("e", "e", 1);
    unknown_field["total"] = json!(1);
    let body = json!({"orders": [item("a", "a", 4), item("b", "b", 7), item("c", "c", 0), item("d", "d", 6), unknown_field, 7]});
    let answer = client.post("/v1/orders/batch", &body).await;
    let items = answer.expect(200)["data"].clone();
    let statuses: Vec<u64> =
        items.as_array().expect("a list").iter().map(|item| item["status"].as_u64().unwrap_or(0)).collect();
    assert_eq!(statuses, [201, 409, 400, 201, 400, 400]);
    assert_has(&items[0]["order"], &json!({"user_id": "a", "status": "pending_payment"}));
    assert_has(&items[1]["problem"], &json!({"code": "insufficient_stock", "available": 6, "status": 409}));
    assert_eq!(items[2]["problem"]["errors"][0]["pointer"], "/lines/0/quantity");
    assert_eq!(items[4]["problem"]["errors"][0]["pointer"], "/total");
    assert_eq!(client.read(&id(&items[3]["order"])).await, items[3]["order"]);
    assert_eq!(client.stock("a").await, [10, 10, 0, 0]);

    let many: Vec<Value> = (0..500).map(|number| item(&fresh_key(), &format!("m-{number}"), 1)).collect();
    client.receive("a", 500).await;
    let items = client.post("/v1/orders/batch", &json!({"orders": many})).await.expect(200)["data"].clone();
    let items = items.as_array().expect("a list");
    assert!(items.len() == 500 && items.iter().all(|item| item["status"] == 201), "500 are taken");
    for (item, number) in items.iter().zip(0..) {
        assert_eq!(item["order"]["user_id"], format!("m-{number}"), "in the order of the request");
    }
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_gives_everything_back_once() {
    let data = Data::new();
    let server = data.serve(&["orders.unpaid_per_user_max=1"]).await;
    let client = server.client();
    client.stocked("a", 100, 10).await;
    client.product("gift", 0).await;
    client.receive("gift", 1).await;
    for reason in ["buyer", "merchant"] {
        let placed = client.place(&order("u", &[("a", 7), ("a", 3)])).await;
        client.post("/v1/orders", &order("u", &[("a", 1)])).await.refused(409, "too_many_unpaid");
        let path = format!("/v1/orders/{}/cancel", id(&placed));
        let stale = client
            .request(Method::POST, &path)
            .header("idempotency-key", fresh_key())
            .header("if-match", "\"2\"")
            .json(&json!({"reason": reason}));
        assert_eq!(answer(stale).await.refused(412, "precondition_failed")["version"], 1);
        let current = client
            .request(Method::POST, &path)
            .header("idempotency-key", fresh_key())
            .header("if-match", "\"1\"")
            .json(&json!({"reason": reason}));
        let cancelled = answer(current).await;
        assert_eq!(cancelled.header("etag"), "\"2\"");
        let cancelled = cancelled.expect(200);
        assert_has(
            &cancelled,
            &json!({"status": "cancelled", "cancel_reason": reason, "version": 2, "paid": 0, "refunded": 0}),
        );
        let units: Vec<&Value> =
            cancelled["lines"].as_array().expect("lines").iter().map(|line| &line["cancelled"]).collect();
        assert_eq!(units, [7, 3]);
        let again = client.post(&path, &json!({"reason": reason})).await.refused(409, "order_state");
        assert_eq!(again["order_status"], "cancelled");
        assert_eq!(client.stock("a").await, [10, 0, 10, 0]);
        let events = client.get(&format!("/v1/orders/{}/events", id(&placed))).await.expect(200);
        assert_has(&events["data"][1], &json!({"seq": 2, "type": "order.cancelled"}));
        assert_eq!(events["data"][1]["data"]["reason"], reason);
    }
    let paid = client.place(&order("u", &[("gift", 1)])).await;
    assert_eq!((&paid["status"], &paid["version"]), (&json!("paid"), &json!(2)));
    let path = format!("/v1/orders/{}/cancel", id(&paid));
    assert_eq!(
        client.post(&path, &json!({"reason": "buyer"})).await.refused(409, "order_state")["order_status"],
        "paid"
    );
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orders_events_tell_its_life_in_order() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.product("gift", 0).await;
    client.receive("gift", 5).await;
    let placed = client.place(&order("u", &[("gift", 2)])).await;
    let path = format!("/v1/orders/{}/events", id(&placed));
    let events = client.get(&path).await.expect(200)["data"].clone();
    assert_has(&events[0], &json!({"seq": 1, "type": "order.placed", "at": placed["created_at"]}));
    assert_has(&events[1], &json!({"seq": 2, "type": "order.paid"}));
    assert_eq!(events.as_array().map(Vec::len), Some(2));
    assert_has(
        &events[0]["data"],
        &json!({"user_id": "u", "currency": "GBP", "price": placed["price"], "metadata": {}}),
    );
    assert_eq!(events[1]["data"], json!({"paid": 0}));
    for event in events.as_array().expect("a list") {
        assert!(
            event["id"].as_str().is_some_and(|id| id.starts_with("evt_")) && event["actor"] == "operator",
            "{event}"
        );
    }
    client.get("/v1/orders/ord_1/events").await.refused(404, "not_found");
}
