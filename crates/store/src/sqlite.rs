//! The store of one shard in one SQLite file: a writer, a loader of rows for decisions, a pool of readers, and a thread that
//! keeps the log short.
//!
//! One process owns the file; a second one is refused. Each room below holds the statements of one concept, and no
//! statement stands elsewhere. The store never decides: constraints are the last guard behind the domain.

mod account;
mod after_sale;
mod answer;
mod bind;
mod catalog;
mod coupon;
mod delivery;
mod event;
mod failure;
mod key_index;
mod letter;
mod loader;
mod log;
mod open_orders;
mod order;
mod outbox;
mod payment;
mod points;
mod pool;
mod reader;
mod receipt;
mod refund;
mod schema;
mod shard;
mod shipment;
mod stock;
mod timer;
mod user;
mod verify;
mod webhook;
mod writer;

use std::{path::PathBuf, sync::Arc};

use ordain_domain::time::Span;
use ordain_engine::port::store::StoreFailure;

use self::{
    key_index::KeyIndex,
    log::{DataFile, LogKeeper},
    open_orders::OpenOrders,
    pool::ReaderPool,
    schema::WriterSettings,
    writer::Opened,
};
pub use self::{key_index::KeyIndexSettings, reader::SqliteReader, writer::SqliteStore};

/// How a file is opened and kept.
#[derive(Clone, Debug)]
pub struct SqliteSettings {
    /// The file; made with its folder when it is not there. `PATH-wal`, `PATH-shm` and `PATH.lock` lie beside it.
    pub path: PathBuf,
    /// Connections for queries, at least 1.
    pub readers: usize,
    /// Bytes of page cache for all connections together: half for the writer, a quarter for the loader, the rest for queries.
    pub cache_bytes: u64,
    /// Whether commits skip the flush to the disk (`synchronous = NORMAL`): a power cut may then lose acknowledged orders.
    pub unsafe_synchronous_normal: bool,
    /// For how long answers are kept under their idempotency keys. Orders are kept under theirs for ever.
    pub answer_retention: Span,
    /// How long the write-ahead log may become before it is begun anew, in bytes. Long reads can hold it longer.
    pub log_bytes_soft_max: u64,
    /// The most unpaid orders of one user: below it, how many there are need not be known exactly.
    pub unpaid_per_user_max: u32,
    /// How the index of idempotency keys is cut.
    pub key_index: KeyIndexSettings,
}

/// How many chunks of unpaid orders are counted before the store is ready: some 200,000 orders, a fifth of a second. The
/// rest is counted in the background.
const CHUNKS_COUNTED_AT_START: usize = 48;

impl SqliteStore {
    /// Opens the file, brings its schema up to date, and reads what the writer keeps in memory.
    ///
    /// # Errors
    /// When another process has the file, when it is another program's or of a newer version, when SQLite is older than
    /// 3.51.3, and when it cannot be read.
    pub fn open(settings: &SqliteSettings) -> Result<(SqliteStore, Arc<SqliteReader>), StoreFailure> {
        let path = settings.path.as_path();
        let lock = schema::lock(path)?;
        let writer_settings = WriterSettings {
            cache_bytes: settings.cache_bytes / 2,
            unsafe_synchronous_normal: settings.unsafe_synchronous_normal,
        };
        let mut connection = schema::open_writer(path, writer_settings)?;
        let (index, keys) = KeyIndex::open(&connection, settings.key_index)?;
        let high_id = shard::head(&connection)?.high_id;
        let open_orders = Arc::new(OpenOrders::new(high_id));
        open_orders.rebuild_some(&connection, CHUNKS_COUNTED_AT_START)?;
        let data = DataFile::open(path)?;
        let pool = ReaderPool::open(path, settings.readers, settings.cache_bytes / 4)?;
        let (counters, log_max) = (Arc::clone(&open_orders), settings.log_bytes_soft_max);
        let log = LogKeeper::start(path, &mut connection, &data, counters, log_max)?;
        let reader = SqliteReader {
            pool,
            index: Arc::clone(&index),
            log: log.gauge(),
            data_path: settings.path.clone(),
            _data: Arc::clone(&data),
            _lock: Arc::clone(&lock),
        };
        let opened = Opened { lock, data, index, keys, open_orders };
        Ok((SqliteStore::new(connection, log, opened, settings)?, Arc::new(reader)))
    }
}
