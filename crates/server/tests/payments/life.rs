//! A paid order that is taken back, whole or in part.

use serde_json::json;

use super::{PRICE, Shop, UNITS, moved, settled};

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
