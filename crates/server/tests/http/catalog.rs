//! Products, imports, stock, users and addresses.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    assert_has, names,
    support::{
        client::{Answer, Client, answer},
        server::Data,
        shop::order,
    },
};

fn product(title: &str) -> Value {
    json!({"title": title, "price": 255, "currency": "GBP", "status": "active"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_put_read_and_replaced() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let body = json!({"title": "Café «Ω» 🧺", "price": 0, "currency": "GBP", "status": "active", "weight_grams": 120,
        "attributes": {"colour": "red", "": ""}});
    let mut body = body;
    body["attributes"] = json!({"colour": "red"});
    let made = client.put("/v1/products/85123A", &body).await;
    assert_has(&made.expect(201), &json!({"sku": "85123A", "title": "Café «Ω» 🧺", "price": 0, "version": 1}));
    assert_eq!((made.header("etag"), made.header("content-type")), ("\"1\"", "application/json"));

    let replaced = client.put("/v1/products/85123A", &product("T")).await;
    let expected = json!({"sku": "85123A", "title": "T", "price": 255, "currency": "GBP", "status": "active",
        "weight_grams": null, "attributes": {}, "version": 2});
    assert_has(&replaced.expect(200), &expected);
    let read = client.get("/v1/products/85123A").await;
    assert_eq!(read.expect(200), replaced.json());
    assert_eq!(read.header("etag"), "\"2\"");
    assert!(!read.header("x-request-id").is_empty());
    client.get("/v1/products/none").await.refused(404, "not_found");
}

/// `If-Match` and `If-None-Match` on reads and changes.
#[tokio::test(flavor = "multi_thread")]
async fn versions_guard_changes_and_spare_reads() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let put = async |name: &'static str, value: &'static str| {
        answer(client.request(Method::PUT, "/v1/products/a").header(name, value).json(&product("T"))).await
    };
    put("if-match", "\"1\"").await.refused(412, "precondition_failed");
    put("if-match", "*").await.refused(412, "precondition_failed");
    put("if-none-match", "*").await.expect(201);
    put("if-none-match", "*").await.refused(412, "precondition_failed");
    put("if-match", "\"1\"").await.expect(200);
    assert_eq!(put("if-match", "\"1\"").await.refused(412, "precondition_failed")["version"], 2);
    put("if-match", "W/\"2\"").await.refused(412, "precondition_failed");
    put("if-match", "*").await.expect(200);
    let read = async |tag: &'static str| {
        answer(client.request(Method::GET, "/v1/products/a").header("if-none-match", tag)).await
    };
    for (tag, status) in [("\"3\"", 304), ("W/\"3\"", 304), ("\"1\", \"3\"", 304), ("*", 304), ("\"2\"", 200)] {
        let answer = read(tag).await;
        assert_eq!((answer.status, answer.header("etag")), (status, "\"3\""), "{tag}");
        assert_eq!(answer.body.is_empty(), status == 304, "{tag}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_listed_page_by_page() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let skus: Vec<String> = (0..45).map(|number| format!("s-{number:02}")).collect();
    for sku in skus.iter().rev() {
        client.product(sku, 100).await;
    }
    let first = client.get("/v1/products").await.expect(200);
    assert_eq!(names(&first, "sku").len(), 20, "the default page");
    for limit in [1, 7, 45, 100] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = client.get(&format!("/v1/products?limit={limit}{cursor}")).await.expect(200);
            let rows = names(&page, "sku");
            assert!(rows.len() <= limit);
            seen.extend(rows.iter().map(|sku| (*sku).to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, skus, "pages of {limit}");
    }
}

async fn import(client: &Client, media: &str, body: &str) -> Answer {
    let request = client.request(Method::POST, "/v1/products:import").header("content-type", media);
    answer(request.body(body.to_owned())).await
}

fn failing_lines(report: &Value) -> Vec<u64> {
    let errors = report["errors"].as_array().expect("a list").iter();
    errors.map(|error| error["line"].as_u64().expect("a line")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_takes_the_good_lines_and_names_the_bad() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let good =
        |sku: &str| json!({"sku": sku, "title": "T", "price": 5, "currency": "GBP", "status": "active"}).to_string();
    let ndjson = [
        good("a"),
        "{".to_owned(),
        good("b"),
        good("b c"),
        good("d").replace("5", "-5"),
        good("e").replace("GBP", "XXQ"),
        good("f").replace("\"T\"", "\"T\",\"stock\":5"),
        String::new(),
        good("g"),
        good("a").replace("\"T\"", "\"U\""),
    ];
    let report = import(&client, "application/x-ndjson", &ndjson.join("\n")).await.expect(200);
    assert_eq!((&report["imported"], &report["failed"]), (&json!(4), &json!(5)), "{report}");
    assert_eq!(failing_lines(&report), [2, 4, 5, 6, 7]);
    let page = client.get("/v1/products").await.expect(200);
    assert_eq!(names(&page, "sku"), ["a", "b", "g"]);
    assert_eq!(client.get("/v1/products/a").await.expect(200)["title"], "U", "the later line holds");

    let csv = "sku,title,price,currency,status\nh,\"A, \"\"quoted\"\"\ntitle\",7,GBP,active\ni,T,x,GBP,active\nj,T,7,GBP\nk,T,7,GBP,inactive\n";
    let report = import(&client, "text/csv", csv).await.expect(200);
    assert_eq!((&report["imported"], &report["failed"]), (&json!(1), &json!(3)), "{report}");
    let page = client.get("/v1/products").await.expect(200);
    assert_eq!(names(&page, "sku"), ["a", "b", "g", "k"]);

    let many: Vec<String> = (0..3_000).map(|number| good(&format!("m-{number}"))).collect();
    let report = import(&client, "application/x-ndjson", &many.join("\n")).await.expect(200);
    assert_eq!((&report["imported"], &report["failed"]), (&json!(3_000), &json!(0)));
    client.get("/v1/products/m-2999").await.expect(200);
    let bad = vec!["x"; 150].join("\n");
    let report = import(&client, "application/x-ndjson", &bad).await.expect(200);
    assert_eq!((&report["imported"], &report["failed"], failing_lines(&report).len()), (&json!(0), &json!(150), 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_moves_and_its_ledger_says_why() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.product("a", 0).await;
    client.product("b", 100).await;
    let row = client.receive("a", 100).await;
    assert_has(
        &row,
        &json!({"sku": "a", "on_hand": 100, "locked": 0, "available": 100, "sold": 0, "received": 100, "returned": 0}),
    );
    client.post("/v1/stock/a/adjustments", &json!({"delta": -30, "reason": "broken"})).await.expect(200);
    // What costs nothing is paid at once, and so it leaves the building.
    client.place(&order("u", &[("a", 5)])).await;
    let row = client.get("/v1/stock/a").await;
    assert_has(
        &row.expect(200),
        &json!({"on_hand": 65, "locked": 0, "available": 65, "sold": 5, "received": 70, "returned": 0}),
    );
    assert_eq!(row.header("etag"), format!("\"{}\"", row.json()["version"]));
    let ledger = client.get("/v1/stock/a/movements").await.expect(200);
    let expected = [("sale", -5, 65), ("write_off", -30, 70), ("receive", 100, 100)];
    for (entry, (reason, delta, on_hand)) in ledger["data"].as_array().expect("a list").iter().zip(expected) {
        assert_has(entry, &json!({"reason": reason, "delta": delta, "on_hand": on_hand}));
    }
    assert_eq!(ledger["data"].as_array().map(Vec::len), Some(3));
    assert_eq!((&ledger["data"][1]["note"], &ledger["data"][2]["note"]), (&json!("broken"), &json!("received")));
    assert!(ledger["data"][0]["order_id"].as_str().is_some_and(|id| id.starts_with("ord_")));
    let page = client.get("/v1/stock/a/movements?limit=2").await.expect(200);
    let next = page["next_cursor"].as_str().expect("there is more");
    let rest = client.get(&format!("/v1/stock/a/movements?limit=2&cursor={next}")).await.expect(200);
    assert_eq!((rest["data"].as_array().map(Vec::len), &rest["next_cursor"]), (Some(1), &Value::Null));

    assert_eq!(client.stock("b").await, [0, 0, 0, 0], "a product without stock has none");
    client.place_keyed("k", &order("u", &[("b", 1)])).await.refused(409, "insufficient_stock");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_have_profiles_and_addresses() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    let profile = json!({"name": "Ann", "email": "ann@example.org", "phone": null});
    let made = client.put("/v1/users/u-1", &profile).await;
    assert_has(&made.expect(201), &json!({"id": "u-1", "name": "Ann", "email": "ann@example.org", "version": 1}));
    client.put("/v1/users/u-1", &json!({})).await.expect(200);
    let read = client.get("/v1/users/u-1").await;
    assert_has(&read.expect(200), &json!({"name": null, "email": null, "version": 2}));
    assert_eq!(read.header("etag"), "\"2\"");
    client.get("/v1/users/none").await.refused(404, "not_found");

    let home = json!({"name": "Ann", "phone": "+44 1", "country": "GB", "region": "Yorkshire", "city": "York",
        "street": "1 High Street", "postcode": "YO1"});
    let made = client.put("/v1/users/u-1/addresses/home", &home).await;
    assert_eq!(made.expect(201)["address"], home);
    client.put("/v1/users/u-1/addresses/home", &home).await.expect(200);
    let mut body = order("u-1", &[("a", 1)]);
    body["shipping_address"] = home.clone();
    client.stocked("a", 5, 5).await;
    let placed = client.place(&body).await;
    client
        .put("/v1/users/u-1/addresses/home", &json!({"name": "B", "country": "FR", "city": "C", "street": "D"}))
        .await;
    let order = client.read(placed["id"].as_str().expect("an id")).await;
    assert_eq!(order["shipping_address"], home, "an order keeps the address that it was placed with");
}
