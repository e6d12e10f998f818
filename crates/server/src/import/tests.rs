//! Imports into the contract's stand-in of the load generator's tests.

use std::{io::Write as _, path::PathBuf};

use clap::Parser;
use flate2::{Compression, write::GzEncoder};
use tempfile::NamedTempFile;

use super::*;
use crate::load::tests::fake_server::{FakeServer, Fault};

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    arguments: Arguments,
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn import(server: &FakeServer, path: &std::path::Path, flags: &str) -> Summary {
    let line = ["import", path.to_str().unwrap(), "--url", &server.url].into_iter().chain(flags.split_whitespace());
    execute(&CommandLine::try_parse_from(line).unwrap().arguments).unwrap()
}

#[test]
fn the_sample_becomes_a_catalogue_with_the_stock_that_its_baskets_need() {
    let server = FakeServer::start(Fault::None);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data/retail-sample.csv.gz");
    let retail = Retail::open(&path).unwrap();
    let summary = import(&server, &path, "");
    assert!(summary.failures.is_empty(), "{}", summary.table());
    assert_eq!(summary.products, retail.products.len() as u64);
    assert_eq!(summary.units, retail.units_needed().iter().sum::<u64>());
    for (product, units) in retail.products.iter().zip(retail.units_needed()) {
        assert_eq!(server.price_of(&product.sku), Some(product.price as i64), "{}", product.sku);
        assert_eq!(server.stock_of(&product.sku).unwrap_or((0, 0)), (units as i64, 0), "{}", product.sku);
    }
    assert!(summary.table().contains("727 whole orders"), "{}", summary.table());
}

#[test]
fn lines_of_json_are_imported_and_the_failing_ones_named() {
    let server = FakeServer::start(Fault::None);
    let product = |sku: &str, price: &str| {
        format!("{{\"sku\":\"{sku}\",\"title\":\"t\",\"price\":{price},\"currency\":\"GBP\",\"status\":\"active\"}}\n")
    };
    let mut text: String = (0..1_200).map(|number| product(&format!("P-{number}"), "5")).collect();
    text.push('\n');
    text += &product("BAD", "\"x\"");
    let file = file(&text);
    let summary = import(&server, file.path(), "--stock 7 --name once");
    assert_eq!((summary.products, summary.stocked, summary.units), (1_200, 1_200, 8_400));
    let failure =
        FailedProduct { line: Some(1_202), sku: Some("BAD".into()), reason: "/price must be a number".into() };
    assert_eq!(summary.failures, [failure]);
    assert!(summary.table().contains("line 1202: BAD: /price must be a number"), "{}", summary.table());
    assert_eq!((server.price_of("P-1199"), server.stock_of("P-1199")), (Some(5), Some((7, 0))));
    assert_eq!(server.stock_of("BAD"), None, "what is no product gets no stock");
    import(&server, file.path(), "--stock 7 --name once");
    assert_eq!(server.stock_of("P-0"), Some((7, 0)), "the same name receives once");
    import(&server, file.path(), "--stock 7");
    assert_eq!(server.stock_of("P-0"), Some((14, 0)));
}

#[test]
fn gzip_is_told_by_its_bytes_and_json_gets_no_stock_of_itself() {
    let server = FakeServer::start(Fault::None);
    let mut file = NamedTempFile::new().unwrap();
    let mut gzip = GzEncoder::new(&mut file, Compression::fast());
    gzip.write_all(b"\n {\"sku\":\"A\",\"title\":\"a\",\"price\":9,\"currency\":\"GBP\",\"status\":\"active\"}\n")
        .unwrap();
    gzip.finish().unwrap();
    let summary = import(&server, file.path(), "");
    assert_eq!((summary.products, summary.units, server.price_of("A")), (1, 0, Some(9)));
    assert_eq!(server.stock_of("A"), None);
}

#[test]
fn a_file_that_is_neither_kind_is_a_failure() {
    let file = file("a,b\n1,2\n");
    let line = ["import", file.path().to_str().unwrap()];
    let error = execute(&CommandLine::try_parse_from(line).unwrap().arguments).unwrap_err().to_string();
    assert!(error.contains("header `a,b` is not that of the table"), "{error}");
}
