//! Random walks: everything that can be said of an order, in any order and mostly at the wrong time, with a channel that stumbles.
//! Nothing fails, every step leaves the order as its log says, and in the end no cent and no unit is lost.

use serde_json::{Value, json};

use crate::{
    A, B, C, Shop, UNITS,
    calls::{at, body_of, path_of, units},
    support::{
        client::{Answer, Client},
        server::until,
        shop::{id, order},
    },
};

const STUMBLES: [&str; 4] = [
    r#"payments.first_queries=["100ms"]"#,
    "payments.poll_interval=100ms",
    r#"payments.refund_retries=["10ms","10ms","10ms","10ms"]"#,
    "breaker.minimum=1000000",
];
const HURRY: [&str; 4] = [
    "orders.auto_confirm_after=100ms",
    "orders.payment_window=2s",
    "after_sales.review_within=150ms",
    "after_sales.ship_back_within=150ms",
];

/// What a walk is allowed to do and goes against.
struct Weather {
    /// Whether operators give money back as they like.
    is_generous: bool,
    /// What the channel does wrong.
    faults: Value,
}

/// Numbers that look like chance; the same seed gives the same ones (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let count = i64::try_from(all.len()).expect("few");
        (count > 0).then(|| &all[usize::try_from(self.below(count)).expect("an index")])
    }

    fn units(&mut self) -> Vec<(i64, i64)> {
        vec![(1 + self.below(3), 1 + self.below(2)); 1 + usize::from(self.below(4) == 0)]
    }
}

/// The rows of a list of an order.
async fn ids(client: &Client, order: &str, list: &str) -> Vec<String> {
    let page = client.get(&format!("/v1/orders/{order}/{list}")).await.expect(200);
    page["data"].as_array().expect("a list").iter().map(id).collect()
}

/// One step of a walk; none when there is nothing to take it on.
async fn step(client: &Client, order: &str, dice: &mut Dice, is_generous: bool) -> Option<Answer> {
    let of_order = |call: &str| format!("/v1/orders/{order}/{call}");
    let answer = match dice.below(16) {
        0..4 => client.try_ship(order, &dice.units()).await,
        4..7 => {
            let parcels = ids(client, order, "shipments").await;
            let words =
                ["in_transit", "out_for_delivery", "exception", "delivered", "delivered", "delivered", "returned"];
            let body = json!({"status": dice.of(&words)?, "at": at(dice.below(100))});
            client.post(&format!("/v1/shipments/{}/tracking", dice.of(&parcels)?), &body).await
        }
        7 if dice.below(3) == 0 => client.try_confirm(order).await,
        7..10 => {
            let kind = *dice.of(&["refund", "return", "exchange", "exchange"])?;
            let mut lines = units(&dice.units());
            if kind == "exchange" {
                lines[0]["replacement_sku"] = json!(dice.of(&["a", "b", "c"])?);
            }
            client.try_after_sale(order, kind, &lines).await
        }
        10..14 => {
            let rows = ids(client, order, "after-sales").await;
            let steps = [
                "approve",
                "approve",
                "receive:restock",
                "receive:scrap",
                "receive:refuse",
                "ship-back",
                "reship",
                "reship",
                "reject",
                "withdraw",
            ];
            let (row, step) = (dice.of(&rows)?, dice.of(&steps)?);
            client.post(&format!("/v1/after-sales/{row}/{}", path_of(step)), &body_of(step)).await
        }
        14 if is_generous && dice.below(3) == 0 => {
            let amount = json!({"amount": 1 + dice.below(500), "reason": "r"});
            let body = if dice.below(2) == 0 { amount } else { json!({"lines": units(&dice.units()), "reason": "r"}) };
            client.post(&of_order("refunds"), &body).await
        }
        14 if dice.below(2) == 0 => {
            let body = json!({"reason": "merchant", "lines": units(&dice.units())});
            client.post(&of_order("cancel"), &body).await
        }
        _ => {
            let attempts = ids(client, order, "payments").await;
            client.try_pay(dice.of(&attempts)?, &json!({"even_if_closed": dice.below(4) == 0, "notify": "twice"})).await
        }
    };
    Some(answer)
}

/// Walks from a paid order on; the order, and how many steps had an effect.
async fn walk(shop: &Shop, body: &Value, seed: u64, weather: &Weather) -> (String, usize) {
    let client = &shop.client;
    let order = shop.paid_for(body).await;
    client.faults(&weather.faults).await;
    let (mut dice, mut taken) = (Dice(seed), 0);
    for _ in 0..90 {
        let Some(answer) = step(client, &order, &mut dice, weather.is_generous).await else { continue };
        // The channel does not know an attempt whose opening stumbled.
        assert!(matches!(answer.status, 200 | 201 | 400 | 404 | 409), "seed {seed}: {answer}");
        taken += usize::from(answer.status < 300);
        crate::log::follows(client, &order).await;
    }
    client.faults(&json!({})).await;
    rests(client, &order).await;
    assert!(shop.kept(&order).await >= 0, "seed {seed}");
    (order, taken)
}

/// Waits until no money of an order is under way.
async fn rests(client: &Client, order: &str) {
    client.all_is_told().await;
    until(&format!("no refund of {order} is under way"), async || {
        client.refunds(order).await.iter().all(|refund| refund["status"] == "succeeded").then_some(())
    })
    .await;
}

/// Units on hand are those that were received, less what left and plus what came back, as the ledger has it.
async fn stock_is_told_by_its_ledger(client: &Client) {
    for sku in ["a", "b", "c"] {
        let row = client.get(&format!("/v1/stock/{sku}")).await.expect(200);
        let number = |name: &str| row[name].as_i64().expect("units");
        assert_eq!(number("on_hand"), number("received") + number("returned") - number("sold"), "{row}");
        assert_eq!(number("locked"), 0, "{row}");
    }
}

/// Ends what is open in at most two steps, delivers what is under way, cancels the rest, and returns all that is with the buyer and was not paid back.
async fn wind_up(client: &Client, order: &str) {
    for row in [ids(client, order, "after-sales").await, ids(client, order, "after-sales").await].concat() {
        let step = match client.row(&row).await["status"].as_str().expect("a status") {
            "requested" | "received" => "reject",
            "approved" | "returning" => "receive:scrap",
            "reshipping" => "reship",
            _ => continue,
        };
        // A deadline may have come first; then there is nothing left to end.
        client.try_step(&row, step).await;
    }
    client.post(&format!("/v1/orders/{order}/cancel"), &json!({"reason": "merchant"})).await;
    for parcel in ids(client, order, "shipments").await {
        client.track(&parcel, "delivered", 100).await;
    }
    let mut kept = [0; 3];
    for row in ids(client, order, "after-sales").await {
        for line in client.row(&row).await["lines"].as_array().expect("lines") {
            let index = usize::try_from(line["line"].as_i64().expect("a line")).expect("small") - 1;
            kept[index] += line["kept"].as_i64().expect("units");
        }
    }
    let with_buyer = client.buckets(order).await.into_iter().zip(kept).zip(1..);
    let left = with_buyer.map(|(([_, delivered, ..], kept), line)| (line, delivered - kept));
    let left: Vec<(i64, i64)> = left.filter(|(_, quantity)| *quantity > 0).collect();
    if !left.is_empty() {
        let row = until("all that is left is taken back", async || {
            let row = client.after_sale(order, "return", &left).await;
            // The deadline of the review may have come first; that of sending it back ends it, and it is asked for again.
            client.try_step(&row, "approve").await;
            (client.try_step(&row, "receive:restock").await.status == 200).then_some(row)
        })
        .await;
        client.after_sale_becomes(&row, "completed").await;
    }
    rests(client, order).await;
}

/// What the replacements cost that were sent for the units of an order.
async fn price_of_replacements(client: &Client, order: &str) -> i64 {
    let mut price = 0;
    for row in ids(client, order, "after-sales").await {
        let row = client.row(&row).await;
        for line in row["lines"].as_array().expect("lines").iter().filter(|_| row["replacement"]["state"] == "sent") {
            let units = ["restocked", "scrapped"].map(|name| line[name].as_i64().expect("units")).iter().sum::<i64>();
            price += units
                * match line["replacement_sku"].as_str() {
                    Some("a") => A,
                    Some("b") => B,
                    _ => C,
                };
        }
    }
    price
}

async fn wide_shop(settings: &[&str]) -> Shop {
    let shop = Shop::open(settings).await;
    for sku in ["a", "b", "c"] {
        shop.client.receive(sku, 10 * UNITS).await;
    }
    shop
}

fn stumbles(seed: u64) -> Value {
    json!({"error_then_success": 0.3, "refund_unknown": 0.3, "refund_settles_ms": 150, "seed": seed})
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_said_of_an_order_its_books_stay_sound() {
    let odd = ["pricing.shipping_fee=101", "pricing.points_per_100=3"];
    for settings in [[&STUMBLES[..], &odd].concat(), [&STUMBLES[..], &odd, &HURRY].concat()] {
        let shop = wide_shop(&settings).await;
        let client = &shop.client;
        let mut body = order("u", &[("a", 3), ("b", 2), ("c", 2)]);
        body["points"] = json!(37);
        let mut taken = 0;
        for seed in 1..=10 {
            client.post("/v1/users/u/points/adjustments", &json!({"delta": 37, "reason": "gift"})).await.expect(200);
            let faults = if seed % 3 == 0 { json!({}) } else { stumbles(seed) };
            taken += walk(&shop, &body, seed, &Weather { is_generous: true, faults }).await.1;
        }
        assert!(taken > 100, "only {taken} steps had an effect");
        stock_is_told_by_its_ledger(client).await;
        shop.is_sound().await;
    }
}

/// However goods and money went back and forth: once all is returned, the shop keeps the price of the replacements that it sent,
/// and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn in_the_end_the_shop_keeps_the_price_of_what_the_buyer_keeps() {
    let (mut sent, body) = (0, order("u", &[("a", 3), ("b", 2), ("c", 2)]));
    for settings in [STUMBLES.to_vec(), [&STUMBLES[..], &HURRY].concat()] {
        let shop = wide_shop(&settings).await;
        let client = &shop.client;
        for seed in 1..=15 {
            let (order, _) = walk(&shop, &body, seed, &Weather { is_generous: false, faults: stumbles(seed) }).await;
            wind_up(client, &order).await;
            let price = price_of_replacements(client, &order).await;
            assert_eq!(shop.kept(&order).await, price, "seed {seed}, {order}");
            shop.is_settled(&order).await;
            sent += i64::from(price > 0);
        }
        shop.is_sound().await;
    }
    assert!(sent > 0, "no replacement was sent");
}
