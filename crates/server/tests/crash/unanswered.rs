//! A commit that takes very long: callers are told so, and nobody is told that nothing was done.
//!
//! strace holds the sync of a running server.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::Method;
use serde_json::json;

use crate::{
    support::{
        client::{Answer, Client, answer},
        server::{Data, Server, until},
        shop::order,
    },
    syscalls::can_trace,
};

/// Longer than any caller is kept waiting.
const SYNC_TAKES: Duration = Duration::from_secs(14);

/// Holds every sync of the server from here on, until it is killed.
async fn hold_syncs(server: &Server) -> Child {
    let process = server.process().to_string();
    let inject = format!("inject=fsync,fdatasync:delay_enter={}", SYNC_TAKES.as_micros());
    let arguments = ["-f", "-qqq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", &inject, "-p", &process];
    let strace = Command::new("strace").args(arguments).stdin(Stdio::null()).spawn().expect("strace starts");
    let tasks = format!("/proc/{process}/task");
    until("every thread is traced", async || {
        let mut tasks = std::fs::read_dir(&tasks).expect("the server runs").flatten();
        let is_traced =
            |status: String| status.lines().any(|line| line.starts_with("TracerPid:\t") && !line.ends_with("\t0"));
        tasks.all(|task| std::fs::read_to_string(task.path().join("status")).is_ok_and(is_traced)).then_some(())
    })
    .await;
    strace
}

async fn place(client: &Client, user: &str, key: Option<&str>) -> Answer {
    let request = client.request(Method::POST, "/v1/orders").json(&order(user, &[("a", 1)]));
    answer(key.into_iter().fold(request, |request, key| request.header("Idempotency-Key", key))).await
}

async fn place_batch(client: &Client, keys: [Option<&str>; 2]) -> Answer {
    let mut orders = Vec::new();
    for (number, key) in keys.into_iter().enumerate() {
        let mut order = order(&format!("batch-{number}-{}", key.is_some()), &[("a", 1)]);
        if let Some(key) = key {
            order["idempotency_key"] = json!(key);
        }
        orders.push(order);
    }
    answer(client.request(Method::POST, "/v1/orders/batch").json(&json!({ "orders": orders }))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_takes_too_long_is_said_to_be_unknown() {
    if !can_trace() {
        return;
    }
    let data = Data::new();
    let server = data.serve(&[]).await;
    let client = server.client();
    client.stocked("a", 100, 100).await;
    let mut strace = hold_syncs(&server).await;
    let (keyed, keyless, keyed_batch, mixed_batch) = tokio::join!(
        place(&client, "keyed", Some("k")),
        place(&client, "keyless", None),
        place_batch(&client, [Some("b-0"), Some("b-1")]),
        place_batch(&client, [Some("m-0"), None]),
    );
    for answer in [&keyed, &keyed_batch] {
        answer.refused(409, "idempotency_in_progress");
        assert_eq!(answer.header("retry-after"), "1");
    }
    for answer in [&keyless, &mixed_batch] {
        let problem = answer.refused(500, "internal");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("not known")), "{problem}");
    }
    strace.kill().expect("strace runs");
    strace.wait().expect("strace ended");
    // All of them were carried out, once, and under their keys the answers are there.
    let again = until("the order has its answer", async || {
        let again = place(&client, "keyed", Some("k")).await;
        (again.status == 201).then_some(again)
    })
    .await;
    assert!(again.is_replayed());
    let batch = place_batch(&client, [Some("b-0"), Some("b-1")]).await.expect(200);
    assert!(batch["data"].as_array().is_some_and(|items| items.iter().all(|item| item["replayed"] == true)), "{batch}");
    assert_eq!(client.stock("a").await, [100, 6, 94, 0]);
    client.verified().await;
    server.stop().await;
}
