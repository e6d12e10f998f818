//! `ordain load --life`, `--notifications` and `--misbehave` against a real server: what they count is what happened, and their
//! checks hold.
//!
//! It measures no speed: the runs are short, and other tests may share the machine.

#[expect(dead_code, reason = "the suites share it, each uses its part")]
mod support {
    pub(crate) mod client;
    pub(crate) mod money;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use serde_json::{Value, json};
use support::server::{Data, Server, ordain};

/// Runs the generator in its own thread, so that the test's runtime goes on; its report and whether it found nothing.
async fn load(server: &Server, flags: &str) -> (Value, bool) {
    let line = format!("load {} --json {flags}", server.url());
    let ended = tokio::task::spawn_blocking(move || ordain(&line.split_whitespace().collect::<Vec<_>>())).await;
    let output = ended.expect("the generator runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let report: Value = serde_json::from_str(&told)
        .unwrap_or_else(|error| panic!("{error}: {told}{}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn lives_are_led_to_their_end_and_counted_by_step() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    let (report, is_good) = load(&server, "--life --orders 300 --skus 7 --lines 2 --connections 16").await;
    assert!(is_good, "{report:#}");
    assert_eq!((&report["lives"], &report["orders"]), (&json!(300), &json!(300)), "{report:#}");
    for step in report["steps"].as_array().expect("steps") {
        assert_eq!(step["count"], 300, "{step}");
        assert!(step["latency_ms"]["p99"].as_f64() > Some(0.0), "{step}");
    }
    let client = server.client();
    assert_eq!(client.count("completed").await, 300);
    assert_eq!(client.ledger().await.len(), 300);
    client.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_measured_alone() {
    let data = Data::new();
    let server = data.serve(&[r#"payments.first_queries=["1h"]"#]).await;
    let (report, is_good) = load(&server, "--notifications --orders 400 --skus 7 --connections 16").await;
    assert!(is_good, "{report:#}");
    assert_eq!((&report["payments"], &report["applied"]), (&json!(400), &json!(400)), "{report:#}");
    assert!(report["applied_per_second"].as_f64() > Some(0.0), "{report:#}");
    assert_eq!(server.client().count("paid").await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn misbehaviour_ends_with_both_books_alike() {
    let data = Data::new();
    let settings = [
        "orders.payment_window=6s",
        r#"payments.first_queries=["200ms","500ms","1s"]"#,
        "payments.poll_interval=1s",
        "payments.closing_max=5s",
        r#"payments.refund_retries=["100ms","200ms","500ms","1s","2s","5s"]"#,
        "breaker.cool_down=100ms",
    ];
    let server = data.serve(&settings).await;
    let flags = "--life --misbehave --seed 7 --orders 600 --skus 7 --connections 64 --retry-for 10s --drain-for 60s";
    let (report, is_good) = load(&server, flags).await;
    assert!(is_good, "{report:#}");
    assert_eq!(report["orders"], 600, "{report:#}");
    for count in ["uncompensated", "stuck"] {
        assert_eq!(report[count], 0, "{report:#}");
    }
    for count in ["doubly_paid", "surplus", "wrong_amounts"] {
        assert!(report[count].as_u64() > Some(0), "nothing of it was tried: {report:#}");
    }
    server.client().verified().await;
}
