//! The background thread: passes over the log, and after a start the counting of unpaid orders.
//!
//! It never writes the log and never waits for the writer.

use std::sync::{Arc, PoisonError, atomic::Ordering};

use rusqlite::Connection;

use super::{DataFile, LogState, REST_FRAMES, Task, checkpoint};
use crate::sqlite::{
    failure::SqliteFailure,
    open_orders::{OpenOrders, Progress},
};

const LOG_COPY: &str = "-- log_copy
PRAGMA wal_checkpoint(PASSIVE)";

/// How many passes are made in a row while the log is long and the writer keeps adding to it.
const PASSES_MAX: u32 = 6;

pub(super) struct Worker {
    pub(super) state: Arc<LogState>,
    pub(super) data: Arc<DataFile>,
    pub(super) open_orders: Arc<OpenOrders>,
}

impl Worker {
    pub(super) fn run(&self, connection: &Connection) {
        let mut counting = true;
        loop {
            if counting {
                counting = self.count(connection);
            }
            match self.next_task(!counting) {
                Task { stop: true, .. } => return,
                Task { copy: true, .. } => self.copy(connection),
                Task { copy: false, .. } => {}
            }
        }
    }

    /// Counts some unpaid orders; whether there are more.
    fn count(&self, connection: &Connection) -> bool {
        match self.open_orders.rebuild_chunk(connection) {
            Ok(progress) => progress == Progress::More,
            Err(failure) => {
                tracing::warn!(%failure, "unpaid orders cannot be counted; they are looked up instead");
                false
            }
        }
    }

    /// The next thing to do; waits for one unless there is other work.
    fn next_task(&self, may_wait: bool) -> Task {
        let mut task = self.state.task.lock().unwrap_or_else(PoisonError::into_inner);
        while may_wait && !task.stop && !task.copy {
            task = self.state.wake.wait(task).unwrap_or_else(PoisonError::into_inner);
        }
        let next = Task { copy: task.copy, stop: task.stop };
        task.copy = false;
        next
    }

    /// Copies what is in the log; while the log is long, until next to nothing is left.
    fn copy(&self, connection: &Connection) {
        for _ in 0..PASSES_MAX {
            self.state.is_passing.store(true, Ordering::Relaxed);
            let passed = self.pass(connection);
            self.state.is_passing.store(false, Ordering::Relaxed);
            match passed {
                Ok(copied) => {
                    let frames = self.state.frames.load(Ordering::Relaxed);
                    if frames < self.state.frames_soft_max || frames.saturating_sub(copied) <= REST_FRAMES / 2 {
                        return;
                    }
                }
                Err(failure) => {
                    self.state.note(&failure);
                    tracing::warn!(%failure, "the log cannot be copied");
                    return;
                }
            }
        }
    }

    /// Copies once, and syncs it here: else the writer would have to when it begins the log anew.
    fn pass(&self, connection: &Connection) -> Result<u64, SqliteFailure> {
        let (_, _, copied) = checkpoint(connection, LOG_COPY)?;
        if let Err(error) = self.data.0.sync_data() {
            self.state.note_text(format!("the data file cannot be synced: {error}"));
            return Err(SqliteFailure::Guard(format!("the data file cannot be synced: {error}")));
        }
        let copied = u64::try_from(copied).unwrap_or(0);
        // The log may have been begun anew meanwhile; of the new one nothing is copied.
        let is_of_this_log = copied <= self.state.frames.load(Ordering::Relaxed);
        self.state.copied.store(if is_of_this_log { copied } else { 0 }, Ordering::Relaxed);
        Ok(copied)
    }
}
