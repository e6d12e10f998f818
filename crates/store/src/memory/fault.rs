//! The switches with which a test makes the store fail, or wait, exactly where it wants. Chance plays no part here; the
//! simulator draws lots and throws these switches.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ordain_engine::port::store::{CommitFailure, FailureKind, StoreFailure};

/// How a commit is made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// Nothing is written, and the store says so with this kind of failure.
    NotCommitted(FailureKind),
    /// Everything is written; the store does not know.
    UnknownWritten,
    /// Nothing is written; the store does not know.
    UnknownNotWritten,
    /// The disk fails while syncing. Nothing is written.
    SyncFailed,
}

impl CommitFault {
    /// The failure that comes instead of writing.
    pub(super) fn before_writing(self) -> Option<CommitFailure> {
        match self {
            CommitFault::NotCommitted(kind) => Some(CommitFailure::NotCommitted(injected(kind))),
            CommitFault::UnknownNotWritten => Some(CommitFailure::Unknown(injected(FailureKind::Other))),
            CommitFault::SyncFailed => Some(CommitFailure::SyncFailed(injected(FailureKind::Other))),
            CommitFault::UnknownWritten => None,
        }
    }

    /// The failure that comes although everything was written.
    pub(super) fn after_writing(self) -> Option<CommitFailure> {
        match self {
            CommitFault::UnknownWritten => Some(CommitFailure::Unknown(injected(FailureKind::Other))),
            CommitFault::NotCommitted(_) | CommitFault::UnknownNotWritten | CommitFault::SyncFailed => None,
        }
    }
}

fn injected(kind: FailureKind) -> StoreFailure {
    StoreFailure::new(kind, format_args!("injected: {kind:?}"))
}

#[derive(Debug, Default)]
struct Plan {
    commits: VecDeque<CommitFault>,
    loads: VecDeque<FailureKind>,
    heads: VecDeque<FailureKind>,
    commits_wait: bool,
    commits_held: usize,
}

/// What is planned to go wrong.
#[derive(Debug, Default)]
pub(super) struct Faults {
    plan: Mutex<Plan>,
    changed: Condvar,
}

impl Faults {
    pub(super) fn fail_next_commit(&self, fault: CommitFault) {
        self.plan().commits.push_back(fault);
    }

    pub(super) fn fail_next_load(&self, kind: FailureKind) {
        self.plan().loads.push_back(kind);
    }

    pub(super) fn fail_next_head(&self, kind: FailureKind) {
        self.plan().heads.push_back(kind);
    }

    pub(super) fn hold_commits(&self) {
        self.plan().commits_wait = true;
    }

    pub(super) fn release_commits(&self) {
        self.plan().commits_wait = false;
        self.changed.notify_all();
    }

    pub(super) fn wait_for_held_commit(&self, deadline: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.plan(), deadline, |plan| plan.commits_held == 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.commits_held > 0
    }

    pub(super) fn of_head(&self) -> Result<(), StoreFailure> {
        self.plan().heads.pop_front().map_or(Ok(()), |kind| Err(injected(kind)))
    }

    pub(super) fn of_load(&self) -> Result<(), StoreFailure> {
        self.plan().loads.pop_front().map_or(Ok(()), |kind| Err(injected(kind)))
    }

    /// Waits while commits are held; then the fault that is planned for this one.
    pub(super) fn of_commit(&self) -> Option<CommitFault> {
        let mut plan = self.plan();
        plan.commits_held += 1;
        self.changed.notify_all();
        let waited = self.changed.wait_while(plan, |plan| plan.commits_wait);
        let mut plan = waited.unwrap_or_else(PoisonError::into_inner);
        plan.commits_held -= 1;
        plan.commits.pop_front()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
