//! Bad products, stock, promotions, coupon templates, grants, points, users and addresses.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Bad, Shop, keyed};

/// A good body of a call, to be spoiled in one place.
struct Call {
    method: Method,
    path: &'static str,
    good: Value,
}

impl Call {
    fn set(&self, name: &str, value: Value) -> Bad {
        let mut body = self.good.clone();
        body[name] = value.clone();
        self.send(&format!("{} {name} = {value}", self.path), &body, &format!("/{name}"))
    }

    fn without(&self, name: &str) -> Bad {
        let mut body = self.good.clone();
        drop(body.as_object_mut().and_then(|body| body.remove(name)));
        self.send(&format!("{} without {name}", self.path), &body, &format!("/{name}"))
    }

    fn send(&self, name: &str, body: &Value, place: &str) -> Bad {
        let row = Bad::new(name, (self.method.clone(), self.path), body.to_string().as_bytes(), place);
        if self.method == Method::POST { keyed(row) } else { row }
    }

    fn spoiled(&self, values: &[(&str, Value)]) -> Vec<Bad> {
        values.iter().map(|(name, value)| self.set(name, value.clone())).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn products_keep_their_bounds() {
    let call = Call {
        method: Method::PUT,
        path: "/v1/products/a",
        good: json!({"title": "T", "price": 1, "currency": "GBP", "status": "active"}),
    };
    let attributes: serde_json::Map<String, Value> = (0..51).map(|number| (format!("k{number}"), json!("v"))).collect();
    let mut rows = call.spoiled(&[
        ("price", json!(-1)),
        ("price", json!(0.5)),
        ("price", json!("1")),
        ("price", json!(1_000_000_000_001_i64)),
        ("price", json!(u64::MAX)),
        ("price", Value::Null),
        ("title", json!("")),
        ("title", json!("ä".repeat(201))),
        ("title", json!("a\nb")),
        ("title", json!(1)),
        ("currency", json!("gbp")),
        ("currency", json!("XXQ")),
        ("status", json!("sold")),
        ("status", json!("Active")),
        ("status", json!(true)),
        ("weight_grams", json!(-1)),
        ("weight_grams", json!(1.5)),
        ("weight_grams", json!(4_294_967_296_i64)),
        ("attributes", json!([])),
        ("attributes", Value::Object(attributes)),
        ("version", json!(7)),
        ("sku", json!("b")),
        ("stock", json!(7)),
    ]);
    rows.extend(["title", "price", "currency", "status"].map(|name| call.without(name)));
    for path in ["/v1/products/a%20b", "/v1/products/%C3%A4", "/v1/products/a%2Fb"] {
        rows.push(Bad { path: path.to_owned(), ..call.send(path, &call.good, "?sku") });
    }
    rows.push(call.send("stale", &call.good, "").header("if-match", b"\"7\"").with(412, "precondition_failed"));
    rows.push(call.send("is there", &call.good, "").header("if-none-match", b"*").with(412, "precondition_failed"));
    rows.push(call.send("no tag", &call.good, "If-Match:").header("if-match", b"7"));
    rows.push(call.send("two tags", &call.good, "If-Match:").header("if-match", b"\"1\", \"2\""));
    Shop::open().await.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_and_points_move_by_whole_units_with_a_reason() {
    let good = json!({"delta": 1, "reason": "r"});
    let stock = Call { method: Method::POST, path: "/v1/stock/few/adjustments", good: good.clone() };
    let points = Call { method: Method::POST, path: "/v1/users/u/points/adjustments", good };
    let mut rows = Vec::new();
    for call in [&stock, &points] {
        rows.extend(call.spoiled(&[
            ("delta", json!(0)),
            ("delta", json!(1.5)),
            ("delta", json!("1")),
            ("delta", Value::Null),
            ("delta", json!(i64::MAX)),
            ("delta", json!(u64::MAX)),
            ("reason", json!("")),
            ("reason", json!(" ")),
            ("reason", json!("x".repeat(201))),
            ("reason", json!("a\u{0}b")),
            ("on_hand", json!(1)),
            ("balance", json!(1)),
        ]));
        rows.extend(["delta", "reason"].map(|name| call.without(name)));
    }
    // Of ten units two are held: nine cannot be written off.
    rows.push(stock.set("delta", json!(-9)).with(409, "insufficient_stock").anywhere());
    rows.push(stock.set("delta", json!(i64::MIN)).with(409, "insufficient_stock").anywhere());
    rows.push(points.set("delta", json!(-51)).with(409, "insufficient_points").anywhere());
    rows.push(points.set("delta", json!(i64::MIN)).with(409, "insufficient_points").anywhere());
    let unknown = Bad { path: "/v1/stock/nothing/adjustments".to_owned(), ..stock.send("unknown", &stock.good, "") };
    rows.push(unknown.with(422, "unknown_sku"));
    rows.push(stock.send("stale", &stock.good, "").header("if-match", b"\"99\"").with(412, "precondition_failed"));
    Shop::open().await.refuses(rows).await;
}

impl Bad {
    fn anywhere(self) -> Bad {
        Bad { place: String::new(), ..self }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promotions_are_whole_and_of_one_kind() {
    let call = Call {
        method: Method::PUT,
        path: "/v1/promotions/p",
        good: json!({"kind": "percent_off", "percent": 10, "applies_to": {"all": true}, "stackable": true, "priority": 0,
            "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-02-01T00:00:00Z"}),
    };
    let kind = |good: Value| Call { good, ..Call { method: Method::PUT, path: "/v1/promotions/p", good: Value::Null } };
    let base = |kind: Value| {
        let mut body = json!({"applies_to": {"skus": ["a"]}, "stackable": false, "priority": 1, "currency": "GBP",
            "starts_at": "2026-01-01T00:00:00Z"});
        body.as_object_mut().expect("an object").extend(kind.as_object().expect("an object").clone());
        body
    };
    let mut rows = call.spoiled(&[
        ("percent", json!(0)),
        ("percent", json!(101)),
        ("percent", json!(-1)),
        ("percent", json!(9.5)),
        ("percent", json!("10")),
        ("amount", json!(5)),
        ("kind", json!("free")),
        ("kind", Value::Null),
        ("starts_at", json!("yesterday")),
        ("starts_at", json!("2026-01-01")),
        ("starts_at", json!("2026-13-01T00:00:00Z")),
        ("starts_at", json!(1_767_225_600)),
        ("ends_at", json!("2026-01-01T00:00:00Z")),
        ("ends_at", json!("2025-01-01T00:00:00Z")),
        ("priority", json!(2_147_483_648_i64)),
        ("priority", json!(0.5)),
        ("stackable", json!("yes")),
        ("uses", json!(1)),
    ]);
    rows.extend(["kind", "percent", "applies_to", "starts_at"].map(|name| call.without(name)));
    for scope in
        [json!({}), json!("all"), json!({"all": false}), json!({"all": true, "skus": ["a"]}), json!({"some": 1})]
    {
        rows.push(call.set("applies_to", scope).below());
    }
    for skus in [json!([]), json!(["a b"]), json!("a"), json!([7]), json!(vec!["a"; 10_001])] {
        rows.push(call.set("applies_to", json!({"skus": skus})).below());
    }
    rows.extend(kind(base(json!({"kind": "amount_off", "amount": 1}))).spoiled(&[
        ("amount", json!(0)),
        ("amount", json!(1_000_000_000_001_i64)),
        ("percent", json!(1)),
        ("currency", json!("XXQ")),
    ]));
    rows.extend(kind(base(json!({"kind": "fixed_price", "price": 1}))).spoiled(&[("price", json!(-1))]));
    rows.extend(kind(base(json!({"kind": "buy_x_get_y", "buy": 2, "get": 1}))).spoiled(&[
        ("buy", json!(0)),
        ("get", json!(0)),
        ("get", json!(1_001)),
        ("percent", json!(101)),
    ]));
    let spend = kind(base(json!({"kind": "spend_and_save", "minimum_spend": 100, "amount": 5})));
    rows.extend(spend.spoiled(&[("minimum_spend", json!(0)), ("amount", json!(0)), ("percent", json!(5))]));
    rows.push(spend.without("minimum_spend"));
    Shop::open().await.refuses(rows).await;
}

impl Bad {
    /// The place may be anywhere in the body: several values are wrong together.
    fn below(self) -> Bad {
        self.anywhere()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn coupons_come_from_whole_templates() {
    let template = Call {
        method: Method::PUT,
        path: "/v1/coupon-templates/t",
        good: json!({"kind": "amount_off", "amount": 100, "currency": "GBP", "minimum_spend": 0, "limit_total": 1,
            "limit_per_user": 1, "valid_from": "2026-01-01T00:00:00Z", "valid_until": "2026-02-01T00:00:00Z"}),
    };
    let grant = Call { method: Method::POST, path: "/v1/users/v/coupons", good: json!({"template": "ten"}) };
    let mut rows = template.spoiled(&[
        ("amount", json!(0)),
        ("amount", json!(9_007_199_254_740_992_i64)),
        ("percent", json!(10)),
        ("minimum_spend", json!(-1)),
        ("limit_total", json!(0)),
        ("limit_total", json!(-1)),
        ("limit_per_user", json!(0)),
        ("limit_per_user", json!(4_294_967_296_i64)),
        ("valid_until", json!("2026-01-01T00:00:00Z")),
        ("valid_from", json!("soon")),
        ("currency", json!("pounds")),
        ("granted", json!(0)),
    ]);
    rows.extend(["kind", "amount", "valid_from", "valid_until"].map(|name| template.without(name)));
    rows.extend(grant.spoiled(&[("template", json!("a b")), ("template", json!(1)), ("user_id", json!("w"))]));
    rows.push(grant.without("template"));
    rows.push(grant.set("template", json!("unknown")).with(404, "not_found").anywhere());
    rows.push(Bad { path: "/v1/users/a%20b/coupons".to_owned(), ..grant.send("no user", &grant.good, "?user") });
    Shop::open().await.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_addresses_keep_their_bounds() {
    let user = Call { method: Method::PUT, path: "/v1/users/u", good: json!({"name": "Ann"}) };
    let address = Call {
        method: Method::PUT,
        path: "/v1/users/u/addresses/home",
        good: json!({"name": "Ann", "country": "GB", "city": "York", "street": "1 High Street"}),
    };
    let mut rows = user.spoiled(&[
        ("name", json!(1)),
        ("name", json!("x".repeat(10_000))),
        ("email", json!("x".repeat(10_000))),
        ("roles", json!(["operator"])),
        ("points", json!(1)),
        ("version", json!(1)),
    ]);
    rows.extend(address.spoiled(&[
        ("country", json!("UKX")),
        ("country", json!("gb")),
        ("country", json!("")),
        ("city", json!("")),
        ("street", json!("x".repeat(10_000))),
        ("postcode", json!(7)),
        ("phone", json!("a\u{0}")),
        ("user_id", json!("v")),
    ]));
    rows.extend(["name", "country", "city", "street"].map(|name| address.without(name)));
    let bad_id = Bad { path: "/v1/users/u/addresses/a%20b".to_owned(), ..address.send("bad id", &address.good, "?id") };
    rows.push(bad_id);
    Shop::open().await.refuses(rows).await;
}
