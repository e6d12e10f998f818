//! Bad attempts to pay, refunds, notes, cancels of units and questions of operators.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Bad, Shop, keyed};

fn text(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

/// A POST under a key of its own.
fn post(name: &str, path: &str, body: &Value, place: &str) -> Bad {
    keyed(Bad::new(name, (Method::POST, path), &text(body), place))
}

/// A GET.
fn get(name: &str, path: &str, place: &str) -> Bad {
    Bad::new(name, (Method::GET, path), b"", place)
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_of_unpaid_orders_at_channels_that_are_there() {
    let shop = Shop::open().await;
    let open = |name: &str, order: &str, body: Value, place: &str| {
        post(name, &format!("/v1/orders/{order}/payments"), &body, place)
    };
    let unpaid = shop.unpaid.clone();
    let good = json!({"channel": "sandbox"});
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value.clone();
        open(&format!("{name} = {value}"), &unpaid, body, &format!("/{name}"))
    };
    let mut rows = vec![
        open("no channel", &unpaid, json!({}), "/channel"),
        open("a list", &unpaid, json!(["sandbox"]), ""),
        open("unknown order", "ord_1", good.clone(), "").with(404, "not_found"),
        open("no order's id", "pay_1", good.clone(), "").with(404, "not_found"),
        open("a cancelled order", &shop.cancelled, good.clone(), "").with(409, "order_state"),
        open("a paid order", &shop.paid, good.clone(), "").with(409, "order_state"),
        get("payments of nothing", "/v1/orders/ord_1/payments", "").with(404, "not_found"),
        get("no payment", "/v1/payments/pay_1", "").with(404, "not_found"),
        get("an order's id", &format!("/v1/payments/{unpaid}"), "").with(404, "not_found"),
        get("no payment's code", "/v1/payments/pay_1/qr.svg", "").with(404, "not_found"),
        get("a paid payment's code", &format!("/v1/payments/{}/qr.svg", shop.payment), "").with(409, "payment_state"),
        get("no payment's stream", "/v1/payments/pay_1/watch", "").with(404, "not_found"),
    ];
    for channel in
        [json!("Sandbox"), json!("sandbox "), json!("alipay"), json!(""), json!(1), Value::Null, json!(["sandbox"])]
    {
        rows.push(with("channel", channel));
    }
    for name in ["amount", "currency", "status", "pay_url", "captured", "id", "Channel", "expires_at"] {
        rows.push(with(name, json!(1)));
    }
    for url in [
        json!("javascript:alert(1)"),
        json!("data:text/html,x"),
        json!("ftp://shop.example/"),
        json!("//shop.example/"),
        json!("/thanks"),
        json!("shop.example"),
        json!("https://"),
        json!("https://a@shop.example/"),
        json!("https://shop.example/a b"),
        json!("https://shop.example/\"onload="),
        json!("https://shop.example/\u{0}"),
        json!(format!("https://shop.example/{}", "x".repeat(2_048))),
        json!(""),
        json!(1),
    ] {
        rows.push(with("return_url", url));
    }
    shop.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_without_words_take_none() {
    let shop = Shop::open().await;
    let mut rows = Vec::new();
    for path in ["/v1/payments/pay_1/refresh", "/v1/refunds/rfd_1/retry"] {
        rows.push(post("unknown", path, &json!({}), "").with(404, "not_found"));
        rows.push(post("a member", path, &json!({"force": true}), "/force"));
        rows.push(post("a list", path, &json!([]), ""));
        rows.push(keyed(Bad::new("no JSON", (Method::POST, path), b"x", "")));
        let typed = keyed(Bad::new("text", (Method::POST, path), b"{}", "")).header("content-type", b"text/plain");
        rows.push(typed.with(415, "unsupported_media_type"));
        rows.push(
            Bad::new("a bad key", (Method::POST, path), b"", "Idempotency-Key:").header("idempotency-key", b"\""),
        );
    }
    rows.push(
        post("an order's id", &format!("/v1/payments/{}/refresh", shop.unpaid), &json!({}), "").with(404, "not_found"),
    );
    rows.push(
        post("a payment's id", &format!("/v1/refunds/{}/retry", shop.payment), &json!({}), "").with(404, "not_found"),
    );
    shop.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_are_of_money_that_was_taken() {
    let shop = Shop::open().await;
    let paid = shop.paid.clone();
    let refund = |name: &str, order: &str, body: Value, place: &str| {
        post(name, &format!("/v1/orders/{order}/refunds"), &body, place)
    };
    let with = |name: &str, value: Value, place: &str| {
        let mut body = json!({"reason": "r"});
        body[name] = value.clone();
        refund(&format!("{name} = {value}"), &paid, body, place)
    };
    let units = |line: Value, quantity: Value| json!([{"line": line, "quantity": quantity}]);
    let both = json!({"reason": "r", "amount": 1, "lines": units(json!(1), json!(1))});
    let mut rows = vec![
        refund("no reason", &paid, json!({"amount": 1}), "/reason"),
        refund("lines and amount", &paid, both, "/amount"),
        refund("an unpaid order", &shop.unpaid, json!({"reason": "r"}), "").with(409, "refund_exceeds"),
        refund("a cancelled order", &shop.cancelled, json!({"reason": "r"}), "").with(409, "refund_exceeds"),
        refund("unknown order", "ord_1", json!({"reason": "r"}), "").with(404, "not_found"),
        refund("stale", &paid, json!({"reason": "r"}), "")
            .header("if-match", b"\"1\"")
            .with(412, "precondition_failed"),
        refund("no version", &paid, json!({"reason": "r"}), "If-Match:").header("if-match", b"1"),
        with("amount", json!(511), "").with(409, "refund_exceeds"),
        with("lines", json!([{"line": 1, "quantity": 1}, {"line": 1, "quantity": 2}]), "/lines/0/quantity"),
        with("lines", units(json!(2), json!(1)), "/lines/0/line"),
        with("lines", units(json!(i64::MAX), json!(1)), "/lines/0/line"),
        with("lines", units(json!(1), json!(3)), "/lines/0/quantity"),
        with("lines", json!([]), "/lines"),
        with("lines", json!({}), "/lines"),
        with("lines", json!([1]), "/lines/0"),
        with("lines", json!([[1, 1]]), "/lines/0"),
        with("lines", json!([{"line": 1}]), "/lines/0/quantity"),
        with("lines", json!([{"quantity": 1}]), "/lines/0/line"),
        with("lines", json!([{"line": 1, "quantity": 1, "amount": 1}]), "/lines/0/amount"),
        with("lines", json!(vec![json!({"line": 1, "quantity": 1}); 1_001]), "/lines"),
        with("reason", json!(""), "/reason"),
        with("reason", json!("x".repeat(201)), "/reason"),
        with("reason", json!("a\u{7}b"), "/reason"),
        with("reason", json!(1), "/reason"),
        with("payment_id", json!(shop.payment), "/payment_id"),
        with("status", json!("succeeded"), "/status"),
    ];
    for amount in
        [json!(0), json!(-1), json!(i64::MIN), json!(i64::MAX), json!(u64::MAX), json!(0.5), json!("1"), json!(true)]
    {
        rows.push(with("amount", amount, "/amount"));
    }
    for number in [json!(0), json!(-1), json!(1.5), json!("1"), Value::Null, json!(u64::MAX)] {
        rows.push(with("lines", units(number.clone(), json!(1)), "/lines/0/line"));
        rows.push(with("lines", units(json!(1), number), "/lines/0/quantity"));
    }
    shop.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_account_for_what_they_settle() {
    let shop = Shop::open().await;
    let mut rows = Vec::new();
    for path in ["/v1/refunds/rfd_1/resolve", "/v1/ops/receipts/rct_1/resolve"] {
        rows.push(post("unknown", path, &json!({"note": "n"}), "").with(404, "not_found"));
        rows.push(post("no note", path, &json!({}), "/note"));
        rows.push(post("a reason", path, &json!({"note": "n", "reason": "r"}), "/reason"));
        for note in [json!(""), json!(" \t"), json!("x".repeat(1_001)), json!("a\u{0}b"), json!(7), Value::Null] {
            rows.push(post(&format!("note {note}"), path, &json!({"note": note}), "/note"));
        }
    }
    let list = "/v1/ops/receipts";
    rows.extend([
        get("a verdict that there is not", &format!("{list}?verdict=lost"), "?verdict"),
        get("a verdict in capitals", &format!("{list}?verdict=Forged"), "?verdict"),
        get("no row", &format!("{list}?limit=0"), "?limit"),
        get("101 rows", &format!("{list}?limit=101"), "?limit"),
        get("a cursor of another list", &format!("{list}?cursor=ord_1"), "?cursor"),
        get("another parameter", &format!("{list}?state=forged"), "?query"),
        get("unknown refund", "/v1/refunds/rfd_1", "").with(404, "not_found"),
        get("no refund's id", "/v1/refunds/1", "").with(404, "not_found"),
        get("refunds of nothing", "/v1/orders/ord_1/refunds", "").with(404, "not_found"),
    ]);
    shop.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_cancelled_while_they_are_there() {
    let shop = Shop::open().await;
    let cancel = |name: &str, order: &str, lines: Value, place: &str| {
        let body = json!({"reason": "merchant", "lines": lines});
        post(name, &format!("/v1/orders/{order}/cancel"), &body, place)
    };
    let one = json!([{"line": 1, "quantity": 1}]);
    let buyer = json!({"reason": "buyer"});
    let paid = shop.paid.clone();
    let rows = vec![
        cancel("units of an unpaid order", &shop.unpaid, one.clone(), "/lines"),
        cancel("units of a cancelled order", &shop.cancelled, one, "").with(409, "order_state"),
        cancel("no units", &paid, json!([]), "/lines"),
        cancel("line 0", &paid, json!([{"line": 0, "quantity": 1}]), "/lines/0/line"),
        cancel("line 2", &paid, json!([{"line": 2, "quantity": 1}]), "/lines/0/line"),
        cancel("too many", &paid, json!([{"line": 1, "quantity": 3}]), "/lines/0/quantity"),
        cancel("too many together", &paid, json!(vec![json!({"line": 1, "quantity": 1}); 3]), "/lines/0/quantity"),
        cancel("another member", &paid, json!([{"line": 1, "quantity": 1, "sku": "a"}]), "/lines/0/sku"),
        post("a buyer of a paid order", &format!("/v1/orders/{paid}/cancel"), &buyer, "").with(409, "order_state"),
    ];
    shop.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the server under test compares the signature's time with the real one")]
async fn nobody_speaks_for_a_channel() {
    let shop = Shop::open().await;
    let path = "/v1/channels/sandbox/notifications";
    let forged = |name: &str, body: &[u8]| Bad::new(name, (Method::POST, path), body, "").with(401, "unauthorized");
    let paid = json!({"event_id": "e", "merchant": "ordain-sandbox", "payment": {"id": shop.payment, "state": "captured",
        "amount": 510, "currency": "GBP", "transaction": "t"}});
    let now = jiff::Timestamp::now().as_second().to_string();
    let rows = vec![
        forged("nothing", b""),
        forged("unsigned", &text(&paid)),
        forged("no text", &[0, 0xff, 0xfe]),
        forged("an empty signature", &text(&paid))
            .header("sandbox-signature", b"")
            .header("sandbox-timestamp", now.as_bytes()),
        forged("zeros", &text(&paid))
            .header("sandbox-signature", format!("v1={}", "0".repeat(64)).as_bytes())
            .header("sandbox-timestamp", now.as_bytes()),
        forged("no time", &text(&paid)).header("sandbox-signature", b"v1=00").header("sandbox-timestamp", b"-1"),
        Bad::new("too long", (Method::POST, path), &vec![b' '; 65_537], "").with(413, "payload_too_large"),
        Bad::new("no channel", (Method::POST, "/v1/channels/alipay/notifications"), b"{}", "").with(404, "not_found"),
        Bad::new("a strange channel", (Method::POST, "/v1/channels/%00/notifications"), b"{}", "")
            .with(404, "not_found"),
    ];
    shop.refuses(rows).await;
}
