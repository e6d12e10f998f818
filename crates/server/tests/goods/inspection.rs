//! What is found of goods that came back: they go on the shelf, cannot be sold, or are not taken back; unit by unit.

use serde_json::{Value, json};

use crate::{A, B, Shop, calls::units, support::shop::id};

/// `[restocked, scrapped, refused]` of each line of an after-sale.
fn found(row: &Value) -> Vec<[i64; 3]> {
    let line = |line: &Value| ["restocked", "scrapped", "refused"].map(|name| line[name].as_i64().expect("units"));
    row["lines"].as_array().expect("lines").iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_decides_about_stock_and_money() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let of = |line: i64, quantity: i64, outcome: &str| json!({"line": line, "quantity": quantity, "outcome": outcome});
    let mixed = [of(1, 1, "scrap"), of(1, 1, "restock"), of(1, 1, "refuse"), of(2, 1, "scrap")];
    // The body, where it ends, what is found of three `a` and one `b`, what is paid back.
    let table = [
        (json!({"outcome": "restock"}), "completed", [[3, 0, 0], [1, 0, 0]], 3 * A + B),
        (json!({"outcome": "scrap"}), "completed", [[0, 3, 0], [0, 1, 0]], 3 * A + B),
        (json!({"outcome": "refuse"}), "rejected", [[0, 0, 3], [0, 0, 1]], 0),
        (json!({"outcome": "refuse", "lines": mixed}), "completed", [[1, 1, 1], [0, 1, 0]], 2 * A + B),
        (json!({"outcome": "restock", "lines": units(&[(1, 2)])}), "completed", [[2, 0, 1], [0, 0, 1]], 2 * A),
        (
            json!({"outcome": "scrap", "lines": [{"line": 2, "outcome": "restock"}]}),
            "completed",
            [[0, 0, 3], [1, 0, 0]],
            B,
        ),
        (json!({"outcome": "restock", "lines": [of(1, 2, "refuse")]}), "rejected", [[0, 0, 3], [0, 0, 1]], 0),
    ];
    for (body, status, expected, paid_back) in table {
        let order = shop.delivered(&[("a", 3), ("b", 1)]).await;
        let (stock, ledger) = ([client.stock("a").await, client.stock("b").await], client.movements("a").await.len());
        let row = client.after_sale(&order, "return", &[(1, 3), (2, 1)]).await;
        client.step(&row, "approve").await;
        client.step(&row, "ship-back").await;
        client.post(&format!("/v1/after-sales/{row}/receive"), &body).await.expect(200);
        let done = client.after_sale_becomes(&row, status).await;
        assert_eq!(found(&done), expected, "{body}");
        let left = expected.map(|[restocked, scrapped, refused]| [0, refused, restocked + scrapped, 0]);
        assert_eq!(client.buckets(&order).await, left, "{body}");
        for (sku, before, [restocked, ..]) in [("a", stock[0], expected[0]), ("b", stock[1], expected[1])] {
            let [on_hand, locked, available, sold] = before;
            let after = [on_hand + restocked, locked, available + restocked, sold];
            assert_eq!(client.stock(sku).await, after, "{sku}: {body}");
        }
        let came = &client.movements("a").await[ledger..];
        let expected_entries: Vec<(i64, String)> =
            (expected[0][0] > 0).then(|| (expected[0][0], "return".to_owned())).into_iter().collect();
        assert_eq!(came, expected_entries, "the ledger of stock: {body}");
        assert_eq!(shop.kept(&order).await, 3 * A + B - paid_back, "{body}");
    }
    shop.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_may_be_asked_for_again() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.delivered(&[("a", 2)]).await;
    let first = client.after_sale(&order, "return", &[(1, 2)]).await;
    client.step(&first, "approve").await;
    let body = json!({"outcome": "restock", "lines": units(&[(1, 1)])});
    client.post(&format!("/v1/after-sales/{first}/receive"), &body).await.expect(200);
    client.after_sale_becomes(&first, "completed").await;
    let second = client.after_sale(&order, "return", &[(1, 1)]).await;
    client.step(&second, "approve").await;
    client.step(&second, "receive:restock").await;
    client.after_sale_becomes(&second, "completed").await;
    assert_eq!((client.buckets(&order).await, shop.kept(&order).await), (vec![[0, 0, 2, 0]], 0));
    shop.is_sound().await;
}

/// An inspection that names no unit says nothing; it must not count as one that found everything.
#[tokio::test(flavor = "multi_thread")]
async fn an_inspection_names_units_or_is_of_all() {
    let shop = Shop::open(&[]).await;
    let client = &shop.client;
    let order = shop.delivered(&[("a", 2), ("b", 1)]).await;
    let row = client.after_sale(&order, "return", &[(1, 2)]).await;
    client.step(&row, "approve").await;
    let before = client.row(&row).await;
    let table = [
        (json!([]), "/lines"),
        (units(&[(2, 1)]), "/lines/0/line"),
        (units(&[(3, 1)]), "/lines/0/line"),
        (units(&[(1, 3)]), "/lines/0/quantity"),
        (units(&[(1, 1), (1, 2)]), "/lines/1/quantity"),
        (json!([{"line": 1}, {"line": 1}]), "/lines/1/quantity"),
        (json!([{"line": 1, "quantity": 0}]), "/lines/0/quantity"),
        (json!([{"line": 1, "outcome": "burn"}]), "/lines/0/outcome"),
    ];
    for (lines, pointer) in table {
        let body = json!({"outcome": "restock", "lines": lines});
        let refused =
            client.post(&format!("/v1/after-sales/{row}/receive"), &body).await.refused(400, "invalid_request");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{lines}: {refused}");
        assert_eq!(client.row(&row).await, before, "{lines}");
    }
    assert_eq!(id(&before), row);
    shop.is_sound().await;
}
