//! Connections: taken, spoken HTTP/1.1 or HTTP/2 with, and let go of when their caller is too slow or the server stops.
//!
//! How long a body may take is the router's matter, for it answers; here are the times in which there is nobody to answer
//! to. It knows no call of the contract.

mod watched;

use std::{io, pin::pin, time::Duration};

use axum::{Router, serve::Listener};
use hyper::server::conn::{http1, http2};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{net::TcpStream, sync::watch};

use self::watched::{Requests, Watched};

/// What a connection begins with on which HTTP/2 is spoken (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How often a connection is looked at that sent a part of the preface, and should send the rest at once.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Takes connections until `stop` says so, then waits until those under way have finished their requests. A connection on
/// which no request begins for `read_timeout`, be it silent or slow, is closed within another one of it.
pub(super) async fn serve(
    mut listener: impl Listener<Io = TcpStream>,
    router: Router,
    read_timeout: Duration,
    stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let mut told = stop.clone();
    loop {
        let stream = tokio::select! {
            biased;
            () = stopped(&mut told) => break,
            (stream, _) = listener.accept() => stream,
        };
        tokio::spawn(speak(stream, router.clone(), read_timeout, graceful.watcher(), stop.clone()));
    }
    drop(listener);
    graceful.shutdown().await;
}

/// An error would mean that the sender is gone, which is after the signal as well.
async fn stopped(told: &mut watch::Receiver<bool>) {
    drop(told.wait_for(|told| *told).await);
}

async fn speak(
    stream: TcpStream,
    router: Router,
    read_timeout: Duration,
    watcher: Watcher,
    mut told: watch::Receiver<bool>,
) {
    let version = tokio::select! {
        version = tokio::time::timeout(read_timeout, spoken(&stream)) => version,
        () = stopped(&mut told) => return,
    };
    let requests = Requests::default();
    let io = TokioIo::new(stream);
    let service = TowerToHyperService::new(Watched::new(router, &requests));
    let served = match version {
        Ok(Ok(Spoken::Http1)) => {
            let connection = http1::Builder::new().serve_connection(io, service);
            while_used(watcher.watch(connection), &requests, read_timeout).await
        }
        Ok(Ok(Spoken::Http2)) => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.timer(TokioTimer::new()).keep_alive_interval(read_timeout).keep_alive_timeout(read_timeout);
            while_used(watcher.watch(builder.serve_connection(io, service)), &requests, read_timeout).await
        }
        Ok(Err(_)) | Err(_) => return,
    };
    if let Err(error) = served {
        tracing::debug!(error.message = %error, "a connection ended early");
    }
}

/// Speaks until the connection ends, or nothing was asked on it for a whole `read_timeout`. One timer a connection: hyper's
/// own, for the heads of requests, is made anew for each of them.
async fn while_used<E>(
    connection: impl Future<Output = Result<(), E>>,
    requests: &Requests,
    read_timeout: Duration,
) -> Result<(), E> {
    let mut connection = pin!(connection);
    let mut begun_before = requests.begun();
    loop {
        if let Ok(served) = tokio::time::timeout(read_timeout, &mut connection).await {
            return served;
        }
        let begun = requests.begun();
        if begun == begun_before && !requests.are_open() {
            return Ok(());
        }
        begun_before = begun;
    }
}

/// What is spoken on a connection.
enum Spoken {
    Http1,
    Http2,
}

/// Looks at the first bytes without taking them.
async fn spoken(stream: &TcpStream) -> io::Result<Spoken> {
    let mut first = [0; HTTP2_PREFACE.len()];
    loop {
        let length = stream.peek(&mut first).await?;
        match &first[..length] {
            [] => return Err(io::ErrorKind::UnexpectedEof.into()),
            all if all == HTTP2_PREFACE => return Ok(Spoken::Http2),
            part if HTTP2_PREFACE.starts_with(part) => tokio::time::sleep(LOOK_EVERY).await,
            _ => return Ok(Spoken::Http1),
        }
    }
}
