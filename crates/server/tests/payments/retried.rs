//! A retry is safe where money moves: the same key and body have one effect however often and however late they come, another
//! body under the key is refused, and a stored refusal is told again.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};
use tokio::{sync::Barrier, task::JoinSet};

use super::{
    PRICE, Shop, moved, settled,
    support::{
        client::{Answer, Client, fresh_key},
        shop::id,
    },
};

const TIMES: usize = 20;

/// The same call many times at once, each on a connection of its own.
async fn at_once(client: &Client, path: &str, key: &str, body: &Value) -> Vec<Answer> {
    let start = Arc::new(Barrier::new(TIMES));
    let mut calls = JoinSet::new();
    for _ in 0..TIMES {
        let (client, start) = (client.clone(), Arc::clone(&start));
        let (path, key, body) = (path.to_owned(), key.to_owned(), body.clone());
        calls.spawn(async move {
            start.wait().await;
            client.post_keyed(&path, &key, &body).await
        });
    }
    calls.join_all().await
}

/// All were answered alike, one of them not from memory.
fn same(answers: &[Answer], status: u16) -> String {
    let ids: BTreeSet<String> = answers.iter().map(|answer| id(&answer.expect(status))).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let first_hand = answers.iter().filter(|answer| !answer.is_replayed()).count();
    assert_eq!(first_hand, 1, "one has the effect");
    ids.into_iter().next().expect("one id")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_opened_once_however_often_it_is_asked_for() {
    let mut shop = Shop::open(&[]).await;
    let order = shop.place().await;
    let (path, key) = (format!("/v1/orders/{order}/payments"), fresh_key());
    let body = json!({"channel": "sandbox"});
    let payment = same(&at_once(&shop.client, &path, &key, &body).await, 201);
    let other = json!({"channel": "sandbox", "return_url": "https://shop.example/"});
    shop.client.post_keyed(&path, &key, &other).await.refused(422, "idempotency_key_reused");
    shop.client.pay(&payment, &json!({})).await;
    shop.client.becomes(&order, "paid").await;
    for _ in 0..2 {
        let again = shop.client.post_keyed(&path, &key, &body).await;
        assert!(again.is_replayed(), "{again}");
        assert_eq!(id(&again.expect(201)), payment);
        shop = shop.killed_and_started(&[]).await;
    }
    assert_eq!(shop.client.payments(&order).await.len(), 1);
    assert_eq!(shop.client.ledger().await.len(), 1);
    assert_eq!(shop.client.moved(&payment).await, moved(PRICE, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_given_back_once_however_often_it_is_asked_for() {
    let shop = Shop::open(&[]).await;
    let (order, payment) = shop.place_and_open().await;
    shop.client.pay(&payment, &json!({})).await;
    shop.client.becomes(&order, "paid").await;
    let (path, key) = (format!("/v1/orders/{order}/refunds"), fresh_key());
    let body = json!({"amount": 130, "reason": "goodwill"});
    let refund = same(&at_once(&shop.client, &path, &key, &body).await, 201);
    let other = json!({"amount": 131, "reason": "goodwill"});
    shop.client.post_keyed(&path, &key, &other).await.refused(422, "idempotency_key_reused");
    let (too_much, refused_key) = (json!({"amount": PRICE, "reason": "too much"}), fresh_key());
    let refused = shop.client.post_keyed(&path, &refused_key, &too_much).await;
    refused.refused(409, "refund_exceeds");
    let again = shop.client.post_keyed(&path, &refused_key, &too_much).await;
    assert!(again.is_replayed(), "a refusal is stored like any answer: {again}");
    assert_eq!(again.body, refused.body);
    let refunds = shop.client.refunds_become(&order, 1, "succeeded").await;
    assert_eq!(id(&refunds[0]), refund);
    assert_eq!(shop.client.moved(&payment).await, moved(PRICE, 130));

    let (path, key) = (format!("/v1/orders/{order}/cancel"), fresh_key());
    let cancelled = same(&at_once(&shop.client, &path, &key, &json!({"reason": "merchant"})).await, 200);
    assert_eq!(cancelled, order);
    let shop = shop.killed_and_started(&[]).await;
    shop.client.refunds_become(&order, 2, "succeeded").await;
    let again = shop.client.post_keyed(&path, &key, &json!({"reason": "merchant"})).await;
    assert!(again.is_replayed() && again.status == 200, "{again}");
    assert_eq!(settled(&shop.client, &order).await, ("cancelled".to_owned(), PRICE, PRICE));
    let ledger = shop.client.moved(&payment).await;
    assert_eq!((ledger.captured, ledger.refunded, ledger.refunds), (PRICE, PRICE, 2));
    shop.client.verified().await;
}
