//! Keeping the write-ahead log short without stopping the writer.
//!
//! A background thread copies the log into the data file (PASSIVE: it waits for nobody and nobody for it) whenever the log
//! has grown by some MiB. Alone that lets a busy log grow for ever, because there is never a moment in which all of it is
//! copied; so when the log is long, the writer itself copies the little that is left and begins it anew.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use ordain_engine::port::store::{FailureKind, StoreFailure};
use rusqlite::Connection;

use super::{failure::SqliteFailure, open_orders::OpenOrders, schema};

const LOG_COPY: &str = "-- log_copy
PRAGMA wal_checkpoint(PASSIVE)";

const LOG_RESTART: &str = "-- log_restart
PRAGMA wal_checkpoint(RESTART)";

/// After how many bytes of log a pass is made.
const PASS_BYTES: u64 = 8 << 20;
/// A frame of the log: a page and its header (SQLite file format, section 4.1).
const FRAME_BYTES: u64 = 4_096 + 24;

/// What the writer, the background thread and the gauges share.
#[derive(Debug, Default)]
struct LogState {
    /// Frames in the log after the last commit.
    frames: AtomicU64,
    task: Mutex<Task>,
    wake: Condvar,
    disk_failure: Mutex<Option<String>>,
}

#[derive(Debug, Default)]
struct Task {
    copy: bool,
    stop: bool,
}

/// The writer's handle.
#[derive(Debug)]
pub(super) struct LogKeeper {
    state: Arc<LogState>,
    asked_at: u64,
    bytes_soft_max: u64,
    thread: Option<JoinHandle<()>>,
}

/// Sizes for operators.
#[derive(Debug)]
pub(super) struct LogGauge(Arc<LogState>);

impl LogGauge {
    /// Bytes of the log that hold data.
    pub(super) fn bytes(&self) -> u64 {
        self.0.frames.load(Ordering::Relaxed) * FRAME_BYTES
    }
}

impl LogKeeper {
    /// Begins to keep the log of the file that `writer` writes.
    pub(super) fn start(
        path: &Path,
        writer: &mut Connection,
        open_orders: Arc<OpenOrders>,
        bytes_soft_max: u64,
    ) -> Result<LogKeeper, StoreFailure> {
        let state = Arc::new(LogState::default());
        let hooked = Arc::clone(&state);
        let hook = move |_: &mut rusqlite::hooks::Wal, frames: i32| {
            hooked.frames.store(u64::try_from(frames).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(SqliteFailure::from)?;
        let worker = Worker { state: Arc::clone(&state), path: path.to_owned(), open_orders };
        let connection = schema::open_checkpointer(path)?;
        let spawned =
            std::thread::Builder::new().name("ordain-store".to_owned()).spawn(move || worker.run(&connection));
        let thread = spawned
            .map_err(|error| StoreFailure::new(FailureKind::Other, format_args!("cannot start a thread: {error}")))?;
        Ok(LogKeeper { state, asked_at: 0, bytes_soft_max, thread: Some(thread) })
    }

    pub(super) fn gauge(&self) -> LogGauge {
        LogGauge(Arc::clone(&self.state))
    }

    /// What the disk said when a copy could not be synced.
    pub(super) fn disk_failure(&self) -> Option<String> {
        self.state.disk_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for a pass when the log has grown enough.
    pub(super) fn after_commit(&mut self) {
        let bytes = self.state.frames.load(Ordering::Relaxed) * FRAME_BYTES;
        if bytes < self.asked_at {
            self.asked_at = 0;
        }
        if bytes >= self.asked_at + PASS_BYTES {
            self.asked_at = bytes;
            self.state.tell(|task| task.copy = true);
        }
    }

    /// Begins the log anew when it is long. Called between batches by the writer.
    pub(super) fn restart_if_long(&mut self, writer: &Connection) -> Result<(), SqliteFailure> {
        let bytes = self.state.frames.load(Ordering::Relaxed) * FRAME_BYTES;
        if bytes < self.bytes_soft_max {
            return Ok(());
        }
        let (busy, frames, copied) = checkpoint(writer, LOG_RESTART).inspect_err(|failure| self.state.note(failure))?;
        if busy == 0 && frames == copied {
            self.state.frames.store(0, Ordering::Relaxed);
            self.asked_at = 0;
        }
        Ok(())
    }
}

impl Drop for LogKeeper {
    fn drop(&mut self) {
        self.state.tell(|task| task.stop = true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that keeps the log panicked");
        }
    }
}

impl LogState {
    fn tell(&self, change: impl FnOnce(&mut Task)) {
        change(&mut self.task.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    /// Remembers that the disk failed to take bytes: nothing in memory can be trusted to be on it.
    fn note(&self, failure: &SqliteFailure) {
        if failure.is_failed_write(true) {
            *self.disk_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.to_string());
        }
    }
}

struct Worker {
    state: Arc<LogState>,
    path: PathBuf,
    open_orders: Arc<OpenOrders>,
}

impl Worker {
    fn run(&self, connection: &Connection) {
        let mut counted = Some((i64::MIN, 0));
        loop {
            if let Some(after) = counted {
                counted = self.open_orders.rebuild_chunk(connection, after).unwrap_or_else(|failure| {
                    tracing::warn!(%failure, "unpaid orders cannot be counted; they are looked up instead");
                    None
                });
            }
            match self.next_task(counted.is_none()) {
                Task { stop: true, .. } => return,
                Task { copy: true, .. } => self.copy(connection),
                Task { copy: false, .. } => {}
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

    fn copy(&self, connection: &Connection) {
        if let Err(failure) = checkpoint(connection, LOG_COPY) {
            self.state.note(&failure);
            tracing::warn!(%failure, path = %self.path.display(), "the log cannot be copied");
        }
    }
}

/// Runs a checkpoint: whether somebody was in the way, frames in the log, frames copied.
fn checkpoint(connection: &Connection, sql: &str) -> Result<(i64, i64, i64), SqliteFailure> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}
