//! §3.4 of the catalogue: partial refunds in any order and of any kind end at exactly what was paid, to the cent, with the shares
//! of shipping, coupon and points.

use serde_json::{Value, json};

use crate::{
    Shop,
    calls::units,
    support::shop::{id, order},
};

/// What is taken back of an order, one unit at a time, by line.
const UNITS: [i64; 6] = [1, 1, 1, 2, 2, 3];

/// A coupon of a tenth for the user `u`; its id.
async fn coupon(shop: &Shop) -> String {
    let template = json!({"kind": "percent_off", "percent": 10, "valid_from": "2020-01-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z"});
    let put = shop.client.put("/v1/coupon-templates/tenth", &template).await;
    assert!(matches!(put.status, 200 | 201), "{put}");
    id(&shop.client.post("/v1/users/u/coupons", &json!({"template": "tenth"})).await.expect(201))
}

/// A paid order whose every amount is odd: three `a`, two `b` and a `c` with a coupon, 77 points and a fee of 101.
async fn odd_order(shop: &Shop, coupon: &str) -> String {
    let mut body = order("u", &[("a", 3), ("b", 2), ("c", 1)]);
    body["coupon_id"] = json!(coupon);
    body["points"] = json!(77);
    shop.paid_for(&body).await
}

async fn odd_shop() -> (Shop, String) {
    let shop = Shop::open(&["pricing.shipping_fee=101", "orders.unpaid_per_user_max=1000"]).await;
    shop.client.post("/v1/users/u/points/adjustments", &json!({"delta": 77, "reason": "gift"})).await.expect(200);
    let coupon = coupon(&shop).await;
    (shop, coupon)
}

fn amount(row: &Value, name: &str) -> i64 {
    row[name].as_i64().unwrap_or_else(|| panic!("no {name}: {row}"))
}

/// An order of the units: the same number gives the same one.
fn shuffled(number: u64) -> [i64; 6] {
    let (mut units, mut state) = (UNITS, number + 1);
    for last in (1..units.len()).rev() {
        // Knuth's MMIX generator.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).expect("31 bits") % (last + 1);
        units.swap(last, other);
    }
    units
}

/// §3.4: every cent of an order refunded unit by unit, in any order and by any way, ends at exactly the paid total; the points are
/// back, and the coupon with the last unit.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_4_units_paid_back_in_any_order_end_at_the_paid_total() {
    let (shop, coupon) = odd_shop().await;
    let client = &shop.client;
    for number in 0..10 {
        let sequence = shuffled(number);
        let order = odd_order(&shop, &coupon).await;
        let paid = client.read(&order).await;
        assert_eq!((amount(&paid["price"], "shipping"), amount(&paid["price"], "points")), (101, 77), "{paid}");
        assert!(amount(&paid["price"], "coupon") % 6 != 0, "the discount does not go into six: {paid}");
        assert_eq!(client.points().await, 0);
        // Three units leave: those can come back, the others be cancelled; for both an operator can pay.
        let shipped: Vec<(i64, i64)> = sequence[..3].iter().map(|line| (*line, 1)).collect();
        let parcel = client.ship(&order, &shipped).await;
        client.track(&parcel, "delivered", 1).await;
        for (at, line) in sequence.iter().enumerate() {
            let before = client.read(&order).await;
            give_back(&shop, &order, *line, (at < 3, (number + at as u64).is_multiple_of(2))).await;
            let refunds = client.refunds_become(&order, at + 1, "succeeded").await;
            assert_eq!(refunds[0]["lines"], units(&[(*line, 1)]), "newest first: {refunds:?}");
            let after = client.read(&order).await;
            assert_eq!(amount(&after, "refunded"), amount(&before, "refunded") + amount(&refunds[0], "amount"));
            let state = client.get(&format!("/v1/coupons/{coupon}")).await.expect(200)["status"].clone();
            assert_eq!(state == "granted", at == 5, "the coupon comes back with the last unit, not with {at}: {state}");
        }
        assert_eq!(shop.kept(&order).await, 0, "{sequence:?}: not a cent is left");
        let refunds = client.refunds(&order).await;
        for line in paid["lines"].as_array().expect("lines") {
            let of_line = refunds.iter().filter(|refund| refund["lines"][0]["line"] == line["line"]);
            let sum: i64 = of_line.map(|refund| amount(refund, "amount")).sum();
            assert_eq!(sum, amount(line, "payable"), "{sequence:?}: {line}");
        }
        assert_eq!(client.points().await, 77, "{sequence:?}");
        client
            .post(&format!("/v1/orders/{order}/refunds"), &json!({"reason": "more"}))
            .await
            .refused(409, "refund_exceeds");
    }
    shop.is_sound().await;
}

/// Gives the money of one unit back: by an operator, or by moving the unit (back from the buyer, or off the order).
async fn give_back(shop: &Shop, order: &str, line: i64, (is_shipped, by_operator): (bool, bool)) {
    let client = &shop.client;
    let one = [(line, 1)];
    if by_operator {
        let body = json!({"lines": units(&one), "reason": "r"});
        client.post(&format!("/v1/orders/{order}/refunds"), &body).await.expect(201);
    } else if is_shipped {
        let row = client.after_sale(order, "return", &one).await;
        client.step(&row, "approve").await;
        client.step(&row, "receive:restock").await;
        client.after_sale_becomes(&row, "completed").await;
    } else {
        let body = json!({"reason": "merchant", "lines": units(&one)});
        client.post(&format!("/v1/orders/{order}/cancel"), &body).await.expect(200);
    }
}

/// §3.4: amounts and units mixed never pay back more than was taken, and the rest is exactly the rest.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_4_amounts_and_units_mixed_end_at_the_paid_total() {
    let (shop, coupon) = odd_shop().await;
    let client = &shop.client;
    for number in 0..6 {
        let order = odd_order(&shop, &coupon).await;
        let total = amount(&client.read(&order).await, "paid");
        let path = format!("/v1/orders/{order}/refunds");
        let (mut asked, mut count) = (0, 0);
        for (line, goodwill) in shuffled(number).into_iter().zip([1, 99, 7, 250, 3, 0]) {
            for body in
                [json!({"amount": goodwill, "reason": "g"}), json!({"lines": units(&[(line, 1)]), "reason": "u"})]
            {
                let left = total - asked;
                let answer = if body["amount"] == 0 { continue } else { client.post(&path, &body).await };
                if answer.status == 409 {
                    assert_eq!(amount(&answer.refused(409, "refund_exceeds"), "refundable"), left);
                } else {
                    asked += amount(&answer.expect(201), "amount");
                    count += 1;
                }
                assert!(asked <= total, "{asked} of {total}");
            }
        }
        let rest = client.post(&path, &json!({"reason": "all that is left"})).await.expect(201);
        assert_eq!(asked + amount(&rest, "amount"), total);
        client.refunds_become(&order, count + 1, "succeeded").await;
        assert_eq!(shop.kept(&order).await, 0);
        // Its units are cancelled, so that the coupon is free for the next order; no money is left to go back.
        client.post(&format!("/v1/orders/{order}/cancel"), &json!({"reason": "merchant"})).await.expect(200);
        assert_eq!(client.refunds(&order).await.len(), count + 1);
        assert_eq!(client.points().await, 77, "points come back with their units");
    }
    shop.is_sound().await;
}
