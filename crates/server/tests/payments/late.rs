//! §3.2 of the catalogue: money that comes after its order had ended, and money that comes a second time.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    PRICE, Shop, UNITS, moved, settled,
    support::{
        client::{Client, answer},
        server::until,
    },
};

const SHORT: &str = "orders.payment_window=500ms";
const QUICK_RETRIES: &str = r#"payments.refund_retries=["100ms","100ms","100ms","100ms","100ms"]"#;
const QUICK_QUERIES: &str = r#"payments.first_queries=["200ms","200ms"]"#;
const INTERVAL: &str = "payments.poll_interval=200ms";

/// An order that timed out with an attempt, and then money came.
async fn paid_too_late(shop: &Shop) -> (String, String) {
    let (order, payment) = shop.place_and_open().await;
    shop.client.becomes(&order, "cancelled").await;
    shop.client.try_pay(&payment, &json!({})).await.refused(409, "payment_state");
    shop.client.pay(&payment, &json!({"even_if_closed": true})).await;
    (order, payment)
}

/// Sends a refund again, as a person would.
async fn retry(client: &Client, refund: &str) {
    answer(client.request(Method::POST, &format!("/v1/refunds/{refund}/retry"))).await.expect(200);
}

fn at(events: &[Value], kind: &str) -> jiff::Timestamp {
    let event = events.iter().find(|event| event["type"] == kind).unwrap_or_else(|| panic!("no {kind}: {events:?}"));
    event["at"].as_str().expect("a time").parse().expect("RFC 3339")
}

#[tokio::test(flavor = "multi_thread")]
async fn case_3_2_late_money_is_recorded_and_given_back() {
    let shop = Shop::open(&[SHORT]).await;
    let client = &shop.client;
    let (order, payment) = paid_too_late(&shop).await;
    let refunds = client.refunds_become(&order, 1, "succeeded").await;
    assert_eq!((&refunds[0]["cause"], &refunds[0]["amount"]), (&json!("late_money"), &json!(PRICE)));
    assert_eq!(settled(client, &order).await, ("cancelled".to_owned(), PRICE, PRICE));
    assert_eq!(client.moved(&payment).await, moved(PRICE, PRICE));
    assert_eq!(client.stock("a").await, [UNITS, 0, UNITS, 0]);
    let events = client.get(&format!("/v1/orders/{order}/events")).await.expect(200)["data"].clone();
    let events = events.as_array().expect("a list").clone();
    let surplus = events.iter().find(|event| event["type"] == "payment.surplus").expect("it is told apart");
    assert_eq!((&surplus["data"]["cause"], &surplus["data"]["amount"]), (&json!("late"), &json!(PRICE)));
    let waited = at(&events, "refund.requested").duration_since(at(&events, "payment.succeeded"));
    assert!(waited.as_millis() < 1_000, "the refund was started {waited:?} after the money came");
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_3_2_late_money_revives_an_order_if_its_goods_can_be_had_again() {
    let shop = Shop::open(&[SHORT, "payments.late_money=reinstate_if_stock"]).await;
    let client = &shop.client;
    let (order, payment) = paid_too_late(&shop).await;
    client.becomes(&order, "paid").await;
    assert_eq!(client.moved(&payment).await, moved(PRICE, 0));
    assert_eq!(client.stock("a").await, [UNITS - 1, 0, UNITS - 1, 1]);
    assert!(client.events(&order).await.contains(&"order.reinstated".to_owned()));

    let (order, payment) = shop.place_and_open().await;
    client.becomes(&order, "cancelled").await;
    let all = json!({"delta": 1 - UNITS, "reason": "gone"});
    client.post("/v1/stock/a/adjustments", &all).await.expect(200);
    client.pay(&payment, &json!({"even_if_closed": true})).await;
    client.refunds_become(&order, 1, "succeeded").await;
    assert_eq!(settled(client, &order).await, ("cancelled".to_owned(), PRICE, PRICE));
    assert_eq!(client.moved(&payment).await, moved(PRICE, PRICE));
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_3_2_second_money_is_given_back_whatever_became_of_the_order() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    for is_at_once in [false, true] {
        let (order, first) = shop.place_and_open().await;
        let second = client.open(&order).await;
        let anyway = json!({"even_if_closed": true});
        if is_at_once {
            tokio::join!(client.pay(&first, &anyway), client.pay(&second, &anyway));
        } else {
            client.pay(&first, &json!({})).await;
            client.becomes(&order, "paid").await;
            client.payment_becomes(&second, "closed").await;
            client.pay(&second, &anyway).await;
        }
        let refunds = client.refunds_become(&order, 1, "succeeded").await;
        assert_eq!(refunds[0]["cause"], "second_money", "{refunds:?}");
        assert_eq!(settled(client, &order).await, ("paid".to_owned(), 2 * PRICE, PRICE));
        let payments = client.payments(&order).await;
        for payment in &payments {
            let back = if payment["pays_order"] == true { 0 } else { PRICE };
            assert_eq!(client.moved(payment["id"].as_str().expect("an id")).await, moved(PRICE, back), "{payment}");
        }
        assert_eq!(payments.iter().filter(|payment| payment["pays_order"] == true).count(), 1, "{payments:?}");
    }
    client.verified().await;
}

/// What the sandbox does to a refund, and how often the refund shows in the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_goes_through_whatever_the_channel_does_to_it() {
    let settings = [SHORT, QUICK_RETRIES, QUICK_QUERIES, INTERVAL, "breaker.cool_down=100ms"];
    let shop = Shop::open(&settings).await;
    let client = &shop.client;
    // The menu, and what the refund is seen as before the menu is taken away again; none when it must end under the menu.
    let table = [
        ("the reply is lost", json!({"reply_lost": 1.0}), Some("unknown")),
        ("the channel is away", json!({"down": true}), Some("failed")),
        ("it is refused", json!({"refund_refused": 1.0}), Some("failed")),
        ("it stumbles, then succeeds", json!({"error_then_success": 1.0}), None),
        ("it settles later", json!({"refund_unknown": 1.0, "refund_settles_ms": 700}), None),
        ("it is slow", json!({"slow_ms": 300}), None),
    ];
    for (name, menu, seen) in table {
        let (order, payment) = shop.place_and_open().await;
        client.becomes(&order, "cancelled").await;
        client.faults(&menu).await;
        client.pay(&payment, &json!({"even_if_closed": true})).await;
        if let Some(status) = seen {
            until(&format!("{name}: a refund is {status}"), async || {
                let refunds = client.refunds(&order).await;
                // The few retries may be used up before anybody looks.
                let is_seen = |word: &str| word == status || (status == "failed" && word == "manual");
                refunds.iter().any(|refund| is_seen(refund["status"].as_str().expect("a status"))).then_some(())
            })
            .await;
            client.faults(&json!({})).await;
        }
        until(&format!("{name}: the money is back"), async || {
            let refunds = client.refunds(&order).await;
            assert!(refunds.len() <= 1, "{name}: {refunds:?}");
            let refund = refunds.first()?;
            if refund["status"] == "manual" {
                retry(client, refund["id"].as_str().expect("an id")).await;
            }
            (refund["status"] == "succeeded").then_some(())
        })
        .await;
        client.faults(&json!({})).await;
        assert_eq!(client.moved(&payment).await, moved(PRICE, PRICE), "{name}");
        assert_eq!(settled(client, &order).await, ("cancelled".to_owned(), PRICE, PRICE), "{name}");
    }
    client.verified().await;
}

/// A refund that failed for the last time waits for a person, who can send it again or settle it with a note.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_is_refused_for_good_waits_for_a_person() {
    let shop = Shop::open(&[SHORT, r#"payments.refund_retries=["50ms"]"#, "breaker.cool_down=100ms"]).await;
    let client = &shop.client;
    client.faults(&json!({"refund_refused": 1.0})).await;
    let mut ended = Vec::new();
    for _ in 0..2 {
        let (order, payment) = paid_too_late(&shop).await;
        let refund = client.refunds_become(&order, 1, "manual").await.remove(0);
        let stuck = client.stuck(&order).await;
        let paths: Vec<&str> = stuck[0]["repairs"]
            .as_array()
            .expect("repairs")
            .iter()
            .filter_map(|repair| repair["path"].as_str())
            .collect();
        let id = refund["id"].as_str().expect("an id").to_owned();
        assert_eq!(paths, [format!("/v1/refunds/{id}/retry"), format!("/v1/refunds/{id}/resolve")], "{stuck:?}");
        ended.push((order, payment, id));
    }
    client.faults(&json!({})).await;
    let (order, payment, refund) = &ended[0];
    retry(client, refund).await;
    client.refunds_become(order, 1, "succeeded").await;
    assert_eq!(client.moved(payment).await, moved(PRICE, PRICE));
    let events = client.get(&format!("/v1/orders/{order}/events")).await.expect(200);
    let retried = events["data"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|event| event["type"] == "refund.retried")
        .expect("a retry is told");
    assert_eq!(retried["data"], json!({"refund_id": refund, "failed_tries": 2}), "{retried}");
    assert_eq!(retried["actor"], "operator", "{retried}");

    let (order, payment, refund) = &ended[1];
    let resolve = format!("/v1/refunds/{refund}/resolve");
    client.post(&resolve, &json!({"note": "  "})).await.refused(400, "invalid_request");
    client.post(&resolve, &json!({"note": "paid by bank transfer"})).await.expect(200);
    let refunds = client.refunds_become(order, 1, "succeeded").await;
    assert_eq!(refunds[0]["note"], "paid by bank transfer");
    assert_eq!(client.moved(payment).await, moved(PRICE, 0), "the channel gave nothing back");
    for (order, ..) in &ended {
        assert_eq!(settled(client, order).await, ("cancelled".to_owned(), PRICE, PRICE));
        assert_eq!(client.stuck(order).await, Vec::<Value>::new());
    }
    client.verified().await;
}
