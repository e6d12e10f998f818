//! Callbacks that never come, answers that are lost, a channel that is away: an attempt's end is found all the same, and nobody
//! is charged twice meanwhile.

use reqwest::Method;
use serde_json::json;

use super::{
    PRICE, Shop, UNITS, moved, settled,
    support::{client::answer, server::until},
};

/// A short ladder, so that a test need not wait for the first rungs.
const LADDER: &str = r#"payments.first_queries=["200ms","400ms"]"#;
const INTERVAL: &str = "payments.poll_interval=500ms";

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_callback_is_found_by_asking() {
    let shop = Shop::open(&[LADDER, INTERVAL]).await;
    let client = &shop.client;
    for says in [json!({"notify": "never"}), json!({"notify": "late"})] {
        let (order, payment) = shop.place_and_open().await;
        client.pay(&payment, &says).await;
        client.becomes(&order, "paid").await;
        assert_eq!(client.verdicts(&payment).await, [0; 3], "nobody told");
        assert_eq!(client.moved(&payment).await, moved(PRICE, 0));
    }
    let (order, payment) = shop.place_and_open().await;
    client.pay(&payment, &json!({"outcome": "refused", "notify": "never"})).await;
    client.payment_becomes(&payment, "failed").await;
    assert_eq!(client.read(&order).await["status"], "pending_payment", "another attempt may be made");
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_asks_at_once() {
    // No rung of the ladder comes within the test.
    let shop = Shop::open(&[r#"payments.first_queries=["1h"]"#]).await;
    let client = &shop.client;
    let (order, payment) = shop.place_and_open().await;
    let refresh = format!("/v1/payments/{payment}/refresh");
    let before = answer(client.request(Method::POST, &refresh)).await.expect(200);
    assert_eq!(before["status"], "pending");
    client.pay(&payment, &json!({"notify": "never"})).await;
    let after = answer(client.request(Method::POST, &refresh)).await.expect(200);
    assert_eq!((&after["status"], &after["pays_order"]), (&json!("succeeded"), &json!(true)), "{after}");
    assert_eq!(settled(client, &order).await, ("paid".to_owned(), PRICE, 0));
}

/// An answer that was not seen blocks another charge until the channel has said what became of the first.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_attempt_blocks_another_one_until_it_is_known() {
    let shop = Shop::open(&[r#"payments.first_queries=["2s"]"#, INTERVAL]).await;
    let client = &shop.client;
    let order = shop.place().await;
    client.faults(&json!({"reply_lost": 1.0})).await;
    let opened = client.try_open(&order).await.expect(201);
    let payment = opened["id"].as_str().expect("an id").to_owned();
    client.payment_becomes(&payment, "unknown").await;
    client.try_open(&order).await.refused(409, "payment_unresolved");
    client.faults(&json!({})).await;
    let found = client.payment_becomes(&payment, "pending").await;
    assert!(found["pay_url"].is_string(), "{found}");
    client.pay(&payment, &json!({})).await;
    client.becomes(&order, "paid").await;
    assert_eq!(client.moved(&payment).await, moved(PRICE, 0));
    assert_eq!(client.payments(&order).await.len(), 1);
}

/// A call that stumbled at the channel has opened nothing there: asking finds that out, and the buyer can try again.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_failed_at_the_channel_ends_and_another_attempt_is_paid() {
    let shop = Shop::open(&[LADDER, INTERVAL]).await;
    let client = &shop.client;
    let order = shop.place().await;
    client.faults(&json!({"error_then_success": 1.0})).await;
    let first = client.try_open(&order).await.expect(201);
    let first = first["id"].as_str().expect("an id").to_owned();
    client.payment_becomes(&first, "closed").await;
    client.faults(&json!({})).await;
    assert_eq!(client.try_pay(&first, &json!({"even_if_closed": true})).await.status, 409, "it never was opened");
    let second = client.open(&order).await;
    client.pay(&second, &json!({})).await;
    client.becomes(&order, "paid").await;
    assert_eq!(client.ledger().await.len(), 1);
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_away_fails_the_attempt_and_not_the_order() {
    let shop = Shop::open(&[LADDER, INTERVAL]).await;
    let client = &shop.client;
    let order = shop.place().await;
    client.faults(&json!({"down": true})).await;
    let problem = client.try_open(&order).await.refused(503, "channel_unavailable");
    assert!(problem["payment_id"].is_string(), "{problem}");
    assert_eq!(client.read(&order).await["status"], "pending_payment");
    client.faults(&json!({})).await;
    let payment = until("the channel is back", async || {
        let answer = client.try_open(&order).await;
        (answer.status == 201).then(|| answer.json()["id"].as_str().expect("an id").to_owned())
    })
    .await;
    client.payment_becomes(&payment, "pending").await;
    client.pay(&payment, &json!({})).await;
    client.becomes(&order, "paid").await;
    client.verified().await;
}

/// §3.1: an order ends only when its channel has said that no money came. While it says nothing the stock stays held.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_1_an_order_closes_only_when_its_channel_has_answered() {
    let settings = ["orders.payment_window=1s", LADDER, INTERVAL, "breaker.cool_down=100ms"];
    let shop = Shop::open(&settings).await;
    let client = &shop.client;
    let (unpaid, _) = shop.place_and_open().await;
    let (paid, payment) = shop.place_and_open().await;
    client.faults(&json!({"down": true})).await;
    client.pay(&payment, &json!({"notify": "never"})).await;
    for order in [&unpaid, &paid] {
        client.becomes(order, "closing").await;
    }
    assert_eq!(client.stock("a").await, [UNITS, 2, UNITS - 2, 0], "both units are held");
    client.try_open(&unpaid).await.refused(409, "order_state");
    client.faults(&json!({})).await;
    let ended = client.becomes(&unpaid, "cancelled").await;
    assert_eq!(ended["cancel_reason"], "timeout");
    client.becomes(&paid, "paid").await;
    assert_eq!(client.stock("a").await, [UNITS - 1, 0, UNITS - 1, 1]);
    assert_eq!(client.moved(&payment).await, moved(PRICE, 0));
    client.verified().await;
}

/// §3.1: at the hard limit an order ends without its channel's answer; money that is found later goes back.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_1_the_hard_limit_ends_closing_and_money_found_later_goes_back() {
    let settings =
        ["orders.payment_window=500ms", "payments.closing_max=500ms", LADDER, INTERVAL, "breaker.cool_down=100ms"];
    let shop = Shop::open(&settings).await;
    let client = &shop.client;
    let (order, payment) = shop.place_and_open().await;
    client.faults(&json!({"down": true})).await;
    client.pay(&payment, &json!({"notify": "never"})).await;
    client.becomes(&order, "cancelled").await;
    assert_eq!(client.stock("a").await, [UNITS, 0, UNITS, 0]);
    assert_eq!(client.moved(&payment).await, moved(PRICE, 0), "the money is there and not seen yet");
    client.faults(&json!({})).await;
    client.refunds_become(&order, 1, "succeeded").await;
    assert_eq!(settled(client, &order).await, ("cancelled".to_owned(), PRICE, PRICE));
    assert_eq!(client.moved(&payment).await, moved(PRICE, PRICE));
    client.verified().await;
}
