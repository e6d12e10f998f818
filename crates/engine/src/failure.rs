//! How the engine fails its callers. A refusal is not here: it is an answer.

use crate::port::store::{FailureKind, StoreFailure};

/// Why a command was not decided, or its decision not kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineFailure {
    /// The queue is full. Nothing was taken; trying again soon can help.
    #[error("the shard's queue is full")]
    Overloaded,
    /// The engine is stopping. Nothing was taken.
    #[error("the engine is stopping")]
    Stopping,
    /// The store failed. Nothing was kept of the command.
    #[error("the store failed: {0}")]
    Store(#[from] StoreFailure),
    /// Deciding the command broke an invariant. Nothing was kept of it but its input, for repair.
    #[error("deciding the command broke an invariant; its input is kept for repair")]
    Bug,
}

impl EngineFailure {
    /// Whether the same command may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            EngineFailure::Overloaded | EngineFailure::Stopping => true,
            EngineFailure::Store(failure) => failure.is_retryable(),
            EngineFailure::Bug => false,
        }
    }

    /// Whether the failure is that of one command and not of the store: it broke an invariant, the guard of the schema
    /// refused its rows, or the rows that it needs are damaged. Others may well succeed.
    #[must_use]
    pub const fn is_of_one_command(&self) -> bool {
        match self {
            EngineFailure::Bug => true,
            EngineFailure::Store(failure) => matches!(failure.kind, FailureKind::Constraint | FailureKind::Corrupt),
            EngineFailure::Overloaded | EngineFailure::Stopping => false,
        }
    }
}
