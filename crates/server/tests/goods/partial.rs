//! §3.6 of the catalogue: an order leaves in parts, its status is a function of where its units stand, and what is not shipped
//! can be cancelled and paid back.

use serde_json::{Value, json};

use crate::{A, B, Shop, UNITS, assert_has, calls::units};

/// `[status, buckets]` of an order, which follows from its log at each step.
async fn stands(shop: &Shop, order: &str) -> Value {
    crate::log::follows(&shop.client, order).await;
    json!([shop.client.read(order).await["status"], shop.client.buckets(order).await])
}

/// Cancels units, or all that are not shipped; the order.
async fn cancel(shop: &Shop, order: &str, lines: Option<&[(i64, i64)]>) -> Value {
    let mut body = json!({"reason": "merchant"});
    if let Some(lines) = lines {
        body["lines"] = units(lines);
    }
    shop.client.post(&format!("/v1/orders/{order}/cancel"), &body).await.expect(200)
}

/// §3.6: the buckets of a line add up at each step, the status follows from them, and the rest that is not shipped is cancelled and
/// paid back by the shares of its units.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_6_a_partial_shipment_and_the_cancel_of_the_rest() {
    let shop = Shop::open(&["pricing.shipping_fee=100"]).await;
    let client = &shop.client;
    // Of the fee of 100 each line bears a share by what it costs: 53 of 3,000 in 5,666, 47 of 2,666.
    let order = shop.paid(&[("a", 3), ("b", 2)]).await;
    assert_eq!(stands(&shop, &order).await, json!(["paid", [[0, 0, 0, 0], [0, 0, 0, 0]]]));
    let first = client.ship(&order, &[(1, 2)]).await;
    assert_eq!(stands(&shop, &order).await, json!(["partially_shipped", [[2, 0, 0, 0], [0, 0, 0, 0]]]));
    let problem = client.try_ship(&order, &[(2, 1), (1, 2)]).await.refused(400, "invalid_request");
    assert_eq!(problem["errors"][0]["pointer"], "/lines/1/quantity", "only one unit waits: {problem}");
    client.track(&first, "delivered", 1).await;
    assert_eq!(stands(&shop, &order).await, json!(["partially_shipped", [[0, 2, 0, 0], [0, 0, 0, 0]]]));

    assert_eq!(cancel(&shop, &order, Some(&[(2, 1)])).await["status"], "partially_shipped");
    let refund = client.refunds_become(&order, 1, "succeeded").await.remove(0);
    // A unit of 1,333 with the greater half of 47.
    assert_has(&refund, &json!({"amount": B + 24, "cause": "cancel", "lines": units(&[(2, 1)])}));
    assert_eq!(client.stock("b").await, [UNITS - 1, 0, UNITS - 1, 2], "it is on the shelf");
    let second = client.ship(&order, &[(2, 1)]).await;
    assert_eq!(stands(&shop, &order).await, json!(["partially_shipped", [[0, 2, 0, 0], [1, 0, 0, 1]]]));
    assert_eq!(cancel(&shop, &order, None).await["status"], "shipped", "the rest is the one unit of the first line");
    assert_eq!(stands(&shop, &order).await, json!(["shipped", [[0, 2, 0, 1], [1, 0, 0, 1]]]));
    client.refunds_become(&order, 2, "succeeded").await;
    assert_eq!(client.try_ship(&order, &[(1, 1)]).await.refused(409, "order_state")["order_status"], "shipped");
    let nothing = client.post(&format!("/v1/orders/{order}/cancel"), &json!({"reason": "merchant"})).await;
    assert_eq!(nothing.refused(409, "order_state")["order_status"], "shipped");

    client.track(&second, "delivered", 2).await;
    assert_eq!(stands(&shop, &order).await, json!(["delivered", [[0, 2, 0, 1], [0, 1, 0, 1]]]));
    client.try_confirm(&order).await.expect(200);
    assert_eq!(stands(&shop, &order).await, json!(["completed", [[0, 2, 0, 1], [0, 1, 0, 1]]]));
    // The cancelled unit of the first line takes the first share of its 53, which is 18, 18 and 17.
    assert_eq!(shop.kept(&order).await, 3 * A + 2 * B + 100 - (B + 24) - (A + 18));
    shop.is_sound().await;
}

/// §3.6: whatever the order of shipping, delivering, cancelling and confirming, the order ends where its units are.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_6_the_end_does_not_depend_on_the_way() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    // Each step takes one unit of three: s ships one, d delivers the oldest parcel under way, c cancels one.
    let table = [
        ("sdsdsd", "delivered", [0, 3, 0, 0]),
        ("ssdcd", "delivered", [0, 2, 0, 1]),
        ("cssdd", "delivered", [0, 2, 0, 1]),
        ("scc", "shipped", [1, 0, 0, 2]),
        ("ccsd", "delivered", [0, 1, 0, 2]),
        ("ccc", "cancelled", [0, 0, 0, 3]),
        ("sdc", "partially_shipped", [0, 1, 0, 1]),
        ("cs", "partially_shipped", [1, 0, 0, 1]),
        ("cc", "paid", [0, 0, 0, 2]),
    ];
    for (steps, status, buckets) in table {
        let order = shop.paid(&[("a", 3)]).await;
        let (mut parcels, mut cancelled) = (Vec::new(), 0);
        for step in steps.chars() {
            match step {
                's' => parcels.push(client.ship(&order, &[(1, 1)]).await),
                'd' => drop(client.track(&parcels.remove(0), "delivered", 1).await),
                _ => {
                    cancel(&shop, &order, Some(&[(1, 1)])).await;
                    cancelled += 1;
                }
            }
            crate::log::follows(client, &order).await;
        }
        client.refunds_become(&order, cancelled, "succeeded").await;
        assert_eq!(stands(&shop, &order).await, json!([status, [buckets]]), "{steps}");
        assert_eq!(shop.kept(&order).await, A * (3 - i64::try_from(cancelled).expect("few")), "{steps}");
    }
    shop.is_sound().await;
}
