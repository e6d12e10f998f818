//! Faults at single system calls of one order's life: a kill before it, or an error of the disk instead of it.
//!
//! strace plays them on the real binary. Its counters run per thread, so that the N-th write is the N-th of any thread.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    os::unix::process::ExitStatusExt as _,
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    client::{Answer, Client, try_answer},
    server::{Data, Server, say, serve_command},
    shop::{id, order},
};

const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

/// Whether strace may trace here; says so where it may not.
pub(crate) fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).stdin(Stdio::null()).output();
    let can = tried.as_ref().is_ok_and(|output| output.status.success());
    if !can {
        say(&format!("skipped: strace cannot trace here, so no fault was played: {tried:?}"));
    }
    can
}

/// Data of a shop with 100 units of `a`, after a clean stop.
async fn prepared() -> Data {
    let data = Data::new();
    let server = data.serve(&[]).await;
    server.client().stocked("a", 100, 100).await;
    server.stop().await;
    data
}

/// One order's life, as its caller goes through it: every step has a key, and the next comes only after an answer.
const STEPS: usize = 4;

async fn step(client: &Client, step: usize, placed: &str) -> Result<Answer, reqwest::Error> {
    let (path, body) = match step {
        0 => ("/v1/orders".to_owned(), order("u", &[("a", 2)])),
        1 => (format!("/v1/orders/{placed}/cancel"), json!({"reason": "buyer"})),
        2 => ("/v1/stock/a/adjustments".to_owned(), json!({"delta": -1, "reason": "broken"})),
        _ => ("/v1/orders".to_owned(), order("u", &[("a", 5)])),
    };
    let request = client.request(Method::POST, &path).header("Idempotency-Key", format!("step-{step}")).json(&body);
    try_answer(request).await
}

/// Goes on with the life from the first step that has no answer; the answers so far.
async fn live(client: &Client, answers: &mut Vec<Value>) -> Option<Answer> {
    let mut placed = answers.first().map(id).unwrap_or_default();
    while answers.len() < STEPS {
        let answer = step(client, answers.len(), &placed).await.ok()?;
        if !matches!(answer.status, 200 | 201) {
            return Some(answer);
        }
        answers.push(answer.json());
        if answers.len() == 1 {
            placed = id(&answers[0]);
        }
    }
    None
}

/// A fresh server on the data: what was answered is answered so again, the rest can be done, and the end is the same.
async fn ends_well(data: &Data, mut answers: Vec<Value>, fault: &str) {
    let server = data.serve(&[]).await;
    let client = server.client();
    let placed = answers.first().map(id).unwrap_or_default();
    for (number, answer) in answers.iter().enumerate() {
        let again = step(&client, number, &placed).await.expect("the server answers");
        assert!(again.is_replayed() && &again.json() == answer, "{fault}: step {number} was {answer}, is {again}");
    }
    let refused = live(&client, &mut answers).await;
    assert!(refused.is_none(), "{fault}: {refused:?}");
    assert_eq!(client.stock("a").await, [99, 5, 94, 0], "{fault}");
    assert_eq!((client.count("cancelled").await, client.count("pending_payment").await), (1, 1), "{fault}");
    client.verified().await;
    server.stop().await;
}

fn traced(data: &Data, arguments: &[&str]) -> Command {
    // -D: the server stays the child that is started here, and strace the one who watches it.
    let mut wrapper = vec![OsStr::new("strace"), OsStr::new("-D"), OsStr::new("-f"), OsStr::new("-qqq")];
    wrapper.extend(arguments.iter().map(OsStr::new));
    serve_command(&wrapper, data.path(), &[])
}

/// What writes and what syncs; SQLite syncs with one or the other, as it was built.
const WRITE: &str = "pwrite64";
const SYNC: &str = "fsync,fdatasync";

/// How often the busiest thread writes and syncs in the life, start and stop included.
async fn calls(template: &Data) -> BTreeMap<&'static str, usize> {
    let data = template.copy();
    let trace = data.path().join("trace");
    let output = trace.display().to_string();
    let command = traced(&data, &["-o", &output, "-e", &format!("trace={WRITE},{SYNC}")]);
    let server = Server::start(command).await.unwrap_or_else(|ended| panic!("{}\n{}", ended.status, ended.log));
    let refused = live(&server.client(), &mut Vec::new()).await;
    assert!(refused.is_none(), "{refused:?}");
    server.stop().await;
    let trace = std::fs::read_to_string(trace).expect("strace wrote");
    let mut counts: BTreeMap<(&'static str, &str), usize> = BTreeMap::new();
    for line in trace.lines() {
        let thread = line.split_whitespace().next().unwrap_or_default();
        for calls in [WRITE, SYNC] {
            if calls.split(',').any(|call| line.contains(&format!("{call}("))) {
                *counts.entry((calls, thread)).or_insert(0) += 1;
            }
        }
    }
    let mut busiest = BTreeMap::new();
    for ((calls, _), count) in counts {
        let most: &mut usize = busiest.entry(calls).or_insert(0);
        *most = count.max(*most);
    }
    busiest
}

/// The server with one fault: strace injects only into calls that it traces.
fn faulty(data: &Data, calls: &str, fault: &str) -> Command {
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:{fault}"));
    traced(data, &["-o", "/dev/null", "-e", &trace, "-e", &inject])
}

/// Plays one fault; the answers that the caller got, and how the server ended.
async fn play(data: &Data, calls: &str, fault: &str) -> (Vec<Value>, ExitStatus) {
    let mut answers = Vec::new();
    match Server::start(faulty(data, calls, fault)).await {
        Err(ended) => (answers, ended.status),
        Ok(server) => {
            let refused = live(&server.client(), &mut answers).await;
            // Whoever is left standing is asked to stop: the fault may wait in there.
            if answers.len() == STEPS || refused.is_some() {
                server.terminate();
            }
            (answers, server.ended().await.status)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_write_or_sync_leaves_all_or_nothing() {
    if !can_trace() {
        return;
    }
    let template = prepared().await;
    let calls = calls(&template).await;
    let mut killed = 0;
    for call in [SYNC, WRITE] {
        let last = *calls.get(call).unwrap_or_else(|| panic!("no {call} in an order's life: {calls:?}"));
        for number in 1..=last {
            let fault = format!("signal=SIGKILL:when={number}");
            let data = template.copy();
            let (answers, status) = play(&data, call, &fault).await;
            killed += usize::from(status.signal() == Some(SIGKILL));
            ends_well(&data, answers, &fault).await;
        }
    }
    assert!(killed >= 30, "most faults hit: {killed}");
}

/// After a failed sync nobody knows what is on the disk: the process must end without a word to the caller.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_ends_the_process() {
    if !can_trace() {
        return;
    }
    let template = prepared().await;
    let calls = calls(&template).await;
    let last = *calls.get(SYNC).unwrap_or_else(|| panic!("no sync in an order's life: {calls:?}"));
    let mut aborted = 0;
    for number in 1..=last {
        let fault = format!("error=EIO:when={number}");
        let data = template.copy();
        let (answers, status) = play(&data, SYNC, &fault).await;
        if answers.len() < STEPS {
            assert!(!status.success(), "{fault}: {status}");
            aborted += usize::from(status.signal() == Some(SIGABRT));
        }
        ends_well(&data, answers, &fault).await;
    }
    assert!(aborted >= 3, "the syncs of the steps abort: {aborted}");
}

/// A full disk is said to the caller, costs nothing that was acknowledged, and passes. At start it is said to the operator.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_passes() {
    if !can_trace() {
        return;
    }
    let template = prepared().await;
    let last = calls(&template).await[WRITE];
    let mut refusals = 0;
    for first in (1..=last).step_by(3) {
        let fault = format!("error=ENOSPC:when={first}..{}", first + 3);
        let data = template.copy();
        let mut answers = Vec::new();
        match Server::start(faulty(&data, WRITE, &fault)).await {
            // Said to the operator, as a failure and not as a panic.
            Err(ended) => {
                assert!(ended.status.code() == Some(1) && ended.log.contains("\nordain: "), "{fault}: {}", ended.log);
            }
            Ok(server) => {
                refusals += persist(&server, &mut answers, &fault).await;
                server.stop().await;
            }
        }
        ends_well(&data, answers, &fault).await;
    }
    assert!(refusals >= 4, "the full disk was met: {refusals}");
}

/// Goes through the life with as many tries as it takes; how many were refused. Reads must go on meanwhile.
async fn persist(server: &Server, answers: &mut Vec<Value>, fault: &str) -> usize {
    const TRIES: usize = 50;
    let client = server.client();
    for refusals in 0..TRIES {
        let Some(refused) = live(&client, answers).await else {
            assert_eq!(answers.len(), STEPS, "{fault}: the server is gone\n{}", server.log());
            client.verified().await;
            return refusals;
        };
        assert!((500..600).contains(&refused.status), "{fault}: {refused}");
        assert_eq!(client.get("/v1/stock/a").await.status, 200, "{fault}: reads go on");
    }
    panic!("{fault}: there is room again, yet it does not go on\n{}", server.log());
}

/// A disk that takes a fifth of a second to sync makes batches larger, not the queue longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_disk_is_shared_by_all_who_wait() {
    const CALLERS: usize = 64;
    const ORDERS: usize = 4;
    if !can_trace() {
        return;
    }
    let template = prepared().await;
    let data = template.copy();
    let server = Server::start(faulty(&data, SYNC, "delay_enter=200000")).await;
    let server = server.unwrap_or_else(|ended| panic!("{}\n{}", ended.status, ended.log));
    let client = server.client();
    client.receive("a", 1_000).await;
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move {
            for _ in 0..ORDERS {
                client.place(&order(&format!("u-{caller}"), &[("a", 1)])).await;
            }
        });
    }
    // One after another they would take 51 s.
    tokio::time::timeout(Duration::from_secs(10), callers.join_all()).await.expect("one sync serves many");
    assert_eq!(client.stock("a").await, [1_100, (CALLERS * ORDERS) as i64, 844, 0]);
    client.verified().await;
}
