//! After-sales step by step: opened, read, listed, agreed or not, sent back, received; and money alone for units that stay.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    A, B, Shop, UNITS, assert_has,
    calls::{body_of, path_of, units},
    support::{client::answer, shop::id},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_return_is_answered_as_the_contract_shows_it() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.delivered(&[("a", 3), ("b", 1)]).await;
    let path = format!("/v1/orders/{order}/after-sales");
    assert_eq!(client.get(&path).await.expect(200), json!({"data": [], "next_cursor": null}));
    let body = json!({"kind": "return", "lines": units(&[(2, 1), (1, 2)]), "reason": "does not fit"});
    let opened = client.post_keyed(&path, "r-1", &body).await;
    let row = opened.expect(201);
    let row_id = id(&row);
    let line = |line: i64, quantity: i64| json!({"line": line, "quantity": quantity, "replacement_sku": null, "kept": 0, "restocked": 0, "scrapped": 0, "refused": 0});
    let expected = json!({"order_id": order, "kind": "return", "status": "requested", "lines": [line(2, 1), line(1, 2)],
        "reason": "does not fit", "ship_back_by": null, "return_address": null, "sent_back": null, "replacement": null,
        "refund_ids": [], "note": null, "version": 1});
    assert_has(&row, &expected);
    assert!(row_id.starts_with("aft_"), "{row_id}");
    assert_eq!(
        (opened.header("location"), opened.header("etag")),
        (format!("/v1/after-sales/{row_id}").as_str(), "\"1\"")
    );
    let time = |name: &str| row[name].as_str().expect("a time").parse::<jiff::Timestamp>().expect("RFC 3339");
    assert_eq!(time("review_due_at").duration_since(time("created_at")).as_secs(), 86_400);
    let again = client.post_keyed(&path, "r-1", &body).await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(201), row, "one after-sale under one key");
    let other = json!({"kind": "refund", "lines": units(&[(1, 1)]), "reason": "r"});
    client.post_keyed(&path, "r-1", &other).await.refused(422, "idempotency_key_reused");
    let second = client.after_sale(&order, "refund", &[(1, 1)]).await;
    let list = client.get(&path).await.expect(200);
    assert_eq!((&list["data"][0]["id"], &list["data"][1]), (&json!(second), &row), "newest first");
    assert_eq!(client.get(&format!("/v1/after-sales/{row_id}")).await.expect(200), row);
    let unchanged = client.request(Method::GET, &format!("/v1/after-sales/{row_id}"));
    assert_eq!(answer(unchanged.header("if-none-match", "\"1\"")).await.status, 304);
    for path in ["/v1/after-sales/aft_1", "/v1/orders/ord_1/after-sales"] {
        client.get(path).await.refused(404, "not_found");
    }
    shop.is_sound().await;
}

/// Each step under a key has one effect however often it is sent, and is of the version that was seen.
#[tokio::test(flavor = "multi_thread")]
async fn each_step_has_one_effect_and_its_version() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let table: [(&str, &[(&str, &str)]); 4] = [
        ("return", &[("approve", "approved"), ("ship-back", "returning"), ("receive:restock", "refunding")]),
        ("return", &[("reject", "rejected")]),
        ("return", &[("withdraw", "withdrawn")]),
        ("exchange", &[("approve", "approved"), ("receive:scrap", "reshipping"), ("reship", "completed")]),
    ];
    for (kind, steps) in table {
        let order = shop.delivered(&[("a", 1)]).await;
        let row = client.after_sale(&order, kind, &[(1, 1)]).await;
        for (step, status) in steps {
            let path = format!("/v1/after-sales/{row}/{}", path_of(step));
            let version = client.row(&row).await["version"].as_u64().expect("a version");
            let stale = client.post_if(&path, &format!("\"{}\"", version + 1), &body_of(step)).await;
            assert_eq!(stale.refused(412, "precondition_failed")["version"], version, "{step}");
            let key = format!("{row}-{step}");
            let request = client.request(Method::POST, &path).header("idempotency-key", &key);
            let taken = answer(request.header("if-match", format!("\"{version}\"")).json(&body_of(step))).await;
            let taken_row = taken.expect(200);
            assert_eq!((&taken_row["status"], &taken_row["version"]), (&json!(status), &json!(version + 1)), "{step}");
            let again = client.post_keyed(&path, &key, &body_of(step)).await;
            assert!(again.is_replayed(), "{step}: {again}");
            assert_eq!(again.expect(200), taken_row, "{step}");
            let other = client.request(Method::POST, &path).header("idempotency-key", &key);
            let other = other.header("content-type", "application/json").body(format!("{} ", body_of(step)));
            answer(other).await.refused(422, "idempotency_key_reused");
        }
        let refunds = usize::from(steps.len() == 3 && kind == "return");
        client.refunds_become(&order, refunds, "succeeded").await;
    }
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_pays_back_what_came() {
    let shop = Shop::open(&["pricing.shipping_fee=100"]).await;
    let client = &shop.client;
    let order = shop.delivered(&[("a", 2)]).await;
    let row = client.after_sale(&order, "return", &[(1, 1)]).await;
    let address = json!({"name": "Returns", "country": "GB", "city": "York", "street": "1 High Street"});
    let approved =
        client.post(&format!("/v1/after-sales/{row}/approve"), &json!({"return_address": address})).await.expect(200);
    assert_has(&approved["return_address"], &address);
    assert!(approved["ship_back_by"].is_string(), "{approved}");
    let shipped = client.step(&row, "ship-back").await;
    assert_eq!(shipped["sent_back"], json!({"carrier": "hand cart", "tracking_number": "h-1"}));
    client.step(&row, "receive:restock").await;
    let done = client.after_sale_becomes(&row, "completed").await;
    let refund = client.refunds_become(&order, 1, "succeeded").await.remove(0);
    assert_has(
        &refund,
        &json!({"amount": A + 50, "cause": "after_sale", "reason": "does not fit", "lines": units(&[(1, 1)])}),
    );
    assert_eq!(done["refund_ids"], json!([refund["id"]]));
    assert_eq!(client.buckets(&order).await, [[0, 1, 1, 0]]);
    assert_eq!(client.stock("a").await, [UNITS - 1, 0, UNITS - 1, 2]);
    let events = client.events(&order).await;
    let told: Vec<&str> = events.iter().map(String::as_str).filter(|kind| kind.starts_with("after_sale.")).collect();
    let expected =
        ["opened", "approved", "shipped_back", "received", "closed"].map(|step| format!("after_sale.{step}"));
    assert_eq!(told, expected);
    assert_eq!(client.try_confirm(&order).await.expect(200)["status"], "completed");
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_alone_goes_back_for_units_that_stay_or_are_lost() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 3)]).await;
    let parcels = [client.ship(&order, &[(1, 1)]).await, client.ship(&order, &[(1, 2)]).await];
    client.track(&parcels[0], "delivered", 1).await;
    let too_many = client.try_after_sale(&order, "return", &units(&[(1, 2)])).await.refused(400, "invalid_request");
    assert_eq!(too_many["errors"][0]["pointer"], "/lines/0/quantity", "what is on its way cannot go back: {too_many}");
    let row = client.after_sale(&order, "refund", &[(1, 2)]).await;
    client.step(&row, "approve").await;
    let done = client.after_sale_becomes(&row, "completed").await;
    assert_eq!(done["lines"][0]["kept"], 1, "one is with the buyer, one is given up: {done}");
    assert_eq!(client.buckets(&order).await, [[1, 1, 1, 0]]);
    client.track(&parcels[1], "delivered", 2).await;
    assert_eq!(client.buckets(&order).await, [[0, 2, 1, 0]], "the unit that was given up moves no more");
    assert_eq!(client.stock("a").await, [UNITS - 3, 0, UNITS - 3, 3], "no goods came back");
    let again = client.try_after_sale(&order, "return", &units(&[(1, 2)])).await.refused(400, "invalid_request");
    assert_eq!(again["errors"][0]["pointer"], "/lines/0/quantity", "one of the two is paid back already: {again}");
    assert_eq!(shop.kept(&order).await, A);
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_in_one_after_sale_at_a_time() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let unshipped = shop.paid(&[("a", 1)]).await;
    let refused = client.try_after_sale(&unshipped, "refund", &units(&[(1, 1)])).await.refused(409, "order_state");
    assert_eq!(refused["order_status"], "paid", "what was not sent is cancelled instead");
    let order = shop.delivered(&[("a", 2), ("b", 1)]).await;
    let path = format!("/v1/orders/{order}/after-sales");
    let body = json!({"kind": "return", "lines": units(&[(2, 1)]), "reason": "r"});
    client.post_if(&path, "\"1\"", &body).await.refused(412, "precondition_failed");
    for (step, status) in [("reject", "rejected"), ("withdraw", "withdrawn")] {
        let row = client.after_sale(&order, "return", &[(1, 2)]).await;
        for kind in ["refund", "return", "exchange"] {
            let refused = client.try_after_sale(&order, kind, &units(&[(2, 1), (1, 1)])).await;
            assert_eq!(refused.refused(409, "after_sale_state")["after_sale_status"], "requested", "{kind}");
        }
        let ended = client.step(&row, step).await;
        let note = if step == "reject" { json!("not ours") } else { Value::Null };
        assert_eq!((&ended["status"], &ended["note"]), (&json!(status), &note));
    }
    let row = client.after_sale(&order, "return", &[(1, 2), (2, 1)]).await;
    client.step(&row, "approve").await;
    client.step(&row, "receive:scrap").await;
    client.after_sale_becomes(&row, "completed").await;
    let gone = client.try_after_sale(&order, "return", &units(&[(1, 1)])).await;
    assert_eq!(gone.refused(409, "order_state")["order_status"], "completed", "nothing is with the buyer");
    assert_eq!((client.buckets(&order).await, shop.kept(&order).await), (vec![[0, 0, 2, 0], [0, 0, 1, 0]], 0));
    assert_eq!(client.read(&order).await["refunded"], json!(2 * A + B));
    shop.is_sound().await;
}
