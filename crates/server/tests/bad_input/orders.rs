//! Bad orders, quotes, batches and cancels.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Bad, Shop, keyed, support::shop::order};

const PLACE: &str = "/v1/orders";

fn good() -> Value {
    let mut body = order("u", &[("a", 1), ("few", 1)]);
    body["shipping_address"] = json!({"name": "Ann", "country": "GB", "city": "York", "street": "1 High Street"});
    body
}

fn text(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

/// The good order with something changed.
fn changed(name: &str, place: &str, change: impl FnOnce(&mut Value)) -> Bad {
    let mut body = good();
    change(&mut body);
    keyed(Bad::new(name, (Method::POST, PLACE), &text(&body), place))
}

/// The good order with a value set at a pointer, which is also the place that is wrong.
fn set(pointer: &str, value: Value) -> Bad {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    changed(&format!("{pointer} = {value}"), pointer, |body| {
        body.pointer_mut(parent).expect("the parent is there")[name] = value;
    })
}

/// The good order as text with the quantity of its first line replaced by this text.
fn quantity(raw: &str, place: &str) -> Bad {
    let body = text(&good());
    let body = String::from_utf8(body).expect("JSON").replacen("\"quantity\":1", &format!("\"quantity\":{raw}"), 1);
    keyed(Bad::new(&format!("quantity {raw}"), (Method::POST, PLACE), body.as_bytes(), place))
}

fn lines(count: usize) -> Value {
    json!(vec![json!({"sku": "a", "quantity": 1}); count])
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sets_what_the_server_decides() {
    let mut rows = Vec::new();
    for name in [
        "total",
        "status",
        "price",
        "paid",
        "version",
        "id",
        "refunded",
        "discount",
        "created_at",
        "expires_at",
        "updated_at",
        "cancel_reason",
        "shipping",
        "promotions",
        "user",
        "Lines",
        "__proto__",
    ] {
        rows.push(set(&format!("/{name}"), json!(1)));
        rows.push(set(&format!("/{name}"), Value::Null));
    }
    rows.push(set("/idempotency_key", json!("k")));
    for name in ["unit_price", "price", "discount", "payable", "title", "goods", "line", "shipped", "currency"] {
        rows.push(set(&format!("/lines/1/{name}"), json!(0)));
    }
    for name in ["zip", "verified", "Name"] {
        rows.push(set(&format!("/shipping_address/{name}"), json!("x")));
    }
    Shop::open().await.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_is_a_small_whole_number() {
    const AT: &str = "/lines/0/quantity";
    let mut rows = Vec::new();
    for raw in [
        "0",
        "-1",
        "-0",
        "1.5",
        "1.0",
        "1e0",
        "0.1",
        "\"1\"",
        "\"\"",
        "\"٣\"",
        "null",
        "true",
        "[]",
        "[1]",
        "{}",
        "1000001",
        "2147483648",
        "4294967296",
        "4294967297",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "1e308",
    ] {
        rows.push(quantity(raw, AT));
    }
    // These are no JSON, or numbers beyond what it can hold.
    for raw in ["1e400", "-1e400", "٣", "01", "+1", "0x1", "1_000", "NaN", "Infinity", "1.", ".5", "", "1;", "'1'"] {
        rows.push(quantity(raw, ""));
    }
    Shop::open().await.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_of_known_goods_in_one_currency() {
    let with_lines = |name: &str, lines: Value, place: &str| changed(name, place, |body| body["lines"] = lines);
    let line = |sku: &str, quantity: i64| json!({"sku": sku, "quantity": quantity});
    let rows = vec![
        with_lines("no line", json!([]), "/lines"),
        with_lines("1,001 lines", lines(1_001), "/lines"),
        with_lines("lines of null", Value::Null, "/lines"),
        with_lines("lines as object", json!({"0": line("a", 1)}), "/lines"),
        with_lines("a line of null", json!([null]), "/lines/0"),
        with_lines("a line as list", json!([["a", 1]]), "/lines/0"),
        with_lines("no quantity", json!([{"sku": "a"}]), "/lines/0/quantity"),
        with_lines("no SKU", json!([line("a", 1), {"quantity": 1}]), "/lines/1/sku"),
        with_lines("an empty SKU", json!([line("", 1)]), "/lines/0/sku"),
        with_lines("a SKU of 65", json!([line(&"x".repeat(65), 1)]), "/lines/0/sku"),
        with_lines("a SKU with a space", json!([line("a b", 1)]), "/lines/0/sku"),
        with_lines("a SKU with a NUL", json!([line("a\u{0}", 1)]), "/lines/0/sku"),
        with_lines("a SKU in SQL", json!([line("a'; DROP TABLE stock; --", 1)]), "/lines/0/sku"),
        with_lines("a SKU as number", json!([{"sku": 7, "quantity": 1}]), "/lines/0/sku"),
        with_lines("unknown", json!([line("a", 1), line("nothing", 1)]), "/lines/1/sku").with(422, "unknown_sku"),
        with_lines("another case", json!([line("A", 1)]), "/lines/0/sku").with(422, "unknown_sku"),
        with_lines("inactive", json!([line("a", 1), line("gone", 1)]), "/lines/1/sku").with(422, "sku_not_sellable"),
        with_lines("priced in EUR", json!([line("a", 1), line("euro", 1)]), "/lines/1/sku"),
        with_lines("price × quantity", json!([line("dear", 1_000_000)]), "/lines/0/quantity"),
        with_lines("sum of lines", json!([line("dear", 9_000), line("dear", 9_000)]), "/lines/1/quantity"),
        with_lines("too many", json!([line("few", 9)]), "").with(409, "insufficient_stock"),
        with_lines("too many on two lines", json!([line("few", 4), line("a", 1), line("few", 5)]), "")
            .with(409, "insufficient_stock"),
        with_lines("too many on 1,000 lines", json!(vec![line("few", 1); 1_000]), "").with(409, "insufficient_stock"),
        set("/currency", json!("EUR")).at("/lines/0/sku"),
        set("/currency", json!("gbp")),
        set("/currency", json!("XXQ")),
        set("/currency", json!("GBPX")),
        set("/currency", json!("")),
        set("/currency", json!(826)),
    ];
    Shop::open().await.refuses(rows).await;
}

impl Bad {
    fn at(self, place: &str) -> Bad {
        Bad { place: place.to_owned(), ..self }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_not_theirs_is_not_spent() {
    let shop = Shop::open().await;
    let rows = vec![
        set("/expected_total", json!(354)).at("").with(409, "price_changed"),
        set("/expected_total", json!(0)).at("").with(409, "price_changed"),
        set("/expected_total", json!(355.0)),
        set("/expected_total", json!("355")),
        set("/coupon_id", json!(shop.coupon)).at("").with(409, "coupon_not_usable"),
        set("/coupon_id", json!("cpn_1")).at("").with(409, "coupon_not_usable"),
        set("/coupon_id", json!("cpn_x")),
        set("/coupon_id", json!(shop.unpaid)),
        set("/coupon_id", json!(1)),
        set("/points", json!(51)).at("").with(409, "insufficient_points"),
        set("/points", json!(356)),
        set("/points", json!(-1)),
        set("/points", json!(i64::MIN)),
        set("/points", json!(i64::MAX)),
        set("/points", json!(u64::MAX)),
        set("/points", json!(0.5)),
        set("/points", json!("50")),
    ];
    shop.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_keep_their_bounds() {
    let long_map: serde_json::Map<String, Value> = (0..51).map(|number| (format!("k{number}"), json!("v"))).collect();
    let rows = vec![
        set("/user_id", json!("")),
        set("/user_id", json!("x".repeat(65))),
        set("/user_id", json!("u v")),
        set("/user_id", json!("ü")),
        set("/user_id", json!(17850)),
        set("/user_id", Value::Null),
        changed("no user", "/user_id", |body| drop(body.as_object_mut().and_then(|body| body.remove("user_id")))),
        changed("no currency", "/currency", |body| drop(body.as_object_mut().and_then(|body| body.remove("currency")))),
        changed("no lines", "/lines", |body| drop(body.as_object_mut().and_then(|body| body.remove("lines")))),
        set("/metadata", json!("text")),
        set("/metadata", json!([])),
        set("/metadata", json!({"a": 1})).at("/metadata/a"),
        set("/metadata", json!({"a": {"b": "c"}})).at("/metadata/a"),
        set("/metadata", json!({"a/b~c": "v".repeat(501)})).at("/metadata/a~1b~0c"),
        set("/metadata", json!({"": "v"})),
        set("/metadata", Value::Object(long_map)),
        set("/shipping_address", json!("1 High Street")),
        set("/shipping_address/name", json!("")),
        set("/shipping_address/city", json!(" ")),
        set("/shipping_address/street", json!("x".repeat(100_000))),
        set("/shipping_address/country", json!("gb")),
        set("/shipping_address/country", json!("GBR")),
        set("/shipping_address/name", json!("a\u{7}b")),
        set("/shipping_address/name", Value::Null),
    ];
    Shop::open().await.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_are_as_strict_as_orders() {
    let quote = |row: Bad| Bad { path: "/v1/quotes".to_owned(), ..row };
    let rows = vec![
        quote(set("/total", json!(1))),
        quote(quantity("0", "/lines/0/quantity")),
        quote(quantity("1.5", "/lines/0/quantity")),
        quote(quantity("1e400", "")),
        quote(set("/lines/0/sku", json!("nothing")).with(422, "unknown_sku")),
        quote(set("/lines", lines(1_001))),
        quote(set("/points", json!(51)).at("").with(409, "insufficient_points")),
        quote(set("/expected_total", json!(1)).at("").with(409, "price_changed")),
    ];
    Shop::open().await.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_a_list_of_orders() {
    let item =
        json!({"user_id": "u", "currency": "GBP", "lines": [{"sku": "a", "quantity": 1}], "idempotency_key": "k"});
    let batch = |name: &str, body: Value, place: &str| {
        keyed(Bad::new(name, (Method::POST, "/v1/orders/batch"), &text(&body), place))
    };
    let rows = vec![
        batch("no orders", json!({}), "/orders"),
        batch("none", json!({"orders": []}), "/orders"),
        batch("501", json!({"orders": vec![item.clone(); 501]}), "/orders"),
        batch("orders of null", json!({"orders": null}), "/orders"),
        batch("a bare list", json!([item]), ""),
        batch("unknown field", json!({"orders": [], "atomic": true}), "/atomic"),
    ];
    Shop::open().await.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_cancelled_stays() {
    let shop = Shop::open().await;
    let cancel = |name: &str, order: &str, body: Value, place: &str| {
        keyed(Bad::new(name, (Method::POST, &format!("/v1/orders/{order}/cancel")), &text(&body), place))
    };
    let (unpaid, cancelled) = (shop.unpaid.clone(), shop.cancelled.clone());
    let rows = vec![
        cancel("no reason", &unpaid, json!({}), "/reason"),
        cancel("an empty reason", &unpaid, json!({"reason": ""}), "/reason"),
        cancel("a reason of 201", &unpaid, json!({"reason": "x".repeat(201)}), "/reason"),
        cancel("a reason as number", &unpaid, json!({"reason": 1}), "/reason"),
        cancel("unknown field", &unpaid, json!({"reason": "buyer", "refund": true}), "/refund"),
        cancel("cancelled before", &cancelled, json!({"reason": "buyer"}), "").with(409, "order_state"),
        cancel("unknown order", "ord_1", json!({"reason": "buyer"}), "").with(404, "not_found"),
        cancel("no order's id", "1", json!({"reason": "buyer"}), "").with(404, "not_found"),
        cancel("a coupon's id", &shop.coupon, json!({"reason": "buyer"}), "").with(404, "not_found"),
        cancel("2^63", "ord_9223372036854775808", json!({"reason": "buyer"}), "").with(404, "not_found"),
        cancel("stale", &unpaid, json!({"reason": "buyer"}), "")
            .header("if-match", b"\"7\"")
            .with(412, "precondition_failed"),
        cancel("no version", &unpaid, json!({"reason": "buyer"}), "If-Match:").header("if-match", b"1"),
    ];
    shop.refuses(rows).await;
}
