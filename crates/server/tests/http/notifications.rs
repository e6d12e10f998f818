//! What channels send, at the rim: what is refused before a word of it is believed, and what people see of it.
//!
//! What a good notification does to its payment is `payments`' matter, the suite of that name.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    assert_has, names,
    support::{
        client::{Client, answer},
        server::{Data, until},
        shop::{id, order},
    },
};

const PATH: &str = "/v1/channels/sandbox/notifications";

/// A payment of a fresh order.
async fn opened(client: &Client, user: &str) -> (String, String) {
    client.stocked("a", 500, 100).await;
    let placed = id(&client.place(&order(user, &[("a", 2)])).await);
    let payment = client.open(&placed).await;
    (placed, payment)
}

/// How many notifications were counted under a result.
async fn counted(client: &Client, result: &str) -> u64 {
    let name = format!("ordain_payment_notifications_total{{channel=\"sandbox\",result=\"{result}\"}}");
    client.metric(&name).await.parse().expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_is_refused_and_kept_without_secrets() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let (order, payment) = opened(&client, "u").await;
    let body = json!({"event_id": "e", "merchant": "ordain-sandbox",
        "payment": {"id": payment, "state": "captured", "amount": 1000, "currency": "GBP", "transaction": "t"}});
    let forged = |body: Vec<u8>| {
        let request =
            client.request(Method::POST, PATH).header("authorization", "Bearer secret").header("cookie", "secret");
        request.header("sandbox-signature", "v1=00").header("sandbox-timestamp", "1").body(body)
    };
    let refused = answer(forged(body.to_string().into_bytes())).await;
    refused.refused(401, "unauthorized");
    assert_eq!(refused.header("www-authenticate"), "Signature");
    answer(forged(Vec::new())).await.refused(401, "unauthorized");
    answer(forged(vec![0xff; 100])).await.refused(401, "unauthorized");
    answer(forged(vec![b'x'; (64 << 10) + 1])).await.refused(413, "payload_too_large");
    assert_eq!(counted(&client, "forged").await, 3);
    let receipts = client.receipts("forged", None).await;
    let bodies: Vec<&str> = receipts.iter().map(|receipt| receipt["body"].as_str().expect("a text")).collect();
    assert_eq!(bodies, ["\u{fffd}".repeat(100), String::new(), body.to_string()], "newest first");
    for receipt in &receipts {
        assert_has(receipt, &json!({"channel": "sandbox", "payment_id": null, "report": null, "event_id": null}));
        assert!(!receipt.to_string().contains("secret"), "{receipt}");
        assert!(receipt["headers"].as_array().expect("a list").contains(&json!("sandbox-timestamp: 1")), "{receipt}");
    }
    assert_has(&client.payment(&payment).await, &json!({"status": "pending", "captured": 0}));
    assert_eq!(client.read(&order).await["status"], "pending_payment");
    client.post("/v1/channels/alipay/notifications", &body).await.refused(404, "not_found");
    client.get(PATH).await.refused(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "how long the server waits is what is tested")]
async fn a_flood_of_forgeries_is_counted_and_not_kept() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let started = Instant::now();
    for _ in 0..300 {
        answer(client.request(Method::POST, PATH).body("{}")).await.refused(401, "unauthorized");
    }
    let seconds = started.elapsed().as_secs() as usize;
    assert_eq!(counted(&client, "forged").await, 300);
    let kept = client.receipts("forged", None).await.len();
    assert!((10..=10 * (seconds + 2)).contains(&kept), "{kept} kept in {seconds} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_true_waits_for_a_person() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let (order, payment) = opened(&client, "u").await;
    client.pay(&payment, &json!({"notify": "wrong_amount"})).await;
    client.all_is_told().await;
    assert_eq!(counted(&client, "quarantined").await, 1);
    assert_eq!(client.read(&order).await["status"], "pending_payment", "it touched nothing");
    let receipt = client.receipts("quarantined", Some(&payment)).await.remove(0);
    assert_has(&receipt, &json!({"channel": "sandbox", "verdict": "quarantined"}));
    assert_has(
        &receipt["report"],
        &json!({"kind": "payment", "payment_id": payment, "state": "captured", "amount": 1}),
    );
    assert!(receipt["note"].as_str().is_some_and(|note| note.contains("amount")), "{receipt}");
    let receipt_id = id(&receipt);
    let path = format!("/v1/ops/receipts/{receipt_id}/resolve");
    let stuck = client.stuck(&order).await;
    let row = stuck.iter().find(|thing| thing["id"] == json!(receipt_id)).expect("it is stuck");
    assert_has(row, &json!({"kind": "quarantined_receipt", "since": receipt["arrived_at"]}));
    assert_eq!(row["repairs"], json!([{"method": "POST", "path": path, "body": ["note"]}]));
    let log = server.log();
    let line = log.lines().find(|line| line.contains("a notification is quarantined")).expect("an error is logged");
    assert!(line.contains("\"ERROR\"") && line.contains(&receipt_id), "{line}");

    let resolved = client.post(&path, &json!({"note": "the shop took it in cash"})).await.expect(200);
    assert_has(
        &resolved,
        &json!({"id": receipt_id, "verdict": "resolved", "resolved_note": "the shop took it in cash", "note": receipt["note"]}),
    );
    assert!(client.receipts("quarantined", None).await.is_empty());
    client.post(&path, &json!({"note": "again"})).await.refused(404, "not_found");
    client.post("/v1/ops/receipts/rct_1/resolve", &json!({"note": "n"})).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_are_known_and_lists_go_page_by_page() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let (_, payment) = opened(&client, "u").await;
    client.pay(&payment, &json!({"notify": "twice"})).await;
    client.all_is_told().await;
    assert_eq!(client.verdicts(&payment).await, [1, 1, 0]);
    assert_eq!((counted(&client, "applied").await, counted(&client, "known").await), (1, 1));
    let first = client.get("/v1/ops/receipts?limit=1").await.expect(200);
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let second = client.get(&format!("/v1/ops/receipts?limit=1&cursor={cursor}")).await.expect(200);
    let mut verdicts = [names(&first, "verdict"), names(&second, "verdict")].concat();
    verdicts.sort_unstable();
    assert_eq!(verdicts, ["applied", "known"]);
}

/// A payment that another server opened: the channel is told to come again, for it may be that ours is late.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_payment_is_asked_for_again() {
    let (ours, other) = (Data::new(), Data::new());
    let server = other.serve(&[]).await;
    let client = server.client();
    let (_, payment) = opened(&client, "u").await;
    client.pay(&payment, &json!({"delay_ms": 3_000})).await;
    server.stop().await;
    for name in ["sandbox.db", "sandbox.db-wal"] {
        if other.path().join(name).exists() {
            std::fs::copy(other.path().join(name), ours.path().join(name)).expect("the sandbox's books are copied");
        }
    }
    let server = ours.serve(&[]).await;
    let client = server.client();
    until("the channel has come twice", async || (counted(&client, "unmatched").await >= 2).then_some(())).await;
    let receipts: Vec<Value> = client.receipts("unmatched", None).await;
    assert!(receipts.len() >= 2);
    assert_has(&receipts[0]["report"], &json!({"payment_id": payment, "state": "captured"}));
    assert_eq!(receipts[0]["event_id"], receipts[1]["event_id"]);
}
