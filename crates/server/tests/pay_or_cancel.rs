//! §3.1 of the catalogue, pay versus cancel: a buyer cancels while the payer pays, a thousand times, whole HTTP requests on
//! connections of their own. Each order ends paid and kept, or cancelled and, if money came, refunded; the stock is exact.
//!
//! Who of the two wins is left open, but both must win some.

#[expect(dead_code, reason = "the suites share it, each uses its part")]
mod support {
    pub(crate) mod client;
    pub(crate) mod money;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Value, json};
use support::{
    client::Client,
    server::{Data, until},
    shop::{id, order},
};
use tokio::{sync::Semaphore, task::JoinSet};

const ORDERS: u64 = 1_000;
const AT_ONCE: usize = 48;
const PRICE: i64 = 990;
const UNITS: i64 = 5_000;

/// Settings under which everything comes to rest within seconds.
const SETTINGS: [&str; 4] = [
    "orders.unpaid_per_user_max=1000000",
    r#"payments.first_queries=["300ms","1s"]"#,
    "payments.poll_interval=1s",
    "payments.closing_max=20s",
];

/// How long the canceller and the payer hold back. A cancel asks the channel first, so that a payer who comes with it mostly
/// wins: three of four payers come later, by up to 38 ms.
fn hold_back(number: u64) -> (Duration, Duration) {
    if number.is_multiple_of(4) {
        (Duration::from_micros(number % 7 * 500), Duration::ZERO)
    } else {
        (Duration::ZERO, Duration::from_millis(number % 20 * 2))
    }
}

/// Races one order; its id and what the canceller was told.
async fn race(client: Client, number: u64) -> (String, u16) {
    let order = id(&client.place(&order(&format!("u-{number}"), &[("a", 1)])).await);
    let payment = client.open(&order).await;
    let (cancel_after, pay_after) = hold_back(number);
    let cancelling = async {
        tokio::time::sleep(cancel_after).await;
        client.post(&format!("/v1/orders/{order}/cancel"), &json!({"reason": "buyer"})).await
    };
    let paying = async {
        tokio::time::sleep(pay_after).await;
        // Every fifth channel takes money although it had said that the payment is closed.
        client.try_pay(&payment, &json!({"even_if_closed": number.is_multiple_of(5)})).await
    };
    let (cancelled, paid) = tokio::join!(cancelling, paying);
    assert!(matches!(paid.status, 200 | 409), "{paid}");
    if cancelled.status != 200 {
        cancelled.refused(409, "order_state");
    }
    (order, cancelled.status)
}

/// The order once nothing of it is under way.
async fn at_rest(client: &Client, order: &str) -> (Value, Vec<Value>) {
    until(&format!("{order} is at rest"), async || {
        let (seen, payments) = (client.read(order).await, client.payments(order).await);
        let is_under_way = payments.iter().any(|payment| {
            matches!(payment["status"].as_str(), Some("created" | "pending" | "unknown")) || payment["refunding"] != 0
        });
        let has_ended = matches!(seen["status"].as_str(), Some("paid" | "cancelled"));
        (has_ended && !is_under_way).then_some((seen, payments))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn case_3_1_pay_and_cancel_raced_a_thousand_times() {
    let data = Data::new();
    let server = data.serve(&SETTINGS).await;
    let client = server.client();
    client.stocked("a", PRICE, UNITS).await;
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut races = JoinSet::new();
    for number in 0..ORDERS {
        let (client, permits) = (client.clone(), Arc::clone(&permits));
        races.spawn(async move {
            let _permit = permits.acquire_owned().await.expect("nobody closes it");
            race(client, number).await
        });
    }
    let raced = races.join_all().await;
    client.all_is_told().await;
    let mut ends: BTreeMap<&str, i64> = BTreeMap::new();
    let mut of_payment: BTreeMap<String, (String, i64)> = BTreeMap::new();
    for (order, cancelled) in &raced {
        let (seen, payments) = at_rest(&client, order).await;
        let [payment] = &payments[..] else { panic!("{payments:?}") };
        let (paid, refunded) =
            (seen["paid"].as_i64().expect("an amount"), seen["refunded"].as_i64().expect("an amount"));
        let end = match (seen["status"].as_str(), paid, refunded) {
            (Some("paid"), PRICE, 0) => "paid and kept",
            (Some("cancelled"), 0, 0) => "cancelled",
            (Some("cancelled"), PRICE, PRICE) => "cancelled and refunded",
            _ => panic!("neither kept nor given back: {seen} {payments:?}"),
        };
        assert!(*cancelled == 200 || seen["status"] == "paid", "a cancel is refused only because the order is paid");
        *ends.entry(end).or_default() += 1;
        of_payment.insert(id(payment), (order.clone(), paid - refunded));
    }
    let mut balances: BTreeMap<String, i64> = BTreeMap::new();
    for line in client.ledger().await {
        let amount = line["amount"].as_i64().expect("an amount");
        let signed = if line["kind"] == "capture" { amount } else { -amount };
        *balances.entry(line["payment_id"].as_str().expect("an id").to_owned()).or_default() += signed;
    }
    for (payment, (order, keeps)) in &of_payment {
        assert_eq!(balances.remove(payment).unwrap_or(0), *keeps, "the ledger of {payment} for {order}");
    }
    assert_eq!(balances, BTreeMap::new(), "money of nobody");
    support::server::say(&format!("pay and cancel raced {ORDERS} times: {ends:?}"));
    let kept = ends.get("paid and kept").copied().unwrap_or(0);
    assert!(kept > 20 && ends.len() == 3 && ends.values().all(|count| *count > 5), "each won some: {ends:?}");
    assert_eq!(client.stock("a").await, [UNITS - kept, 0, UNITS - kept, kept]);
    client.verified().await;
}

/// §3.1: the end of the window is a cancel like any other: it asks first, and paid wins.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_1_paying_around_the_end_of_the_window() {
    const WINDOW: u64 = 1_500;
    const RACES: u64 = 300;
    let data = Data::new();
    let window = format!("orders.payment_window={WINDOW}ms");
    let server = data.serve(&[&window, SETTINGS[0], SETTINGS[1], SETTINGS[2], SETTINGS[3]]).await;
    let client = server.client();
    client.stocked("a", PRICE, UNITS).await;
    let mut races = JoinSet::new();
    for number in 0..RACES {
        let client = client.clone();
        races.spawn(async move {
            let order = id(&client.place(&order(&format!("u-{number}"), &[("a", 1)])).await);
            let payment = client.open(&order).await;
            tokio::time::sleep(Duration::from_millis(WINDOW / 2 + WINDOW * number / RACES)).await;
            let notify = ["once", "twice", "never", "late", "reordered"][(number % 5) as usize];
            let paid = client.try_pay(&payment, &json!({"notify": notify})).await;
            assert!(matches!(paid.status, 200 | 409), "{paid}");
            (order, payment, paid.status == 200)
        });
    }
    let mut kept = 0;
    for (order, payment, is_paid) in races.join_all().await {
        let (seen, _) = at_rest(&client, &order).await;
        let moved = client.moved(&payment).await;
        assert_eq!(moved.captured, if is_paid { PRICE } else { 0 }, "{seen}");
        assert_eq!((&seen["paid"], &seen["refunded"]), (&json!(moved.captured), &json!(moved.refunded)), "{seen}");
        let keeps = i64::from(seen["status"] == "paid");
        assert_eq!(moved.captured - moved.refunded, keeps * PRICE, "{seen}");
        kept += keeps;
    }
    assert!(kept > 20 && kept < RACES as i64 - 20, "{kept} of {RACES} were paid in time");
    assert_eq!(client.stock("a").await, [UNITS - kept, 0, UNITS - kept, kept]);
    client.verified().await;
}
