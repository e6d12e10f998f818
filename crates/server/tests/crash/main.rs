//! The process ends at the worst moment, by signals and by faults of the disk: what was acknowledged is there, what was not
//! can be asked again, and nothing is half done.
//!
//! It kills real servers. A power cut, where the disk forgets what the process wrote, it does not play.
//!
//! Needs: strace.

mod books;
mod syscalls;
mod unanswered;

#[expect(dead_code, reason = "the suites share it, each uses its part")]
#[path = "../support"]
mod support {
    pub(crate) mod client;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use std::{path::Path, sync::Arc, time::Duration};

use books::{Books, Load};
use support::server::{Data, PATIENCE, Server, serve_command, until};
use tokio::sync::Mutex;

/// How soon a killed server must be ready again.
const READY_WITHIN: Duration = Duration::from_secs(2);
/// How soon a server that is asked to stop must have ended.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);

/// Times are measured by one test at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Starts a server on data that a killed one left behind, and holds it to its time.
async fn recovered(data: &Data) -> Server {
    let server = async {
        let server = Server::start(serve_command(&[], data.path(), books::SETTINGS)).await;
        let server = server.unwrap_or_else(|ended| panic!("no recovery: {}\n{}", ended.status, ended.log));
        server.client().ready(PATIENCE).await;
        server
    };
    tokio::time::timeout(READY_WITHIN, server).await.expect("a killed server is ready again in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn six_kills_under_load_lose_and_double_nothing() {
    let _alone = ALONE.lock().await;
    let data = Data::new();
    let mut server = data.serve(books::SETTINGS).await;
    books::open_shop(&server.client()).await;
    let books = Arc::new(Books::default());
    for acknowledged in [1, 40, 200, 500, 900, 1_500] {
        let before = books.acknowledged();
        let load = Load::start(&server.client(), &books);
        until("enough orders are acknowledged", async || (books.acknowledged() >= before + acknowledged).then_some(()))
            .await;
        server.kill();
        load.ended().await;
        server = recovered(&data).await;
        let client = server.client();
        books.all_are_there(&client).await;
        assert!(books.retry_the_rest(&client).await.unanswered > 0, "the kill met nobody");
        books.add_up(&client).await;
    }
    server.stop().await;
}

/// A server that is killed while it recovers leaves no less to the next one.
#[tokio::test(flavor = "multi_thread")]
async fn kills_during_recovery_change_nothing() {
    let _alone = ALONE.lock().await;
    let data = Data::new();
    let server = data.serve(books::SETTINGS).await;
    books::open_shop(&server.client()).await;
    let books = Arc::new(Books::default());
    let load = Load::start(&server.client(), &books);
    until("enough orders are acknowledged", async || (books.acknowledged() >= 800).then_some(())).await;
    server.kill();
    load.ended().await;
    let log = data.path().join("ordain.db-wal");
    assert!(std::fs::metadata(&log).is_ok_and(|log| log.len() > 0), "there is something to recover");
    for _ in 0..3 {
        let mut command = serve_command(&[], data.path(), books::SETTINGS);
        let mut recovering = command.stderr(std::process::Stdio::null()).spawn().expect("ordain starts");
        let process = recovering.id();
        until("it has opened the log", async || has_open(process, &log).then_some(())).await;
        recovering.kill().expect("it is still there");
        recovering.wait().expect("it is gone");
    }
    let server = recovered(&data).await;
    let client = server.client();
    books.all_are_there(&client).await;
    books.retry_the_rest(&client).await;
    books.add_up(&client).await;
    server.stop().await;
}

fn has_open(process: u32, file: &Path) -> bool {
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|target| target == file)
}

/// Asked to stop, a server answers what it has taken, and only then goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_answers_all_that_it_did() {
    let _alone = ALONE.lock().await;
    let data = Data::new();
    let mut server = data.serve(books::SETTINGS).await;
    books::open_shop(&server.client()).await;
    let books = Arc::new(Books::default());
    for round in 0..3 {
        let load = Load::start(&server.client(), &books);
        let enough = books.acknowledged() + 300;
        until("enough orders are acknowledged", async || (books.acknowledged() >= enough).then_some(())).await;
        server.terminate();
        let ended = tokio::time::timeout(STOPPED_WITHIN, server.ended()).await.expect("it stops in time");
        assert!(ended.status.success(), "{}\n{}", ended.status, ended.log);
        load.ended().await;
        server = recovered(&data).await;
        let client = server.client();
        books.all_are_there(&client).await;
        let retried = books.retry_the_rest(&client).await;
        assert_eq!(retried.placed_before, 0, "round {round}: orders were placed whose answer was cut off");
        assert!(retried.unanswered > 0, "round {round}: the stop met nobody");
        books.add_up(&client).await;
    }
    server.stop().await;
}
