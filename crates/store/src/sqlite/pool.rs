//! A few connections that only read, lent one at a time.
//!
//! Who finds none waits for one: a point read holds it for microseconds. Long reads open a connection of their own.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, PoisonError},
};

use ordain_engine::port::store::StoreFailure;
use rusqlite::Connection;

use super::schema;

/// The connections that are free.
#[derive(Debug)]
pub(super) struct ReaderPool {
    path: PathBuf,
    free: Mutex<Vec<Connection>>,
    returned: Condvar,
}

impl ReaderPool {
    /// Opens `count` connections (at least one) that share `cache_bytes` of page cache.
    pub(super) fn open(path: &Path, count: usize, cache_bytes: u64) -> Result<ReaderPool, StoreFailure> {
        let count = count.max(1);
        let cache_each = cache_bytes / u64::try_from(count).unwrap_or(1);
        let free = (0..count).map(|_| schema::open_reader(path, cache_each)).collect::<Result<_, _>>()?;
        Ok(ReaderPool { path: path.to_owned(), free: Mutex::new(free), returned: Condvar::new() })
    }

    /// A connection until it is dropped.
    pub(super) fn lend(&self) -> Lent<'_> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = free.pop() {
                return Lent { pool: self, connection: Some(connection) };
            }
            free = self.returned.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A connection for a read that takes long, outside the pool.
    pub(super) fn open_own(&self) -> Result<Connection, StoreFailure> {
        /// Pages of a long read are looked at once.
        const CACHE_BYTES: u64 = 4 << 20;
        schema::open_reader(&self.path, CACHE_BYTES)
    }
}

/// A lent connection.
pub(super) struct Lent<'a> {
    pool: &'a ReaderPool,
    connection: Option<Connection>,
}

impl Deref for Lent<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a connection is given back only by drop")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            self.pool.returned.notify_one();
        }
    }
}
