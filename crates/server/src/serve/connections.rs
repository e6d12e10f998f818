//! Connections: taken, spoken HTTP/1.1 or HTTP/2 with, and let go of when their caller is too slow or the server stops.
//!
//! How long a body may take is the router's matter, for it answers; here are the times in which there is nobody to answer
//! to. It knows no call of the contract.

use std::{io, time::Duration};

use axum::{Router, serve::Listener};
use hyper::server::conn::{http1, http2};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{net::TcpStream, sync::watch};

/// What a connection begins with on which HTTP/2 is spoken (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How often a connection is looked at that sent a part of the preface, and should send the rest at once.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Takes connections until `stop` says so, then waits until those under way have finished their requests. The head of a
/// request, and the silence before it, may take `read_timeout`.
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
    let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(router));
    let served = match version {
        Ok(Ok(Spoken::Http1)) => {
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(read_timeout);
            watcher.watch(builder.serve_connection(io, service)).await
        }
        Ok(Ok(Spoken::Http2)) => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.timer(TokioTimer::new()).keep_alive_interval(read_timeout).keep_alive_timeout(read_timeout);
            watcher.watch(builder.serve_connection(io, service)).await
        }
        Ok(Err(_)) | Err(_) => return,
    };
    if let Err(error) = served {
        tracing::debug!(error.message = %error, "a connection ended early");
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
