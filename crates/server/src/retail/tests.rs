//! What the table's odd lines become: a small table for each rule, the committed sample, and the whole file where it is.

use std::path::PathBuf;

use super::*;

const HEADER: &str = "invoice,sku,description,quantity,invoiced_at,unit_price,customer,country\n";

fn read(lines: &str) -> Result<Retail, RetailError> {
    Retail::read(format!("{HEADER}{lines}").as_bytes())
}

fn product(sku: &str, title: &str, price: u64) -> RetailProduct {
    RetailProduct { sku: sku.into(), title: title.into(), price }
}

#[test]
fn the_first_positive_price_makes_the_product() {
    let retail = read(
        "1,A,,5,2010-12-01 08:26:00,0.0,7,UK\n\
         2,A, WHITE LAMP ,1,2010-12-01 08:27:00,2.555,7,UK\n\
         3,A,WHITE LAMP,1,2010-12-01 08:28:00,1.00,7,UK\n\
         3,B,,1,2010-12-01 08:28:00,1.00,7,UK\n\
         4,C,LOST,-1,2010-12-01 08:28:00,0.0,,UK\n",
    )
    .unwrap();
    assert_eq!(retail.products, [product("A", "WHITE LAMP", 256), product("B", "B", 100)]);
    let baskets: Vec<_> = retail.baskets.iter().map(|basket| (basket.key.as_str(), basket.expected_total)).collect();
    assert_eq!(baskets, [("2", 256), ("3", 356)], "the catalogue's price counts, not the invoice's");
    assert_eq!((retail.counts.skus, retail.counts.unpriced), (3, 1));
    assert_eq!(retail.units_needed(), [2, 1]);
}

#[test]
fn only_invoices_with_nothing_but_positive_lines_are_baskets() {
    let table = [
        ("1,A,a,1,t,1.00,7,UK\n", 1),
        ("1,A,a,0,t,1.00,7,UK\n", 0),
        ("C1,A,a,-1,t,1.00,7,UK\n", 0),
        ("1,A,a,1,t,1.00,7,UK\n1,B,b,1,t,0.0,7,UK\n", 0),
        ("1,A,a,1,t,-5.00,7,UK\n", 0),
        ("1,A,a,1,t,0.001,7,UK\n", 1),
    ];
    for (lines, baskets) in table {
        assert_eq!(read(lines).unwrap().baskets.len(), baskets, "{lines}");
    }
}

#[test]
fn lines_of_an_invoice_need_not_be_together_and_repeat_skus() {
    let retail = read("1,A,a,1,t,1.00,,UK\n2,A,a,4,t,1.00,9,UK\n1,A,a,2,t,1.00,,UK\n").unwrap();
    let line = |quantity| BasketLine { product: 0, quantity };
    let basket = |key: &str, user: &str, lines, expected_total| Basket {
        key: key.into(),
        user: user.into(),
        lines,
        expected_total,
    };
    assert_eq!(
        retail.baskets,
        [basket("1", "u-guest-1", vec![line(1), line(2)], 300), basket("2", "u-9", vec![line(4)], 400)]
    );
}

#[test]
fn baskets_over_the_limit_are_split_in_parts() {
    let lines: String = (0..2_001).map(|_| "1,A,a,1,t,0.01,7,UK\n").collect();
    let retail = read(&lines).unwrap();
    let parts: Vec<_> = retail.baskets.iter().map(|basket| (basket.key.as_str(), basket.expected_total)).collect();
    assert_eq!(parts, [("1-1", 1_000), ("1-2", 1_000), ("1-3", 1)]);
    assert_eq!((retail.counts.split, retail.counts.whole_orders, retail.counts.longest), (1, 1, 2_001));
}

#[test]
fn lines_that_do_not_fit_are_named() {
    let table = [
        ("1,A,a,one,t,1.00,7,UK\n", "line 2: quantity `one` is not a whole number"),
        ("1,A,a,1,t,1.00,7,UK\n1,A,a,1,t,1p,7,UK\n", "line 3: unit_price `1p` is not a price"),
        ("1,,a,1,t,1.00,7,UK\n", "line 2: sku `` is empty or too long for an SKU"),
        ("1,A,a,1,t,1.00,x y,UK\n", "line 2: customer `x y` does not make a user id"),
        (",A,a,1,t,1.00,7,UK\n", "line 2: invoice `` is empty"),
    ];
    for (lines, message) in table {
        assert_eq!(read(lines).unwrap_err().to_string(), message);
    }
    assert!(matches!(read("1,A\n"), Err(RetailError::Row(_))));
    let other = Retail::read("a,b\n1,2\n".as_bytes()).unwrap_err().to_string();
    assert_eq!(other, "line 1: header `a,b` is not that of the table");
}

#[test]
fn the_sample_is_what_its_notice_says() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data/retail-sample.csv.gz");
    let retail = Retail::open(&path).unwrap();
    let expected = RetailCounts {
        lines: 20_898,
        invoices: 904,
        skus: 2_749,
        unpriced: 15,
        whole_orders: 727,
        whole_order_lines: 20_322,
        longest: 1_114,
        split: 1,
    };
    assert_eq!(retail.counts, expected);
    assert_eq!(retail.products[0], product("85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 255));
    assert!(retail.products.contains(&product("BANK:20CHARGES", "Bank Charges", 1_500)));
    assert!(retail.products.contains(&product("PADS", "PADS TO MATCH ALL CUSHIONS", 0)));
    assert_eq!(retail.baskets[0].user, "u-17850");
    assert_eq!(retail.baskets[0].expected_total, 13_912);
    assert!(retail.baskets.iter().any(|basket| basket.key == "573585-2" && basket.lines.len() == 114));
    assert!(retail.baskets.iter().all(|basket| basket.lines.len() <= BASKET_LINES_MAX));
}

#[test]
fn the_whole_file_where_it_is_found() {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/online-retail.csv.gz");
    let path = std::env::var_os("ORDAIN_RETAIL_FILE").map_or(beside, PathBuf::from);
    if !path.exists() {
        eprintln!("skipped: {} is not there; ORDAIN_RETAIL_FILE names the whole table", path.display());
        return;
    }
    let retail = Retail::open(&path).unwrap();
    let expected = RetailCounts {
        lines: 541_909,
        invoices: 25_900,
        skus: 4_070,
        unpriced: 132,
        whole_orders: 19_907,
        whole_order_lines: 527_382,
        longest: 1_114,
        split: 1,
    };
    assert_eq!(retail.counts, expected);
    assert_eq!((retail.products.len(), retail.baskets.len()), (3_938, 19_908));
}
