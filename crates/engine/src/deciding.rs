//! Deciding a shard's batches, also ahead of the commit that is under way.
//!
//! One batch is open at a time. While the batch before it is being committed, the open one already sees what that one
//! writes: its rows are given from memory, for they do not lie in the store yet. Should the commit fail, the open batch has
//! seen what never was; it is undone and decided anew. Nothing that was decided leaves this room before the batch before it is
//! durable. It has no thread, writes nothing and answers nobody.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use ordain_domain::{
    answer::Reply,
    batch::{Batch, Carry},
    command::{Command, Envelope},
    ids::UserId,
    rows::{Changes, Keys, Rows},
    rules::Rules,
    time::Timestamp,
};

use crate::{
    cached_rows::CachedRows,
    failure::EngineFailure,
    port::store::{EventTexts, Poisoned, RowLoader, StoreFailure},
    shard::Shared,
};

/// Most rounds of loading for one batch. Two are enough today; a command that needs more has a bug in its `keys`.
const LOAD_ROUNDS_MAX: usize = 8;

/// What a command is answered.
pub(crate) type Answered = Result<Reply, EngineFailure>;

/// Decides one batch after another.
pub(crate) struct Deciding {
    loader: Box<dyn RowLoader>,
    rules: Arc<Rules>,
    cached: CachedRows,
    shared: Shared,
    /// What the last batch that is durable left.
    durable: Carry,
    /// What the last sealed batch left, durable or not.
    carry: Carry,
    /// The latest time that anything was decided at.
    time: Timestamp,
    committing: Option<Committing>,
    open: Option<Open>,
    /// What nobody needs any more. It is dropped while there is time for it, and not between two commits.
    done_with: Vec<Durable>,
}

/// The batch that is being committed.
struct Committing {
    changes: Arc<Changes>,
    /// Whether the cached rows are as it leaves them.
    is_cached: bool,
    loaded: Rows,
}

/// The batch that is being decided.
struct Open {
    batch: Batch<Arc<Rules>>,
    answers: Vec<Answered>,
    event_texts: EventTexts,
    poisoned: Vec<Poisoned>,
}

/// A batch that is decided and may be committed.
pub(crate) struct Sealed {
    pub(crate) changes: Arc<Changes>,
    pub(crate) event_texts: EventTexts,
    pub(crate) carry: Carry,
    pub(crate) time: Timestamp,
    /// In the order of the commands.
    pub(crate) answers: Vec<Answered>,
    pub(crate) poisoned: Vec<Poisoned>,
}

/// A batch that is durable, and that the next one need not be given from memory any more.
pub(crate) struct Durable {
    pub(crate) changes: Arc<Changes>,
    pub(crate) carry: Carry,
    /// What it began with.
    pub(crate) loaded: Rows,
}

impl Sealed {
    /// Whether there is nothing to commit.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.poisoned.is_empty()
    }
}

/// Why commands were not decided; nothing of them is left in the batch.
pub(crate) enum Undecided {
    /// What they need is certain only when nothing is decided ahead of them.
    Waits,
    /// Their rows cannot be read.
    Unread(StoreFailure),
}

impl Deciding {
    pub(crate) fn new(
        loader: Box<dyn RowLoader>,
        rules: Rules,
        shared: Shared,
        (carry, time): (Carry, Timestamp),
    ) -> Deciding {
        Deciding {
            loader,
            rules: Arc::new(rules),
            cached: CachedRows::default(),
            shared,
            durable: carry.clone(),
            carry,
            time,
            committing: None,
            open: None,
            done_with: Vec::new(),
        }
    }

    /// What the shard shares with the rest of the process.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The time of the next decision: the clock's, but never before that of the one before.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now().max(self.time)
    }

    /// Whether a batch is being committed.
    pub(crate) fn is_committing(&self) -> bool {
        self.committing.is_some()
    }

    /// Adds commands to the open batch and decides them at `now`, a time that [`Deciding::now`] told.
    pub(crate) fn decide(&mut self, envelopes: &[Envelope], now: Timestamp) -> Result<(), Undecided> {
        self.done_with.clear();
        self.cache_committing();
        self.time = self.time.max(now);
        let is_first = self.open.is_none();
        let mut open = self.open.take().unwrap_or_else(|| Open {
            batch: Batch::new(Arc::clone(&self.rules), now, self.carry.clone()),
            answers: Vec::with_capacity(envelopes.len()),
            event_texts: EventTexts::default(),
            poisoned: Vec::new(),
        });
        let loaded = self.load(&mut open.batch, envelopes, is_first);
        if loaded.is_ok() {
            let poisoned = open.poisoned.len();
            open.batch.advance_to(now);
            for envelope in envelopes {
                open.answers.push(decide(&mut open.batch, envelope, now, &mut open.poisoned));
            }
            let told = open.event_texts.len();
            open.event_texts.extend(&open.batch.changes().events[told..]);
            if open.poisoned.len() > poisoned {
                // A kept row may be what broke the invariant; whoever repairs it does so in the store.
                self.cached = CachedRows::default();
            }
        }
        self.open = (loaded.is_ok() || !is_first).then_some(open);
        loaded
    }

    fn load(&mut self, batch: &mut Batch<Arc<Rules>>, envelopes: &[Envelope], is_first: bool) -> Result<(), Undecided> {
        let mut missing = batch.missing(envelopes);
        for _ in 0..LOAD_ROUNDS_MAX {
            if missing.is_empty() {
                let is_ahead = !is_first || self.is_committing();
                return if is_ahead && !is_certain(batch, envelopes, self.rules.unpaid_per_user_max) {
                    Err(Undecided::Waits)
                } else {
                    Ok(())
                };
            }
            self.load_once(&mut missing, batch.loaded_mut())?;
            missing = batch.missing(envelopes.iter().filter(|envelope| envelope.has_rounds()));
        }
        unreachable!("keys() of a command comes to an end within {LOAD_ROUNDS_MAX} rounds")
    }

    fn load_once(&mut self, missing: &mut Keys, rows: &mut Rows) -> Result<(), Undecided> {
        if let Some(committing) = &self.committing {
            if is_of_consumers(missing) {
                return Err(Undecided::Waits);
            }
            committing.changes.give(missing, rows);
        }
        self.cached.fill(&self.shared, missing, rows);
        if !missing.is_empty() {
            self.loader.load(missing, rows).map_err(Undecided::Unread)?;
            self.cached.keep(missing, rows);
        }
        Ok(())
    }

    /// Ends the open batch. Nothing may be being committed.
    pub(crate) fn seal(&mut self) -> Option<Sealed> {
        assert!(!self.is_committing(), "one batch is committed at a time");
        let Open { batch, answers, event_texts, poisoned } = self.open.take()?;
        let (changes, carry, loaded) = batch.finish_with_rows();
        let changes = Arc::new(changes);
        self.carry = carry.clone();
        self.committing = Some(Committing { changes: Arc::clone(&changes), is_cached: false, loaded });
        Some(Sealed { changes, event_texts, carry, time: self.time, answers, poisoned })
    }

    /// The sealed batch is durable, or had nothing to commit. Readers must find it before anything else is decided.
    pub(crate) fn kept(&mut self) -> Durable {
        self.cache_committing();
        let Committing { changes, loaded, .. } = self.committing.take().expect("a batch was sealed");
        self.durable = self.carry.clone();
        Durable { changes, carry: self.carry.clone(), loaded }
    }

    /// Takes what nobody needs any more.
    pub(crate) fn drop_later(&mut self, durable: Durable) {
        self.done_with.push(durable);
    }

    /// The sealed batch was not committed: everything that was decided on top of it is undone, too.
    pub(crate) fn lost(&mut self) {
        self.committing = None;
        self.open = None;
        self.cached = CachedRows::default();
        self.carry = self.durable.clone();
    }

    /// What the sealed batch writes is what the next one starts from.
    fn cache_committing(&mut self) {
        if let Some(committing) = &mut self.committing
            && !committing.is_cached
        {
            committing.is_cached = true;
            self.cached.take_over(&committing.changes);
        }
    }
}

/// Rows of consumers are moved by the executor between batches, and a consumer that ends takes its letters with it: nothing
/// about them is decided before the commit under way has ended.
fn is_of_consumers(keys: &Keys) -> bool {
    !keys.cursors.is_empty() || !keys.letters.is_empty() || !keys.letter_counts.is_empty() || !keys.webhooks.is_empty()
}

/// Whether the numbers of unpaid orders allow these placements. A store may say too many where that decides the same for the
/// placements that it was asked about; on top of others it might decide otherwise.
fn is_certain(batch: &Batch<Arc<Rules>>, envelopes: &[Envelope], unpaid_max: u32) -> bool {
    let mut placements: BTreeMap<&UserId, u32> = BTreeMap::new();
    for envelope in envelopes {
        if let Command::PlaceOrder(place) = &envelope.command {
            *placements.entry(&place.user_id).or_insert(0) += 1;
        }
    }
    let unpaid = |user: &UserId| batch.unpaid_orders_of(user).unwrap_or(0);
    placements.into_iter().all(|(user, more)| unpaid(user).saturating_add(more) <= unpaid_max)
}

/// A panic while deciding is a bug of that command; the batch is as it was before, and the others go on.
fn decide(
    batch: &mut Batch<Arc<Rules>>,
    envelope: &Envelope,
    now: Timestamp,
    poisoned: &mut Vec<Poisoned>,
) -> Answered {
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
pub(crate) fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
    text.unwrap_or_else(|| String::from("a panic without a message"))
}

/// A command as it is kept for repair.
pub(crate) fn poison(envelope: &Envelope, at: Timestamp, bug: String) -> Poisoned {
    Poisoned { at, command: envelope.command.name(), input: format!("{:?}", envelope.command), bug }
}
