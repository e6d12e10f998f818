//! What is not taken is sent again, in order, and is nobody else's business (§3.10, rows 25 to 29 and 41 of the catalogue of
//! cases).

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    Shop,
    receiver::Says,
    support::{
        server::until,
        shop::{id, order},
    },
};

/// §3.10: the failing event is parked together with the later event of its order, and both come in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_is_sent_again_and_its_order_waits_for_it() {
    let shop = Shop::open_with(&["webhooks.retry_first=400ms"]).await;
    shop.put("hook", &json!({})).await;
    shop.receiver.says("hook", &[Says::status(500), Says::status(204)]);
    let order = shop.place("u-1").await;
    until("the first try", async || (!shop.receiver.at("hook").is_empty()).then_some(())).await;
    shop.cancel(&order).await;
    let events = shop.events(&order).await;
    let expected = [events[0].clone(), events[0].clone(), events[1].clone()];
    shop.until_at("hook", &expected).await;
    let kept = shop.until_deliveries("hook", 3).await;
    let told: Vec<_> = kept.iter().rev().map(|row| (row["attempt"].clone(), row["outcome"].clone())).collect();
    assert_eq!(told, [(json!(1), json!("refused")), (json!(2), json!("delivered")), (json!(1), json!("delivered"))]);
    let refused = kept.last().unwrap();
    assert!(refused["next_try_at"].is_string() && refused["dead_letter_id"].is_string(), "{refused}");
    assert_eq!((&refused["status"], &refused["answer"]), (&json!(500), &json!("said")));
    until("no letter is left", async || shop.dead_letters().await.is_empty().then_some(())).await;
    let messages = shop.receiver.at("hook");
    assert_eq!(messages[0].id(), messages[1].id(), "the receiver knows it by its id");
    assert_eq!(shop.client.metric("ordain_parked_letters").await, "0");
    assert_eq!(shop.client.metric("ordain_webhook_delivery_seconds_count{result=\"delivered\"}").await, "2");
    assert_eq!(shop.client.metric("ordain_webhook_delivery_seconds_count{result=\"refused\"}").await, "1");
}

/// §3.10: the failing event is parked with the later ones of its order; other orders flow to the same endpoint meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_parked_order_holds_up_no_other() {
    let shop = Shop::open_with(&["webhooks.retry_first=1h"]).await;
    shop.put("hook", &json!({})).await;
    shop.receiver.says("hook", &[Says::status(500), Says::status(204)]);
    let parked = shop.place("u-1").await;
    until("it is parked", async || (shop.dead_letters().await.len() == 1).then_some(())).await;
    shop.cancel(&parked).await;
    let mut expected = vec![shop.events(&parked).await[0].clone()];
    for user in ["u-2", "u-3"] {
        let other = shop.place(user).await;
        shop.cancel(&other).await;
        expected.extend(shop.events(&other).await);
    }
    shop.until_at("hook", &expected).await;
    let letters = shop.dead_letters().await;
    assert_eq!(letters.len(), 1, "{letters:#?}");
    let letter = &letters[0];
    assert_eq!((&letter["order_id"], &letter["behind"], &letter["tries"]), (&json!(parked), &json!(1), &json!(1)));
    let path = format!("/v1/ops/dead-letters/{}/replay", id(letter));
    shop.client.post(&path, &json!({})).await.expect(200);
    expected.extend(shop.events(&parked).await);
    shop.until_at("hook", &expected).await;
    until("no letter is left", async || shop.dead_letters().await.is_empty().then_some(())).await;
}

/// §3.10: parking is per consumer; what one endpoint does not take, the others have long had.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_endpoint_delays_no_other() {
    let shop = Shop::open().await;
    shop.put("down", &json!({})).await;
    shop.put("well", &json!({})).await;
    shop.receiver.says("down", &[Says::status(500)]);
    let mut expected = BTreeSet::new();
    for number in 0..50 {
        let order = shop.place(&format!("u-{number}")).await;
        expected.extend(shop.events(&order).await);
    }
    until("all of it", async || {
        let arrived: BTreeSet<String> = shop.receiver.ids("well").into_iter().collect();
        (arrived == expected).then_some(())
    })
    .await;
    assert_eq!(shop.receiver.at("well").len(), 50, "each once");
    // One that is down has few letters: the log waits for it.
    assert!(shop.dead_letters().await.len() < 50);
    shop.receiver.says("down", &[Says::status(204)]);
    for letter in shop.dead_letters().await {
        let path = format!("/v1/ops/dead-letters/{}/replay", id(&letter));
        shop.client.post(&path, &json!({})).await;
    }
    until("it catches up", async || {
        let arrived: BTreeSet<String> = shop.receiver.ids("down").into_iter().collect();
        (arrived == expected).then_some(())
    })
    .await;
}

/// §3.10: a replay is refused while nobody would take it; afterwards the parked events go out in order.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_is_disabled_and_says_so() {
    let shop = Shop::open().await;
    shop.put("hook", &json!({})).await;
    shop.receiver.says("hook", &[Says::status(410)]);
    let order = shop.place("u-1").await;
    let disabled = until("it is disabled", async || {
        let webhook = shop.webhook("hook").await;
        (webhook["enabled"] == false).then_some(webhook)
    })
    .await;
    assert_eq!(disabled["disabled_reason"], "gone");
    assert!(disabled["disabled_at"].is_string());
    assert_eq!(shop.client.metric("ordain_webhooks_disabled_total{reason=\"gone\"}").await, "1");
    let log = shop.server.log();
    assert!(log.lines().any(|line| line.contains("ERROR") && line.contains("webhook endpoint is disabled")), "{log}");
    let letter = shop.dead_letters().await.remove(0);
    let replay = format!("/v1/ops/dead-letters/{}/replay", id(&letter));
    shop.client.post(&replay, &json!({})).await.refused(409, "webhook_disabled");
    shop.cancel(&order).await;
    shop.receiver.says("hook", &[Says::status(204)]);
    shop.put("hook", &json!({"enabled": true})).await;
    let events = shop.events(&order).await;
    until("both, in order", async || shop.receiver.ids("hook").ends_with(&events).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_asks_for_a_pause_gets_it() {
    let shop = Shop::open().await;
    shop.put("hook", &json!({})).await;
    shop.receiver.says("hook", &[Says { status: 429, retry_after: Some("1") }, Says::status(204)]);
    let first = shop.place("u-1").await;
    until("the first try", async || (!shop.receiver.at("hook").is_empty()).then_some(())).await;
    let second = shop.place("u-2").await;
    let all = [shop.events(&first).await, shop.events(&second).await].concat();
    until("both", async || all.iter().all(|id| shop.receiver.ids("hook")[1..].contains(id)).then_some(())).await;
    let kept = shop.until_deliveries("hook", 3).await;
    let at = |row: &serde_json::Value| row["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let (slowed, next) = (&kept[2], &kept[1]);
    assert_eq!((&slowed["outcome"], &slowed["status"]), (&json!("slow_down"), &json!(429)));
    assert!(at(next).duration_since(at(slowed)).as_millis() >= 1_000, "{kept:#?}");
}

/// §3.10: what was taken is counted as handled only once it was: a crash repeats, in the order of each order, and loses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_server_dies_while_it_sends() {
    let shop = Shop::open().await;
    shop.put("hook", &json!({})).await;
    let Shop { data, server, client, receiver } = shop;
    let mut orders = Vec::new();
    for number in 0..60 {
        orders.push(id(&client.place(&order(&format!("u-{number}"), &[("A", 1)])).await));
        client.post(&format!("/v1/orders/{}/cancel", orders[number]), &json!({"reason": "buyer"})).await.expect(200);
    }
    // Some have arrived, some are under way, some are only in the log.
    until("some arrived", async || (receiver.at("hook").len() > 20).then_some(())).await;
    server.kill();
    let server = data.serve(&["webhooks.retry_first=50ms", "webhooks.allow_private=true"]).await;
    let shop = Shop { client: server.client(), data, server, receiver };
    for order in &orders {
        let events = shop.events(order).await;
        until("all of an order", async || {
            let mut arrived: Vec<String> =
                shop.receiver.ids("hook").into_iter().filter(|id| events.contains(id)).collect();
            // Repeated, perhaps; but what comes first comes in order.
            let mut seen = BTreeSet::new();
            arrived.retain(|id| seen.insert(id.clone()));
            (arrived == events).then_some(())
        })
        .await;
    }
    shop.server.stop().await;
}
