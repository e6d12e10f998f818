//! The signals that end a server: SIGTERM and Ctrl-C.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for the first of them.
pub(super) async fn requested() {
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                biased;
                _ = terminated.recv() => {}
                _ = interrupted => {}
            }
        }
        Err(error) => {
            tracing::warn!(error.message = %error, "SIGTERM cannot be caught; only Ctrl-C stops gracefully");
            // Failing to listen for Ctrl-C as well would mean to stop at once, which is the safe side.
            drop(interrupted.await);
        }
    }
}
