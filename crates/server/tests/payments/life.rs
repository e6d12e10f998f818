//! An order that lives its whole life, and one that is taken back.

use reqwest::Method;
use serde_json::json;

use super::{
    PRICE, Shop, UNITS, moved, settled,
    support::{
        client::answer,
        shop::{id, order},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_lives_its_whole_life() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = id(&client.place(&order("u", &[("a", 3)])).await);
    let opened = client.try_open(&order).await.expect(201);
    assert_eq!((&opened["status"], &opened["amount"]), (&json!("pending"), &json!(3 * PRICE)), "{opened}");
    let payment = id(&opened);
    let pay_url = opened["pay_url"].as_str().expect("a payer can go somewhere");
    assert!(pay_url.starts_with(&shop.server.url()) && pay_url.ends_with(&payment), "{pay_url}");
    let code = client.get(opened["qr_code_url"].as_str().expect("a picture")).await;
    assert_eq!((code.status, code.header("content-type")), (200, "image/svg+xml"));
    assert_eq!(client.pay(&payment, &json!({})).await["status"], "captured");
    let paid = client.becomes(&order, "paid").await;
    assert_eq!((&paid["paid"], &paid["refunded"]), (&json!(3 * PRICE), &json!(0)));
    assert_eq!(client.stock("a").await, [UNITS - 3, 0, UNITS - 3, 3]);

    let path = format!("/v1/orders/{order}/shipments");
    let parcel = |quantity: i64, number: &str| json!({"carrier": "c", "tracking_number": number, "lines": [{"line": 1, "quantity": quantity}]});
    let first = id(&client.post(&path, &parcel(2, "n-1")).await.expect(201));
    client.becomes(&order, "partially_shipped").await;
    let second = id(&client.post(&path, &parcel(1, "n-2")).await.expect(201));
    client.becomes(&order, "shipped").await;
    for parcel in [&first, &second] {
        let told = json!({"status": "delivered", "at": "2026-01-01T00:00:00Z"});
        client.post(&format!("/v1/shipments/{parcel}/tracking"), &told).await.expect(200);
    }
    client.becomes(&order, "delivered").await;
    let confirm = client.request(Method::POST, &format!("/v1/orders/{order}/confirm-receipt"));
    let confirmed = answer(confirm).await.expect(200);
    assert_eq!(confirmed["status"], "completed", "{confirmed}");
    assert_eq!(client.moved(&payment).await, moved(3 * PRICE, 0));
    let events = client.events(&order).await;
    let expected = ["order.placed", "payment.created", "payment.succeeded", "order.paid", "shipment.created"];
    assert_eq!(events[..5], expected, "{events:?}");
    assert_eq!(client.read(&order).await["status"], "completed");
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_is_taken_back_whole_or_in_part_to_the_last_cent() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let (whole, payment) = shop.place_and_open().await;
    client.pay(&payment, &json!({})).await;
    client.becomes(&whole, "paid").await;
    client.post(&format!("/v1/orders/{whole}/cancel"), &json!({"reason": "merchant"})).await.expect(200);
    client.refunds_become(&whole, 1, "succeeded").await;
    assert_eq!(settled(client, &whole).await, ("cancelled".to_owned(), PRICE, PRICE));
    assert_eq!(client.moved(&payment).await, moved(PRICE, PRICE));
    assert_eq!(client.stock("a").await[0], UNITS, "its unit is back");

    let (part, payment) = shop.place_and_open().await;
    client.pay(&payment, &json!({})).await;
    client.becomes(&part, "paid").await;
    let path = format!("/v1/orders/{part}/refunds");
    for amount in [1, 29, PRICE - 31] {
        let answer = client.post(&path, &json!({"amount": amount, "reason": "goodwill"})).await;
        assert!(matches!(answer.status, 201 | 202), "{answer}");
    }
    client.post(&path, &json!({"amount": 2, "reason": "too much"})).await.refused(409, "refund_exceeds");
    client.post(&path, &json!({"amount": 1, "reason": "the last cent"})).await;
    client.refunds_become(&part, 4, "succeeded").await;
    assert_eq!(settled(client, &part).await, ("paid".to_owned(), PRICE, PRICE));
    client.post(&path, &json!({"amount": 1, "reason": "more"})).await.refused(409, "refund_exceeds");
    let ledger = client.moved(&payment).await;
    assert_eq!((ledger.captured, ledger.refunded, ledger.refunds), (PRICE, PRICE, 4));
    client.verified().await;
}
