//! The heart: one batch from load to commit.
//!
//! A shard owns the one writer of its store. Its `run` takes commands, loads what they need in rounds, decides them one
//! after another, commits once and answers each. It has no thread and no queue (that is `executor`), so that tests and the
//! simulator can drive it step by step.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
};

use arc_swap::ArcSwap;
use ordain_domain::{
    answer::Reply,
    batch::{Batch, Carry},
    catalog::Catalog,
    command::Envelope,
    ids::{Mint, OrderId, PaymentId},
    rows::Changes,
    rules::Rules,
    time::Timestamp,
};

use crate::{
    cached_rows::CachedRows,
    counters::{CommandResult, Counters},
    failure::EngineFailure,
    outbox::Outbox,
    port::{
        clock::Clock,
        store::{Commit, CommitFailure, FailureKind, Poisoned, ShardHead, ShardStore, StoreFailure},
    },
    recent::{RecentOrders, RecentPayments},
    timers::Wheel,
    watch::WatchHub,
};

/// Most rounds of loading for one batch. Two are enough today; a command that needs more has a bug in its `keys`.
const LOAD_ROUNDS_MAX: usize = 8;
/// How often a commit of unknown outcome is read back before the shard halts.
const READ_BACK_TRIES: usize = 5;

/// What a command is answered.
pub type Answered = Result<Reply, EngineFailure>;

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

/// One shard.
pub(crate) struct Shard {
    store: Box<dyn ShardStore>,
    rules: Rules,
    head: ShardHead,
    carry: Carry,
    pub(crate) wheel: Wheel,
    cached: CachedRows,
    shared: Shared,
}

/// How a batch ended that was decided but perhaps not kept.
enum Kept {
    Yes,
    No(StoreFailure),
}

impl Shard {
    /// Takes up where the store stands.
    pub(crate) fn open(mut store: Box<dyn ShardStore>, rules: Rules, shared: Shared) -> Result<Shard, StoreFailure> {
        let head = store.head()?;
        let catalog = store.catalog()?;
        shared.catalog.store(Arc::new(catalog.clone()));
        shared.last_event.send_replace(head.last_event);
        let carry = Carry { mint: Mint::after(head.high_id), next_event: head.last_event + 1, catalog };
        Ok(Shard { store, rules, head, carry, wheel: Wheel::default(), cached: CachedRows::default(), shared })
    }

    /// The time of the next batch: the clock's, but never before that of the batch before.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now().max(self.head.time)
    }

    /// Runs one batch at `now`, a time that [`Shard::now`] told after the batch before. The answers are in the order of the
    /// commands.
    pub(crate) fn run(&mut self, envelopes: &[Envelope], now: Timestamp) -> Result<Vec<Answered>, Halt> {
        let answers = match self.decide_and_commit(envelopes, now)? {
            Ok(answers) => answers,
            Err(failure) => {
                let failure = EngineFailure::Store(failure);
                if failure.is_of_one_command() {
                    self.run_one_by_one(envelopes, now)?
                } else {
                    envelopes.iter().map(|_| Err(failure.clone())).collect()
                }
            }
        };
        self.count(envelopes, &answers);
        Ok(answers)
    }

    /// Moves consumer groups' cursors in a transaction of their own.
    pub(crate) fn move_cursors(&mut self, cursors: &[(Arc<str>, i64)]) -> Result<Result<(), StoreFailure>, Halt> {
        let now = self.now();
        let kept = self.commit(&Changes::default(), self.carry.clone(), now, cursors, &[])?;
        Ok(match kept {
            Kept::Yes => Ok(()),
            Kept::No(failure) => Err(failure),
        })
    }

    /// The store's upkeep between batches.
    pub(crate) fn upkeep(&mut self) {
        if let Err(failure) = self.store.upkeep() {
            tracing::warn!(error.message = %failure, "store upkeep failed; it will be tried again");
        }
    }

    /// Some command of the batch has a bug or needs damaged rows. Alone, each of the others is kept.
    fn run_one_by_one(&mut self, envelopes: &[Envelope], now: Timestamp) -> Result<Vec<Answered>, Halt> {
        let mut answers = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            let answer = match self.decide_and_commit(std::slice::from_ref(envelope), now)? {
                Ok(mut one) => one.pop().expect("one command has one answer"),
                Err(failure) if failure.kind == FailureKind::Constraint => {
                    let poisoned = poison(envelope, now, failure.message);
                    self.keep_poisoned(&[poisoned], now)?;
                    Err(EngineFailure::Bug)
                }
                Err(failure) => Err(EngineFailure::Store(failure)),
            };
            answers.push(answer);
        }
        Ok(answers)
    }

    fn decide_and_commit(
        &mut self,
        envelopes: &[Envelope],
        now: Timestamp,
    ) -> Result<Result<Vec<Answered>, StoreFailure>, Halt> {
        // The batch borrows the rules; cloning them keeps `self` free for the store.
        let rules = self.rules.clone();
        let mut batch = Batch::new(&rules, now, self.carry.clone());
        if let Err(failure) = self.load(&mut batch, envelopes) {
            return Ok(Err(failure));
        }
        let mut poisoned = Vec::new();
        let answers = envelopes.iter().map(|envelope| decide(&mut batch, envelope, now, &mut poisoned)).collect();
        let transitions = batch.transitions();
        let (changes, carry) = batch.finish();
        if changes.is_empty() && poisoned.is_empty() {
            return Ok(Ok(answers));
        }
        self.shared.counters.batch_size.observe(envelopes.len() as u64);
        Ok(match self.commit(&changes, carry, now, &[], &poisoned)? {
            Kept::Yes => {
                transitions.iter().for_each(|(from, to)| self.shared.counters.transition(*from, *to));
                Ok(answers)
            }
            Kept::No(failure) => Err(failure),
        })
    }

    fn load(&mut self, batch: &mut Batch<'_>, envelopes: &[Envelope]) -> Result<(), StoreFailure> {
        let mut missing = batch.missing(envelopes);
        for _ in 0..LOAD_ROUNDS_MAX {
            if missing.is_empty() {
                return Ok(());
            }
            self.cached.fill(&self.shared, &mut missing, batch.loaded_mut());
            if !missing.is_empty() {
                self.store.load(&missing, batch.loaded_mut())?;
            }
            missing = batch.missing(envelopes.iter().filter(|envelope| envelope.has_rounds()));
        }
        unreachable!("keys() of a command comes to an end within {LOAD_ROUNDS_MAX} rounds")
    }

    fn commit(
        &mut self,
        changes: &Changes,
        carry: Carry,
        now: Timestamp,
        cursors: &[(Arc<str>, i64)],
        poisoned: &[Poisoned],
    ) -> Result<Kept, Halt> {
        let head = ShardHead {
            batch: self.head.batch + 1,
            last_event: carry.next_event - 1,
            high_id: carry.mint.high_mark(),
            time: now,
        };
        let begun = self.shared.clock.now();
        let outcome = self.store.commit(&Commit { head, changes, cursors, poisoned });
        Counters::observe(&self.shared.counters.commit_time, self.shared.clock.now().since(begun));
        match outcome {
            Ok(()) => {}
            Err(CommitFailure::NotCommitted(failure)) => return Ok(Kept::No(failure)),
            Err(CommitFailure::SyncFailed(failure)) => return Err(Halt(failure.message)),
            Err(CommitFailure::Unknown(failure)) => {
                if !self.was_committed(head, &failure)? {
                    return Ok(Kept::No(not_written(failure)));
                }
            }
        }
        self.take_over(head, carry, changes);
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

    /// The batch is durable: what it changed becomes what the next one starts from.
    fn take_over(&mut self, head: ShardHead, carry: Carry, changes: &Changes) {
        self.head = head;
        if !changes.catalog.is_empty() {
            self.shared.catalog.store(Arc::new(carry.catalog.clone()));
        }
        self.carry = carry;
        self.wheel.apply(&changes.timers);
        changes.orders.values().for_each(|order| self.shared.recent.put(order));
        changes.payments.values().for_each(|payment| self.shared.recent_payments.put(payment));
        self.cached.take_over(changes);
        self.shared.hub.tell(changes.orders.iter().map(|(id, order)| (*id, order.version)));
        self.shared.payments.tell(changes.payments.iter().map(|(id, payment)| (*id, payment.version)));
        self.shared.outbox.put(changes);
        if !changes.events.is_empty() {
            self.shared.last_event.send_replace(head.last_event);
        }
        if !changes.letters.is_empty() {
            self.shared.letters.send_replace(());
        }
        if !changes.webhooks.is_empty() {
            self.shared.webhooks.send_replace(());
        }
    }

    fn keep_poisoned(&mut self, poisoned: &[Poisoned], now: Timestamp) -> Result<(), Halt> {
        if let Kept::No(failure) = self.commit(&Changes::default(), self.carry.clone(), now, &[], poisoned)? {
            tracing::error!(error.message = %failure, "a poisoned command could not be kept");
        }
        Ok(())
    }

    fn count(&self, envelopes: &[Envelope], answers: &[Answered]) {
        for (envelope, answer) in envelopes.iter().zip(answers) {
            let result = match answer {
                Ok(reply) if reply.replayed => CommandResult::Replayed,
                Ok(reply) if reply.outcome.is_ok() => CommandResult::Accepted,
                Ok(_) => CommandResult::Refused,
                Err(failure) => {
                    if matches!(failure, EngineFailure::Bug) {
                        self.shared.counters.poisoned.fetch_add(1, Ordering::Relaxed);
                    }
                    CommandResult::Failed
                }
            };
            self.shared.counters.command(envelope.command.name(), result);
        }
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

/// A panic while deciding is a bug of that command; the batch is as it was before, and the others go on.
fn decide(batch: &mut Batch<'_>, envelope: &Envelope, now: Timestamp, poisoned: &mut Vec<Poisoned>) -> Answered {
    match catch_unwind(AssertUnwindSafe(|| batch.decide(envelope))) {
        Ok(reply) => Ok(reply),
        Err(panic) => {
            let bug = words_of(&*panic);
            tracing::error!(command = envelope.command.name(), error.message = %bug, "deciding a command panicked");
            poisoned.push(poison(envelope, now, bug));
            Err(EngineFailure::Bug)
        }
    }
}

/// What a panic said.
fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
    text.unwrap_or_else(|| String::from("a panic without a message"))
}

fn poison(envelope: &Envelope, at: Timestamp, bug: String) -> Poisoned {
    Poisoned { at, command: envelope.command.name(), input: format!("{:?}", envelope.command), bug }
}
