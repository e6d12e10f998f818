//! The store in memory: for tests and for the simulator. Obviously right rather than fast, and nothing survives the
//! process.
//!
//! The writer and the reader share one state behind one lock, so that a reader sees whole commits only. The reader also
//! holds the switches with which a test makes the next call fail in a chosen way. It is no cache and never used by `serve`.

mod damage;
mod fault;
mod letters;
mod reader;
mod state;
mod verify;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ordain_domain::{
    catalog::Catalog,
    rows::{Keys, Rows},
};
use ordain_engine::port::store::{
    Commit, CommitFailure, FailureKind, Poisoned, RowLoader, ShardHead, ShardStore, StoreFailure,
};

pub use fault::CommitFault;
use fault::Faults;
use state::State;

/// The one writer of an in-memory shard.
#[derive(Debug)]
pub struct MemoryStore {
    shared: Arc<MemoryReader>,
}

/// What reads for the decisions of an in-memory shard.
#[derive(Debug)]
struct MemoryLoader {
    shared: Arc<MemoryReader>,
}

/// The reader of an in-memory shard, with the switches for faults.
#[derive(Debug, Default)]
pub struct MemoryReader {
    state: Mutex<State>,
    faults: Faults,
}

impl MemoryStore {
    /// An empty shard: its writer and its reader.
    #[must_use]
    pub fn new() -> (MemoryStore, Arc<MemoryReader>) {
        let shared = Arc::new(MemoryReader::default());
        (MemoryStore { shared: Arc::clone(&shared) }, shared)
    }
}

impl MemoryReader {
    /// A writer on the data as they lie, for a process that comes up again. The one before must be gone.
    #[must_use]
    pub fn reopen(self: &Arc<MemoryReader>) -> MemoryStore {
        MemoryStore { shared: Arc::clone(self) }
    }

    /// The next commit without a fault planned before it fails like this.
    pub fn fail_next_commit(&self, fault: CommitFault) {
        self.faults.fail_next_commit(fault);
    }

    /// The next load fails like this.
    pub fn fail_next_load(&self, kind: FailureKind) {
        self.faults.fail_next_load(kind);
    }

    /// The next reading of the head fails like this.
    pub fn fail_next_head(&self, kind: FailureKind) {
        self.faults.fail_next_head(kind);
    }

    /// Commits wait from here on, before they write anything, until [`MemoryReader::release_commits`].
    pub fn hold_commits(&self) {
        self.faults.hold_commits();
    }

    /// Commits that wait go on, later ones do not wait.
    pub fn release_commits(&self) {
        self.faults.release_commits();
    }

    /// Waits until a commit is being held, at most for `deadline`; whether one is.
    #[must_use]
    pub fn wait_for_held_commit(&self, deadline: Duration) -> bool {
        self.faults.wait_for_held_commit(deadline)
    }

    /// Where the shard stands.
    #[must_use]
    pub fn head(&self) -> ShardHead {
        self.state().head
    }

    /// Every command that was kept because its decision panicked, oldest first.
    #[must_use]
    pub fn poisoned(&self) -> Vec<Poisoned> {
        self.state().poisoned.clone()
    }

    /// How far each consumer group has come.
    #[must_use]
    pub fn cursors(&self) -> BTreeMap<Arc<str>, i64> {
        self.state().cursors.clone()
    }

    /// The state, also after a thread that held it panicked: a commit is checked whole before anything of it is written.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RowLoader for MemoryLoader {
    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), StoreFailure> {
        self.shared.faults.of_load()?;
        self.shared.state().load(keys, rows);
        Ok(())
    }
}

impl ShardStore for MemoryStore {
    fn head(&mut self) -> Result<ShardHead, StoreFailure> {
        self.shared.faults.of_head()?;
        Ok(self.shared.state().head)
    }

    fn catalog(&mut self) -> Result<Catalog, StoreFailure> {
        Ok(self.shared.state().catalog.clone())
    }

    fn loader(&mut self) -> Result<Box<dyn RowLoader>, StoreFailure> {
        Ok(Box::new(MemoryLoader { shared: Arc::clone(&self.shared) }))
    }

    fn commit(&mut self, commit: &Commit<'_>) -> Result<(), CommitFailure> {
        let fault = self.shared.faults.of_commit();
        if let Some(failure) = fault.and_then(CommitFault::before_writing) {
            return Err(failure);
        }
        let mut state = self.shared.state();
        state.refuse(commit).map_err(CommitFailure::NotCommitted)?;
        state.apply(commit);
        fault.and_then(CommitFault::after_writing).map_or(Ok(()), Err)
    }

    fn upkeep(&mut self) -> Result<(), StoreFailure> {
        Ok(())
    }
}
