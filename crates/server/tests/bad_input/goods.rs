//! Bad parcels, carriers' words, receipts, after-sales and their steps.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Bad, Shop, keyed, support::shop::id};

/// What a count of units, or a line's number, cannot be. One that a program may read as another number is among them.
const NUMBERS: [&str; 18] = [
    "0",
    "-1",
    "-0",
    "1.5",
    "1.0",
    "1e0",
    "\"1\"",
    "\"\"",
    "null",
    "true",
    "[1]",
    "{}",
    "4294967297",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551617",
    "1e308",
];

/// A shop whose paid order of two units is half delivered, and the paths of everything that can be said of it.
struct Goods {
    shop: Shop,
    order: String,
    /// `/v1/orders/ord_…/`
    of_order: String,
    /// `/v1/shipments/shp_…/`: one unit, delivered.
    of_parcel: String,
    /// `/v1/after-sales/aft_…/`: an approved return of that unit.
    of_after_sale: String,
}

impl Goods {
    async fn open() -> Goods {
        let shop = Shop::open().await;
        let (client, order) = (&shop.client, shop.paid.clone());
        let of_order = format!("/v1/orders/{order}/");
        let parcel = client.post(&format!("{of_order}shipments"), &shipment()).await.expect(201);
        let of_parcel = format!("/v1/shipments/{}/", id(&parcel));
        client.post(&format!("{of_parcel}tracking"), &told()).await.expect(200);
        let after_sale = client.post(&format!("{of_order}after-sales"), &after_sale()).await.expect(201);
        let of_after_sale = format!("/v1/after-sales/{}/", id(&after_sale));
        client.post(&format!("{of_after_sale}approve"), &json!({})).await.expect(200);
        Goods { shop, order, of_order, of_parcel, of_after_sale }
    }

    /// Every call with a body that it takes.
    fn calls(&self) -> Vec<(String, Value)> {
        let Goods { of_order, of_parcel, of_after_sale, .. } = self;
        let calls = [
            (of_order, "shipments", shipment()),
            (of_parcel, "tracking", told()),
            (of_order, "after-sales", after_sale()),
            (of_after_sale, "approve", json!({})),
            (of_after_sale, "reject", json!({"reason": "r"})),
            (of_after_sale, "ship-back", consignment()),
            (of_after_sale, "receive", json!({"outcome": "restock"})),
            (of_after_sale, "reship", consignment()),
            (of_order, "refunds", json!({"reason": "r", "amount": 1})),
            (of_order, "payments", json!({"channel": "sandbox"})),
        ];
        calls.map(|(base, call, body)| (format!("{base}{call}"), body)).into()
    }
}

fn consignment() -> Value {
    json!({"carrier": "c", "tracking_number": "t"})
}

fn shipment() -> Value {
    json!({"lines": [{"line": 1, "quantity": 1}], "carrier": "c", "tracking_number": "t"})
}

fn told() -> Value {
    json!({"status": "delivered", "at": "2026-01-01T00:00:00Z"})
}

fn after_sale() -> Value {
    json!({"kind": "return", "lines": [{"line": 1, "quantity": 1}], "reason": "r"})
}

fn post(name: &str, path: &str, body: &str, place: &str) -> Bad {
    keyed(Bad::new(name, (Method::POST, path), body.as_bytes(), place))
}

/// A call with a member set, which is also the place that is wrong.
fn set((path, body): &(String, Value), pointer: &str, value: Value) -> Bad {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let mut body = body.clone();
    body.pointer_mut(parent).expect("the parent is there")[name] = value.clone();
    let said: String = value.to_string().chars().take(40).collect();
    post(&format!("{path}: {pointer} = {said}"), path, &body.to_string(), pointer)
}

/// A call with a member of its first entry of units as this raw text.
fn raw((path, body): &(String, Value), name: &str, text: &str) -> Bad {
    let mut body = body.clone();
    body["lines"] = json!([{"line": 1, "quantity": 1}]);
    let body = body.to_string().replacen(&format!("\"{name}\":1"), &format!("\"{name}\":{text}"), 1);
    post(&format!("{path}: {name} {text}"), path, &body, &format!("/lines/0/{name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_json_objects_of_known_members() {
    let goods = Goods::open().await;
    let mut rows = Vec::new();
    for call in goods.calls() {
        let (path, body) = &call;
        let row = |name: &str, body: &str| post(&format!("{path}: {name}"), path, body, "");
        let good = body.to_string();
        for text in ["", "x", "[]", "null", "1", "\"{}\"", "{", "{}{}", "[{}]"] {
            rows.push(row(text, text));
        }
        rows.push(row("cut off", &good[..good.len() - 1]));
        rows.push(row("deep", &format!("{{\"x\":{}", "[".repeat(100_000))));
        rows.push(row("deep lines", &format!("{{\"lines\":{}", "[{\"x\":".repeat(50_000))));
        for media in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "json"] {
            let typed = row(media, &good).header("content-type", media.as_bytes());
            rows.push(typed.with(415, "unsupported_media_type"));
        }
        for name in ["status_", "version", "id", "amount_", "lines_", "__proto__", "order_id"] {
            rows.push(set(&call, &format!("/{name}"), json!(1)));
        }
        for name in body.as_object().expect("an object").keys() {
            if name == "amount" {
                continue;
            }
            let mut less = body.clone();
            less.as_object_mut().expect("an object").remove(name);
            rows.push(post(&format!("{path}: no {name}"), path, &less.to_string(), &format!("/{name}")));
            rows.push(set(&call, &format!("/{name}"), Value::Null));
            rows.push(set(&call, &format!("/{name}"), json!({"a": 1})));
            let twice = good.replacen('{', &format!("{{\"{name}\":{},", body[name]), 1);
            rows.push(post(&format!("{path}: {name} twice"), path, &twice, &format!("/{name}")));
        }
        let key = Bad::new(&format!("{path}: a bad key"), (Method::POST, path), good.as_bytes(), "Idempotency-Key:");
        rows.push(key.header("idempotency-key", b"\""));
    }
    goods.shop.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_without_words_take_none() {
    let goods = Goods::open().await;
    let mut rows = Vec::new();
    for path in [format!("{}confirm-receipt", goods.of_order), format!("{}withdraw", goods.of_after_sale)] {
        for text in ["x", "[]", "null", "1", "{", "{}{}"] {
            rows.push(post(&format!("{path}: {text}"), &path, text, ""));
        }
        rows.push(post(&format!("{path}: a member"), &path, "{\"lines\":[]}", "/lines"));
        let typed = post(&format!("{path}: as text"), &path, "{}", "").header("content-type", b"text/plain");
        rows.push(typed.with(415, "unsupported_media_type"));
        let key = Bad::new(&format!("{path}: a bad key"), (Method::POST, &path), b"", "Idempotency-Key:");
        rows.push(key.header("idempotency-key", b"\""));
    }
    goods.shop.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_few_and_of_the_order() {
    let goods = Goods::open().await;
    let with_units =
        |call: &&(String, Value)| ["shipments", "after-sales", "receive"].iter().any(|end| call.0.ends_with(end));
    let mut rows = Vec::new();
    for call in goods.calls().iter().filter(with_units) {
        for text in NUMBERS {
            // An inspection may leave the number of units out.
            if !(text == "null" && call.0.ends_with("receive")) {
                rows.push(raw(call, "quantity", text));
            }
            rows.push(raw(call, "line", text));
        }
        rows.push(raw(call, "quantity", "1000001"));
        for lines in [json!([]), json!({}), json!("1"), json!(1), json!(vec![json!({"line": 1, "quantity": 1}); 1_001])]
        {
            rows.push(set(call, "/lines", lines));
        }
        for entry in [json!(1), json!([1, 1]), json!("1"), Value::Null] {
            let mut body = call.1.clone();
            body["lines"] = json!([entry]);
            rows.push(post(&format!("{}: {entry}", call.0), &call.0, &body.to_string(), "/lines/0"));
        }
        for name in ["sku", "Line", "amount", "price"] {
            let mut body = call.1.clone();
            body["lines"] = json!([{"line": 1, "quantity": 1, name: 1}]);
            rows.push(post(&format!("{}: {name}", call.0), &call.0, &body.to_string(), &format!("/lines/0/{name}")));
        }
        for (line, quantity, place) in
            [(2, 1, "/lines/0/line"), (1_000_000, 1, "/lines/0/line"), (1, 3, "/lines/0/quantity")]
        {
            let mut body = call.1.clone();
            body["lines"] = json!([{"line": line, "quantity": quantity}]);
            rows.push(post(&format!("{}: {quantity} of {line}", call.0), &call.0, &body.to_string(), place));
        }
    }
    let refund = (format!("{}refunds", goods.of_order), json!({"reason": "r"}));
    for text in NUMBERS {
        rows.push(raw(&refund, "quantity", text));
        rows.push(raw(&refund, "line", text));
        // An amount may be left out, and may be larger than a count of units.
        if !matches!(text, "null" | "4294967297") {
            let body = format!("{{\"reason\":\"r\",\"amount\":{text}}}");
            rows.push(post(&format!("amount {text}"), &refund.0, &body, "/amount"));
        }
    }
    // One unit waits and one is with its buyer: twice one is too many, however it is said.
    let one = json!({"line": 1, "quantity": 1});
    let twice = json!([one, one]);
    let (ship, open) = (format!("{}shipments", goods.of_order), format!("{}after-sales", goods.of_order));
    let receive = format!("{}receive", goods.of_after_sale);
    let body = |mut body: Value| {
        body["lines"] = twice.clone();
        body.to_string()
    };
    rows.push(post("the same line shipped twice", &ship, &body(shipment()), "/lines/0/quantity"));
    rows.push(post("the same line returned twice", &open, &body(after_sale()), "/lines/0/quantity"));
    rows.push(post(
        "the same line received twice",
        &receive,
        &body(json!({"outcome": "restock"})),
        "/lines/1/quantity",
    ));
    let again = post("a unit that is in another after-sale", &open, &after_sale().to_string(), "");
    rows.push(again.with(409, "after_sale_state"));
    goods.shop.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_bounded_and_known() {
    let goods = Goods::open().await;
    let mut rows = Vec::new();
    for call in goods.calls() {
        let texts = [
            ("carrier", 64),
            ("tracking_number", 100),
            ("reason", if call.0.ends_with("refunds") { 200 } else { 500 }),
        ];
        for (name, most) in texts.into_iter().filter(|(name, _)| call.1.get(name).is_some()) {
            for bad in
                [json!(""), json!("x".repeat(most + 1)), json!("a\u{0}b"), json!("a\u{7}b"), json!(1), json!(["c"])]
            {
                rows.push(set(&call, &format!("/{name}"), bad));
            }
        }
        for (name, words) in [
            ("status", ["Delivered", "lost", "", "delivered ", "pending"]),
            ("kind", ["Return", "gift", "", "return ", "refunds"]),
            ("outcome", ["Restock", "burn", "", "restock ", "accept"]),
        ] {
            if call.1.get(name).is_some() {
                rows.extend(words.map(|word| set(&call, &format!("/{name}"), json!(word))));
            }
        }
        for at in [
            "",
            "yesterday",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-02-30T00:00:00Z",
            "1767225600",
            "2026-01-01T25:00:00Z",
        ] {
            if call.0.ends_with("tracking") {
                rows.push(set(&call, "/at", json!(at)));
            }
        }
        if call.0.ends_with("tracking") {
            rows.push(set(&call, "/at", json!(1_767_225_600)));
            rows.push(set(&call, "/location", json!("x".repeat(201))));
            rows.push(set(&call, "/note", json!("x".repeat(501))));
            rows.push(set(&call, "/note", json!("a\u{0}b")));
        }
    }
    let approve = (format!("{}approve", goods.of_after_sale), json!({}));
    rows.push(set(&approve, "/return_address", json!("1 High Street")));
    let address = json!({"name": "Ann", "country": "GB", "city": "York", "street": "1 High Street"});
    for (name, value) in [("country", json!("gb")), ("city", json!("")), ("name", Value::Null), ("zip", json!("1"))] {
        let mut bad = address.clone();
        bad[name] = value;
        let body = json!({"return_address": bad}).to_string();
        rows.push(post(&format!("return address: {name}"), &approve.0, &body, &format!("/return_address/{name}")));
    }
    let open = (format!("{}after-sales", goods.of_order), after_sale());
    let replaced = |kind: &str, sku: Value| {
        let lines = json!([{"line": 1, "quantity": 1, "replacement_sku": sku}]);
        let body = json!({"kind": kind, "reason": "r", "lines": lines}).to_string();
        post(&format!("{kind} for {sku}"), &open.0, &body, "/lines/0/replacement_sku")
    };
    rows.extend([json!("a b"), json!(""), json!("x".repeat(65)), json!(1)].map(|sku| replaced("exchange", sku)));
    rows.push(replaced("return", json!("a")));
    goods.shop.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_of_things_that_are_there_in_their_state_and_version() {
    let goods = Goods::open().await;
    let mut rows = Vec::new();
    for (path, body) in goods.calls() {
        let (base, call) = path.rsplit_once('/').expect("a path");
        let prefix = base.rsplit_once('/').expect("a path").0;
        let others = ["ord_1", "shp_1", "aft_1", "1", "ord_9223372036854775808", "%00", goods.order.as_str()];
        for other in others.into_iter().filter(|other| !base.ends_with(other)) {
            let path = format!("{prefix}/{other}/{call}");
            rows.push(post(&path, &path, &body.to_string(), "").with(404, "not_found"));
        }
        if call != "payments" {
            let stale = post(&format!("{path}: stale"), &path, &body.to_string(), "").header("if-match", b"\"99\"");
            rows.push(stale.with(412, "precondition_failed"));
            let row = post(&format!("{path}: no version"), &path, &body.to_string(), "If-Match:");
            rows.push(row.header("if-match", b"1"));
        }
    }
    let state =
        |path: String, body: Value, code: &'static str| post(&path, &path, &body.to_string(), "").with(409, code);
    for order in [goods.shop.unpaid.clone(), goods.shop.cancelled.clone()] {
        rows.push(state(format!("/v1/orders/{order}/shipments"), shipment(), "order_state"));
        rows.push(state(format!("/v1/orders/{order}/confirm-receipt"), json!({}), "order_state"));
        rows.push(state(format!("/v1/orders/{order}/after-sales"), after_sale(), "order_state"));
    }
    for (step, body) in [("approve", json!({})), ("reject", json!({"reason": "r"})), ("reship", consignment())] {
        rows.push(state(format!("{}{step}", goods.of_after_sale), body, "after_sale_state"));
    }
    goods.shop.refuses(rows).await;
}
