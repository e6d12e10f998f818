//! Connections: taken, spoken HTTP/1.1 or HTTP/2 with, and let go of when their caller is too slow or the server stops.
//!
//! How long a body may take is the router's matter, for it answers; here are the times in which there is nobody to answer
//! to. It knows no call of the contract, and of where callers come from only how to see what they speak (`beginning`).

mod beginning;

use std::time::Duration;

use axum::{Router, serve::Listener};
use hyper::server::conn::{http1, http2};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::sync::watch;

pub(super) use self::beginning::Beginning;
use self::beginning::Spoken;

/// Takes connections until `stop` says so, then waits until those under way have finished their requests. The head of a
/// request, and the silence before it, may take `read_timeout`.
pub(super) async fn serve<L: Listener<Io: Beginning>>(
    mut listener: L,
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
    stream: impl Beginning,
    router: Router,
    read_timeout: Duration,
    watcher: Watcher,
    mut told: watch::Receiver<bool>,
) {
    let begun = tokio::select! {
        begun = tokio::time::timeout(read_timeout, stream.begin()) => begun,
        () = stopped(&mut told) => return,
    };
    let Ok(Ok((version, stream))) = begun else {
        return;
    };
    let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(router));
    let served = match version {
        Spoken::Http1 => {
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(read_timeout);
            // Head and body in one buffer and one plain write: most of a microsecond less for each answer over TCP. Each
            // connection keeps a buffer as large as its largest answer for it.
            builder.writev(false);
            watcher.watch(builder.serve_connection(io, service)).await
        }
        Spoken::Http2 => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.timer(TokioTimer::new()).keep_alive_interval(read_timeout).keep_alive_timeout(read_timeout);
            watcher.watch(builder.serve_connection(io, service)).await
        }
    };
    if let Err(error) = served {
        tracing::debug!(error.message = %error, "a connection ended early");
    }
}
