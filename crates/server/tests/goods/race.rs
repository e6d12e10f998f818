//! Callers at the same instant: no unit is shipped, replaced, taken back or paid back twice.

use serde_json::{Value, json};

use crate::{
    A, Shop, UNITS,
    calls::units,
    support::{
        client::{Answer, Client},
        server::until,
        shop::id,
    },
};

/// How many of the races between two callers are run: either may win.
const ROUNDS: usize = 12;

/// Sends the same kind of request for each of these at the same time; the answers in their order.
async fn at_once<T: Send + 'static, F>(client: &Client, of: Vec<T>, send: fn(Client, T) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let sent: Vec<_> = of.into_iter().map(|one| tokio::spawn(send(client.clone(), one))).collect();
    let mut answers = Vec::with_capacity(sent.len());
    for answer in sent {
        answers.push(answer.await.expect("the request is sent"));
    }
    answers
}

fn won(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| matches!(answer.status, 200 | 201)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_leaves_once() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 3)]).await;
    let answers =
        at_once(
            client,
            vec![order.clone(); 12],
            |client, order| async move { client.try_ship(&order, &[(1, 1)]).await },
        )
        .await;
    assert_eq!(won(&answers), 3);
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)), "{answers:?}");
    assert_eq!(client.buckets(&order).await, [[3, 0, 0, 0]]);
    shop.is_sound().await;
}

/// §3.5: of the last units of a replacement no more are promised than there are.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_5_the_last_units_are_promised_once() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    client.post("/v1/stock/c/adjustments", &json!({"delta": 3 - UNITS, "reason": "gone"})).await.expect(200);
    let order = shop.delivered(&[("a", 8)]).await;
    let mut rows = Vec::new();
    for _ in 0..8 {
        rows.push(client.exchange(&order, "c").await);
    }
    let answers = at_once(client, rows, |client, row| async move { client.try_step(&row, "approve").await }).await;
    assert_eq!(won(&answers), 3);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        refused.refused(409, "insufficient_stock");
    }
    assert_eq!(client.stock("c").await, [0, 0, 0, 3]);
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_are_taken_back_or_the_after_sale_is_withdrawn() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    for round in 0..ROUNDS {
        let order = shop.delivered(&[("a", 1)]).await;
        let row = client.after_sale(&order, "return", &[(1, 1)]).await;
        client.step(&row, "approve").await;
        let steps = if round % 2 == 0 { ["withdraw", "receive:restock"] } else { ["receive:restock", "withdraw"] };
        let of = steps.map(|step| (row.clone(), step)).to_vec();
        let answers = at_once(client, of, |client, (row, step)| async move { client.try_step(&row, step).await }).await;
        assert_eq!(won(&answers), 1, "{answers:?}");
        let is_withdrawn = client.row(&row).await["status"] == "withdrawn";
        client.refunds_become(&order, usize::from(!is_withdrawn), "succeeded").await;
        assert_eq!(shop.kept(&order).await, if is_withdrawn { A } else { 0 });
    }
    shop.is_sound().await;
}

/// §3.5: money for a difference that arrives while the buyer withdraws goes back, and the replacement to the shelf.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_5_a_difference_is_paid_while_the_buyer_withdraws() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    for _ in 0..ROUNDS {
        let order = shop.delivered(&[("a", 1)]).await;
        let row = client.exchange(&order, "b").await;
        client.step(&row, "approve").await;
        let attempt = id(&client.payments(&order).await.pop().expect("an attempt"));
        client.payment_becomes(&attempt, "pending").await;
        let anyway = json!({"even_if_closed": true});
        tokio::join!(client.pay(&attempt, &anyway), client.step(&row, "withdraw"));
        client.refunds_become(&order, 1, "succeeded").await;
        assert_eq!((shop.kept(&order).await, client.stock("b").await[2]), (A, UNITS));
    }
    shop.is_sound().await;
}

/// §3.4: everybody who may give money back does so at once, and no cent goes back twice.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_4_money_goes_back_once_whoever_asks() {
    let shop = Shop::open(&["pricing.shipping_fee=100"]).await;
    let client = &shop.client;
    for _ in 0..ROUNDS {
        let order = shop.paid(&[("a", 3)]).await;
        let parcel = client.ship(&order, &[(1, 2)]).await;
        client.track(&parcel, "delivered", 1).await;
        let money = client.after_sale(&order, "refund", &[(1, 1)]).await;
        let goods = client.after_sale(&order, "return", &[(1, 1)]).await;
        client.step(&goods, "approve").await;
        let of_order = |call: &str| format!("/v1/orders/{order}/{call}");
        let requests: Vec<(String, Value)> = vec![
            (of_order("refunds"), json!({"reason": "all that is left"})),
            (format!("/v1/after-sales/{money}/approve"), json!({})),
            (of_order("refunds"), json!({"lines": units(&[(1, 2)]), "reason": "two"})),
            (format!("/v1/after-sales/{goods}/receive"), json!({"outcome": "scrap"})),
            (of_order("cancel"), json!({"reason": "merchant"})),
            (of_order("refunds"), json!({"amount": 2_000, "reason": "goodwill"})),
        ];
        at_once(client, requests, |client, (path, body)| async move { client.post(&path, &body).await }).await;
        until("no refund is under way", async || {
            client.refunds(&order).await.iter().all(|refund| refund["status"] == "succeeded").then_some(())
        })
        .await;
        let kept = shop.kept(&order).await;
        assert!((0..=3 * A + 100).contains(&kept), "{kept} are kept");
        shop.is_settled(&order).await;
    }
    shop.is_sound().await;
}
