//! Signatures and secrets, judged by the reference implementation.

use serde_json::json;

use crate::{Shop, receiver::Message, reference::judge};

#[tokio::test(flavor = "multi_thread")]
async fn signatures_hold_for_the_reference_implementation_and_for_no_other_body() {
    let shop = Shop::open().await;
    let webhook = shop.put("hook", &json!({})).await;
    let secret = webhook["secret"].as_str().expect("a new endpoint shows its secret").to_owned();
    let order = shop.place("u-1").await;
    shop.cancel(&order).await;
    shop.until_at("hook", &shop.events(&order).await).await;
    let messages = shop.receiver.at("hook");
    assert_eq!(judge(&secret, &messages), [true, true]);
    let changed = |change: fn(&mut Message)| {
        let mut message = messages[0].clone();
        change(&mut message);
        message
    };
    let tampered = [
        changed(|message| message.body = message.body.replace("GBP", "EUR")),
        changed(|message| drop(message.headers.insert("webhook-id".to_owned(), "evt_1".to_owned()))),
        changed(|message| drop(message.headers.insert("webhook-timestamp".to_owned(), "1763683200".to_owned()))),
        changed(|message| drop(message.headers.insert("webhook-signature".to_owned(), "v1,AAAA".to_owned()))),
    ];
    assert_eq!(judge(&secret, &tampered), [false; 4]);
    assert_eq!(judge(&format!("whsec_{}", "A".repeat(32)), &messages), [false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_secret_takes_the_place_of_another_both_hold() {
    let shop = Shop::open().await;
    let own = format!("whsec_{}", "Q".repeat(40));
    let first = shop.put("hook", &json!({"secret": own})).await;
    assert_eq!(first["secret"], own);
    let rotate = async |body| {
        let rotated = shop.client.post("/v1/webhooks/hook/rotate-secret", &body).await.expect(200);
        (rotated["secret"].as_str().expect("it is shown once").to_owned(), rotated)
    };
    let (second, rotated) = rotate(json!({"overlap_seconds": 600})).await;
    assert!(rotated["old_secret_until"].is_string(), "{rotated}");
    let order = shop.place("u-1").await;
    shop.until_at("hook", &shop.events(&order).await).await;
    let messages = shop.receiver.at("hook");
    assert_eq!(messages[0].header("webhook-signature").split(' ').count(), 2);
    assert_eq!((judge(&own, &messages), judge(&second, &messages)), (vec![true], vec![true]));
    // Without an overlap the old one ends at once.
    let (third, _) = rotate(json!({"overlap_seconds": 0})).await;
    shop.cancel(&order).await;
    shop.until_at("hook", &shop.events(&order).await).await;
    let last = &shop.receiver.at("hook")[1..];
    assert_eq!((judge(&second, last), judge(&third, last)), (vec![false], vec![true]));
    assert_ne!(second, third);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_once_and_never_written_down_elsewhere() {
    let shop = Shop::open().await;
    let first = shop.put("hook", &json!({})).await["secret"].as_str().expect("shown").to_owned();
    // The same key tells the same secret again: an answer that was lost is not lost for ever.
    let rotate = async || {
        let path = "/v1/webhooks/hook/rotate-secret";
        shop.client.post_keyed(path, "rotation", &json!({})).await.expect(200)["secret"].clone()
    };
    let second = rotate().await;
    assert_eq!(rotate().await, second);
    let second = second.as_str().expect("shown").to_owned();
    let order = shop.place("u-1").await;
    shop.until_at("hook", &shop.events(&order).await).await;
    shop.until_deliveries("hook", 1).await;
    let mut texts = vec![shop.server.log()];
    for path in ["/v1/webhooks/hook", "/v1/webhooks", "/v1/webhooks/hook/deliveries", "/v1/ops/dead-letters"] {
        texts.push(String::from_utf8(shop.client.get(path).await.body).expect("answers are text"));
    }
    texts.push(shop.put("hook", &json!({"events": ["*"]})).await.to_string());
    for text in texts {
        assert!(!text.contains(&first) && !text.contains(&second), "{text}");
        assert!(!text.contains("whsec_"), "{text}");
    }
}
