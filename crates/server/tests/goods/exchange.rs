//! §3.5 of the catalogue: an exchange is a return and a replacement in one record. Its stock is taken by the approving decision;
//! a difference is paid by an attempt of its own, or paid back at receipt.

use serde_json::{Value, json};

use crate::{
    A, B, C, Shop, UNITS, assert_has,
    support::shop::{id, order},
};

/// The latest attempt of an order, once the channel waits for its payer.
async fn open_attempt(shop: &Shop, order: &str) -> String {
    let attempt = id(&shop.client.payments(order).await.pop().expect("there is an attempt"));
    shop.client.payment_becomes(&attempt, "pending").await;
    attempt
}

/// §3.5: the approval takes the stock of the replacement, or is refused and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_5_approval_takes_the_stock_or_refuses() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    client.post("/v1/stock/b/adjustments", &json!({"delta": 1 - UNITS, "reason": "gone"})).await.expect(200);
    let orders = [shop.delivered(&[("a", 1)]).await, shop.delivered(&[("a", 1)]).await];
    let rows = [client.exchange(&orders[0], "b").await, client.exchange(&orders[1], "b").await];
    assert_eq!(client.stock("b").await, [1, 0, 1, 0], "a request takes nothing");
    client.step(&rows[0], "approve").await;
    assert_eq!(client.stock("b").await, [0, 0, 0, 1]);
    assert_eq!(client.movements("b").await.last(), Some(&(-1, "sale".to_owned())));
    let (before, version) = (client.row(&rows[1]).await, client.read(&orders[1]).await["version"].clone());
    let refused = client.try_step(&rows[1], "approve").await.refused(409, "insufficient_stock");
    assert_eq!((&refused["sku"], &refused["available"]), (&json!("b"), &json!(0)), "{refused}");
    assert_eq!(client.row(&rows[1]).await, before, "it is still requested");
    assert_eq!(client.read(&orders[1]).await["version"], version);
    assert_eq!(client.payments(&orders[1]).await.len(), 1, "no attempt was opened");
    client.step(&rows[0], "withdraw").await;
    assert_eq!(client.stock("b").await, [1, 0, 1, 1], "the unit came back by the ledger");
    client.step(&rows[1], "approve").await;
    shop.is_sound().await;
}

/// §3.5: a difference that the buyer owes is paid by a new attempt with a window of its own; then the replacement is sent.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_5_a_dearer_replacement_is_paid_by_an_attempt_of_its_own() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    for is_received_first in [false, true] {
        let order = shop.delivered(&[("a", 1)]).await;
        client.try_open(&order).await.refused(409, "order_state");
        let row = client.exchange(&order, "b").await;
        let approved = client.step(&row, "approve").await;
        assert_has(
            &approved["replacement"],
            &json!({"state": "taken", "difference": B - A, "paid": 0, "payment_id": null}),
        );
        let first = open_attempt(&shop, &order).await;
        let seen = client.payment(&first).await;
        assert_has(
            &seen,
            &json!({"amount": B - A, "pays_order": false, "expires_at": approved["replacement"]["pay_by"]}),
        );
        client.pay(&first, &json!({"outcome": "refused"})).await;
        client.payment_becomes(&first, "failed").await;
        let second = client.open(&order).await;
        assert_eq!(client.payment(&second).await["amount"], B - A, "another attempt of the same difference");
        if is_received_first {
            assert_eq!(client.step(&row, "receive:scrap").await["status"], "received");
            client.try_step(&row, "reship").await.refused(409, "after_sale_state");
        }
        client.pay(&second, &json!({})).await;
        client.payment_becomes(&second, "succeeded").await;
        if !is_received_first {
            client.step(&row, "receive:scrap").await;
        }
        let waits = client.after_sale_becomes(&row, "reshipping").await;
        assert_has(&waits["replacement"], &json!({"paid": B - A, "payment_id": second, "pay_by": null}));
        client.try_open(&order).await.refused(409, "order_state");
        let done = client.step(&row, "reship").await;
        assert_eq!((&done["status"], &done["replacement"]["state"]), (&json!("completed"), &json!("sent")));
        assert_eq!((shop.kept(&order).await, client.buckets(&order).await), (B, vec![[0, 0, 1, 0]]));
    }
    assert_eq!(client.stock("b").await, [UNITS - 2, 0, UNITS - 2, 2]);
    shop.is_sound().await;
}

/// §3.5: a difference that the shop owes goes back at receipt, not before.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_5_a_cheaper_replacement_pays_back_at_receipt() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.delivered(&[("a", 1)]).await;
    let row = client.exchange(&order, "c").await;
    let approved = client.step(&row, "approve").await;
    assert_has(&approved["replacement"], &json!({"state": "taken", "difference": C - A, "pay_by": null}));
    client.step(&row, "ship-back").await;
    assert_eq!(client.refunds(&order).await, Vec::<Value>::new());
    assert_eq!(client.step(&row, "receive:restock").await["status"], "reshipping");
    let refund = client.refunds_become(&order, 1, "succeeded").await.remove(0);
    assert_has(&refund, &json!({"amount": A - C, "cause": "after_sale"}));
    assert_eq!(client.step(&row, "reship").await["status"], "completed");
    assert_eq!(shop.kept(&order).await, C);
    assert_eq!((client.stock("a").await[2], client.stock("c").await), (UNITS, [UNITS - 1, 0, UNITS - 1, 1]));
    shop.is_sound().await;
}

/// What was paid with points is worth points: a cheaper replacement gives money back first, then points.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_5_points_come_back_where_points_had_paid() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    client.post("/v1/users/u/points/adjustments", &json!({"delta": 900, "reason": "gift"})).await.expect(200);
    let mut body = order("u", &[("a", 1)]);
    body["points"] = json!(900);
    let order = shop.paid_for(&body).await;
    let parcel = client.ship(&order, &[(1, 1)]).await;
    client.track(&parcel, "delivered", 1).await;
    let row = client.exchange(&order, "c").await;
    client.step(&row, "approve").await;
    client.step(&row, "receive:scrap").await;
    client.refunds_become(&order, 1, "succeeded").await;
    assert_eq!((shop.kept(&order).await, client.points().await), (0, 250), "of 350 owed 100 were money");
    // The replacement cannot be sent after all: the rest goes back as well, and nothing twice.
    client.step(&row, "reject").await;
    client.after_sale_becomes(&row, "completed").await;
    assert_eq!((shop.kept(&order).await, client.points().await), (0, 900));
    shop.is_sound().await;
}

/// §3.5: of units that are refused at inspection, the replacements go back and only the rest is paid for.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_5_only_what_was_accepted_is_replaced() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.delivered(&[("a", 3)]).await;
    let lines = json!([{"line": 1, "quantity": 2, "replacement_sku": "b"}, {"line": 1, "quantity": 1}]);
    let row = id(&client.try_after_sale(&order, "exchange", &lines).await.expect(201));
    let approved = client.step(&row, "approve").await;
    assert_eq!(approved["lines"][1]["replacement_sku"], "a", "the same again where nothing else is wanted");
    assert_eq!(approved["replacement"]["difference"], 2 * (B - A));
    let attempt = open_attempt(&shop, &order).await;
    client.pay(&attempt, &json!({})).await;
    client.payment_becomes(&attempt, "succeeded").await;
    let body = json!({"outcome": "restock", "lines": [{"line": 1, "quantity": 1}]});
    client.post(&format!("/v1/after-sales/{row}/receive"), &body).await.expect(200);
    client.refunds_become(&order, 1, "succeeded").await;
    assert_eq!(client.moved(&attempt).await.refunded, B - A, "one of the two differences goes back");
    client.step(&row, "reship").await;
    client.after_sale_becomes(&row, "completed").await;
    assert_eq!((shop.kept(&order).await, client.buckets(&order).await), (2 * A + B, vec![[0, 2, 1, 0]]));
    assert_eq!((client.stock("a").await[2], client.stock("b").await[2]), (UNITS - 2, UNITS - 1));
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_is_a_product_that_is_sold() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    for (sku, currency, status) in [("euro", "EUR", "active"), ("asleep", "GBP", "inactive")] {
        let body = json!({"title": sku, "price": 100, "currency": currency, "status": status});
        client.put(&format!("/v1/products/{sku}"), &body).await.expect(201);
    }
    let order = shop.delivered(&[("a", 2)]).await;
    let table = [
        ("exchange", "nothing", 422, "unknown_sku"),
        ("exchange", "asleep", 422, "sku_not_sellable"),
        ("exchange", "euro", 400, "invalid_request"),
        ("return", "b", 400, "invalid_request"),
        ("refund", "b", 400, "invalid_request"),
    ];
    for (kind, sku, status, code) in table {
        let lines = json!([{"line": 1, "quantity": 1}, {"line": 1, "quantity": 1, "replacement_sku": sku}]);
        let refused = client.try_after_sale(&order, kind, &lines).await.refused(status, code);
        assert_eq!(refused["errors"][0]["pointer"], "/lines/1/replacement_sku", "{kind} {sku}: {refused}");
    }
    shop.is_sound().await;
}

/// §3.5: a difference is paid once, however often its money comes.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_5_second_money_for_a_difference_goes_back() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.delivered(&[("a", 1)]).await;
    let row = client.exchange(&order, "b").await;
    client.step(&row, "approve").await;
    let first = open_attempt(&shop, &order).await;
    let second = client.open(&order).await;
    for attempt in [&first, &second] {
        client.pay(attempt, &json!({"even_if_closed": true, "notify": "twice"})).await;
    }
    let refund = client.refunds_become(&order, 1, "succeeded").await.remove(0);
    assert_eq!(refund["amount"], B - A, "{refund}");
    let paid = client.row(&row).await["replacement"]["payment_id"].clone();
    for attempt in [&first, &second] {
        let back = if paid == json!(attempt) { 0 } else { B - A };
        assert_eq!(client.moved(attempt).await.refunded, back);
    }
    client.step(&row, "receive:scrap").await;
    client.step(&row, "reship").await;
    client.after_sale_becomes(&row, "completed").await;
    client.all_is_told().await;
    assert_eq!(shop.kept(&order).await, B);
    shop.is_sound().await;
}

/// An order that cost nothing has no channel: whoever wants the replacement opens the attempt.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_5_a_difference_after_an_order_that_cost_nothing() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    client.stocked("gift", 0, UNITS).await;
    for step in ["reship", "reject"] {
        let order = id(&client.place(&order("u", &[("gift", 1)])).await);
        let parcel = client.ship(&order, &[(1, 1)]).await;
        client.track(&parcel, "delivered", 1).await;
        let row = client.exchange(&order, "c").await;
        client.step(&row, "approve").await;
        assert_eq!(client.payments(&order).await, Vec::<Value>::new());
        assert_eq!(client.step(&row, "receive:restock").await["status"], "received");
        let attempt = client.open(&order).await;
        client.pay(&attempt, &json!({})).await;
        client.after_sale_becomes(&row, "reshipping").await;
        client.step(&row, step).await;
        client.after_sale_becomes(&row, "completed").await;
        let kept = if step == "reship" { C } else { 0 };
        assert_eq!((shop.kept(&order).await, client.buckets(&order).await), (kept, vec![[0, 0, 1, 0]]), "{step}");
    }
    shop.is_sound().await;
}

/// A parcel that the carrier brings back takes its units out of their after-sales.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_by_the_carrier_is_not_exchanged() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.paid(&[("a", 2)]).await;
    let parcels = [client.ship(&order, &[(1, 1)]).await, client.ship(&order, &[(1, 1)]).await];
    for parcel in &parcels {
        client.track(parcel, "delivered", 1).await;
    }
    let older = client.after_sale(&order, "return", &[(1, 1)]).await;
    let younger = client.exchange(&order, "b").await;
    client.step(&younger, "approve").await;
    let attempt = open_attempt(&shop, &order).await;
    client.pay(&attempt, &json!({})).await;
    client.payment_becomes(&attempt, "succeeded").await;
    client.track(&parcels[0], "returned", 2).await;
    let ended = client.row(&younger).await;
    assert_eq!((&ended["status"], &ended["replacement"]["state"]), (&json!("rejected"), &json!("released")), "{ended}");
    assert_eq!(client.row(&older).await["status"], "requested", "one unit is still with its buyer");
    client.refunds_become(&order, 1, "succeeded").await;
    assert_eq!((client.moved(&attempt).await.refunded, client.stock("b").await[2]), (B - A, UNITS));
    assert_eq!(
        (client.read(&order).await["status"].clone(), shop.kept(&order).await),
        (json!("partially_shipped"), 2 * A)
    );
    shop.is_sound().await;
}
