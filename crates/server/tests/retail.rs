//! The main job on real input: the catalogue of a retail table imported, its baskets placed over HTTP to the penny, every
//! unit accounted for.
//!
//! The sample in `data/` always; the whole table where it is found: in `ORDAIN_RETAIL_FILE`, or beside the workspace.

#[expect(dead_code, reason = "the suites share it, each uses its part")]
mod support {
    pub(crate) mod client;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use support::server::{Data, ordain, say};

/// The buyers of the table order often, and pay nothing while a test runs.
const SETTINGS: &[&str] = &["orders.unpaid_per_user_max=1000000", "orders.payment_window=1d"];

/// What a table must come to, read a second time without any code of the product.
struct Oracle {
    /// Whole orders: every line has a positive quantity and price, and the invoice is no cancellation.
    orders: usize,
    lines: usize,
    /// Units of each SKU in them.
    units: BTreeMap<String, i64>,
    /// Sum over them of quantity times the first positive price of the SKU, in pence.
    total: i64,
}

impl Oracle {
    fn read(file: &Path) -> Oracle {
        let mut prices: BTreeMap<String, i64> = BTreeMap::new();
        let mut invoices: BTreeMap<String, Option<Vec<(String, i64)>>> = BTreeMap::new();
        let text = MultiGzDecoder::new(std::fs::File::open(file).expect("the table is there"));
        for row in csv::Reader::from_reader(text).records() {
            let row = row.expect("a row of CSV");
            // A SKU of Ordain holds no spaces; the import writes them as bytes.
            let sku = row[1].replace(' ', ":20");
            let (invoice, quantity) = (&row[0], row[3].parse::<i64>().expect("a quantity"));
            let is_priced = !row[5].starts_with('-') && row[5].bytes().any(|digit| (b'1'..=b'9').contains(&digit));
            if is_priced {
                prices.entry(sku.clone()).or_insert(pence(&row[5]));
            }
            let lines = invoices.entry(invoice.to_owned()).or_insert_with(|| Some(Vec::new()));
            match lines {
                Some(lines) if is_priced && quantity > 0 && !invoice.starts_with('C') => lines.push((sku, quantity)),
                _ => *lines = None,
            }
        }
        let mut oracle = Oracle { orders: 0, lines: 0, units: BTreeMap::new(), total: 0 };
        for lines in invoices.into_values().flatten() {
            oracle.orders += 1;
            for (sku, quantity) in lines {
                oracle.lines += 1;
                oracle.total += quantity * prices[&sku];
                *oracle.units.entry(sku).or_insert(0) += quantity;
            }
        }
        oracle
    }
}

/// Pounds with up to three decimals as pence, half up.
fn pence(text: &str) -> i64 {
    let (pounds, decimals) = text.trim_start_matches('-').split_once('.').unwrap_or((text, ""));
    let thousandths =
        format!("{decimals:0<3}").parse::<i64>().expect("decimals") + 1_000 * pounds.parse::<i64>().expect("pounds");
    (thousandths + 5) / 10
}

fn json_of(output: &std::process::Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

async fn run(file: &Path) {
    let oracle = Oracle::read(file);
    let file = file.to_str().expect("a path in UTF-8");
    let data = Data::new();
    let server = data.serve(SETTINGS).await;
    let url = server.url();

    let imported = json_of(&ordain(&["import", file, "--url", &url, "--json"]));
    assert_eq!(imported["retail"]["whole_orders"], oracle.orders, "{imported}");
    assert_eq!(imported["retail"]["whole_order_lines"], oracle.lines, "{imported}");
    assert_eq!(imported["units"], oracle.units.values().sum::<i64>(), "{imported}");
    let baskets = imported["baskets"].as_u64().expect("a count");

    let acknowledged = data.path().join("acknowledged.jsonl");
    let written = acknowledged.to_str().expect("a path in UTF-8");
    let load = ["load", &url, "--baskets", file, "--connections", "16", "--acknowledged", written, "--json"];
    let report = json_of(&ordain(&load));
    assert_eq!(report["orders"], baskets, "{report:#}");
    assert_eq!(report["lines"], oracle.lines, "{report:#}");
    assert_eq!(report["refused"], 0, "{report:#}");
    assert_eq!(report["check"]["passed"], true, "{report:#}");
    assert_eq!(report["check"]["units_taken"], oracle.units.values().sum::<i64>(), "{report:#}");

    let client = server.client();
    for (sku, units) in &oracle.units {
        assert_eq!(client.stock(sku).await, [*units, *units, 0, 0], "{sku}");
    }
    let written = std::fs::read_to_string(&acknowledged).expect("the orders were written down");
    let mut total = 0;
    for line in written.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON a line");
        let placed = client.read(line["id"].as_str().expect("an id")).await;
        total += placed["price"]["total"].as_i64().expect("a total");
    }
    assert_eq!(total, oracle.total, "the totals of all orders");
    assert_eq!(written.lines().count() as u64, baskets);
    assert_eq!(client.count("pending_payment").await, baskets);

    // Every basket again, of another process: answered from its key, with nothing more taken.
    server.stop().await;
    let server = data.serve(SETTINGS).await;
    let (client, url) = (server.client(), server.url());
    let again = json_of(&ordain(&["load", &url, "--baskets", file, "--connections", "16", "--no-prepare", "--json"]));
    assert_eq!((&again["orders"], &again["replays"]), (&report["orders"], &report["orders"]), "{again:#}");
    assert_eq!(client.count("pending_payment").await, baskets);
    server.stop().await;

    let verified = ordain(&["verify", "--data", data.path().to_str().expect("a path in UTF-8"), "--json"]);
    assert_eq!(json_of(&verified)["clean"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_is_placed_to_the_penny() {
    run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/retail-sample.csv.gz")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_table_is_placed_to_the_penny() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/online-retail.csv.gz");
    let file = std::env::var_os("ORDAIN_RETAIL_FILE").map_or(beside, PathBuf::from);
    if !file.exists() {
        say(&format!("skipped: the whole retail table is not at {}; ORDAIN_RETAIL_FILE names it", file.display()));
        return;
    }
    run(&file).await;
}
