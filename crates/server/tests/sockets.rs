//! Serving on a socket of the file system: what may lie in its place, who may connect, what is left of it, and that all is spoken
//! over it that is spoken over TCP.
//!
//! Which texts name a socket is tested in `config`.

#[expect(dead_code, reason = "the suites share it, each uses its part")]
mod support {
    pub(crate) mod client;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::{
        fs::{FileTypeExt as _, PermissionsExt as _},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use support::{
    client::Client,
    server::{Data, Ended, PATIENCE, Server, ordain, serve_command_on},
    shop::{id, order},
};

async fn start(data: &Data, socket: &Path, settings: &[&str]) -> Result<Server, Ended> {
    Server::start(serve_command_on(&url(socket), &[], data.path(), settings)).await
}

/// A server on the socket that answers.
async fn serve(data: &Data, socket: &Path, settings: &[&str]) -> Server {
    let server = start(data, socket, settings).await.unwrap_or_else(|ended| panic!("it ended: {}", ended.log));
    server.client().ready(PATIENCE).await;
    server
}

fn url(socket: &Path) -> String {
    format!("unix:{}", socket.display())
}

/// A folder for sockets, and the path of one in it.
fn place() -> (Data, PathBuf) {
    let folder = Data::new();
    let socket = folder.path().join("ordain.sock");
    (folder, socket)
}

/// Makes a socket that nobody listens on, as a process leaves it behind that was killed.
fn leave_behind(socket: &Path) {
    drop(UnixListener::bind(socket).expect("a socket can be made"));
    assert!(is_socket(socket), "it is left behind");
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

/// Runs the generator in its own thread, so that the test's runtime goes on; its report.
async fn load(url: &str, flags: &str) -> Value {
    let line = format!("load {url} --json {flags}");
    let ended = tokio::task::spawn_blocking(move || ordain(&line.split_whitespace().collect::<Vec<_>>())).await;
    let output = ended.expect("the generator runs");
    assert!(output.status.success(), "{flags}: {output:?}");
    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_placed_and_led_to_their_end_over_a_socket() {
    let ((_folder, socket), data) = (place(), Data::new());
    let server = serve(&data, &socket, &[]).await;
    assert_eq!(fs::metadata(&socket).expect("it is there").permissions().mode() & 0o7777, 0o600);
    let warning = server.log().lines().find(|line| line.contains("authentication")).map(str::to_owned);
    assert!(warning.is_some_and(|line| line.contains(&url(&socket)) && line.contains("0600")), "{}", server.log());
    let client = server.client();
    client.stocked("a", 100, 5).await;
    let placed = id(&client.place(&order("u", &[("a", 2)])).await);
    assert_eq!(client.read(&placed).await["price"]["total"], 200);
    let payment =
        client.post(&format!("/v1/orders/{placed}/payments"), &json!({"channel": "sandbox"})).await.expect(201);
    let pay_url = payment["pay_url"].as_str().expect("the sandbox has a page");
    assert!(pay_url.starts_with("http://localhost/sandbox/pay/"), "{pay_url}");
    let report = load(&server.url(), "--orders 50 --skus 5 --connections 8").await;
    assert_eq!((&report["orders"], &report["check"]["passed"]), (&json!(50), &json!(true)), "{report:#}");
    let report = load(&server.url(), "--life --orders 20 --skus 5 --connections 8").await;
    assert_eq!(report["lives"], 20, "{report:#}");
    assert_eq!(client.count("completed").await, 20);
    client.verified().await;
    server.stop().await;
    assert!(fs::symlink_metadata(&socket).is_err(), "a clean stop leaves no file");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_url_that_is_set_holds_and_a_path_may_be_relative() {
    let data = Data::new();
    let mut command =
        serve_command_on("unix:ordain.sock", &[], data.path(), &["sandbox.public_url=https://pay.example"]);
    command.current_dir(data.path());
    let server = Server::start(command).await.unwrap_or_else(|ended| panic!("it ended: {}", ended.log));
    let client = Client::new(&url(&data.path().join("ordain.sock")));
    client.ready(PATIENCE).await;
    client.stocked("a", 100, 5).await;
    let placed = id(&client.place(&order("u", &[("a", 1)])).await);
    let payment =
        client.post(&format!("/v1/orders/{placed}/payments"), &json!({"channel": "sandbox"})).await.expect(201);
    let pay_url = payment["pay_url"].as_str().expect("the sandbox has a page");
    assert!(pay_url.starts_with("https://pay.example/sandbox/pay/"), "{pay_url}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_socket_is_refused_and_stays() {
    type Made = fn(&Path);
    let table: [(&str, Made, &str); 6] = [
        ("a file", |path| fs::write(path, "precious").unwrap(), "no socket"),
        ("an empty file", |path| fs::write(path, "").unwrap(), "no socket"),
        ("a folder", |path| fs::create_dir(path).unwrap(), "no socket"),
        (
            "a link to a socket",
            |path| {
                leave_behind(&path.with_extension("other"));
                std::os::unix::fs::symlink(path.with_extension("other"), path).unwrap();
            },
            "no socket",
        ),
        ("a link to nothing", |path| std::os::unix::fs::symlink("nothing", path).unwrap(), "no socket"),
        ("a folder that is missing", |path| fs::remove_dir(path.parent().unwrap()).unwrap(), "No such file"),
    ];
    for (name, make, expected) in table {
        let data = Data::new();
        let folder = data.path().join("run");
        fs::create_dir(&folder).expect("a folder can be made");
        let socket = folder.join("ordain.sock");
        make(&socket);
        let before =
            fs::symlink_metadata(&socket).ok().map(|found| (found.file_type(), found.len(), found.modified().ok()));
        let ended = start(&data, &socket, &[]).await.err().unwrap_or_else(|| panic!("{name}: it starts"));
        assert_eq!(ended.status.code(), Some(1), "{name}: {}", ended.log);
        assert!(ended.log.contains(&url(&socket)) && ended.log.contains(expected), "{name}: {}", ended.log);
        let after =
            fs::symlink_metadata(&socket).ok().map(|found| (found.file_type(), found.len(), found.modified().ok()));
        assert_eq!(after, before, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_in_use_is_refused_and_one_left_behind_is_replaced() {
    let ((_folder, socket), data) = (place(), Data::new());
    leave_behind(&socket);
    let server = serve(&data, &socket, &[]).await;
    let ended = start(&Data::new(), &socket, &[]).await.err().expect("somebody listens");
    assert!(ended.log.contains(&url(&socket)) && ended.log.contains("another process listens"), "{}", ended.log);
    server.client().stocked("a", 100, 5).await;
    assert_eq!(server.client().stock("a").await, [5, 0, 5, 0], "the first goes on");
    server.kill();
    assert!(is_socket(&socket), "a killed process leaves it behind");
    let server = serve(&data, &socket, &[]).await;
    assert_eq!(server.client().stock("a").await, [5, 0, 5, 0]);
    server.stop().await;
    let foreign = UnixListener::bind(&socket).expect("the place is free");
    let ended = start(&data, &socket, &[]).await.err().expect("another program listens");
    assert!(ended.log.contains("another process listens"), "{}", ended.log);
    drop(foreign);
}

/// Each would find the same socket left behind; only one may have its place.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_start_at_once_one_serves() {
    let (_folder, socket) = place();
    leave_behind(&socket);
    let data: Vec<Data> = (0..6).map(|_| Data::new()).collect();
    let started = futures_util::future::join_all(data.iter().map(|data| start(data, &socket, &[]))).await;
    let (mut servers, mut refused) = (Vec::new(), 0);
    for one in started {
        match one {
            Ok(server) => servers.push(server),
            Err(ended) => {
                assert!(ended.log.contains("another process listens"), "{}", ended.log);
                refused += 1;
            }
        }
    }
    assert_eq!((servers.len(), refused), (1, 5));
    servers[0].client().ready(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_leaves_no_socket_and_a_stop_removes_only_its_own() {
    let ((_folder, socket), data) = (place(), Data::new());
    let server = serve(&data, &socket, &[]).await;
    let other = socket.with_file_name("other.sock");
    let ended = start(&data, &other, &[]).await.err().expect("the data are in use");
    assert!(ended.log.contains("ordain.db"), "{}", ended.log);
    assert!(fs::symlink_metadata(&other).is_err(), "it failed after the socket was made");
    fs::remove_file(&socket).expect("the file can be removed");
    leave_behind(&socket);
    server.stop().await;
    assert!(is_socket(&socket), "another's");
}

/// Sends the bytes on a connection of their own and gives the first ones of the answer.
fn talk(socket: &Path, bytes: &[u8], length: usize) -> Vec<u8> {
    let mut stream = UnixStream::connect(socket).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    stream.write_all(bytes).expect("the server takes it");
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).expect("the server answers");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_of_http_are_spoken() {
    let ((_folder, socket), data) = (place(), Data::new());
    let server = serve(&data, &socket, &[]).await;
    // RFC 9113 §3.4: both sides begin with a SETTINGS frame, which is of type 4 and here empty.
    let answer = talk(&socket, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 9);
    assert_eq!((answer[3], &answer[5..]), (4, [0; 4].as_slice()), "{answer:?}");
    let get = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(talk(&socket, get.as_bytes(), 12), b"HTTP/1.1 200");
    let closing = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut stream = UnixStream::connect(&socket).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    stream.write_all([get, closing].concat().as_bytes()).expect("the server takes it");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("the server answers both and closes");
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{answers}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_callers_are_let_go_of_and_a_stop_waits_for_none_of_them() {
    let ((_folder, socket), data) = (place(), Data::new());
    let server = serve(&data, &socket, &["limits.read_timeout=1s"]).await;
    for first in ["", "PRI * HTTP", "PO", "POST /v1/orders HTTP/1.1\r\nHost: a\r\n"] {
        let mut stream = UnixStream::connect(&socket).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.write_all(first.as_bytes()).expect("the server takes it");
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap_or_else(|error| panic!("{first:?}: {error}"));
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 408"), "{first:?}: {}", String::from_utf8_lossy(&said));
    }
    server.stop().await;
    let server = serve(&data, &socket, &[]).await;
    let silent: Vec<UnixStream> = ["", "PRI * HTTP"]
        .map(|first| {
            let mut stream = UnixStream::connect(&socket).expect("the server listens");
            stream.write_all(first.as_bytes()).expect("the server takes it");
            stream
        })
        .into();
    tokio::time::timeout(Duration::from_secs(5), server.stop()).await.expect("it stops at once");
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_connect_at_once_and_nobody_to_a_server_that_is_gone() {
    let ((_folder, socket), data) = (place(), Data::new());
    let server = serve(&data, &socket, &[]).await;
    let report = load(&server.url(), "--orders 2000 --skus 50 --connections 500").await;
    assert_eq!((&report["orders"], &report["check"]["passed"]), (&json!(2_000), &json!(true)), "{report:#}");
    server.stop().await;
    let output = ordain(&["load", &url(&socket), "--orders", "1", "--retry-for", "20ms"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be reached"), "{output:?}");
}
