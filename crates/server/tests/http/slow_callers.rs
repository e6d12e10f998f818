//! Callers that are slow, or say nothing, on purpose or not: they are let go of, and cost others nothing.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::support::{
    server::{Data, PATIENCE},
    shop::order,
};

const SETTINGS: &[&str] = &["limits.read_timeout=1s"];
/// How often a test reads, at most a tenth of a second each, before it calls the server patient.
const READS_MAX: usize = 200;
const HEAD: &str = "POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: slow\r\n";

/// Sends `first`, then a byte of `drip` whenever the server has been silent for a while; what the server says until it
/// closes the connection.
fn talk(address: &str, first: &[u8], drip: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout can be set");
    stream.write_all(first).expect("the server takes it");
    let (mut drip, mut said) = (drip.iter(), Vec::new());
    let mut bytes = [0; 4_096];
    for _ in 0..READS_MAX {
        match stream.read(&mut bytes) {
            Ok(0) => return String::from_utf8_lossy(&said).into_owned(),
            Ok(count) => said.extend_from_slice(&bytes[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // The server may have gone meanwhile: the next read says so.
                drop(drip.next().map(|byte| stream.write_all(&[*byte])));
            }
            Err(_) => return String::from_utf8_lossy(&said).into_owned(),
        }
    }
    panic!("the connection is still open; the server said {}", String::from_utf8_lossy(&said));
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_callers_are_let_go_of() {
    let data = Data::new();
    let server = data.serve(SETTINGS).await;
    let client = server.client();
    client.stocked("a", 100, 100).await;
    let endless = [b'x'; 1_000];
    let half_a_body = format!("{HEAD}Content-Length: 1000\r\n\r\n{{\"user_id\"");
    let half_a_chunk = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n400\r\n{{\"user_id\"");
    let table: [(&str, &str, &[u8], &str); 8] = [
        ("nothing", "", b"", ""),
        ("half a method", "PO", b"", ""),
        ("half the preface of HTTP/2", "PRI * HTTP", b"", ""),
        ("half a head", HEAD, b"", ""),
        ("a head that never ends", HEAD, &endless, ""),
        ("half a body", &half_a_body, b"", "request_timeout"),
        ("half a chunk", &half_a_chunk, b"", "request_timeout"),
        ("a body that never ends", &half_a_body, &endless, "request_timeout"),
    ];
    let mut talks = tokio::task::JoinSet::new();
    for (name, first, drip, code) in table {
        let (address, first, drip) = (server.address().to_owned(), first.to_owned(), drip.to_owned());
        let (name, code) = (name.to_owned(), code.to_owned());
        talks.spawn_blocking(move || (name, talk(&address, first.as_bytes(), &drip), code));
    }
    // Whoever is quick is served meanwhile.
    client.place(&order("quick", &[("a", 1)])).await;
    for (name, said, code) in talks.join_all().await {
        if code.is_empty() {
            assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{name}: {said}");
        } else {
            assert!(said.starts_with("HTTP/1.1 408") && said.contains(&code), "{name}: {said}");
        }
    }
    assert_eq!(client.stock("a").await, [100, 1, 99, 0], "a slow caller ordered nothing");
    server.stop().await;
}

/// An import may take as long as it takes, as long as it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_import_is_taken_and_a_stuck_one_is_not() {
    let data = Data::new();
    let server = data.serve(SETTINGS).await;
    let head = "POST /v1/products:import HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n";
    let product = r#"{"sku":"slow","title":"T","price":1,"currency":"GBP","status":"active"}"#;
    let length = product.len() + 30;
    let (address, first) = (server.address().to_owned(), format!("{head}Content-Length: {length}\r\n\r\n{product}"));
    let drip = [b'\n'; 30];
    let talked = tokio::task::spawn_blocking(move || {
        let stuck = talk(&address, first.as_bytes(), &drip[..5]);
        // Thirty pauses of a tenth of a second are longer than the time for a body, each of them is not.
        (stuck, talk(&address, format!("{first}\r\n").as_bytes(), &drip[2..]))
    });
    let (stuck, done) = tokio::time::timeout(PATIENCE, talked).await.expect("both end").expect("both ended well");
    assert!(stuck.starts_with("HTTP/1.1 408") && stuck.contains("request_timeout"), "{stuck}");
    assert!(done.starts_with("HTTP/1.1 200") && done.contains("\"imported\":1"), "{done}");
    server.stop().await;
}

/// Who has said nothing is not waited for at the end.
#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_do_not_hold_up_a_stop() {
    let data = Data::new();
    let server = data.serve(&["limits.read_timeout=1h"]).await;
    let client = server.client();
    client.stocked("a", 1, 100).await;
    let silent: Vec<TcpStream> = ["", "PRI * HTTP"]
        .map(|first| {
            let mut stream = TcpStream::connect(server.address()).expect("the server listens");
            stream.write_all(first.as_bytes()).expect("the server takes it");
            stream
        })
        .into();
    tokio::time::timeout(Duration::from_secs(5), server.stop()).await.expect("it stops at once");
    drop(silent);
}
