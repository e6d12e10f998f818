//! The one writer of a shard: writes a batch in one durable transaction.
//!
//! What is in memory beside the file (the key index, the counters of unpaid orders, where ledgers end) is changed only after a
//! commit is certain. It decides nothing, and reads nothing for decisions: that is the loader's (`loader.rs`).

mod commit;

use std::{path::PathBuf, sync::Arc};

use ordain_domain::{catalog::Catalog, time::Span};
use ordain_engine::port::store::{Commit, CommitFailure, FailureKind, RowLoader, ShardHead, ShardStore, StoreFailure};
use rusqlite::Connection;

use super::{
    SqliteSettings,
    answer::{self, Expiry},
    bind::JsonBuffer,
    catalog,
    failure::SqliteFailure,
    key_index::{KeyIndex, KeyKeeper},
    loader::SqliteLoader,
    log::{DataFile, LogKeeper},
    open_orders::{CountedUsers, OpenOrders},
    schema::{self, FileLock},
    shard,
    stock::ledger_ends::LedgerEnds,
};

/// The store of one shard in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    // Fields are dropped in this order: the connection before what keeps others from the file.
    connection: Connection,
    log: LogKeeper,
    index: Arc<KeyIndex>,
    keys: KeyKeeper,
    open_orders: Arc<OpenOrders>,
    counted: Arc<CountedUsers>,
    ledger_ends: LedgerEnds,
    json: JsonBuffer,
    head: ShardHead,
    last_answer: i64,
    unpaid_per_user_max: u32,
    answer_retention: Span,
    expiry: Expiry,
    path: PathBuf,
    loader_cache_bytes: u64,
    data: Arc<DataFile>,
    lock: Arc<FileLock>,
}

/// What was opened with the file for the writer, some of it shared with the readers and the keeper of the log.
pub(super) struct Opened {
    pub(super) lock: Arc<FileLock>,
    pub(super) data: Arc<DataFile>,
    pub(super) index: Arc<KeyIndex>,
    pub(super) keys: KeyKeeper,
    pub(super) open_orders: Arc<OpenOrders>,
}

impl SqliteStore {
    pub(super) fn new(
        connection: Connection,
        log: LogKeeper,
        opened: Opened,
        settings: &SqliteSettings,
    ) -> Result<SqliteStore, SqliteFailure> {
        Ok(SqliteStore {
            head: shard::head(&connection)?,
            last_answer: answer::last_id(&connection)?.max(opened.index.marks().last_answer),
            connection,
            log,
            index: opened.index,
            keys: opened.keys,
            open_orders: opened.open_orders,
            counted: Arc::default(),
            ledger_ends: LedgerEnds::default(),
            json: JsonBuffer::default(),
            unpaid_per_user_max: settings.unpaid_per_user_max,
            answer_retention: settings.answer_retention,
            expiry: Expiry::unknown(),
            path: settings.path.clone(),
            loader_cache_bytes: settings.cache_bytes / 4,
            data: opened.data,
            lock: opened.lock,
        })
    }

    /// A disk that failed in the background has failed for the commits too.
    fn check_disk(&self) -> Result<(), CommitFailure> {
        match self.log.disk_failure() {
            None => Ok(()),
            Some(message) => Err(CommitFailure::SyncFailed(StoreFailure::new(FailureKind::Other, message))),
        }
    }
}

impl ShardStore for SqliteStore {
    fn head(&mut self) -> Result<ShardHead, StoreFailure> {
        Ok(shard::head(&self.connection)?)
    }

    fn catalog(&mut self) -> Result<Catalog, StoreFailure> {
        Ok(catalog::load(&self.connection)?)
    }

    fn loader(&mut self) -> Result<Box<dyn RowLoader>, StoreFailure> {
        Ok(Box::new(SqliteLoader {
            connection: schema::open_reader(&self.path, self.loader_cache_bytes)?,
            index: Arc::clone(&self.index),
            open_orders: Arc::clone(&self.open_orders),
            counted: Arc::clone(&self.counted),
            unpaid_per_user_max: self.unpaid_per_user_max,
            _data: Arc::clone(&self.data),
            _lock: Arc::clone(&self.lock),
        }))
    }

    fn commit(&mut self, commit: &Commit<'_>) -> Result<(), CommitFailure> {
        self.check_disk()?;
        self.commit_batch(commit)
    }

    fn upkeep(&mut self) -> Result<(), StoreFailure> {
        Ok(self.log.restart_if_long(&self.connection)?)
    }
}
