//! The shipped default file against the types that read it.
//!
//! Precedence, unknown keys and wrong values are tried on the program itself, in `tests/config.rs`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use toml::{Table, Value};

use super::{
    AfterSales, Batch, Breaker, Config, DEFAULT_FILE, HttpAddress, LateMoney, Layers, Limits, Listen, LogFormat,
    Orders, Payments, Pricing, ReviewWord, Sandbox, Scan, Sources, Store, StoreUrl, Telemetry, Webhooks, effective,
};

fn defaults() -> (Config, Layers) {
    let layers = Layers::gather(&Sources::default()).unwrap();
    (Config::read(&layers).unwrap(), layers)
}

#[test]
fn the_shipped_file_holds_the_promised_defaults() {
    let expected = Config {
        listen: Listen { http: HttpAddress::Tcp("127.0.0.1:8080".parse().unwrap()), threads: 0 },
        store: Store {
            url: StoreUrl::Sqlite(PathBuf::from("ordain-data/ordain.db")),
            readers: 4,
            cache_bytes: 64 << 20,
            unsafe_synchronous_normal: false,
        },
        orders: Orders {
            payment_window: Duration::from_secs(15 * 60),
            duplicate_window: Duration::from_secs(3),
            lines_max: 1_000,
            unpaid_per_user_max: 20,
            auto_confirm_after: Duration::from_secs(7 * 86_400),
            track_interval: Duration::from_secs(3_600),
        },
        after_sales: AfterSales {
            review_within: Duration::from_secs(86_400),
            review_outcome: ReviewWord::Approve,
            ship_back_within: Duration::from_secs(7 * 86_400),
        },
        payments: Payments {
            first_queries: [5, 15, 30].map(Duration::from_secs).to_vec(),
            poll_interval: Duration::from_secs(60),
            poll_for: Duration::from_secs(30 * 60),
            give_up_after: Duration::from_secs(3 * 86_400),
            closing_max: Duration::from_secs(30 * 60),
            late_money: LateMoney::Refund,
            refund_retries: [1, 5, 30, 120, 360, 1_440].map(|minutes| Duration::from_secs(60 * minutes)).to_vec(),
            open_wait: Duration::from_secs(2),
        },
        scan: Scan { interval: Duration::from_secs(5 * 60) },
        batch: Batch { commands_max: 512, queue_max: 16_384 },
        limits: Limits { body_bytes_max: 2 << 20, read_timeout: Duration::from_secs(30) },
        breaker: Breaker {
            error_rate: 500,
            window: Duration::from_secs(30),
            minimum: 20,
            cool_down: Duration::from_secs(10),
        },
        pricing: Pricing { shipping_fee: 0, free_shipping_over: 0, points_per_100: 0 },
        sandbox: Sandbox { enabled: true, public_url: String::new() },
        webhooks: Webhooks { allow_private: false, retry_first: Duration::from_secs(5) },
        telemetry: Telemetry { log: "info".to_owned(), log_format: LogFormat::Auto, order_transitions: false },
    };
    assert_eq!(defaults().0, expected);
}

#[test]
fn every_key_is_read_and_every_field_has_its_key() {
    let file: Table = DEFAULT_FILE.parse().unwrap();
    assert_eq!(Table::try_from(defaults().0).unwrap(), file);
}

#[test]
fn every_key_has_a_comment_above_it() {
    let lines: Vec<&str> = DEFAULT_FILE.lines().collect();
    let keys: Vec<usize> =
        (0..lines.len()).filter(|at| lines[*at].contains(" = ") && !lines[*at].starts_with('#')).collect();
    assert!(keys.len() >= 17, "found {} keys", keys.len());
    for at in keys {
        assert!(lines[at - 1].starts_with("# "), "no comment above {:?}", lines[at]);
    }
}

#[test]
fn the_bounds_in_the_comments_are_the_bounds_checked() {
    let table = [
        ("listen.threads", "0", "256"),
        ("store.readers", "1", "64"),
        ("store.cache_bytes", "1048576", "68719476736"),
        ("orders.payment_window", "100ms", "30d"),
        ("orders.duplicate_window", "0s", "1h"),
        ("orders.lines_max", "1", "1000"),
        ("orders.unpaid_per_user_max", "1", "1000000"),
        ("payments.first_queries", "100ms", "1d"),
        ("payments.poll_interval", "100ms", "1d"),
        ("payments.poll_for", "0s", "30d"),
        ("payments.give_up_after", "0s", "90d"),
        ("payments.closing_max", "100ms", "7d"),
        ("payments.refund_retries", "10ms", "30d"),
        ("payments.open_wait", "0s", "30s"),
        ("orders.auto_confirm_after", "100ms", "365d"),
        ("orders.track_interval", "100ms", "7d"),
        ("after_sales.review_within", "100ms", "90d"),
        ("after_sales.ship_back_within", "100ms", "365d"),
        ("pricing.points_per_100", "0", "10000"),
        ("scan.interval", "100ms", "1d"),
        ("webhooks.retry_first", "1ms", "1h"),
        ("batch.commands_max", "1", "4096"),
        ("batch.queue_max", "512", "1048576"),
        ("limits.body_bytes_max", "1024", "67108864"),
        ("limits.read_timeout", "100ms", "1h"),
        ("breaker.window", "1s", "1h"),
        ("breaker.minimum", "1", "1000000"),
        ("breaker.cool_down", "100ms", "1h"),
        ("pricing.shipping_fee", "0", "1000000000"),
        ("pricing.free_shipping_over", "0", "1000000000000"),
    ];
    let is_accepted = |key: &str, value: &str| {
        let sources = Sources { assignments: vec![format!("{key}={value}").parse().unwrap()], ..Sources::default() };
        Config::read(&Layers::gather(&sources).unwrap()).is_ok()
    };
    for (key, least, most) in table {
        assert!(is_accepted(key, least), "{key} = {least}");
        assert!(is_accepted(key, most), "{key} = {most}");
        let beyond = |bound: &str, step: i64| match bound.parse::<i64>() {
            Ok(number) => (number + step).to_string(),
            Err(_) => {
                let micros = i64::try_from(super::duration::parse(bound).unwrap().as_micros()).unwrap();
                format!("{}us", micros + step)
            }
        };
        assert!(!is_accepted(key, &beyond(least, -1)), "below {key} = {least}");
        assert!(!is_accepted(key, &beyond(most, 1)), "above {key} = {most}");
    }
    let bounded: BTreeSet<&str> = table.iter().map(|(key, _, _)| *key).collect();
    let file: Table = DEFAULT_FILE.parse().unwrap();
    for (section, entries) in &file {
        for (key, value) in entries.as_table().unwrap() {
            if matches!(value, Value::Integer(_)) {
                assert!(bounded.contains(format!("{section}.{key}").as_str()), "{section}.{key} is not in the table");
            }
        }
    }
}

#[test]
fn lists_are_read_as_toml_and_as_words() {
    let seconds = |list: &[u64]| Some(list.iter().copied().map(Duration::from_secs).collect::<Vec<_>>());
    let twenty = vec!["1s"; 20].join(",");
    let table = [
        ("1s, 2m", seconds(&[1, 120])),
        ("[\"1s\", \"2m\"]", seconds(&[1, 120])),
        ("1h", seconds(&[3_600])),
        ("", seconds(&[])),
        ("[]", seconds(&[])),
        (twenty.as_str(), seconds(&[1; 20])),
        (&format!("{twenty},1s"), None),
        ("1s,2", None),
        ("[1, 2]", None),
        ("[\"1s\"", None),
    ];
    for (text, expected) in table {
        let sources = Sources {
            assignments: vec![format!("payments.first_queries={text}").parse().unwrap()],
            ..Sources::default()
        };
        let config = Config::read(&Layers::gather(&sources).unwrap());
        assert_eq!(config.map(|config| config.payments.first_queries).ok(), expected, "{text}");
    }
}

#[test]
fn the_effective_text_reads_back_as_the_same_configuration() {
    let assignments = vec![
        "orders.payment_window=120s".parse().unwrap(),
        "store.url=sqlite:a \"quoted\" # path.db".parse().unwrap(),
        "telemetry.order_transitions=true".parse().unwrap(),
        "listen.http=unix:a \"quoted\" # path.sock".parse().unwrap(),
        "payments.refund_retries=1s,90s".parse().unwrap(),
        "payments.late_money=reinstate_if_stock".parse().unwrap(),
    ];
    let layers = Layers::gather(&Sources { assignments, ..Sources::default() }).unwrap();
    let config = Config::read(&layers).unwrap();
    let text = effective(&config, &layers);
    assert!(text.contains("payment_window = \"2m\"  # from --set\n"), "{text}");
    assert!(text.contains("lines_max = 1000\n"), "{text}");
    assert!(text.contains("refund_retries = [\"1s\", \"90s\"]  # from --set\n"), "{text}");
    assert_eq!(text.parse::<Table>().unwrap(), Table::try_from(config).unwrap());
}
