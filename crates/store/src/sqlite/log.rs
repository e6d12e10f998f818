//! Keeping the write-ahead log short without stopping the writer.
//!
//! A background thread copies the log into the data file (PASSIVE: it waits for nobody and nobody for it) whenever the log
//! has grown by some MiB, and syncs what it copied. Alone that lets a busy log grow for ever, because there is never a
//! moment in which all of it is copied. So when the log is long, the thread copies until next to nothing is left, and the
//! writer itself copies that and begins the log anew, in about the time of a commit.

mod worker;

use std::{
    fs::File,
    path::Path,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use ordain_engine::port::store::{FailureKind, StoreFailure};
use rusqlite::Connection;

use self::worker::Worker;
use super::{failure::SqliteFailure, open_orders::OpenOrders, schema};

const LOG_RESTART: &str = "-- log_restart
PRAGMA wal_checkpoint(RESTART)";

/// The log gives its room back when a long read had let it grow.
const LOG_TRUNCATE: &str = "-- log_truncate
PRAGMA wal_checkpoint(TRUNCATE)";

/// A frame of the log: a page and its header (SQLite file format, section 4.1).
const FRAME_BYTES: u64 = 4_096 + 24;
/// After how many bytes of log a pass is made.
const PASS_BYTES: u64 = 8 << 20;
/// How much may be left for the writer to copy when it begins the log anew: 2 MiB.
const REST_FRAMES: u64 = 512;
/// From how many times longer than wished on the writer copies more than that, and gives the room back.
const LONG_MAX: u64 = 4;
/// How long the writer waits for point reads to leave the log before it begins it anew another time.
const RESTART_PATIENCE: Duration = Duration::from_millis(3);

/// What the writer, the background thread and the gauges share.
#[derive(Debug)]
struct LogState {
    /// Frames in the log after the last commit.
    frames: AtomicU64,
    /// Frames of it that are copied and synced.
    copied: AtomicU64,
    frames_soft_max: u64,
    /// Whether a pass is being made.
    is_passing: AtomicBool,
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
    /// How long the log was when the last pass was asked for.
    asked_at: u64,
    /// How long it was when somebody's old snapshot kept it from being begun anew.
    refused_at: Option<u64>,
    thread: Option<JoinHandle<()>>,
}

/// The data file, open beside SQLite only to be synced. While any connection lives it must not be closed: that would drop
/// the locks that SQLite holds on the file (POSIX advisory locks belong to the process, fcntl(2)).
#[derive(Debug)]
pub(super) struct DataFile(File);

impl DataFile {
    /// Opens the file of a store that is open.
    pub(super) fn open(path: &Path) -> Result<Arc<DataFile>, StoreFailure> {
        let open = File::open(path).map(|file| Arc::new(DataFile(file)));
        open.map_err(|error| StoreFailure::new(FailureKind::Other, format_args!("{}: {error}", path.display())))
    }
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
    /// Begins to keep the log of the file that `writer` writes, and to count unpaid orders.
    pub(super) fn start(
        path: &Path,
        writer: &mut Connection,
        data: &Arc<DataFile>,
        open_orders: Arc<OpenOrders>,
        bytes_soft_max: u64,
    ) -> Result<LogKeeper, StoreFailure> {
        let state = Arc::new(LogState {
            frames: AtomicU64::new(0),
            copied: AtomicU64::new(0),
            frames_soft_max: bytes_soft_max / FRAME_BYTES,
            is_passing: AtomicBool::new(false),
            task: Mutex::default(),
            wake: Condvar::new(),
            disk_failure: Mutex::default(),
        });
        let hooked = Arc::clone(&state);
        let hook = move |_: &mut rusqlite::hooks::Wal, frames: i32| {
            hooked.frames.store(u64::try_from(frames).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(SqliteFailure::from)?;
        let worker = Worker { state: Arc::clone(&state), data: Arc::clone(data), open_orders };
        let connection = schema::open_checkpointer(path)?;
        let thread = std::thread::Builder::new().name("ordain-store".to_owned());
        let thread = thread.spawn(move || worker.run(&connection)).map_err(|error| {
            StoreFailure::new(FailureKind::Other, format_args!("a thread cannot be started: {error}"))
        })?;
        Ok(LogKeeper { state, asked_at: 0, refused_at: None, thread: Some(thread) })
    }

    pub(super) fn gauge(&self) -> LogGauge {
        LogGauge(Arc::clone(&self.state))
    }

    /// What the disk said when a copy could not be written or synced.
    pub(super) fn disk_failure(&self) -> Option<String> {
        self.state.disk_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for a pass when the log has grown enough.
    pub(super) fn after_commit(&mut self) {
        let frames = self.state.frames.load(Ordering::Relaxed);
        if frames < self.asked_at {
            self.begun_anew();
        }
        if (frames - self.asked_at) * FRAME_BYTES >= PASS_BYTES {
            self.asked_at = frames;
            self.state.tell(|task| task.copy = true);
        }
    }

    /// Begins the log anew when it is long and nearly all of it is copied. Called between batches by the writer.
    pub(super) fn restart_if_long(&mut self, writer: &Connection) -> Result<(), SqliteFailure> {
        let state = &self.state;
        let (frames, soft_max) = (state.frames.load(Ordering::Relaxed), state.frames_soft_max);
        let rest = frames.saturating_sub(state.copied.load(Ordering::Relaxed));
        let is_far_too_long = frames >= LONG_MAX * soft_max;
        let may_copy = if is_far_too_long { soft_max } else { REST_FRAMES };
        // Somebody's old snapshot may hold the log: asking again with every batch would only cost time.
        let was_refused = self.refused_at.is_some_and(|refused_at| frames < refused_at + REST_FRAMES);
        if frames < soft_max || rest > may_copy || was_refused || state.is_passing.load(Ordering::Relaxed) {
            return Ok(());
        }
        writer.busy_timeout(RESTART_PATIENCE)?;
        let restarted = checkpoint(writer, if is_far_too_long { LOG_TRUNCATE } else { LOG_RESTART });
        writer.busy_timeout(schema::WRITER_PATIENCE)?;
        let (busy, ..) = restarted.inspect_err(|failure| state.note(failure))?;
        if busy == 0 {
            state.frames.store(0, Ordering::Relaxed);
            self.begun_anew();
        } else {
            self.refused_at = Some(frames);
        }
        Ok(())
    }

    fn begun_anew(&mut self) {
        self.asked_at = 0;
        self.refused_at = None;
        self.state.copied.store(0, Ordering::Relaxed);
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
            self.note_text(failure.to_string());
        }
    }

    fn note_text(&self, text: String) {
        *self.disk_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }
}

/// Runs a checkpoint: whether somebody was in the way, frames in the log, frames copied.
fn checkpoint(connection: &Connection, sql: &str) -> Result<(i64, i64, i64), SqliteFailure> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}
