//! Endpoints: what they are told, what is refused, test messages, deliveries by hand.

use serde_json::{Value, json};

use crate::{
    Shop,
    receiver::Says,
    support::{client::Answer, server::until, shop::id},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_the_event_as_a_cloud_event() {
    let shop = Shop::open().await;
    shop.put("hook", &json!({})).await;
    let order = shop.place("u-1").await;
    shop.cancel(&order).await;
    shop.until_at("hook", &shop.events(&order).await).await;
    let events = shop.client.get(&format!("/v1/orders/{order}/events")).await.expect(200);
    for (message, event) in shop.receiver.at("hook").iter().zip(events["data"].as_array().unwrap()) {
        let body = message.json();
        let r#type = event["type"].as_str().unwrap();
        let expected = json!({
            "specversion": "1.0", "id": event["id"], "source": "/ordain/shard/0", "type": r#type,
            "subject": format!("order/{order}"), "time": event["at"],
            "dataschema": format!("https://ordain.dev/schemas/{type}/1"), "datacontenttype": "application/json",
            "sequence": event["seq"].to_string(), "partitionkey": order, "data": event["data"],
        });
        assert_eq!(body, expected);
        assert_eq!(message.header("content-type"), "application/cloudevents+json");
        assert_eq!(message.header("webhook-id"), event["id"]);
    }
    let attributes = shop.receiver.at("hook")[0].json();
    assert_eq!((&attributes["type"], &attributes["sequence"]), (&json!("order.placed"), &json!("1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_told_what_it_asked_for_from_its_creation_on() {
    let shop = Shop::open().await;
    let early = shop.place("u-1").await;
    shop.put("cancelled", &json!({"events": ["order.cancelled"]})).await;
    shop.put("stock", &json!({"events": ["stock.adjusted"]})).await;
    shop.put("all", &json!({"events": ["*"]})).await;
    shop.client.receive("A", 7).await;
    shop.cancel(&early).await;
    let cancelled = shop.events(&early).await.pop().unwrap();
    shop.until_at("cancelled", std::slice::from_ref(&cancelled)).await;
    until("both arrived", async || (shop.receiver.at("all").len() == 2).then_some(())).await;
    until("the adjustment arrived", async || (shop.receiver.at("stock").len() == 1).then_some(())).await;
    let adjusted = shop.receiver.at("stock")[0].json();
    assert_eq!(adjusted["data"], json!({"sku": "A", "delta": 7, "reason": "received", "on_hand": 1_000_007}));
    // Disabled, nothing is sent; enabled again, it goes on where it stood.
    shop.put("cancelled", &json!({"events": ["order.cancelled"], "enabled": false})).await;
    let late = shop.place("u-2").await;
    shop.cancel(&late).await;
    until("the others know", async || (shop.receiver.at("all").len() == 4).then_some(())).await;
    assert_eq!(shop.receiver.at("cancelled").len(), 1);
    assert_eq!(shop.webhook("cancelled").await["disabled_reason"], "by_request");
    shop.put("cancelled", &json!({"events": ["order.cancelled"], "enabled": true})).await;
    shop.until_at("cancelled", &[cancelled, shop.events(&late).await.pop().unwrap()]).await;
}

fn pointers(answer: &Answer) -> Vec<String> {
    let problem = answer.refused(400, "invalid_request");
    let errors = problem["errors"].as_array().expect("places").iter();
    errors.map(|error| error["pointer"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_endpoints_are_refused_and_change_nothing() {
    let shop = Shop::open().await;
    let put = async |body: Value| shop.client.put("/v1/webhooks/hook", &body).await;
    let url = "http://127.0.0.1:9/hook";
    let table = [
        (json!({"url": url, "events": []}), "/events"),
        (json!({"url": url, "events": ["order.payed"]}), "/events/0"),
        (json!({"url": url, "events": ["order.*", "nonsense.*"]}), "/events/1"),
        (json!({"url": "not a url", "events": ["*"]}), "/url"),
        (json!({"url": "ftp://shop.example/hook", "events": ["*"]}), "/url"),
        (json!({"url": url, "events": ["*"], "secret": "hunter2"}), "/secret"),
        (json!({"url": url, "events": ["*"], "secret": "whsec_AAAA"}), "/secret"),
        (json!({"url": url, "events": ["*"], "enabled": "yes"}), "/enabled"),
        (json!({"url": url, "events": ["*"], "colour": "red"}), "/colour"),
        (json!({"url": url}), ""),
    ];
    for (body, pointer) in table {
        let answer = put(body.clone()).await;
        assert!(pointers(&answer).iter().any(|found| found.starts_with(pointer)), "{body}: {answer}");
    }
    for path in ["/v1/webhooks/hook", "/v1/webhooks/hook/deliveries"] {
        shop.client.get(path).await.refused(404, "not_found");
    }
    for path in ["test", "rotate-secret", "deliveries/dlv_1/redeliver"] {
        shop.client.post(&format!("/v1/webhooks/hook/{path}"), &json!({})).await.refused(404, "not_found");
    }
    shop.delete("/v1/webhooks/hook").await.refused(404, "not_found");
    assert_eq!(shop.client.get("/v1/webhooks").await.expect(200)["data"], json!([]));
    shop.client.put("/v1/webhooks/a%20b", &json!({"url": url, "events": ["*"]})).await.refused(400, "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_leave_no_endpoint_is_private() {
    let data = crate::support::server::Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    for url in [
        "http://shop.example/hook",
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://10.0.0.1/hook",
        "https://169.254.169.254/latest",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://2130706433/hook",
        "https://0x7f.1/hook",
        "https://user:password@shop.example/hook",
    ] {
        let answer = client.put("/v1/webhooks/hook", &json!({"url": url, "events": ["*"]})).await;
        assert_eq!(pointers(&answer), ["/url"], "{url}");
    }
    let put = client.put("/v1/webhooks/hook", &json!({"url": "https://shop.example/hook", "events": ["*"]})).await;
    put.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_know_their_version() {
    let shop = Shop::open().await;
    let first = shop.client.put("/v1/webhooks/hook", &shop.body("hook", &json!({}))).await;
    assert_eq!((first.status, first.header("etag")), (201, "\"1\""));
    let with = |version: &str| {
        let request = shop.client.request(reqwest::Method::PUT, "/v1/webhooks/hook").header("If-Match", version);
        request.json(&shop.body("hook", &json!({"events": ["*"]})))
    };
    crate::support::client::answer(with("\"7\"")).await.refused(412, "precondition_failed");
    let second = crate::support::client::answer(with("\"1\"")).await;
    assert_eq!((second.status, second.header("etag")), (200, "\"2\""));
    assert!(second.json().get("secret").is_none());
    let deleted = shop.delete("/v1/webhooks/hook").await;
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    let again = shop.put("hook", &json!({})).await;
    assert_eq!((&again["version"], again["secret"].is_string()), (&json!(1), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_message_is_sent_at_once_and_kept() {
    let shop = Shop::open().await;
    shop.put("hook", &json!({"enabled": false})).await;
    let sent = shop.client.post("/v1/webhooks/hook/test", &json!({})).await.expect(200);
    assert_eq!(
        (&sent["outcome"], &sent["status"], &sent["event_id"]),
        (&json!("delivered"), &json!(204), &Value::Null)
    );
    let message = &shop.receiver.at("hook")[0];
    assert_eq!(
        (message.json()["type"].as_str(), message.header("webhook-id")),
        (Some("webhook.test"), message.id().as_str())
    );
    shop.receiver.says("hook", &[Says::status(503)]);
    let refused = shop.client.post("/v1/webhooks/hook/test", &json!({})).await.expect(200);
    assert_eq!((&refused["outcome"], &refused["answer"]), (&json!("refused"), &json!("said")));
    let kept = shop.deliveries("hook").await;
    assert_eq!(kept, [refused, sent]);
    assert!(shop.dead_letters().await.is_empty(), "a test is sent once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_sent_again_by_hand_under_the_same_id() {
    let shop = Shop::open().await;
    shop.put("hook", &json!({})).await;
    let order = shop.place("u-1").await;
    let placed = shop.events(&order).await;
    shop.until_at("hook", &placed).await;
    let delivery = shop.until_deliveries("hook", 1).await.remove(0);
    assert_eq!((&delivery["event_id"], &delivery["attempt"]), (&json!(placed[0]), &json!(1)));
    let path = format!("/v1/webhooks/hook/deliveries/{}/redeliver", id(&delivery));
    let again = shop.client.post(&path, &json!({})).await.expect(200);
    assert_eq!(
        (&again["event_id"], &again["attempt"], &again["outcome"]),
        (&json!(placed[0]), &json!(2), &json!("delivered"))
    );
    let messages = shop.receiver.at("hook");
    assert_eq!((messages.len(), &messages[0].body), (2, &messages[1].body));
    assert_eq!(messages[0].id(), messages[1].id());
    // Not another endpoint's.
    shop.put("other", &json!({})).await;
    let path = path.replace("/hook/", "/other/");
    shop.client.post(&path, &json!({})).await.refused(404, "not_found");
}
