//! §3.5 of the catalogue, the table of nine: a replacement that costs more, the same or less; and the goods, the money or the
//! replacement fails, each alone.

use serde_json::json;

use crate::{
    A, B, C, Shop, UNITS,
    support::{server::until, shop::id},
};

/// Which leg of an exchange fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fails {
    /// The goods are not taken back.
    Goods,
    /// The difference is not paid; or the channel refuses to pay it back.
    Money,
    /// The replacement cannot be sent.
    Replacement,
}

/// How an exchange of one `a` ends.
#[derive(Debug, PartialEq, Eq)]
struct End {
    status: &'static str,
    /// What the shop keeps of the money.
    kept: i64,
    is_sent: bool,
    /// Whether the first unit is with the buyer.
    is_with_buyer: bool,
}

const fn end(status: &'static str, kept: i64, is_sent: bool, is_with_buyer: bool) -> End {
    End { status, kept, is_sent, is_with_buyer }
}

/// §3.5: each leg of an exchange may fail alone.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_5_each_leg_may_fail_alone() {
    let table = [
        ("b", Fails::Goods, end("rejected", A, false, true)),
        ("a", Fails::Goods, end("rejected", A, false, true)),
        ("c", Fails::Goods, end("rejected", A, false, true)),
        ("b", Fails::Money, end("completed", 0, false, false)),
        // Without a difference there is no money that could fail.
        ("a", Fails::Money, end("completed", A, true, false)),
        ("c", Fails::Money, end("completed", C, true, false)),
        ("b", Fails::Replacement, end("completed", 0, false, false)),
        ("a", Fails::Replacement, end("completed", 0, false, false)),
        ("c", Fails::Replacement, end("completed", 0, false, false)),
    ];
    let shop = Shop::open(&["orders.payment_window=2s", "payments.refund_retries=", "breaker.minimum=1000"]).await;
    for (sku, fails, expected) in table {
        let before = shop.client.stock(sku).await[2];
        let (order, row) = approved(&shop, sku, fails).await;
        assert_eq!(ended(&shop, &order, &row, fails, expected.status).await, expected, "for {sku}, {fails:?} fails");
        // Of `a` itself one unit was bought.
        let bought = i64::from(sku == "a");
        let left = before - bought - i64::from(expected.is_sent);
        assert_eq!(shop.client.stock(sku).await[2], left, "a replacement is sent, or on the shelf: {sku}, {fails:?}");
        shop.is_settled(&order).await;
    }
    assert_eq!(shop.client.stock("b").await, [UNITS, 0, UNITS, 3], "three were taken, and none was sent");
    shop.is_sound().await;
}

/// An approved exchange whose difference is paid, unless that is what fails.
async fn approved(shop: &Shop, sku: &str, fails: Fails) -> (String, String) {
    let client = &shop.client;
    let order = shop.delivered(&[("a", 1)]).await;
    let row = client.exchange(&order, sku).await;
    let difference = client.step(&row, "approve").await["replacement"]["difference"].clone();
    assert_eq!(
        difference,
        json!(if sku == "b" {
            B - A
        } else if sku == "c" {
            C - A
        } else {
            0
        })
    );
    let attempts = client.payments(&order).await;
    assert_eq!(attempts.len(), if sku == "b" { 2 } else { 1 }, "only who owes has something to pay");
    if sku == "b" {
        let attempt = id(&attempts[1]);
        client.payment_becomes(&attempt, "pending").await;
        let outcome = if fails == Fails::Money { "refused" } else { "paid" };
        client.pay(&attempt, &json!({"outcome": outcome})).await;
        until("the difference is paid, or its time is over", async || {
            let leg = client.row(&row).await["replacement"].clone();
            (leg["paid"] == json!(B - A) || leg["state"] == "released").then_some(())
        })
        .await;
    }
    (order, row)
}

async fn ended(shop: &Shop, order: &str, row: &str, fails: Fails, status: &'static str) -> End {
    let client = &shop.client;
    client.step(row, "ship-back").await;
    let is_refund_refused = fails == Fails::Money;
    if is_refund_refused {
        client.faults(&json!({"refund_refused": 1.0})).await;
    }
    let received = client.step(row, if fails == Fails::Goods { "receive:refuse" } else { "receive:scrap" }).await;
    if received["status"] == "reshipping" {
        client.step(row, if fails == Fails::Replacement { "reject" } else { "reship" }).await;
    }
    if is_refund_refused && !client.refunds(order).await.is_empty() {
        let refund = id(&client.refunds_become(order, 1, "manual").await[0]);
        assert_eq!(client.row(row).await["status"], "refunding", "it waits for its money alone");
        client.faults(&json!({})).await;
        client.post(&format!("/v1/refunds/{refund}/retry"), &json!({})).await.expect(200);
    }
    client.faults(&json!({})).await;
    let done = client.after_sale_becomes(row, status).await;
    until("its money is where it belongs", async || {
        client.refunds(order).await.iter().all(|refund| refund["status"] == "succeeded").then_some(())
    })
    .await;
    End {
        status,
        kept: shop.kept(order).await,
        is_sent: done["replacement"]["state"] == "sent",
        is_with_buyer: client.buckets(order).await == [[0, 1, 0, 0]],
    }
}
