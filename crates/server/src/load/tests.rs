//! The whole generator against a server that keeps the contract, and against servers that break it: each breach has to
//! become a finding, or the check would prove nothing.

pub(crate) mod fake_server;

use std::{collections::BTreeSet, io::Write as _, time::Duration};

use clap::{Parser, error::ErrorKind};
use serde_json::Value;

use self::fake_server::{FakeServer, Fault};
use super::{report::Told as _, *};

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    arguments: Arguments,
}

fn arguments(url: &str, flags: &str) -> Arguments {
    let line = ["load", url].into_iter().chain(flags.split_whitespace());
    CommandLine::try_parse_from(line).unwrap().arguments
}

fn load(server: &FakeServer, flags: &str) -> Report {
    execute(&arguments(&server.url, flags)).unwrap()
}

fn assert_clean(report: &Report) {
    assert!(report.findings.is_empty(), "{}", report.table());
    assert!(report.check.passed);
}

#[test]
fn orders_are_placed_counted_and_checked() {
    let server = FakeServer::start(Fault::None);
    let report = load(&server, "--orders 500 --skus 10 --lines 3 --connections 8 --threads 2");
    assert_clean(&report);
    assert_eq!((report.orders, report.lines, report.answers[&201], server.orders()), (500, 1_500, 500, 500));
    assert_eq!((report.check.units_acknowledged, report.check.units_taken, report.check.skus), (1_500, 1_500, 10));
    assert!(report.latency_ms.p50 > 0.0 && report.latency_ms.p50 <= report.latency_ms.max, "{report:?}");
}

#[test]
fn a_hot_sku_sells_exactly_its_stock() {
    let server = FakeServer::start(Fault::None);
    for _ in 0..2 {
        // The second run finds the SKU sold out and provides its stock again.
        let report = load(&server, "--orders 200 --hot --stock 50 --connections 16");
        assert_clean(&report);
        assert_eq!((report.orders, report.refusals["insufficient_stock"]), (50, 150));
    }
    assert_eq!(server.stock_of("LOAD-0001"), Some((100, 100)));
}

#[test]
fn a_sold_out_sku_only_refuses() {
    let server = FakeServer::start(Fault::None);
    let report = load(&server, "--orders 100 --sold-out --connections 4");
    assert_clean(&report);
    assert_eq!((report.orders, report.refusals["insufficient_stock"]), (0, 100));
}

#[test]
fn batches_are_judged_item_by_item() {
    let server = FakeServer::start(Fault::None);
    let report = load(&server, "--orders 105 --batch 10 --hot --stock 60 --connections 2");
    assert_clean(&report);
    assert_eq!((report.requests, report.orders), (11, 60));
    assert_eq!((report.items[&201], report.items[&409]), (60, 45));
}

#[test]
fn orders_are_read_by_the_ids_placed_before() {
    let server = FakeServer::start(Fault::None);
    let report = load(&server, "--read --orders-before 20 --orders 100 --skus 5 --connections 4");
    assert_clean(&report);
    assert_eq!((report.reads, report.orders, server.orders()), (100, 0, 20));
}

#[test]
fn a_run_ends_after_its_duration() {
    let server = FakeServer::start(Fault::None);
    let report = load(&server, "--duration 100ms --skus 5 --connections 2 --keys off");
    assert_clean(&report);
    assert!(report.orders > 0 && report.seconds >= 0.1, "{report:?}");
}

#[test]
fn baskets_are_placed_with_their_exact_totals_and_replayed_by_their_keys() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(
        b"invoice,sku,description,quantity,invoiced_at,unit_price,customer,country\n\
          1,A,a,3,t,2.55,7,UK\n1,BANK CHARGES,b,1,t,15.00,7,UK\n2,A,a,2,t,1.00,,UK\nC3,A,a,-2,t,1.00,,UK\n",
    )
    .unwrap();
    let server = FakeServer::start(Fault::None);
    let flags = format!("--baskets {} --connections 2", file.path().display());
    let first = load(&server, &flags);
    assert_clean(&first);
    assert_eq!((first.orders, first.lines, first.replays, first.check.units_taken), (2, 3, 0, 6));
    assert_eq!(server.stock_of("A"), Some((5, 5)));
    let again = load(&server, &format!("{flags} --no-prepare"));
    assert_clean(&again);
    assert_eq!((again.orders, again.replays, again.check.units_taken), (2, 2, 0), "the invoices are the keys");
}

#[test]
fn every_breach_is_a_finding() {
    let table = [
        (Fault::Oversells, "--orders 60 --hot --stock 50", "oversold or lost: 2"),
        (Fault::Forgets, "--orders 60 --hot", "oversold or lost: 1"),
        (Fault::WrongTotal, "--orders 60 --skus 7", "wrong answers: 6"),
        (Fault::WrongTotal, "--orders 60 --skus 7 --batch 20", "wrong answers: 6"),
        (Fault::Fails, "--orders 60 --skus 7", "unexpected answers: 6"),
        (Fault::Fails, "--orders 60 --skus 7 --batch 20", "unexpected answers: 6"),
        (Fault::Overloaded, "--orders 60 --skus 7", "not one request succeeded"),
    ];
    for (fault, flags, expected) in table {
        let server = FakeServer::start(fault);
        let report = load(&server, &format!("{flags} --connections 4"));
        assert!(report.findings.iter().any(|finding| finding == expected), "{fault:?}: {:?}", report.findings);
        assert_eq!(report.check.passed, !expected.starts_with("oversold"), "{fault:?}");
    }
}

#[test]
fn overload_is_counted_apart() {
    let server = FakeServer::start(Fault::Overloaded);
    let report = load(&server, "--orders 30 --skus 7 --connections 4");
    assert_eq!((report.overloaded, report.refusals["overloaded"]), (30, 30));
    assert!(!report.findings.iter().any(|finding| finding.starts_with("unexpected")), "{:?}", report.findings);
}

#[test]
fn lost_answers_are_asked_for_again_with_the_same_key() {
    let server = FakeServer::start(Fault::LosesAnswers);
    let file = tempfile::NamedTempFile::new().unwrap();
    let flags = format!("--orders 100 --skus 7 --connections 4 --retry --acknowledged {}", file.path().display());
    let report = load(&server, &flags);
    assert_clean(&report);
    assert_eq!((report.orders, report.replays, report.retries, report.unanswered), (100, 10, 10, 0));
    assert_eq!((server.orders(), report.check.units_taken), (100, 100), "no retry made a second order");
    let lines = std::fs::read_to_string(file.path()).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let distinct = |name: &str| lines.iter().map(|line| line[name].as_str().unwrap()).collect::<BTreeSet<_>>().len();
    assert_eq!((lines.len(), distinct("id"), distinct("key")), (100, 100, 100));
    assert!(lines.iter().all(|line| line["total"].as_u64() > Some(0)));
}

#[test]
fn lost_answers_without_a_retry_leave_the_check_a_range() {
    let server = FakeServer::start(Fault::LosesAnswers);
    let report = load(&server, "--orders 100 --skus 7 --connections 4");
    assert_clean(&report);
    assert_eq!((report.orders, report.unanswered, report.connection_errors), (90, 10, 10));
    assert_eq!((report.check.units_uncertain, report.check.units_taken), (10, 100));
}

#[test]
fn an_open_loop_sends_at_its_rate() {
    let server = FakeServer::start(Fault::None);
    let report = load(&server, "--orders 60 --rate 300 --skus 5 --connections 4");
    assert_clean(&report);
    assert_eq!((report.orders, report.unsent), (60, 0));
    assert!(report.seconds >= 59.0 / 300.0, "{} s", report.seconds);
}

#[test]
fn an_open_loop_counts_a_stall_from_the_intended_start() {
    let server = FakeServer::start(Fault::Stalls(Duration::from_millis(400)));
    // One connection: while the first answer stalls, the other 19 arrivals of the first 200 ms wait for it.
    let report = load(&server, "--orders 20 --rate 100 --skus 5 --connections 1");
    assert_clean(&report);
    assert!(report.latency_ms.p50 >= 200.0, "p50 {} ms hides the stall", report.latency_ms.p50);
}

#[test]
fn arrivals_that_were_never_sent_are_told() {
    let server = FakeServer::start(Fault::Stalls(Duration::from_millis(300)));
    let report = load(&server, "--duration 100ms --rate 100 --skus 5 --connections 1");
    assert_clean(&report);
    assert_eq!((report.orders, report.unsent), (1, 9));
}

#[test]
fn a_server_that_is_not_there_is_a_failure() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert!(execute(&arguments(&url, "--retry-for 20ms --orders 1")).is_err());
    for url in ["https://127.0.0.1", "127.0.0.1:8080", "http://", "http://a/b", "unix:", "unix://a", "/a.sock"] {
        let error = execute(&arguments(url, "")).unwrap_err().to_string();
        assert!(error.contains("is not an address like http://127.0.0.1:8080 or unix:/"), "{error}");
    }
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    for flags in ["--hot --skus 5", "--read --batch 5", "--baskets a --hot", "--sold-out --hot", "--orders-before 5"] {
        let line = ["load", "http://x"].into_iter().chain(flags.split_whitespace());
        let kind = CommandLine::try_parse_from(line).map(|_| ()).unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::ArgumentConflict | ErrorKind::MissingRequiredArgument), "{flags}: {kind:?}");
    }
}

#[test]
fn the_table_says_what_the_json_says() {
    let server = FakeServer::start(Fault::None);
    let report = load(&server, "--orders 20 --hot --stock 15 --connections 2");
    let table = report.table();
    for part in ["orders      15 (", "refused     insufficient_stock: 5", "nothing oversold: 15 units acknowledged"] {
        assert!(table.contains(part), "{part}:\n{table}");
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["orders"], &json["refusals"]["insufficient_stock"]), (&15.into(), &5.into()));
    assert_eq!((&json["check"]["passed"], &json["answers"]["201"]), (&true.into(), &15.into()));
}
