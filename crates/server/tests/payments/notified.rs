//! §3.3 of the catalogue: duplicate, forged, out-of-order callbacks, and ones that are signed and cannot be true.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    PRICE, Shop, moved, settled,
    support::{
        client::{Client, answer},
        server::{Data, until},
    },
};

/// What the payer does, one call after another; then what must be so.
struct Row {
    name: &'static str,
    says: &'static [&'static str],
    order: (&'static str, i64),
    payment: &'static str,
    captured: i64,
    /// Notifications of the payment: applied, known, quarantined.
    verdicts: [usize; 3],
    forged: usize,
}

const PAID: Row = Row {
    name: "once",
    says: &["{}"],
    order: ("paid", PRICE),
    payment: "succeeded",
    captured: PRICE,
    verdicts: [1, 0, 0],
    forged: 0,
};
const UNPAID: Row = Row { order: ("pending_payment", 0), payment: "pending", captured: 0, verdicts: [0; 3], ..PAID };

const TABLE: &[Row] = &[
    PAID,
    Row { name: "twice", says: &[r#"{"notify":"twice"}"#], verdicts: [1, 1, 0], ..PAID },
    Row {
        name: "again and again",
        says: &["{}", r#"{"notify":"once"}"#, r#"{"notify":"twice"}"#, r#"{"notify":"once"}"#],
        verdicts: [1, 4, 0],
        ..PAID
    },
    Row { name: "after a while", says: &[r#"{"delay_ms":400}"#], ..PAID },
    Row { name: "older words after it", says: &[r#"{"notify":"reordered"}"#], verdicts: [1, 3, 0], ..PAID },
    Row { name: "refused", says: &[r#"{"outcome":"refused"}"#], payment: "failed", verdicts: [1, 0, 0], ..UNPAID },
    Row {
        name: "refused, and older words after it",
        says: &[r#"{"outcome":"refused","notify":"reordered"}"#],
        payment: "failed",
        verdicts: [1, 2, 0],
        ..UNPAID
    },
    Row {
        name: "money outweighs an earlier refusal",
        says: &[r#"{"outcome":"refused"}"#, r#"{"even_if_closed":true}"#],
        verdicts: [2, 0, 0],
        ..PAID
    },
    Row { name: "forged", says: &[r#"{"notify":"forged"}"#], forged: 1, ..UNPAID },
    Row { name: "forged before the real one", says: &[r#"{"notify":"forged"}"#, "{}"], forged: 1, ..PAID },
    Row { name: "another amount", says: &[r#"{"notify":"wrong_amount"}"#], captured: 1, verdicts: [0, 0, 1], ..UNPAID },
];

async fn forged(client: &Client) -> usize {
    client.receipts("forged", None).await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn case_3_3_every_odd_notification_is_recorded_and_counts_once() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    for Row { name, says, order: (status, paid), payment: attempt, captured, verdicts, forged: forgeries } in TABLE {
        let (order, payment) = shop.place_and_open().await;
        let forged_before = forged(client).await;
        for says in *says {
            client.pay(&payment, &serde_json::from_str(says).expect("the rows are JSON")).await;
            // Notifications of different calls may overtake each other on their way; the rows are about the order they name.
            client.all_is_told().await;
        }
        assert_eq!(settled(client, &order).await, ((*status).to_owned(), *paid, 0), "{name}");
        let seen = client.payment(&payment).await;
        assert_eq!((&seen["status"], &seen["captured"]), (&json!(attempt), &json!(paid)), "{name}: {seen}");
        assert_eq!(client.moved(&payment).await, moved(*captured, 0), "{name}");
        assert_eq!(client.verdicts(&payment).await, *verdicts, "{name}");
        assert_eq!(forged(client).await - forged_before, *forgeries, "{name}");
        let events = client.events(&order).await;
        let times_paid = events.iter().filter(|kind| *kind == "order.paid").count();
        assert_eq!(times_paid, usize::from(*status == "paid"), "{name}: {events:?}");
    }
    client.verified().await;
}

/// A receipt is the notification as it arrived; the real one can be sent again by anybody, and anything else is forged.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_3_replays_change_nothing_and_altered_words_are_forged() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let (order, payment) = shop.place_and_open().await;
    client.pay(&payment, &json!({})).await;
    let version = client.becomes(&order, "paid").await["version"].clone();
    let receipts = client.receipts("applied", Some(&payment)).await;
    let [receipt] = &receipts[..] else { panic!("{receipts:?}") };
    let body = receipt["body"].as_str().expect("the body as it arrived").to_owned();
    let header = |name: &str| {
        let lines = receipt["headers"].as_array().expect("headers").iter().filter_map(Value::as_str);
        let mut found = lines.filter_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.next().unwrap_or_else(|| panic!("no {name}: {receipt}")).to_owned()
    };
    let (timestamp, signature) = (header("sandbox-timestamp"), header("sandbox-signature"));
    let send = async |timestamp: Option<&str>, signature: Option<&str>, body: &str| {
        let mut request = client.request(Method::POST, "/v1/channels/sandbox/notifications").body(body.to_owned());
        if let Some(timestamp) = timestamp {
            request = request.header("sandbox-timestamp", timestamp);
        }
        if let Some(signature) = signature {
            request = request.header("sandbox-signature", signature);
        }
        answer(request).await
    };
    for _ in 0..50 {
        let again = send(Some(&timestamp), Some(&signature), &body).await;
        assert_eq!(again.status, 200, "{again}");
    }
    assert_eq!(client.verdicts(&payment).await, [1, 50, 0]);
    let altered = body.replace(&PRICE.to_string(), "1");
    let later = (timestamp.parse::<i64>().expect("seconds") + 1).to_string();
    let truncated = &signature[..signature.len() - 2];
    let zeroes = format!("v1={}", "0".repeat(64));
    let padded = format!("{body} ");
    let table = [
        ("unsigned", None, None, body.as_str()),
        ("no time", None, Some(signature.as_str()), &body),
        ("no signature", Some(timestamp.as_str()), None, &body),
        ("another signature", Some(&timestamp), Some(&zeroes), &body),
        ("a truncated one", Some(&timestamp), Some(truncated), &body),
        ("an empty one", Some(&timestamp), Some(""), &body),
        ("another scheme", Some(&timestamp), Some(&signature[3..]), &body),
        ("another amount", Some(&timestamp), Some(&signature), &altered),
        ("a space more", Some(&timestamp), Some(&signature), &padded),
        ("another time", Some(&later), Some(&signature), &body),
        ("nothing at all", Some(&timestamp), Some(&signature), ""),
    ];
    let counted = async || {
        let metrics = client.get("/metrics").await;
        let text = String::from_utf8(metrics.body).expect("metrics are text");
        let line = text
            .lines()
            .find(|line| line.starts_with("ordain_payment_notifications_total{") && line.contains("result=\"forged\""));
        line.map_or(0, |line| line.rsplit(' ').next().expect("a sample has a value").parse::<u64>().expect("a count"))
    };
    let before = counted().await;
    for (name, timestamp, signature, body) in &table {
        let answer = send(*timestamp, *signature, body).await;
        answer.refused(401, "unauthorized");
        assert!(!answer.header("www-authenticate").is_empty(), "{name}: {answer}");
    }
    assert_eq!(counted().await - before, table.len() as u64, "every forgery is counted");
    assert_eq!(client.read(&order).await["version"], version, "nothing was touched");
    assert_eq!(client.moved(&payment).await, moved(PRICE, 0));
}

/// Money of a wrong amount waits for a person, and its order ends as any unpaid one.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_3_a_wrong_amount_is_quarantined_until_a_person_has_looked() {
    let settings = ["orders.payment_window=2s", "payments.closing_max=500ms", r#"payments.first_queries=["300ms"]"#];
    let shop = Shop::open(&settings).await;
    let client = &shop.client;
    let (order, payment) = shop.place_and_open().await;
    client.pay(&payment, &json!({"notify": "wrong_amount"})).await;
    until("it is in quarantine", async || (client.verdicts(&payment).await[2] > 0).then_some(())).await;
    let kinds = |stuck: &[Value]| -> Vec<String> {
        stuck.iter().map(|thing| thing["kind"].as_str().expect("a kind").to_owned()).collect()
    };
    assert!(kinds(&client.stuck(&order).await).contains(&"quarantined_receipt".to_owned()));
    let ended = client.becomes(&order, "cancelled").await;
    assert_eq!((&ended["paid"], &ended["cancel_reason"]), (&json!(0), &json!("timeout")), "{ended}");
    assert_eq!(client.stock("a").await[1], 0, "its unit is not held any more");
    let seen = client.payment(&payment).await;
    assert_eq!((&seen["needs_attention"], &seen["captured"]), (&json!(true), &json!(0)), "{seen}");
    for receipt in client.receipts("quarantined", Some(&payment)).await {
        let path = format!("/v1/ops/receipts/{}/resolve", receipt["id"].as_str().expect("an id"));
        client.post(&path, &json!({"note": ""})).await.refused(400, "invalid_request");
        let resolved = client.post(&path, &json!({"note": "paid back by hand"})).await.expect(200);
        assert_eq!(resolved["verdict"], "resolved");
        assert_eq!((&resolved["note"], &resolved["resolved_note"]), (&receipt["note"], &json!("paid back by hand")));
        assert!(receipt["note"].is_string(), "{receipt}");
        assert_eq!(resolved["resolved_by"], "operator", "{resolved}");
        assert!(resolved["resolved_at"].as_str() > receipt["arrived_at"].as_str(), "{resolved}");
        assert_eq!((&receipt["resolved_by"], &receipt["resolved_at"]), (&json!(null), &json!(null)), "{receipt}");
    }
    let left = kinds(&client.stuck(&order).await);
    assert!(!left.contains(&"quarantined_receipt".to_owned()), "{left:?}");
    client.verified().await;
}

/// A notification that comes before anything is known of its payment is asked for again.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_3_a_payment_that_is_not_known_is_answered_so_that_the_channel_comes_again() {
    let shop = Shop::open(&[]).await;
    let (_, payment) = shop.place_and_open().await;
    shop.client.pay(&payment, &json!({"delay_ms": 600})).await;
    let Shop { data, server, .. } = shop;
    server.kill();
    // The sandbox's books survive, the server's own are lost.
    let other = Data::new();
    for entry in std::fs::read_dir(data.path()).expect("the data are listed") {
        let entry = entry.expect("the data are listed");
        if entry.file_name().to_string_lossy().starts_with("sandbox.db") {
            std::fs::copy(entry.path(), other.path().join(entry.file_name())).expect("the books are copied");
        }
    }
    let server = other.serve(&[]).await;
    let client = server.client();
    until("it came twice", async || (client.receipts("unmatched", None).await.len() >= 2).then_some(())).await;
    let counts = client.get("/sandbox/v1/notifications").await.expect(200);
    assert_eq!(counts["pending"], 1, "the sandbox goes on: {counts}");
    for receipt in client.receipts("unmatched", None).await {
        assert_eq!(receipt["payment_id"], Value::Null, "{receipt}");
        assert_eq!(receipt["report"]["payment_id"], json!(payment), "{receipt}");
    }
}
