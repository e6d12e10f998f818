//! What becomes of after-sales when nobody does anything: the review, the goods and the price difference have their time.

use serde_json::{Value, json};

use crate::{
    A, B, Shop, UNITS, assert_has,
    support::{server::until, shop::id},
};

const REVIEW: &str = "after_sales.review_within=300ms";

fn time(row: &Value, name: &str) -> jiff::Timestamp {
    row[name].as_str().unwrap_or_else(|| panic!("no {name}: {row}")).parse().expect("RFC 3339")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_reviews_is_approved() {
    let shop = Shop::open(&[REVIEW]).await;
    let client = &shop.client;
    let order = shop.delivered(&[("a", 1)]).await;
    let row = client.after_sale(&order, "refund", &[(1, 1)]).await;
    let done = client.after_sale_becomes(&row, "completed").await;
    assert!(time(&done, "updated_at") >= time(&done, "review_due_at"), "not before its time: {done}");
    assert_eq!(shop.kept(&order).await, 0);

    let order = shop.delivered(&[("a", 1)]).await;
    let row = client.after_sale(&order, "return", &[(1, 1)]).await;
    let approved = client.after_sale_becomes(&row, "approved").await;
    assert_eq!(time(&approved, "ship_back_by").duration_since(time(&approved, "updated_at")).as_secs(), 7 * 86_400);

    let order = shop.delivered(&[("a", 1)]).await;
    let row = client.exchange(&order, "c").await;
    let approved = client.after_sale_becomes(&row, "approved").await;
    assert_eq!(approved["replacement"]["state"], "taken", "{approved}");
    assert_eq!(client.stock("c").await, [UNITS - 1, 0, UNITS - 1, 1]);
    shop.is_sound().await;
}

/// A deadline cannot be refused: without stock for the replacement it approves what is left, the return.
#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_without_stock_is_approved_as_a_return() {
    let shop = Shop::open(&[REVIEW]).await;
    let client = &shop.client;
    client.post("/v1/stock/c/adjustments", &json!({"delta": -UNITS, "reason": "gone"})).await.expect(200);
    let order = shop.delivered(&[("a", 1)]).await;
    let row = client.exchange(&order, "c").await;
    let approved = client.after_sale_becomes(&row, "approved").await;
    assert_eq!(approved["replacement"]["state"], "released", "{approved}");
    client.step(&row, "receive:restock").await;
    client.after_sale_becomes(&row, "completed").await;
    assert_eq!((shop.kept(&order).await, client.buckets(&order).await), (0, vec![[0, 0, 1, 0]]));
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_reviews_is_rejected_where_the_shop_wants_that() {
    let shop = Shop::open(&[REVIEW, "after_sales.review_outcome=reject"]).await;
    let client = &shop.client;
    let order = shop.delivered(&[("a", 1)]).await;
    for kind in ["refund", "return", "exchange"] {
        let row = client.after_sale(&order, kind, &[(1, 1)]).await;
        let rejected = client.after_sale_becomes(&row, "rejected").await;
        assert!(rejected["note"].is_string(), "it says why: {rejected}");
        let late = client.try_step(&row, "approve").await.refused(409, "after_sale_state");
        assert_eq!(late["after_sale_status"], "rejected");
    }
    assert_eq!((shop.kept(&order).await, client.buckets(&order).await), (A, vec![[0, 1, 0, 0]]));
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_sent_back_in_time_is_kept() {
    let shop = Shop::open(&["after_sales.ship_back_within=1s"]).await;
    let client = &shop.client;
    let in_time = shop.delivered(&[("a", 1)]).await;
    let sent = client.after_sale(&in_time, "return", &[(1, 1)]).await;
    client.step(&sent, "approve").await;
    client.step(&sent, "ship-back").await;

    let too_late = shop.delivered(&[("a", 1)]).await;
    let kept = client.exchange(&too_late, "c").await;
    let approved = client.step(&kept, "approve").await;
    assert_eq!(client.stock("c").await[2], UNITS - 1);
    let withdrawn = client.after_sale_becomes(&kept, "withdrawn").await;
    assert!(time(&withdrawn, "updated_at") >= time(&approved, "ship_back_by"), "{withdrawn}");
    assert_eq!(withdrawn["replacement"]["state"], "released");
    assert_eq!(client.stock("c").await, [UNITS, 0, UNITS, 1], "the replacement is on the shelf");
    let late = client.try_step(&kept, "ship-back").await.refused(409, "after_sale_state");
    assert_eq!(late["after_sale_status"], "withdrawn");
    // The time of the first one was over before that of the second: it was met.
    assert_eq!(client.row(&sent).await["status"], "returning");
    client.step(&sent, "receive:restock").await;
    client.after_sale_becomes(&sent, "completed").await;
    assert_eq!((shop.kept(&in_time).await, shop.kept(&too_late).await), (0, A));
    shop.is_sound().await;
}

/// Goods that nobody received, and a replacement that nobody sent, are listed with the calls that lead on; what waits for the
/// buyer's money within its time is not.
#[tokio::test(flavor = "multi_thread")]
async fn goods_that_nobody_deals_with_are_listed_with_their_repair() {
    let shop = Shop::open(&["after_sales.ship_back_within=2s"]).await;
    let client = &shop.client;
    let unpaid = shop.delivered(&[("a", 1)]).await;
    let row = client.exchange(&unpaid, "b").await;
    client.step(&row, "approve").await;
    assert_eq!(client.step(&row, "receive:restock").await["status"], "received");
    let unsent = shop.delivered(&[("a", 1)]).await;
    let exchange = client.exchange(&unsent, "c").await;
    client.step(&exchange, "approve").await;
    assert_eq!(client.step(&exchange, "receive:restock").await["status"], "reshipping");
    let unreceived = shop.delivered(&[("a", 1)]).await;
    let goods_back = client.after_sale(&unreceived, "return", &[(1, 1)]).await;
    client.step(&goods_back, "approve").await;
    client.step(&goods_back, "ship-back").await;
    let table = [
        (&unreceived, &goods_back, "receive:restock", json!(["outcome"]), 2),
        (&unsent, &exchange, "reship", json!(["carrier", "tracking_number"]), 1),
    ];
    for (order, row, step, body, waiting) in table {
        let thing = until("it is listed", async || client.stuck(order).await.pop()).await;
        assert_eq!(client.stuck_count("waiting_after_sale").await, waiting);
        let repair = |step: &str, body: Value| {
            let path = format!("/v1/after-sales/{row}/{}", step.split(':').next().expect("a step"));
            json!({"method": "POST", "path": path, "body": body})
        };
        let repairs = [repair(step, body), repair("reject", json!(["reason"]))];
        assert_has(&thing, &json!({"kind": "waiting_after_sale", "id": row, "repairs": repairs}));
        assert_eq!(thing["since"], client.row(row).await["updated_at"]);
        assert!(thing["age_seconds"].as_u64().is_some_and(|age| age >= 2), "not before its time: {thing}");
        client.step(row, step).await;
        client.after_sale_becomes(row, "completed").await;
        assert_eq!(client.stuck(order).await, Vec::<Value>::new());
    }
    assert_eq!(client.stuck(&unpaid).await, Vec::<Value>::new(), "the buyer has time to pay");
    assert_eq!(client.stuck_count("waiting_after_sale").await, 0);
    assert_eq!(client.step(&row, "reject").await["status"], "refunding");
    client.after_sale_becomes(&row, "completed").await;
    shop.is_sound().await;
}

/// §3.5: a difference that is not paid in its own window releases the replacement and nothing else; money that comes later goes
/// back.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_5_an_unpaid_difference_releases_the_replacement_only() {
    let shop = Shop::open(&["orders.payment_window=2s"]).await;
    let client = &shop.client;
    for is_received_first in [false, true] {
        let order = shop.delivered(&[("a", 1)]).await;
        let row = client.exchange(&order, "b").await;
        let approved = client.step(&row, "approve").await;
        let attempt = client.payments(&order).await.pop().expect("the difference has an attempt");
        assert_eq!((&attempt["amount"], &attempt["expires_at"]), (&json!(B - A), &approved["replacement"]["pay_by"]));
        assert_eq!(client.stock("b").await[2], UNITS - 1);
        if is_received_first {
            assert_eq!(client.step(&row, "receive:restock").await["status"], "received", "it waits for the money");
            client.after_sale_becomes(&row, "completed").await;
        }
        let released = until("the replacement is released", async || {
            let row = client.row(&row).await;
            (row["replacement"]["state"] == "released").then_some(row)
        })
        .await;
        assert!(time(&released, "updated_at") >= time(&approved["replacement"], "pay_by"), "{released}");
        assert_eq!(client.stock("b").await[2], UNITS);
        let attempt = id(&attempt);
        client.payment_becomes(&attempt, "closed").await;
        client.pay(&attempt, &json!({"even_if_closed": true})).await;
        let mut refunds = 1 + usize::from(is_received_first);
        client.refunds_become(&order, refunds, "succeeded").await;
        assert_eq!(client.moved(&attempt).await.refunded, B - A, "late money goes back");
        if !is_received_first {
            assert_eq!(client.row(&row).await["status"], "approved", "the return goes on");
            client.step(&row, "receive:restock").await;
            client.after_sale_becomes(&row, "completed").await;
            refunds += 1;
        }
        assert_eq!(client.refunds(&order).await.len(), refunds);
        assert_eq!((shop.kept(&order).await, client.buckets(&order).await), (0, vec![[0, 0, 1, 0]]));
    }
    shop.is_sound().await;
}
