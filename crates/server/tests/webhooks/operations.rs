//! Dead letters and consumers in the hands of operators (§3.10 of the catalogue of cases).

use serde_json::{Value, json};

use crate::{
    Shop, list,
    receiver::Says,
    support::{server::until, shop::id},
};

/// A shop in which an order's first event is parked with its second behind it, for an hour.
async fn parked() -> (Shop, String, Value) {
    let shop = Shop::open_with(&["webhooks.retry_first=1h"]).await;
    shop.put("hook", &json!({})).await;
    shop.receiver.says("hook", &[Says::status(500)]);
    let order = shop.place("u-1").await;
    until("it is parked", async || (!shop.dead_letters().await.is_empty()).then_some(())).await;
    shop.cancel(&order).await;
    let letter = until("the second is parked behind it", async || {
        let letter = shop.dead_letters().await.remove(0);
        (letter["behind"] == 1).then_some(letter)
    })
    .await;
    (shop, order, letter)
}

/// §3.10: the oldest parked event tells its age, how often it was tried, and what ends it.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_tells_everything_that_a_person_needs() {
    let (shop, order, letter) = parked().await;
    let events = shop.events(&order).await;
    assert_eq!((&letter["order_id"], &letter["webhook_id"]), (&json!(order), &json!("hook")));
    assert_eq!(letter["subject"], format!("order/{order}"));
    assert_eq!((&letter["event"]["id"], &letter["event"]["type"]), (&json!(events[0]), &json!("order.placed")));
    assert_eq!((&letter["state"], &letter["tries"]), (&json!("waiting"), &json!(1)));
    assert!(letter["last_error"].as_str().unwrap().contains("500"), "{letter}");
    assert!(letter["age_seconds"].is_u64() && letter["next_try_at"].is_string(), "{letter}");
    let repairs = letter["repairs"].as_array().unwrap();
    assert_eq!(repairs[1]["path"], format!("/v1/ops/dead-letters/{}/skip", id(&letter)));
    assert_eq!(shop.client.metric("ordain_parked_letters").await, "2");
    assert_eq!(shop.client.metric("ordain_dead_letters").await, "0");
    assert!(list(shop.client.get("/v1/ops/dead-letters?state=dead").await).is_empty());
    assert_eq!(list(shop.client.get("/v1/ops/dead-letters?state=waiting").await).len(), 1);
    shop.client.get("/v1/ops/dead-letters?state=odd").await.refused(400, "invalid_request");
    assert!(shop.client.verified().await.iter().any(|(_, examined)| *examined > 0));
}

/// §3.10: a replay is the normal path: in order, up to the first failure; a dry run only tells what it would send.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_sends_in_order_up_to_the_first_failure() {
    let (shop, order, letter) = parked().await;
    let events = shop.events(&order).await;
    let path = format!("/v1/ops/dead-letters/{}/replay", id(&letter));
    let dry = shop.client.post(&format!("{path}?dry_run=true"), &json!({})).await.expect(200);
    let told: Vec<&Value> = dry["data"].as_array().unwrap().iter().map(|letter| &letter["event_id"]).collect();
    assert_eq!((dry["dry_run"].clone(), told), (json!(true), vec![&json!(events[0]), &json!(events[1])]));
    assert_eq!(shop.receiver.at("hook").len(), 1, "a dry run sends nothing");
    // It still fails: one try, and the second event is not sent.
    let begun = shop.client.post(&path, &json!({})).await.expect(200);
    assert_eq!((&begun["dry_run"], &begun["data"][0]["event_id"]), (&json!(false), &json!(events[0])));
    shop.until_at("hook", &[events[0].clone(), events[0].clone()]).await;
    until("the try is kept", async || (shop.dead_letters().await[0]["tries"] == 2).then_some(())).await;
    // Whichever is named, it begins at the first.
    shop.receiver.says("hook", &[Says::status(204)]);
    let second = id(&dry["data"][1]);
    shop.client.post(&format!("/v1/ops/dead-letters/{second}/replay"), &json!({})).await.expect(200);
    let all = [&events[0], &events[0], &events[0], &events[1]].map(Clone::clone);
    shop.until_at("hook", &all).await;
    until("none is left", async || shop.dead_letters().await.is_empty().then_some(())).await;
    shop.client.post(&path, &json!({})).await.refused(404, "not_found");
}

/// §3.10: giving up needs a reason and is told as an event; what stood behind goes out.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_given_up_for_a_reason_that_is_kept() {
    let (shop, order, letter) = parked().await;
    shop.put("audit", &json!({"events": ["dead_letter.*"]})).await;
    let path = format!("/v1/ops/dead-letters/{}/skip", id(&letter));
    shop.client.post(&path, &json!({})).await.refused(400, "invalid_request");
    shop.client.post(&path, &json!({"reason": ""})).await.refused(400, "invalid_request");
    shop.receiver.says("hook", &[Says::status(204)]);
    let skipped = shop.client.post(&path, &json!({"reason": "the order was a test"})).await.expect(200);
    assert_eq!(skipped["state"], "skipped");
    let events = shop.events(&order).await;
    shop.until_at("hook", &events).await;
    until("it is told", async || (!shop.receiver.at("audit").is_empty()).then_some(())).await;
    let told = shop.receiver.at("audit")[0].json();
    assert_eq!((&told["type"], &told["data"]["event_id"]), (&json!("dead_letter.skipped"), &json!(events[0])));
    assert_eq!(told["data"]["reason"], "the order was a test");
    shop.client.post(&path, &json!({"reason": "again"})).await.refused(404, "not_found");
}

/// §3.10: no other call goes round the lane of an order.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_is_not_sent_again_out_of_order() {
    let (shop, _, letter) = parked().await;
    let delivery = shop.until_deliveries("hook", 1).await.remove(0);
    let path = format!("/v1/webhooks/hook/deliveries/{}/redeliver", id(&delivery));
    let refused = shop.client.post(&path, &json!({})).await.refused(409, "event_parked");
    assert_eq!(refused["dead_letter_id"], letter["id"]);
}

/// §3.10: a replay from an event or a time on is the normal path, in the order of the log.
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_is_moved_back_and_tells_everything_again() {
    let shop = Shop::open().await;
    let webhook = shop.put("hook", &json!({})).await;
    let order = shop.place("u-1").await;
    shop.cancel(&order).await;
    let events = shop.events(&order).await;
    shop.until_at("hook", &events).await;
    let row = async || {
        let consumers = list(shop.client.get("/v1/ops/consumers").await);
        consumers.into_iter().find(|row| row["webhook_id"] == "hook").expect("the endpoint is a consumer")
    };
    let caught_up = until("it has caught up", async || Some(row().await).filter(|row| row["lag"] == 0)).await;
    assert_eq!(caught_up["consumer"], webhook["consumer"]);
    let replay = async |body: Value| shop.client.post("/v1/ops/replay", &body).await;
    let moved = replay(json!({"consumer": webhook["consumer"], "from": events[1]})).await.expect(200);
    assert_eq!((&moved["consumer"], &moved["events"]), (&webhook["consumer"], &json!(1)));
    shop.until_at("hook", &[events.clone(), vec![events[1].clone()]].concat()).await;
    // By the endpoint's own name, from a time on.
    let placed_at = shop.client.get(&format!("/v1/orders/{order}/events")).await.expect(200)["data"][0]["at"].clone();
    replay(json!({"consumer": "hook", "from": placed_at})).await.expect(200);
    shop.until_at("hook", &[events.clone(), vec![events[1].clone()], events].concat()).await;
    replay(json!({"consumer": "nobody", "from": 1})).await.refused(404, "not_found");
    replay(json!({"consumer": "hook", "from": "evt_999999"})).await.refused(400, "invalid_request");
    replay(json!({"consumer": "hook", "from": "yesterday"})).await.refused(400, "invalid_request");
    replay(json!({"consumer": "scan.expired_orders", "from": 1})).await.refused(404, "not_found");
}
