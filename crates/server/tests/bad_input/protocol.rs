//! What is wrong with the request itself: broken JSON, its size and depth, media types, headers, parameters, methods.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
};

use reqwest::Method;

use crate::{Bad, Shop, keyed};

const GOOD: &str = r#"{"user_id":"u","currency":"GBP","lines":[{"sku":"a","quantity":1}]}"#;

fn place(name: &str, body: &[u8], place: &str) -> Bad {
    keyed(Bad::new(name, (Method::POST, "/v1/orders"), body, place))
}

fn get(path: &str, place: &str) -> Bad {
    Bad::new(path, (Method::GET, path), b"", place)
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_json_is_no_order() {
    let cut = &GOOD.as_bytes()[..GOOD.len() - 1];
    let mut rows = vec![
        place("empty", b"", ""),
        place("cut off", cut, ""),
        place("more behind it", format!("{GOOD} {GOOD}").as_bytes(), ""),
        place("a comma too many", GOOD.replace("1}", "1,}").as_bytes(), ""),
        place("a comment", GOOD.replace("{\"user", "/**/{\"user").as_bytes(), ""),
        place("single quotes", GOOD.replace('"', "'").as_bytes(), ""),
        place("a byte order mark", format!("\u{feff}{GOOD}").as_bytes(), ""),
        place("UTF-16", &GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), ""),
        place(
            "not UTF-8",
            &GOOD
                .replace("\"u\"", "\"u?\"")
                .replace('?', "\u{1}")
                .bytes()
                .map(|byte| if byte == 1 { 0xff } else { byte })
                .collect::<Vec<u8>>(),
            "",
        ),
        place("half a surrogate", GOOD.replace("\"u\"", r#""\ud800""#).as_bytes(), ""),
        place("a raw newline in a text", GOOD.replace("\"u\"", "\"u\n\"").as_bytes(), ""),
        place("null", b"null", ""),
        place("a number", b"7", ""),
        place("a list", format!("[{GOOD}]").as_bytes(), ""),
        place("twice a key", GOOD.replace("\"currency\"", "\"user_id\":\"v\",\"currency\"").as_bytes(), "/user_id"),
        place(
            "twice a key, escaped",
            GOOD.replace("\"currency\"", r#""user\u005fid":"v","currency""#).as_bytes(),
            "/user_id",
        ),
        place(
            "twice a quantity",
            GOOD.replace("\"quantity\":1", "\"quantity\":1,\"quantity\":2").as_bytes(),
            "/lines/0/quantity",
        ),
        place(
            "twice in metadata",
            GOOD.replace("\"lines\"", r#""metadata":{"k":"1","k":"2"},"lines""#).as_bytes(),
            "/metadata/k",
        ),
    ];
    for (name, open) in [("lists", "["), ("objects", "{\"a\":")] {
        let deep = open.repeat(100_000);
        rows.push(place(&format!("100,000 {name}"), deep.as_bytes(), ""));
        rows.push(place(&format!("100,000 {name} as lines"), format!("{{\"lines\":{deep}").as_bytes(), ""));
        rows.push(place(
            &format!("100,000 {name} as metadata"),
            format!("{{\"metadata\":{{\"k\":{deep}").as_bytes(),
            "",
        ));
        rows.push(place(&format!("100,000 {name} unknown"), format!("{{\"x\":{deep}").as_bytes(), ""));
    }
    Shop::open().await.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn size_and_media_type_are_bounded() {
    let large = GOOD.replace("\"u\"", &format!("\"{}\"", "u".repeat(10 << 20)));
    let mut rows = vec![
        place("10 MiB", large.as_bytes(), "").with(413, "payload_too_large"),
        place("10 MiB of space", " ".repeat(10 << 20).as_bytes(), "").with(413, "payload_too_large"),
        place(
            "1.5 MiB in one text",
            GOOD.replace("\"u\"", &format!("\"{}\"", "u".repeat(3 << 19))).as_bytes(),
            "/user_id",
        ),
    ];
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "application/jsonx",
        "application/json; charset=latin1",
        "",
        "json",
    ] {
        let row = place(&format!("as {media:?}"), GOOD.as_bytes(), "");
        rows.push(row.header("content-type", media.as_bytes()).with(415, "unsupported_media_type"));
    }
    let import = Bad::new("an import of XML", (Method::POST, "/v1/products:import"), b"<a/>", "");
    rows.push(import.header("content-type", b"application/xml").with(415, "unsupported_media_type"));
    Shop::open().await.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_checked() {
    let key = |name: &str, key: &[u8]| place(name, GOOD.as_bytes(), "Idempotency-Key:").header("idempotency-key", key);
    let rows = vec![
        key("an empty key", b""),
        key("256 characters", "k".repeat(256).as_bytes()),
        key("an empty quoted key", b"\"\""),
        key("half a quote", b"\"k"),
        key("a tab", b"a\tb"),
        key("no ASCII", "ключ".as_bytes()),
        key("no UTF-8", &[0xff, 0xfe]),
        get("/v1/orders", "").header("accept", b"text/html").with(406, "not_acceptable"),
        get("/v1/orders/ord_1/watch", "").header("accept", b"application/json").with(406, "not_acceptable"),
        get("/v1/orders/ord_1/watch", "").header("last-event-id", b"x").with(404, "not_found"),
    ];
    Shop::open().await.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_checked() {
    let shop = Shop::open().await;
    let mut rows = Vec::new();
    for (path, place) in [
        ("/v1/orders?user_id=u&limit=0", "?limit"),
        ("/v1/orders?user_id=u&limit=101", "?limit"),
        ("/v1/orders?user_id=u&limit=-1", "?limit"),
        ("/v1/orders?user_id=u&limit=x", "?limit"),
        ("/v1/orders?user_id=u&limit=99999999999999999999", "?limit"),
        ("/v1/orders?user_id=u&cursor=x", "?cursor"),
        ("/v1/orders?user_id=u&cursor=", "?cursor"),
        ("/v1/orders?user_id=u&cursor=-1", "?cursor"),
        ("/v1/orders?user_id=u&status=lost", "?status"),
        ("/v1/orders?user_id=a%20b", "?user_id"),
        ("/v1/orders?user_id=u&user_id=v", ""),
        ("/v1/orders?user=u", ""),
        ("/v1/orders?user_id=%FF", ""),
        ("/v1/products?limit=101", "?limit"),
        ("/v1/products?cursor=a%20b", "?cursor"),
        ("/v1/stock/a/movements?limit=0", "?limit"),
        ("/v1/stock/a/movements?cursor=x", "?cursor"),
        ("/v1/users/u/points?limit=x", "?limit"),
        ("/v1/stock/a%20b", "?sku"),
        ("/v1/users/a%20b/points", "?user"),
    ] {
        rows.push(get(path, place));
    }
    for path in [
        "/v1/orders/ord_1",
        "/v1/orders/ord_",
        "/v1/orders/pay_1",
        "/v1/orders/ord_-1",
        "/v1/orders/ord_01",
        "/v1/orders/ord_9223372036854775808",
        "/v1/orders/x",
        "/v1/orders/ord_1/events",
        "/v1/orders/ord_1/watch",
        "/v1/products/nothing",
        "/v1/stock/nothing",
        "/v1/nothing",
        "/v2/orders",
        "/v1/orders/",
        "/",
        "/v1",
        "//v1/orders",
    ] {
        rows.push(get(path, "").with(404, "not_found"));
    }
    shop.refuses(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_not_allowed() {
    let shop = Shop::open().await;
    let table = [
        (Method::DELETE, "/v1/orders"),
        (Method::PUT, "/v1/orders"),
        (Method::PATCH, "/v1/orders/ord_1"),
        (Method::POST, "/v1/orders/ord_1"),
        (Method::DELETE, "/v1/products/a"),
        (Method::POST, "/v1/products/a"),
        (Method::PUT, "/v1/stock/a"),
        (Method::POST, "/v1/ops/verify"),
        (Method::POST, "/healthz"),
    ];
    let row = |(method, path): (Method, &str)| {
        let name = format!("{method} {path}");
        Bad::new(&name, (method, path), GOOD.as_bytes(), "").with(405, "method_not_allowed")
    };
    shop.refuses(table.map(row).into_iter().collect()).await;
}

/// What is no HTTP, or breaks off, is no order, and the next caller is served.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_request_is_no_order() {
    let shop = Shop::open().await;
    let head =
        |more: &str| format!("POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{more}\r\n\r\n");
    let length = GOOD.len();
    let table = [
        ("half a head", "POST /v1/orders HTT".to_owned(), 0),
        ("a body that never comes", head(&format!("content-length: {length}")), 0),
        ("half a body", head(&format!("content-length: {length}")), length / 2),
        ("a body longer than it came", head(&format!("content-length: {}", length + 1)), length),
        ("a chunk that breaks off", head("transfer-encoding: chunked") + &format!("{length:x}\r\n"), length),
        ("two lengths", head(&format!("content-length: {length}\r\ncontent-length: 1")), length),
        ("a length that is none", head("content-length: -1"), length),
        ("no HTTP", "\u{16}\u{3}\u{1}\u{2}\u{0}".to_owned(), 0),
        ("an old HTTP", format!("POST /v1/orders HTTP/0.9\r\n\r\n{GOOD}"), 0),
        ("a head of 1 MiB", head(&format!("x-padding: {}", "x".repeat(1 << 20))), 0),
    ];
    for (name, head, sent) in table {
        let mut stream = TcpStream::connect(shop.address()).expect("the server listens");
        // The server may hang up before it has heard all of it.
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&GOOD.as_bytes()[..sent])));
        drop(stream.shutdown(Shutdown::Write));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        let answer = String::from_utf8_lossy(&answer);
        let is_refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4");
        assert!(is_refused, "{name}: {answer}");
    }
    shop.refuses(vec![place("the next caller's mistake", b"{}", "")]).await;
    assert_eq!(shop.orders_of("u").await, 0, "nothing was placed");
}
