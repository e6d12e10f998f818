//! Refunds over HTTP: their form, their bounds, and what a person does about one that failed.

use reqwest::Method;
use serde_json::json;

use crate::{
    assert_has, names,
    support::{
        client::{Client, answer, fresh_key},
        server::{Data, Server},
        shop::{id, order},
    },
};

/// A server with a paid order: 3 units of 500 and 2 of 101, 1,702 together. And its payment.
async fn shop(settings: &[&str]) -> (Data, Server, Client, String, String) {
    let data = Data::new();
    let server = data.serve(settings).await;
    let client = server.client();
    client.stocked("a", 500, 100).await;
    client.stocked("b", 101, 100).await;
    let placed = id(&client.place(&order("u", &[("a", 3), ("b", 2)])).await);
    let payment = client.open(&placed).await;
    client.pay(&payment, &json!({})).await;
    client.becomes(&placed, "paid").await;
    (data, server, client, placed, payment)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_answered_as_the_contract_shows_it() {
    let (_data, _server, client, order, payment) = shop(&[]).await;
    let path = format!("/v1/orders/{order}/refunds");
    assert_eq!(client.get(&path).await.expect(200), json!({"data": [], "next_cursor": null}));
    let lines = json!([{"line": 2, "quantity": 1}, {"line": 1, "quantity": 2}]);
    let body = json!({"lines": lines, "reason": "broken"});
    let requested = client.post_keyed(&path, "r-1", &body).await;
    let refund = requested.expect(201);
    let refund_id = id(&refund);
    let expected = json!({"order_id": order, "payment_id": payment, "status": "requested", "amount": 1101, "currency": "GBP",
        "lines": [{"line": 1, "quantity": 2}, {"line": 2, "quantity": 1}], "cause": "operator", "reason": "broken",
        "tries": 1, "next_at": null, "transaction": null, "note": null, "version": 1});
    assert_has(&refund, &expected);
    assert!(refund_id.starts_with("rfd_"), "{refund_id}");
    assert_eq!(requested.header("location"), format!("/v1/refunds/{refund_id}"));
    assert_eq!(requested.header("etag"), "\"1\"");
    let again = client.post_keyed(&path, "r-1", &body).await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(201), refund, "one refund under one key");

    let done = client.refunds_become(&order, 1, "succeeded").await.remove(0);
    assert!(done["transaction"].is_string(), "{done}");
    let read = client.get(&format!("/v1/refunds/{refund_id}")).await;
    assert_eq!(read.expect(200), done);
    let unchanged = client.request(Method::GET, &format!("/v1/refunds/{refund_id}"));
    assert_eq!(answer(unchanged.header("if-none-match", read.header("etag"))).await.status, 304);
    assert_eq!(client.read(&order).await["refunded"], 1101);
    assert_has(&client.payment(&payment).await, &json!({"refunded": 1101, "refunding": 0}));
    client.get("/v1/refunds/rfd_1").await.refused(404, "not_found");
    client.get("/v1/orders/ord_1/refunds").await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_goes_back_than_was_taken() {
    let (_data, _server, client, order, payment) = shop(&[]).await;
    let path = format!("/v1/orders/{order}/refunds");
    let ask = async |body| client.post(&path, &body).await;
    assert_eq!(ask(json!({"amount": 1703, "reason": "r"})).await.refused(409, "refund_exceeds")["refundable"], 1702);
    ask(json!({"amount": 2, "reason": "goodwill"})).await.expect(201);
    ask(json!({"lines": [{"line": 1, "quantity": 1}], "reason": "r"})).await.expect(201);
    assert_eq!(ask(json!({"amount": 1201, "reason": "r"})).await.refused(409, "refund_exceeds")["refundable"], 1200);
    let problem =
        ask(json!({"lines": [{"line": 1, "quantity": 3}], "reason": "r"})).await.refused(400, "invalid_request");
    assert_eq!(problem["errors"][0]["pointer"], "/lines/0/quantity");
    let rest = ask(json!({"reason": "all that is left"})).await.expect(201);
    assert_eq!(rest["amount"], 1200);
    assert_eq!(ask(json!({"reason": "r"})).await.refused(409, "refund_exceeds")["refundable"], 0);
    client.refunds_become(&order, 3, "succeeded").await;
    assert_eq!(client.read(&order).await["refunded"], 1702);
    assert_eq!(client.moved(&payment).await.refunded, 1702, "the channel's own books");
    let page = client.get(&path).await.expect(200);
    assert_eq!(names(&page, "reason"), ["all that is left", "r", "goodwill"], "newest first");
    let unpaid = id(&client.place(&crate::support::shop::order("v", &[("a", 1)])).await);
    let problem = client.post(&format!("/v1/orders/{unpaid}/refunds"), &json!({"reason": "r"})).await;
    assert_eq!(problem.refused(409, "refund_exceeds")["refundable"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_of_the_version_that_was_seen() {
    let (_data, _server, client, order, _) = shop(&[]).await;
    let path = format!("/v1/orders/{order}/refunds");
    let version = client.read(&order).await["version"].as_u64().expect("a version");
    let ask = async |tag: String| {
        let request =
            client.request(Method::POST, &path).header("idempotency-key", fresh_key()).header("if-match", tag);
        answer(request.json(&json!({"amount": 1, "reason": "r"}))).await
    };
    let stale = ask(format!("\"{}\"", version - 1)).await.refused(412, "precondition_failed");
    assert_eq!(stale["version"], version);
    ask(format!("\"{version}\"")).await.expect(201);
    ask("*".to_owned()).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_failed_for_good_is_a_persons_matter() {
    let (_data, _server, client, order, payment) = shop(&["payments.refund_retries="]).await;
    client.faults(&json!({"refund_refused": 1.0})).await;
    let refund = client.post(&format!("/v1/orders/{order}/refunds"), &json!({"amount": 7, "reason": "r"})).await;
    let refund = id(&refund.expect(201));
    let path = format!("/v1/refunds/{refund}");
    let manual = client.refunds_become(&order, 1, "manual").await.remove(0);
    assert!(manual["note"].is_string() && manual["next_at"].is_null(), "{manual}");
    assert_eq!(client.payment(&payment).await["refunding"], 7);
    let stuck = client.stuck(&order).await;
    assert_eq!(stuck.len(), 1, "{stuck:#?}");
    assert_has(&stuck[0], &json!({"kind": "manual_refund", "id": refund, "since": manual["updated_at"]}));
    let repairs = json!([{"method": "POST", "path": format!("{path}/retry"), "body": []},
        {"method": "POST", "path": format!("{path}/resolve"), "body": ["note"]}]);
    assert_eq!(stuck[0]["repairs"], repairs);

    let again = client.post(&format!("{path}/retry"), &json!({})).await;
    assert_has(&again.expect(200), &json!({"id": refund, "status": "requested", "tries": 1}));
    client.refunds_become(&order, 1, "manual").await;
    let note = json!({"note": "paid by bank transfer"});
    let resolved = client.post(&format!("{path}/resolve"), &note).await;
    assert_has(&resolved.expect(200), &json!({"status": "succeeded", "note": "paid by bank transfer"}));
    assert_eq!(client.read(&order).await["refunded"], 7);
    assert!(client.stuck(&order).await.is_empty());
    for step in ["retry", "resolve"] {
        let body = if step == "retry" { json!({}) } else { note.clone() };
        let refused = client.post(&format!("{path}/{step}"), &body).await.refused(409, "payment_state");
        assert_eq!(refused["refund_status"], "succeeded");
        client.post(&format!("/v1/refunds/rfd_1/{step}"), &body).await.refused(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn units_that_are_cancelled_are_paid_back() {
    let (_data, _server, client, order, _) = shop(&[]).await;
    let body = json!({"reason": "out of stock", "lines": [{"line": 1, "quantity": 1}, {"line": 2, "quantity": 2}]});
    let left = client.post(&format!("/v1/orders/{order}/cancel"), &body).await.expect(200);
    assert_eq!(left["status"], "paid");
    assert_eq!((&left["lines"][0]["cancelled"], &left["lines"][1]["cancelled"]), (&json!(1), &json!(2)));
    let refund = client.refunds_become(&order, 1, "succeeded").await.remove(0);
    assert_has(&refund, &json!({"amount": 702, "cause": "cancel"}));
    assert_eq!(client.stock("a").await, [98, 0, 98, 3], "two are sold; the third came back as returned");
    let all = client.post(&format!("/v1/orders/{order}/cancel"), &json!({"reason": "merchant"})).await.expect(200);
    assert_eq!(all["status"], "cancelled");
    client.refunds_become(&order, 2, "succeeded").await;
    assert_eq!(client.read(&order).await["refunded"], 1702);
    let states = client.get("/v1/ops/states").await.expect(200);
    assert_has(&states["payments"][0], &json!({"status": "succeeded", "count": 1}));
    assert_has(&states["refunds"][0], &json!({"status": "succeeded", "count": 2}));
}
