//! The writer's side of a shard: one batch from its decision to its commit, and what follows from that.
//!
//! It commits what was decided, finds out what became of a commit whose outcome is unknown, and tells everybody who waits for
//! what was kept. It decides nothing and has no thread and no queue, so that tests and the simulator can drive it step by step.

use std::{any::Any, sync::Arc};

use arc_swap::ArcSwap;
use ordain_domain::{
    batch::{Carry, transitions},
    catalog::Catalog,
    ids::{Mint, OrderId, PaymentId},
    rows::Changes,
    time::Timestamp,
};

use crate::{
    counters::Counters,
    deciding::{Durable, Sealed, words_of},
    outbox::Outbox,
    port::{
        clock::Clock,
        store::{Commit, CommitFailure, EventTexts, FailureKind, Poisoned, ShardHead, ShardStore, StoreFailure},
    },
    recent::{RecentOrders, RecentPayments},
    watch::WatchHub,
};

/// How often a commit of unknown outcome is read back before the shard halts.
const READ_BACK_TRIES: usize = 5;

/// Why a shard must not go on: what it has in memory can no longer be trusted. The process ends and starts anew from disk.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the shard halts: {0}")]
pub struct Halt(String);

impl Halt {
    /// A panic outside of decisions: it may have struck between a commit and what follows from it.
    pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> Halt {
        Halt(format!("a panic: {}", words_of(panic)))
    }
}

/// What a shard shares with the rest of the process.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) hub: Arc<WatchHub<OrderId>>,
    pub(crate) payments: Arc<WatchHub<PaymentId>>,
    /// Told when a channel's answer about a payment was kept, also one that says nothing new.
    pub(crate) answers: Arc<WatchHub<PaymentId>>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) recent: Arc<RecentOrders>,
    pub(crate) recent_payments: Arc<RecentPayments>,
    pub(crate) catalog: Arc<ArcSwap<Catalog>>,
    pub(crate) last_event: Arc<tokio::sync::watch::Sender<i64>>,
    /// Told when letters were parked, tried, replayed or given up, and when webhook endpoints changed.
    pub(crate) letters: Arc<tokio::sync::watch::Sender<()>>,
    pub(crate) webhooks: Arc<tokio::sync::watch::Sender<()>>,
}

impl Shared {
    /// A batch is durable: readers find what it changed, and who waits for that is told.
    pub(crate) fn publish(&self, durable: &Durable) {
        let changes = &*durable.changes;
        transitions(&durable.loaded, changes).for_each(|(from, to)| self.counters.transition(from, to));
        if !changes.catalog.is_empty() {
            self.catalog.store(Arc::new(durable.carry.catalog.clone()));
        }
        changes.orders.values().for_each(|order| self.recent.put(order));
        changes.payments.values().for_each(|payment| self.recent_payments.put(payment));
        self.hub.tell(changes.orders.iter().map(|(id, order)| (*id, order.version)));
        self.payments.tell(changes.payments.iter().map(|(id, payment)| (*id, payment.version)));
        self.outbox.put(changes);
        if !changes.events.is_empty() {
            self.last_event.send_replace(durable.carry.next_event - 1);
        }
        if !changes.letters.is_empty() {
            self.letters.send_replace(());
        }
        if !changes.webhooks.is_empty() {
            self.webhooks.send_replace(());
        }
    }
}

/// One shard's writer.
pub(crate) struct Shard {
    store: Box<dyn ShardStore>,
    head: ShardHead,
    shared: Shared,
}

/// How a commit ended.
pub(crate) enum Kept {
    Yes,
    No(StoreFailure),
}

impl Shard {
    /// Takes up where the store stands: what the first batch starts from, and the time of the last one.
    pub(crate) fn open(
        mut store: Box<dyn ShardStore>,
        shared: Shared,
    ) -> Result<(Shard, (Carry, Timestamp)), StoreFailure> {
        let head = store.head()?;
        let catalog = store.catalog()?;
        shared.catalog.store(Arc::new(catalog.clone()));
        shared.last_event.send_replace(head.last_event);
        let carry = Carry { mint: Mint::after(head.high_id), next_event: head.last_event + 1, catalog };
        Ok((Shard { store, head, shared }, (carry, head.time)))
    }

    /// Commits a batch of so many commands.
    pub(crate) fn commit(&mut self, sealed: &Sealed, commands: usize) -> Result<Kept, Halt> {
        self.shared.counters.batch_size.observe(commands as u64);
        let head = ShardHead {
            batch: self.head.batch + 1,
            last_event: sealed.carry.next_event - 1,
            high_id: sealed.carry.mint.high_mark(),
            time: sealed.time,
        };
        self.write(&Commit {
            head,
            changes: &sealed.changes,
            event_texts: &sealed.event_texts,
            cursors: &[],
            poisoned: &sealed.poisoned,
        })
    }

    /// Moves a consumer group's cursor in a transaction of its own.
    pub(crate) fn move_cursor(&mut self, cursor: (Arc<str>, i64)) -> Result<Kept, Halt> {
        self.write_aside(self.next_head(), &[cursor], &[])
    }

    /// Keeps a command for repair.
    pub(crate) fn keep_poisoned(&mut self, poisoned: Poisoned) -> Result<(), Halt> {
        let head = ShardHead { time: poisoned.at.max(self.head.time), ..self.next_head() };
        if let Kept::No(failure) = self.write_aside(head, &[], &[poisoned])? {
            tracing::error!(error.message = %failure, "a poisoned command could not be kept");
        }
        Ok(())
    }

    /// The store's upkeep between batches.
    pub(crate) fn upkeep(&mut self) {
        if let Err(failure) = self.store.upkeep() {
            tracing::warn!(error.message = %failure, "store upkeep failed; it will be tried again");
        }
    }

    /// The head of a transaction that decides nothing.
    const fn next_head(&self) -> ShardHead {
        ShardHead { batch: self.head.batch + 1, ..self.head }
    }

    /// A transaction that decides nothing.
    fn write_aside(
        &mut self,
        head: ShardHead,
        cursors: &[(Arc<str>, i64)],
        poisoned: &[Poisoned],
    ) -> Result<Kept, Halt> {
        let (changes, event_texts) = (&Changes::default(), &EventTexts::default());
        self.write(&Commit { head, changes, event_texts, cursors, poisoned })
    }

    fn write(&mut self, commit: &Commit<'_>) -> Result<Kept, Halt> {
        let begun = self.shared.clock.now();
        let outcome = self.store.commit(commit);
        Counters::observe(&self.shared.counters.commit_time, self.shared.clock.now().since(begun));
        match outcome {
            Ok(()) => {}
            Err(CommitFailure::NotCommitted(failure)) => return Ok(Kept::No(failure)),
            Err(CommitFailure::SyncFailed(failure)) => return Err(Halt(failure.message)),
            Err(CommitFailure::Unknown(failure)) => {
                if !self.was_committed(commit.head, &failure)? {
                    return Ok(Kept::No(not_written(failure)));
                }
            }
        }
        self.head = commit.head;
        Ok(Kept::Yes)
    }

    /// Reads back whether the batch is in the store. Guessing would lose or repeat it.
    fn was_committed(&mut self, head: ShardHead, failure: &StoreFailure) -> Result<bool, Halt> {
        for _ in 0..READ_BACK_TRIES {
            match self.store.head() {
                Ok(stored) if stored.batch == head.batch => return Ok(true),
                Ok(stored) if stored.batch + 1 == head.batch => return Ok(false),
                Ok(stored) => {
                    let (stored, own) = (stored.batch, head.batch);
                    return Err(Halt(format!("the store is at batch {stored}, this writer at {own}")));
                }
                Err(again) => tracing::warn!(error.message = %again, "reading back the last batch failed"),
            }
        }
        Err(Halt(format!("the outcome of a commit is unknown and cannot be read back: {failure}")))
    }
}

/// What a commit is told as whose outcome was unknown and that was found not to be written: it may be tried again, unless
/// the failure says that its rows are what is wrong.
fn not_written(failure: StoreFailure) -> StoreFailure {
    match failure.kind {
        FailureKind::Other => StoreFailure::new(FailureKind::Busy, failure),
        FailureKind::Busy | FailureKind::Full | FailureKind::Constraint | FailureKind::Corrupt => failure,
    }
}
