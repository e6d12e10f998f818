//! A store between the engine and the one in memory that tampers with what it is asked to do.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use ordain_domain::{
    catalog::Catalog,
    ids::Sku,
    rows::{Keys, Rows},
};
use ordain_engine::port::store::{Commit, CommitFailure, FailureKind, RowLoader, ShardHead, ShardStore, StoreFailure};
use ordain_store::memory::MemoryStore;

/// What happens to a row of the marked SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tampering {
    /// Its stock is read as if nothing were locked, which no order can have left behind.
    LocksForgotten,
    /// A commit that writes its stock is refused by the guard of the schema.
    WriteRefused,
    /// Its stock cannot be read: it is damaged.
    ReadFails,
    /// Reading it panics: a bug of the store.
    ReadPanics,
    /// Every load is told to come back later.
    AlwaysBusy,
}

/// The switch and the counters of a tampered store.
#[derive(Debug)]
pub(crate) struct Tamperer {
    marked: Sku,
    tampering: Tampering,
    on: AtomicBool,
    loads: AtomicU64,
}

impl Tamperer {
    /// Does nothing until it is switched on.
    pub(crate) fn of(marked: &str, tampering: Tampering) -> Arc<Tamperer> {
        let marked = Sku::new(marked).expect("a valid SKU");
        Arc::new(Tamperer { marked, tampering, on: AtomicBool::new(false), loads: AtomicU64::new(0) })
    }

    /// Begins to tamper, or ceases.
    pub(crate) fn switch(&self, on: bool) {
        self.loads.store(0, Ordering::SeqCst);
        self.on.store(on, Ordering::SeqCst);
    }

    /// How often something was loaded since the last switching.
    pub(crate) fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }

    fn does(&self, tampering: Tampering) -> bool {
        self.tampering == tampering && self.on.load(Ordering::SeqCst)
    }
}

/// The writer that the engine is given.
pub(crate) struct TamperedStore {
    pub(crate) store: MemoryStore,
    pub(crate) tamperer: Arc<Tamperer>,
}

/// What it reads with.
struct TamperedLoader {
    loader: Box<dyn RowLoader>,
    tamperer: Arc<Tamperer>,
}

impl RowLoader for TamperedLoader {
    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), StoreFailure> {
        self.tamperer.loads.fetch_add(1, Ordering::SeqCst);
        if self.tamperer.does(Tampering::AlwaysBusy) {
            return Err(StoreFailure::new(FailureKind::Busy, "somebody else writes"));
        }
        let marked = &self.tamperer.marked;
        if keys.stock.contains(marked) && self.tamperer.does(Tampering::ReadFails) {
            return Err(StoreFailure::new(FailureKind::Corrupt, format_args!("the stock of {marked} is damaged")));
        }
        if keys.stock.contains(marked) && self.tamperer.does(Tampering::ReadPanics) {
            panic!("a bug of the store");
        }
        self.loader.load(keys, rows)?;
        if self.tamperer.does(Tampering::LocksForgotten)
            && let Some(Some(stock)) = rows.stock.get_mut(marked)
        {
            stock.locked = 0;
        }
        Ok(())
    }
}

impl ShardStore for TamperedStore {
    fn head(&mut self) -> Result<ShardHead, StoreFailure> {
        self.store.head()
    }

    fn catalog(&mut self) -> Result<Catalog, StoreFailure> {
        self.store.catalog()
    }

    fn loader(&mut self) -> Result<Box<dyn RowLoader>, StoreFailure> {
        Ok(Box::new(TamperedLoader { loader: self.store.loader()?, tamperer: Arc::clone(&self.tamperer) }))
    }

    fn commit(&mut self, commit: &Commit<'_>) -> Result<(), CommitFailure> {
        let marked = &self.tamperer.marked;
        if commit.changes.stock.contains_key(marked) && self.tamperer.does(Tampering::WriteRefused) {
            let failure = StoreFailure::new(FailureKind::Constraint, format_args!("CHECK failed: stock of {marked}"));
            return Err(CommitFailure::NotCommitted(failure));
        }
        self.store.commit(commit)
    }

    fn upkeep(&mut self) -> Result<(), StoreFailure> {
        self.store.upkeep()
    }
}
