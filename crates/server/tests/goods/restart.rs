//! A server that dies: what was answered about goods is there, deadlines that passed meanwhile are met, and retries are answered
//! from memory.

use serde_json::json;

use crate::{A, B, Shop, UNITS, calls::body_of, support::shop::id};

const SETTINGS: [&str; 4] = [
    "orders.auto_confirm_after=500ms",
    "orders.payment_window=2s",
    "after_sales.review_within=1s",
    "after_sales.ship_back_within=500ms",
];

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_are_met_by_the_next_server() {
    let shop = Shop::open(&SETTINGS).await;
    let client = &shop.client;
    let confirmed = shop.delivered(&[("a", 1)]).await;
    let reviewed_order = shop.delivered(&[("a", 1)]).await;
    let reviewed = client.after_sale(&reviewed_order, "refund", &[(1, 1)]).await;
    let kept_order = shop.delivered(&[("a", 1)]).await;
    let kept = client.exchange(&kept_order, "b").await;
    client.step(&kept, "approve").await;
    let attempt = id(&client.payments(&kept_order).await.pop().expect("an attempt"));

    let shop = shop.killed_and_started(&SETTINGS).await;
    let client = &shop.client;
    client.becomes(&confirmed, "completed").await;
    client.after_sale_becomes(&reviewed, "completed").await;
    client.after_sale_becomes(&kept, "withdrawn").await;
    client.payment_becomes(&attempt, "closed").await;
    assert_eq!(client.stock("b").await[2], UNITS, "the replacement is on the shelf");
    client.becomes(&kept_order, "completed").await;
    assert_eq!((shop.kept(&reviewed_order).await, shop.kept(&kept_order).await), (0, A));
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_are_remembered_by_the_next_server() {
    let mut shop = Shop::open(&[]).await;
    let order = shop.delivered(&[("a", 1)]).await;
    let row = shop.client.exchange(&order, "b").await;
    let mut statuses = Vec::new();
    for step in ["approve", "pay", "ship-back", "receive:scrap", "reship"] {
        let client = &shop.client;
        if step == "pay" {
            let attempt = id(&client.payments(&order).await.pop().expect("an attempt"));
            client.payment_becomes(&attempt, "pending").await;
            client.pay(&attempt, &json!({})).await;
            client.payment_becomes(&attempt, "succeeded").await;
            continue;
        }
        let path = format!("/v1/after-sales/{row}/{}", crate::calls::path_of(step));
        let taken = client.post_keyed(&path, step, &body_of(step)).await.expect(200);
        shop = shop.killed_and_started(&[]).await;
        let again = shop.client.post_keyed(&path, step, &body_of(step)).await;
        assert!(again.is_replayed(), "{step}: {again}");
        assert_eq!(again.expect(200), taken, "{step}");
        statuses.push(shop.client.row(&row).await["status"].clone());
    }
    assert_eq!(statuses, ["approved", "returning", "reshipping", "completed"]);
    assert_eq!((shop.kept(&order).await, shop.client.buckets(&order).await), (B, vec![[0, 0, 1, 0]]));
    shop.is_sound().await;
}
