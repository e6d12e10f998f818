//! The server is killed between a movement of money and its record: the outbox and the sandbox's repeated notifications carry
//! the rest over, and nothing is moved twice.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    PRICE, Shop, UNITS, moved, settled,
    support::{
        client::{Client, fresh_key, try_answer},
        server::until,
        shop::{id, order},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_the_capture_and_its_notification_loses_no_money() {
    // The first rung comes late: in the first case it is the notification that tells, in the second one the ladder.
    for (says, settings) in [
        (json!({"delay_ms": 700}), r#"payments.first_queries=["1h"]"#),
        (json!({"notify": "never"}), r#"payments.first_queries=["700ms"]"#),
    ] {
        let shop = Shop::open(&[settings]).await;
        let (order, payment) = shop.place_and_open().await;
        shop.client.pay(&payment, &says).await;
        assert_eq!(settled(&shop.client, &order).await.0, "pending_payment");
        let shop = shop.killed_and_started(&[settings]).await;
        shop.client.becomes(&order, "paid").await;
        assert_eq!(shop.client.moved(&payment).await, moved(PRICE, 0), "{says}");
        shop.client.verified().await;
    }
}

/// The attempt is written down before the channel is called: a kill in between leaves one that is known to both, or to
/// neither.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_an_attempt_is_opened_leaves_one_that_can_be_paid() {
    let settings = [r#"payments.first_queries=["300ms"]"#, "payments.poll_interval=300ms", "payments.open_wait=30s"];
    let shop = Shop::open(&settings).await;
    let order = shop.place().await;
    shop.client.faults(&json!({"slow_ms": 60_000})).await;
    let path = format!("/v1/orders/{order}/payments");
    let request = shop.client.request(Method::POST, &path).header("Idempotency-Key", fresh_key());
    let asking = tokio::spawn(try_answer(request.json(&json!({"channel": "sandbox"}))));
    let payment = until("the channel has it", async || {
        let payments = shop.client.payments(&order).await;
        let payment = id(payments.first()?);
        let seen = shop.client.get(&format!("/sandbox/v1/payments/{payment}")).await;
        (seen.status == 200).then_some(payment)
    })
    .await;
    assert_eq!(shop.client.payment(&payment).await["status"], "created", "its answer has not come");
    let shop = shop.killed_and_started(&settings).await;
    assert!(asking.await.expect("the caller did not panic").is_err(), "the caller heard nothing");
    let client = &shop.client;
    client.payment_becomes(&payment, "pending").await;
    client.pay(&payment, &json!({})).await;
    client.becomes(&order, "paid").await;
    assert_eq!(client.payments(&order).await.len(), 1);
    assert_eq!(client.moved(&payment).await, moved(PRICE, 0));
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_a_refund_and_its_answer_gives_back_once() {
    let shop = Shop::open(&[]).await;
    let (order, payment) = shop.place_and_open().await;
    shop.client.pay(&payment, &json!({})).await;
    shop.client.becomes(&order, "paid").await;
    shop.client.faults(&json!({"slow_ms": 60_000})).await;
    shop.client.post(&format!("/v1/orders/{order}/cancel"), &json!({"reason": "merchant"})).await.expect(200);
    until("the channel has given it back", async || {
        (shop.client.moved(&payment).await.refunded == PRICE).then_some(())
    })
    .await;
    let refunds = shop.client.refunds(&order).await;
    assert_eq!(refunds[0]["status"], "requested", "its answer has not come");
    let shop = shop.killed_and_started(&[]).await;
    shop.client.refunds_become(&order, 1, "succeeded").await;
    assert_eq!(shop.client.moved(&payment).await, moved(PRICE, PRICE), "the same key moves nothing again");
    assert_eq!(settled(&shop.client, &order).await, ("cancelled".to_owned(), PRICE, PRICE));
    shop.client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_an_order_closes_lets_it_end_by_its_channels_word() {
    let settings =
        ["orders.payment_window=700ms", r#"payments.first_queries=["300ms"]"#, "payments.poll_interval=300ms"];
    let shop = Shop::open(&settings).await;
    let (unpaid, _) = shop.place_and_open().await;
    let (paid, payment) = shop.place_and_open().await;
    shop.client.faults(&json!({"down": true})).await;
    shop.client.pay(&payment, &json!({"notify": "never"})).await;
    for order in [&unpaid, &paid] {
        shop.client.becomes(order, "closing").await;
    }
    // Its faults end with the sandbox's process.
    let shop = shop.killed_and_started(&settings).await;
    shop.client.becomes(&unpaid, "cancelled").await;
    shop.client.becomes(&paid, "paid").await;
    assert_eq!(shop.client.moved(&payment).await, moved(PRICE, 0));
    assert_eq!(shop.client.stock("a").await[1], 0);
    shop.client.verified().await;
}

/// Opens an attempt, pays it, and cancels every second order. Any call may meet the kill: what it leaves behind is what the
/// test is about.
async fn pay_and_perhaps_cancel(client: Client, order: String, buyer: u64) {
    let post = |path: String, body: Value| {
        try_answer(client.request(Method::POST, &path).header("Idempotency-Key", fresh_key()).json(&body))
    };
    let opened = post(format!("/v1/orders/{order}/payments"), json!({"channel": "sandbox"})).await;
    let Some(opened) = opened.ok().filter(|answer| answer.status == 201) else { return };
    let says = json!({"notify": if buyer.is_multiple_of(3) { "never" } else { "twice" }});
    drop(post(format!("/sandbox/v1/payments/{}/pay", id(&opened.json())), says).await);
    if buyer.is_multiple_of(2) {
        let reason = if buyer.is_multiple_of(4) { "merchant" } else { "buyer" };
        drop(post(format!("/v1/orders/{order}/cancel"), json!({"reason": reason})).await);
    }
}

/// Three kills while orders are paid, doubly paid and cancelled: in the end the two books agree on every cent.
#[tokio::test(flavor = "multi_thread")]
async fn kills_in_a_storm_of_payments_leave_both_books_alike() {
    let settings =
        [r#"payments.first_queries=["200ms","500ms"]"#, "payments.poll_interval=500ms", "orders.payment_window=15s"];
    let mut shop = Shop::open(&settings).await;
    let mut orders: Vec<String> = Vec::new();
    for round in 0..3 {
        let mut storm = tokio::task::JoinSet::new();
        for buyer in 0..40 {
            let placed = shop.client.place(&order(&format!("u-{round}-{buyer}"), &[("a", 1)])).await;
            orders.push(id(&placed));
            storm.spawn(pay_and_perhaps_cancel(shop.client.clone(), id(&placed), buyer));
        }
        let enough = 20 * (round + 1);
        until("some money was taken", async || (shop.client.ledger().await.len() >= enough).then_some(())).await;
        let Shop { data, server, .. } = shop;
        server.kill();
        storm.join_all().await;
        let server = data.serve(&settings).await;
        let client = server.client();
        shop = Shop { data, server, client };
    }
    let client = &shop.client;
    let mut kept = 0;
    for order in &orders {
        let ended = until("it has come to rest", async || {
            let seen = client.read(order).await;
            let payments = client.payments(order).await;
            let is_open = payments.iter().any(|payment| {
                matches!(payment["status"].as_str(), Some("created" | "pending" | "unknown"))
                    || payment["refunding"] != 0
            });
            let is_ended = matches!(seen["status"].as_str(), Some("paid" | "cancelled"));
            (is_ended && !is_open).then_some(seen)
        })
        .await;
        let (mut taken, mut back) = (0, 0);
        for payment in client.payments(order).await {
            let moved = client.moved(&id(&payment)).await;
            (taken, back) = (taken + moved.captured, back + moved.refunded);
        }
        assert_eq!((&ended["paid"], &ended["refunded"]), (&json!(taken), &json!(back)), "{ended}");
        let keeps = if ended["status"] == "paid" { PRICE } else { 0 };
        assert_eq!(taken - back, keeps, "{ended}");
        kept += keeps / PRICE;
    }
    assert!(kept > 0);
    // What was sold and came back again counts as sold too.
    assert_eq!(client.stock("a").await[..3], [UNITS - kept, 0, UNITS - kept]);
    client.verified().await;
}
