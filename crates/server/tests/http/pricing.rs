//! What orders cost: promotions of each kind, coupons, points, shipping; quotes and orders to the same total.
//!
//! The arithmetic has its tests in the domain; here the totals of whole requests are written down by hand.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    assert_has,
    support::{
        client::{Client, answer},
        server::Data,
        shop::order,
    },
};

const LONG_AGO: &str = "2020-01-01T00:00:00Z";
const FAR_OFF: &str = "2099-01-01T00:00:00Z";

/// Quotes and places the body: both must come to this price, and the shares of the lines add up to it.
async fn costs(client: &Client, body: &Value, expected: &Value) -> Value {
    let quote = answer(client.request(Method::POST, "/v1/quotes").json(body)).await.expect(200);
    assert_has(&quote["price"], expected);
    let mut body = body.clone();
    body["expected_total"] = quote["price"]["total"].clone();
    let placed = client.place(&body).await;
    assert_eq!(placed["price"], quote["price"]);
    let lines = placed["lines"].as_array().expect("lines");
    let sum = |name: &str| lines.iter().map(|line| line[name].as_i64().expect("an amount")).sum::<i64>();
    let price = |name: &str| placed["price"][name].as_i64().expect("an amount");
    assert_eq!(sum("payable"), price("total"));
    assert_eq!(sum("goods"), price("goods"));
    assert_eq!(sum("discount"), price("promotions") + price("coupon") + price("points"));
    assert_eq!(price("total"), price("goods") - sum("discount") + price("shipping"));
    placed
}

async fn promote(client: &Client, id: &str, kind: &Value) {
    let mut body = json!({"applies_to": {"all": true}, "starts_at": LONG_AGO, "ends_at": FAR_OFF, "stackable": true,
        "priority": 0, "currency": "GBP"});
    body.as_object_mut().expect("an object").extend(kind.as_object().expect("an object").clone());
    let put = client.put(&format!("/v1/promotions/{id}"), &body).await;
    assert!(matches!(put.status, 200 | 201), "{put}");
    assert_has(&put.json(), &json!({"id": id, "kind": kind["kind"]}));
}

/// Ends a promotion, so that the next row of a table starts without it.
async fn retire(client: &Client, id: &str) {
    promote(client, id, &json!({"kind": "percent_off", "percent": 1, "ends_at": "2020-01-02T00:00:00Z"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_promotion_has_its_exact_total() {
    let data = Data::new();
    let server = data.serve(&["orders.unpaid_per_user_max=1000"]).await;
    let client = server.client();
    client.stocked("a", 255, 1_000).await;
    client.stocked("b", 1_000, 1_000).await;
    let of_a = json!({"skus": ["a"]});
    let in_the_past = json!({"kind": "percent_off", "percent": 50, "ends_at": "2021-01-01T00:00:00Z"});
    let in_the_future = json!({"kind": "percent_off", "percent": 50, "starts_at": "2098-01-01T00:00:00Z"});
    // Six of a (255 each) and two of b (1,000 each): 3,530 without any promotion.
    let table = [
        (json!({"kind": "percent_off", "percent": 10}), 353),
        (json!({"kind": "percent_off", "percent": 33, "applies_to": of_a}), 505),
        (json!({"kind": "percent_off", "percent": 100}), 3_530),
        (json!({"kind": "amount_off", "amount": 55, "applies_to": of_a}), 330),
        (json!({"kind": "amount_off", "amount": 300}), 2_130),
        (json!({"kind": "fixed_price", "price": 200}), 1_930),
        (json!({"kind": "fixed_price", "price": 300}), 1_400),
        (json!({"kind": "buy_x_get_y", "buy": 2, "get": 1, "applies_to": of_a}), 510),
        (json!({"kind": "buy_x_get_y", "buy": 1, "get": 1, "percent": 50, "applies_to": of_a}), 383),
        (json!({"kind": "buy_x_get_y", "buy": 6, "get": 1, "applies_to": of_a}), 0),
        (json!({"kind": "spend_and_save", "minimum_spend": 3_530, "amount": 500}), 500),
        (json!({"kind": "spend_and_save", "minimum_spend": 3_531, "amount": 500}), 0),
        (json!({"kind": "spend_and_save", "minimum_spend": 2_000, "percent": 7}), 247),
        (json!({"kind": "spend_and_save", "minimum_spend": 1_530, "percent": 7, "applies_to": of_a}), 107),
        (json!({"kind": "percent_off", "percent": 50, "currency": "EUR"}), 0),
        (in_the_past, 0),
        (in_the_future, 0),
    ];
    for (kind, saved) in table {
        promote(&client, "p", &kind).await;
        let body = order("u", &[("a", 4), ("b", 2), ("a", 2)]);
        let placed = costs(&client, &body, &json!({"goods": 3_530, "promotions": saved, "total": 3_530 - saved})).await;
        let applied = if saved > 0 { json!([{"kind": "promotion", "id": "p", "amount": saved}]) } else { json!([]) };
        assert_eq!(placed["price"]["applied"], applied, "{kind}");
    }
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promotions_stack_by_priority_or_exclude() {
    let data = Data::new();
    let server = data.serve(&["orders.unpaid_per_user_max=1000"]).await;
    let client = server.client();
    client.stocked("a", 1_000, 1_000).await;
    let percent = |percent: i64, priority: i64, stackable: bool| json!({"kind": "percent_off", "percent": percent, "priority": priority, "stackable": stackable});
    let amount = json!({"kind": "amount_off", "amount": 100, "priority": 5});
    // One unit of 1,000.
    let table = [
        ("stacked, the greater priority first", vec![percent(10, 9, true), amount.clone()], 200),
        ("stacked the other way round", vec![percent(10, 1, true), amount.clone()], 190),
        ("exclusive first", vec![percent(10, 9, false), amount.clone()], 100),
        ("exclusive comes too late", vec![percent(90, 1, false), amount.clone()], 100),
        (
            "with one of the order",
            vec![percent(10, 0, true), json!({"kind": "spend_and_save", "minimum_spend": 900, "amount": 50})],
            150,
        ),
        (
            "the spend is after item promotions",
            vec![percent(10, 0, true), json!({"kind": "spend_and_save", "minimum_spend": 901, "amount": 50})],
            100,
        ),
        ("never below nothing", vec![percent(60, 9, true), json!({"kind": "amount_off", "amount": 900})], 1_000),
    ];
    for (name, promotions, saved) in table {
        for (number, kind) in promotions.iter().enumerate() {
            promote(&client, &format!("p-{number}"), kind).await;
        }
        let quote = client.post("/v1/quotes", &order("u", &[("a", 1)])).await.expect(200);
        assert_eq!(quote["price"]["promotions"], saved, "{name}: {quote:#}");
        for number in 0..promotions.len() {
            retire(&client, &format!("p-{number}")).await;
        }
    }
    let listed = client.get("/v1/promotions").await.expect(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(client.get("/v1/promotions/p-0").await.expect(200)["id"], "p-0");
    client.get("/v1/promotions/none").await.refused(404, "not_found");
}

async fn template(client: &Client, id: &str, kind: &Value) {
    let mut body = json!({"valid_from": LONG_AGO, "valid_until": FAR_OFF});
    body.as_object_mut().expect("an object").extend(kind.as_object().expect("an object").clone());
    client.put(&format!("/v1/coupon-templates/{id}"), &body).await.expect(201);
}

async fn grant(client: &Client, user: &str, template: &str) -> Value {
    let path = format!("/v1/users/{user}/coupons");
    let granted = client.post(&path, &json!({"template": template})).await;
    let coupon = granted.expect(201);
    assert_has(&coupon, &json!({"user_id": user, "template": template, "status": "granted", "order_id": null}));
    assert!(coupon["id"].as_str().is_some_and(|id| id.starts_with("cpn_")), "{coupon}");
    coupon["id"].clone()
}

fn with(user: &str, lines: &[(&str, i64)], members: &Value) -> Value {
    let mut body = order(user, lines);
    body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn coupons_points_and_shipping_have_their_exact_total() {
    let settings = ["pricing.shipping_fee=399", "pricing.free_shipping_over=5000", "orders.unpaid_per_user_max=1000"];
    let data = Data::new();
    let server = data.serve(&settings).await;
    let client = server.client();
    client.stocked("a", 333, 1_000).await;
    template(&client, "ten", &json!({"kind": "percent_off", "percent": 10})).await;
    template(&client, "five", &json!({"kind": "amount_off", "amount": 500, "currency": "GBP", "minimum_spend": 999}))
        .await;
    template(&client, "free", &json!({"kind": "free_shipping"})).await;
    client.post("/v1/users/u/points/adjustments", &json!({"delta": 10_000, "reason": "gift"})).await.expect(200);
    // Units of 333; the fee is 399 below 5,000 of goods.
    let table = [
        (3, None, 0, json!({"goods": 999, "coupon": 0, "points": 0, "shipping": 399, "total": 1_398})),
        (3, Some("ten"), 0, json!({"goods": 999, "coupon": 100, "points": 0, "shipping": 399, "total": 1_298})),
        (3, Some("five"), 0, json!({"goods": 999, "coupon": 500, "points": 0, "shipping": 399, "total": 898})),
        (3, Some("free"), 0, json!({"goods": 999, "coupon": 0, "points": 0, "shipping": 0, "total": 999})),
        (3, Some("ten"), 899, json!({"goods": 999, "coupon": 100, "points": 899, "shipping": 399, "total": 399})),
        (3, None, 1, json!({"goods": 999, "coupon": 0, "points": 1, "shipping": 399, "total": 1_397})),
        (16, None, 0, json!({"goods": 5_328, "coupon": 0, "points": 0, "shipping": 0, "total": 5_328})),
        (15, None, 0, json!({"goods": 4_995, "coupon": 0, "points": 0, "shipping": 399, "total": 5_394})),
        (16, Some("ten"), 0, json!({"goods": 5_328, "coupon": 533, "points": 0, "shipping": 0, "total": 4_795})),
        (16, Some("five"), 4_828, json!({"goods": 5_328, "coupon": 500, "points": 4_828, "shipping": 0, "total": 0})),
    ];
    for (quantity, coupon, points, price) in table {
        let coupon_id = match coupon {
            Some(template) => grant(&client, "u", template).await,
            None => Value::Null,
        };
        let body = with("u", &[("a", quantity)], &json!({"coupon_id": coupon_id, "points": points}));
        let placed = costs(&client, &body, &price).await;
        let expected = if price["total"] == 0 { "paid" } else { "pending_payment" };
        assert_eq!(placed["status"], expected, "what costs nothing is paid");
    }
    let points = client.get("/v1/users/u/points").await.expect(200);
    assert_has(&points, &json!({"balance": 10_000 - 899 - 1 - 4_828, "frozen": 900}));
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coupon_is_used_once_by_its_owner_in_its_time() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 1_000, 100).await;
    client.stocked("free", 0, 100).await;
    template(&client, "two", &json!({"kind": "percent_off", "percent": 100, "limit_total": 3, "limit_per_user": 2}))
        .await;
    template(&client, "old", &json!({"kind": "percent_off", "percent": 5, "valid_until": "2021-01-01T00:00:00Z"}))
        .await;
    template(&client, "new", &json!({"kind": "percent_off", "percent": 5, "valid_from": "2098-01-01T00:00:00Z"})).await;
    template(&client, "big", &json!({"kind": "percent_off", "percent": 5, "minimum_spend": 1_001, "currency": "GBP"}))
        .await;
    template(&client, "euro", &json!({"kind": "amount_off", "amount": 5, "currency": "EUR"})).await;
    let refused = async |coupon: &Value, user: &str, reason: &str| {
        let body = with(user, &[("a", 1)], &json!({"coupon_id": coupon}));
        let problem = client.post("/v1/orders", &body).await.refused(409, "coupon_not_usable");
        assert_eq!(problem["reason"], reason);
    };
    for (name, reason) in [("new", "not_yet_valid"), ("big", "minimum_spend"), ("euro", "currency")] {
        let coupon = grant(&client, "u", name).await;
        refused(&coupon, "u", reason).await;
    }
    let granted = [grant(&client, "u", "two").await, grant(&client, "u", "two").await];
    for (user, template, reason) in [("u", "two", "limit_per_user"), ("u", "old", "expired")] {
        let answer = client.post(&format!("/v1/users/{user}/coupons"), &json!({"template": template})).await;
        assert_eq!(answer.refused(409, "coupon_not_usable")["reason"], reason);
    }
    grant(&client, "v", "two").await;
    let answer = client.post("/v1/users/w/coupons", &json!({"template": "two"})).await;
    assert_eq!(answer.refused(409, "coupon_not_usable")["reason"], "limit_total");

    refused(&granted[0], "v", "not_found").await;
    let used = client.place(&with("u", &[("a", 1)], &json!({"coupon_id": granted[0]}))).await;
    assert_has(&used, &json!({"status": "paid", "coupon_id": granted[0]}));
    refused(&granted[0], "u", "used").await;
    promote(&client, "half", &json!({"kind": "fixed_price", "price": 1})).await;
    retire(&client, "half").await;
    template(&client, "ten", &json!({"kind": "percent_off", "percent": 10})).await;
    let coupon = grant(&client, "u", "ten").await;
    let body = with("u", &[("a", 1)], &json!({"coupon_id": coupon}));
    let frozen = client.place(&body).await;
    refused(&coupon, "u", "frozen").await;
    let cancel = format!("/v1/orders/{}/cancel", frozen["id"].as_str().expect("an id"));
    client.post(&cancel, &json!({"reason": "buyer"})).await.expect(200);
    client.place(&body).await;
    let read = client.get(&format!("/v1/coupons/{}", granted[0].as_str().expect("an id"))).await;
    assert_has(&read.expect(200), &json!({"id": granted[0], "user_id": "u", "status": "used", "order_id": used["id"]}));
    assert_eq!(read.header("etag"), format!("\"{}\"", read.json()["version"]));
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_frozen_spent_and_given_back() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 1_000, 100).await;
    let adjust = async |delta: i64| {
        client.post("/v1/users/u/points/adjustments", &json!({"delta": delta, "reason": "because"})).await
    };
    assert_has(&adjust(1_500).await.expect(200), &json!({"user_id": "u", "balance": 1_500, "frozen": 0}));
    let unpaid = client.place(&with("u", &[("a", 1)], &json!({"points": 400}))).await;
    client.place(&with("u", &[("a", 1)], &json!({"points": 1_000}))).await;
    assert_has(&client.get("/v1/users/u/points").await.expect(200), &json!({"balance": 100, "frozen": 400}));
    assert_eq!(adjust(-101).await.refused(409, "insufficient_points")["balance"], 100);
    let too_many = with("u", &[("a", 1)], &json!({"points": 101}));
    assert_eq!(client.post("/v1/orders", &too_many).await.refused(409, "insufficient_points")["balance"], 100);
    let cancel = format!("/v1/orders/{}/cancel", unpaid["id"].as_str().expect("an id"));
    client.post(&cancel, &json!({"reason": "buyer"})).await.expect(200);
    let account = client.get("/v1/users/u/points").await.expect(200);
    assert_has(&account, &json!({"balance": 500, "frozen": 0}));
    let entries = account["entries"].as_array().expect("a list").iter();
    let entries: Vec<(&str, i64)> = entries
        .map(|entry| (entry["reason"].as_str().unwrap_or_default(), entry["delta"].as_i64().unwrap_or_default()))
        .collect();
    assert_eq!(
        entries,
        [("order_cancelled", 400), ("order_placed", -1_000), ("order_placed", -400), ("adjustment", 1_500)]
    );
    assert_has(
        &client.get("/v1/users/nobody/points").await.expect(200),
        &json!({"balance": 0, "frozen": 0, "entries": []}),
    );
    client.verified().await;
}
