//! Many callers at the same instant: nothing is sold twice, spent twice or ended twice, and what is refused leaves nothing.
//!
//! Every race here is between whole HTTP requests on connections of their own. It measures no speed.

#[expect(dead_code, reason = "the suites share it, each uses its part")]
mod support {
    pub(crate) mod client;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Value, json};
use support::{
    client::{Answer, Client, fresh_key},
    server::Data,
    shop::{id, order},
};
use tokio::{sync::Barrier, task::JoinSet};

/// Sends every request at the same time, each under a key of its own; the answers in the order of the requests.
async fn at_once(client: &Client, requests: Vec<(String, Value)>) -> Vec<Answer> {
    let start = Arc::new(Barrier::new(requests.len()));
    let mut tasks = JoinSet::new();
    for (number, (path, body)) in requests.into_iter().enumerate() {
        let (client, start) = (client.clone(), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            (number, client.post(&path, &body).await)
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// How many answers there are of each status and code.
fn tally(answers: &[Answer]) -> BTreeMap<(u16, String), usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
        *tally.entry((answer.status, code)).or_insert(0) += 1;
    }
    tally
}

fn outcomes(expected: &[(u16, &str, usize)]) -> BTreeMap<(u16, String), usize> {
    expected.iter().map(|(status, code, count)| ((*status, (*code).to_owned()), *count)).collect()
}

fn orders(requests: impl IntoIterator<Item = Value>) -> Vec<(String, Value)> {
    requests.into_iter().map(|body| ("/v1/orders".to_owned(), body)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_2500_buyers_of_500_units_exactly_500_get_one() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("hot", 255, 500).await;
    let requests = orders((0..2_500).map(|buyer| order(&format!("u-{buyer}"), &[("hot", 1)])));
    let answers = at_once(&client, requests).await;
    assert_eq!(tally(&answers), outcomes(&[(201, "", 500), (409, "insufficient_stock", 2_000)]));
    for refused in answers.iter().filter(|answer| answer.status == 409) {
        let problem = refused.refused(409, "insufficient_stock");
        assert_eq!((&problem["sku"], &problem["available"]), (&json!("hot"), &json!(0)));
    }
    assert_eq!(client.stock("hot").await, [500, 500, 0, 0]);
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_once_is_taken_once() {
    let data = Data::new();
    let server = data.serve(&["orders.unpaid_per_user_max=1000"]).await;
    let client = server.client();
    client.stocked("a", 1_000, 1_000).await;

    let template = json!({"kind": "percent_off", "percent": 10, "minimum_spend": 0, "limit_total": 5,
        "limit_per_user": 1, "valid_from": "2020-01-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z"});
    client.put("/v1/coupon-templates/ten", &template).await;
    let grants = (0..40).map(|user| (format!("/v1/users/g-{}/coupons", user % 20), json!({"template": "ten"})));
    let answers = at_once(&client, grants.collect()).await;
    assert_eq!(tally(&answers), outcomes(&[(201, "", 5), (409, "coupon_not_usable", 35)]), "a template of 5 coupons");

    let granted = answers.iter().find(|answer| answer.status == 201).expect("five were granted").json();
    let user = granted["user_id"].as_str().expect("a user");
    let with_coupon = |_| {
        let mut body = order(user, &[("a", 1)]);
        body["coupon_id"] = granted["id"].clone();
        body
    };
    let answers = at_once(&client, orders((0..100).map(with_coupon))).await;
    assert_eq!(tally(&answers), outcomes(&[(201, "", 1), (409, "coupon_not_usable", 99)]), "one coupon");
    assert_eq!(client.stock("a").await, [1_000, 1, 999, 0]);

    client.post("/v1/users/p/points/adjustments", &json!({"delta": 1_000, "reason": "gift"})).await.expect(200);
    let with_points = |_| {
        let mut body = order("p", &[("a", 1)]);
        body["points"] = json!(100);
        body
    };
    let answers = at_once(&client, orders((0..50).map(with_points))).await;
    assert_eq!(tally(&answers), outcomes(&[(201, "", 10), (409, "insufficient_points", 40)]), "1,000 points");
    let points = client.get("/v1/users/p/points").await.expect(200);
    assert_eq!((&points["balance"], &points["frozen"]), (&json!(0), &json!(1_000)));
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_hold_when_all_come_at_once() {
    let data = Data::new();
    let server = data.serve(&["orders.unpaid_per_user_max=20"]).await;
    let client = server.client();
    client.stocked("a", 1_000, 500).await;
    let answers = at_once(&client, orders((0..100).map(|_| order("u", &[("a", 15)])))).await;
    assert_eq!(tally(&answers), outcomes(&[(201, "", 20), (409, "too_many_unpaid", 80)]));
    assert_eq!(client.stock("a").await, [500, 300, 200, 0]);

    let write_off = ("/v1/stock/a/adjustments".to_owned(), json!({"delta": -10, "reason": "broken"}));
    let answers = at_once(&client, vec![write_off; 60]).await;
    assert_eq!(tally(&answers), outcomes(&[(200, "", 20), (409, "insufficient_stock", 40)]), "200 units are not held");
    assert_eq!(client.stock("a").await, [300, 300, 0, 0]);
    client.verified().await;
}

/// A queue of one: whoever finds it full is told so at once, with nothing done and nothing kept under the key.
#[tokio::test(flavor = "multi_thread")]
async fn overload_is_refused_and_passes() {
    let data = Data::new();
    let server = data.serve(&["batch.commands_max=1", "batch.queue_max=1"]).await;
    let client = server.client();
    client.stocked("a", 100, 10_000).await;
    let (mut placed, mut shed) = (0, Vec::new());
    for round in 0..20 {
        let mut tasks = JoinSet::new();
        for buyer in 0..200 {
            let (client, key) = (client.clone(), format!("{round}-{buyer}"));
            let body = order(&format!("u-{round}-{buyer}"), &[("a", 1)]);
            tasks.spawn(async move { (client.place_keyed(&key, &body).await, key, body) });
        }
        for (answer, key, body) in tasks.join_all().await {
            if answer.status == 201 {
                placed += 1;
            } else {
                answer.refused(503, "overloaded");
                assert_eq!(answer.header("retry-after"), "1");
                shed.push((key, body));
            }
        }
        if !shed.is_empty() {
            break;
        }
    }
    assert!(placed > 0 && !shed.is_empty(), "{placed} placed, {} refused", shed.len());
    assert_eq!(client.stock("a").await, [10_000, placed, 10_000 - placed, 0]);
    for (key, body) in &shed {
        let again = client.place_keyed(key, body).await;
        assert!(again.status == 201 && !again.is_replayed(), "{again}");
    }
    assert_eq!(client.stock("a").await[1], placed + shed.len() as i64);
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_cancelled_by_one_of_many() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 1_000, 10).await;
    let placed = id(&client.place(&order("u", &[("a", 4)])).await);
    let cancel = (format!("/v1/orders/{placed}/cancel"), json!({"reason": "buyer"}));
    let answers = at_once(&client, vec![cancel; 50]).await;
    assert_eq!(tally(&answers), outcomes(&[(200, "", 1), (409, "order_state", 49)]));
    assert_eq!(client.stock("a").await, [10, 0, 10, 0]);
    assert_eq!(client.read(&placed).await["version"], 2);
    client.verified().await;
}

/// Cancels fall before, onto and behind the end of the payment window; whoever comes second must find it done.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_and_the_timer_end_an_order_once() {
    const WINDOW: u64 = 600;
    const ORDERS: u64 = 300;
    let data = Data::new();
    let server = data.serve(&[&format!("orders.payment_window={WINDOW}ms")]).await;
    let client = server.client();
    client.stocked("a", 1_000, 1_000).await;
    let mut tasks = JoinSet::new();
    for number in 0..ORDERS {
        let client = client.clone();
        tasks.spawn(async move {
            let placed = id(&client.place(&order(&format!("u-{number}"), &[("a", 2)])).await);
            tokio::time::sleep(Duration::from_millis(WINDOW / 2 + WINDOW * number / ORDERS)).await;
            let answer = client.post(&format!("/v1/orders/{placed}/cancel"), &json!({"reason": "buyer"})).await;
            (placed, answer)
        });
    }
    let mut reasons = BTreeMap::new();
    for (placed, answer) in tasks.join_all().await {
        let reason = if answer.status == 200 { "buyer" } else { "timeout" };
        if answer.status != 200 {
            assert_eq!(answer.refused(409, "order_state")["status"], 409);
        }
        let ended = client.read(&placed).await;
        assert_eq!((&ended["status"], &ended["cancel_reason"]), (&json!("cancelled"), &json!(reason)), "{ended}");
        assert_eq!(ended["version"], 2);
        *reasons.entry(reason).or_insert(0) += 1;
    }
    assert_eq!(reasons.len(), 2, "both won some: {reasons:?}");
    assert_eq!(client.stock("a").await, [1_000, 0, 1_000, 0]);
    client.verified().await;
}

/// Orders of twenty lines over two hundred products with too few units: each takes all of its lines or none.
#[tokio::test(flavor = "multi_thread")]
async fn orders_of_many_lines_take_all_or_nothing() {
    const SKUS: usize = 200;
    const UNITS: i64 = 40;
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let sku = |number: usize| format!("s-{}", number % SKUS);
    let mut tasks = JoinSet::new();
    for number in 0..SKUS {
        let client = client.clone();
        tasks.spawn(async move { client.stocked(&sku(number), 100, UNITS).await });
    }
    tasks.join_all().await;
    let basket = |buyer: usize| {
        let lines: Vec<(String, i64)> =
            (0..20).map(|line| (sku(buyer * 7 + line * 11), 1 + ((buyer + line) % 3) as i64)).collect();
        let lines: Vec<(&str, i64)> = lines.iter().map(|(sku, quantity)| (sku.as_str(), *quantity)).collect();
        order(&format!("u-{buyer}"), &lines)
    };
    let baskets: Vec<Value> = (0..600).map(basket).collect();
    let answers = at_once(&client, orders(baskets.clone())).await;
    let mut taken: BTreeMap<String, i64> = BTreeMap::new();
    for (basket, answer) in baskets.iter().zip(&answers) {
        if answer.status == 201 {
            for line in basket["lines"].as_array().expect("lines") {
                *taken.entry(line["sku"].as_str().expect("a SKU").to_owned()).or_insert(0) +=
                    line["quantity"].as_i64().expect("a quantity");
            }
        } else {
            let problem = answer.refused(409, "insufficient_stock");
            assert!(problem["available"].as_i64().is_some_and(|left| left < 3), "{problem}");
        }
    }
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert!((1..600).contains(&refused), "some were refused and some not: {refused}");
    for number in 0..SKUS {
        let locked = taken.get(&sku(number)).copied().unwrap_or(0);
        assert_eq!(client.stock(&sku(number)).await, [UNITS, locked, UNITS - locked, 0], "{}", sku(number));
    }
    client.verified().await;
}

/// While some buy and others cancel, the units that are seen never exceed what there is.
#[tokio::test(flavor = "multi_thread")]
async fn units_go_round_without_being_lost() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 30).await;
    let mut tasks = JoinSet::new();
    for buyer in 0..60 {
        let client = client.clone();
        tasks.spawn(async move {
            let mut bought = 0;
            for _ in 0..10 {
                let answer = client.place_keyed(&fresh_key(), &order(&format!("u-{buyer}"), &[("a", 1)])).await;
                if answer.status == 201 {
                    let path = format!("/v1/orders/{}/cancel", id(&answer.json()));
                    client.post(&path, &json!({"reason": "buyer"})).await.expect(200);
                    bought += 1;
                }
                let [on_hand, locked, available, sold] = client.stock("a").await;
                assert!(on_hand == 30 && sold == 0 && (0..=30).contains(&locked) && available == 30 - locked);
            }
            bought
        });
    }
    let bought: usize = tasks.join_all().await.into_iter().sum();
    assert!(bought >= 30, "{bought}");
    assert_eq!(client.stock("a").await, [30, 0, 30, 0]);
    client.verified().await;
}
