//! The one writer of a shard: reads rows for a batch, writes a batch in one durable transaction.
//!
//! What is in memory beside the file (hot stock, the key index, the counters of unpaid orders) is changed only after a
//! commit is certain. It decides nothing.

mod commit;
mod load;

use std::sync::Arc;

use ordain_domain::{
    catalog::Catalog,
    rows::{Keys, Rows},
    time::Span,
};
use ordain_engine::port::store::{Commit, CommitFailure, FailureKind, ShardHead, ShardStore, StoreFailure};
use rusqlite::Connection;

use super::{
    SqliteSettings,
    answer::{self, Expiry},
    bind::JsonBuffer,
    catalog,
    failure::SqliteFailure,
    key_index::{KeyIndex, KeyKeeper},
    log::{DataFile, LogKeeper},
    open_orders::{CountedUsers, OpenOrders},
    schema::FileLock,
    shard,
    stock::cache::StockCache,
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
    counted: CountedUsers,
    stock: StockCache,
    json: JsonBuffer,
    head: ShardHead,
    last_answer: i64,
    unpaid_per_user_max: u32,
    answer_retention: Span,
    expiry: Expiry,
    _data: Arc<DataFile>,
    _lock: Arc<FileLock>,
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
            counted: CountedUsers::default(),
            stock: StockCache::default(),
            json: JsonBuffer::default(),
            unpaid_per_user_max: settings.unpaid_per_user_max,
            answer_retention: settings.answer_retention,
            expiry: Expiry::unknown(),
            _data: opened.data,
            _lock: opened.lock,
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

    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), StoreFailure> {
        Ok(self.load_rows(keys, rows)?)
    }

    fn commit(&mut self, commit: &Commit<'_>) -> Result<(), CommitFailure> {
        self.check_disk()?;
        self.commit_batch(commit)
    }

    fn upkeep(&mut self) -> Result<(), StoreFailure> {
        Ok(self.log.restart_if_long(&self.connection)?)
    }
}
