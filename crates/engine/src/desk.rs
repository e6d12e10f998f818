//! The desk at which a shard's next batch is made: collect what waits, add the timers that are due, decide.
//!
//! The executor works at it between two commits; while it commits, its assistant does (`executor`). Timers get at most half
//! of a batch while commands wait, so that a wave of expiring orders never shuts new ones out. There is no artificial delay:
//! what came while the last batch was committed is the next batch. Whoever is at the desk also tells the callers of the batch
//! before it what became of their commands. Nothing is committed here.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ordain_domain::{command::Envelope, time::Timestamp};

use crate::{
    deciding::{Answered, Deciding, Durable, Undecided},
    executor::BatchLimits,
    port::store::{StoreFailure, StoreReader},
    queue::Queue,
    round::Round,
    shard::Halt,
    timers::Wheel,
};

/// How long timers rest that could not be kept, while no command comes.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// From where the desk gets its work.
pub(crate) struct Sources {
    pub(crate) queue: Arc<Queue>,
    pub(crate) reader: Arc<dyn StoreReader>,
    pub(crate) limits: BatchLimits,
}

/// What one batch is made with. Whoever holds it makes the next batch.
pub(crate) struct Desk {
    pub(crate) deciding: Deciding,
    pub(crate) wheel: Wheel,
    /// What is decided, and waits to be committed.
    round: Round,
    /// What was collected and could not be decided ahead.
    held: Round,
    /// The commands of a batch that was answered. The buffer is kept, because one of this size is given back to the system and
    /// fetched from it, page by page, when every batch makes its own.
    spare: Vec<Envelope>,
    /// Whether timers of the last batch were put back.
    timers_failed: bool,
    /// A batch that is durable, and that nobody was told of yet.
    unanswered: Option<(Durable, Round, Vec<Answered>)>,
    /// Why the shard must not go on, when the assistant found out. Nothing is read or decided here any more then.
    pub(crate) halt: Option<Halt>,
}

/// What the executor finds at the desk.
pub(crate) enum Collected {
    /// There will be no more work.
    Ended,
    /// There is a batch, perhaps an empty one when nothing came for a while.
    Batch { is_idle: bool },
}

impl Desk {
    pub(crate) fn new(deciding: Deciding) -> Desk {
        Desk {
            deciding,
            wheel: Wheel::default(),
            round: Round::default(),
            held: Round::default(),
            spare: Vec::new(),
            timers_failed: false,
            unanswered: None,
            halt: None,
        }
    }

    /// Between two commits: makes a batch of what waits, or completes the one that was decided ahead. Waits for work if there
    /// is none. A failure means that the rows of a batch cannot be read; it is then not decided.
    pub(crate) fn collect(&mut self, sources: &Sources) -> (Collected, Result<(), StoreFailure>) {
        let mut collected = Collected::Batch { is_idle: false };
        if self.round.is_empty() {
            let mut now = self.deciding.now();
            if self.held.is_empty() {
                (collected, now) = self.wait(sources);
            } else {
                self.round = std::mem::take(&mut self.held);
            }
            if let Err(failure) = self.decide_all(now) {
                return (collected, Err(failure));
            }
        } else if self.held.is_empty() {
            self.top_up(sources);
        }
        (collected, Ok(()))
    }

    /// While a batch is being committed: answers the one before, and decides what waits for the next one. Answers whether it
    /// could go on when more comes.
    pub(crate) fn decide_ahead(&mut self, sources: &Sources) -> bool {
        self.answer();
        let may_decide = |desk: &Desk| desk.deciding.is_committing() && desk.held.is_empty();
        if may_decide(self) {
            self.top_up(sources);
        }
        may_decide(self) && !self.is_full(sources)
    }

    /// Whether no more command fits into the batch that was made.
    pub(crate) fn is_full(&self, sources: &Sources) -> bool {
        self.room(sources) == 0
    }

    /// The batch that was made, and how many commands wait at the desk besides.
    pub(crate) fn take_round(&mut self) -> (Round, usize) {
        (std::mem::take(&mut self.round), self.held.envelopes.len())
    }

    /// What was decided on top of a batch that was lost is decided anew.
    pub(crate) fn decide_anew(&mut self) {
        let mut again = std::mem::take(&mut self.round);
        again.append(std::mem::take(&mut self.held));
        self.held = again;
    }

    /// The sealed batch is durable: readers find it, and the timers are as it leaves them.
    pub(crate) fn keep(&mut self) {
        let durable = self.deciding.kept();
        self.publish(durable);
    }

    /// The sealed batch is durable. It is left to whoever comes to the desk next to publish it, before anything else, and to
    /// answer its callers.
    pub(crate) fn keep_unanswered(&mut self, round: Round, answers: Vec<Answered>) {
        self.unanswered = Some((self.deciding.kept(), round, answers));
    }

    /// Publishes the batch that was left and answers its callers.
    pub(crate) fn answer(&mut self) {
        if let Some((durable, round, answers)) = self.unanswered.take() {
            self.publish(durable);
            self.tell(round, answers);
        }
    }

    fn publish(&mut self, durable: Durable) {
        self.deciding.shared().publish(&durable);
        self.wheel.apply(&durable.changes.timers);
        self.deciding.drop_later(durable);
    }

    /// Answers the callers of a batch of which nothing is to be published any more.
    pub(crate) fn tell(&mut self, round: Round, answers: Vec<Answered>) {
        let (envelopes, failed_timers) = round.answer(answers, &self.deciding.shared().counters);
        self.spare = envelopes;
        self.timers_failed = !failed_timers.is_empty();
        self.wheel.put_back(failed_timers);
    }

    /// Makes an empty round from what waits; with the time at which it is to be decided. That is read once: a clock that is set
    /// back between two readings would have a timer decided before it is due, and lost.
    fn wait(&mut self, sources: &Sources) -> (Collected, Timestamp) {
        let (commands_max, now) = (sources.limits.commands_max, self.deciding.now());
        self.fill_wheel(sources, now);
        let due = self.wheel.due(now, commands_max);
        let patience = match due {
            0 => self.wheel.patience(now),
            _ if self.timers_failed => PAUSE_AFTER_FAILURE,
            _ => Duration::ZERO,
        };
        let timers_share = due.min(commands_max.div_ceil(2));
        let taken = sources.queue.take((commands_max - timers_share).max(1), patience);
        let now = self.deciding.now();
        if taken.ended {
            return (Collected::Ended, now);
        }
        let is_idle = taken.work.is_empty();
        self.reuse_buffer();
        self.round.add_work(taken.work, now, &self.deciding.shared().counters);
        self.add_timers(self.room(sources).max(1), now);
        (Collected::Batch { is_idle }, now)
    }

    /// Decides a whole round that nothing is decided of, with no commit under way.
    fn decide_all(&mut self, now: Timestamp) -> Result<(), StoreFailure> {
        if self.round.envelopes.is_empty() {
            return Ok(());
        }
        match self.deciding.decide(&self.round.envelopes, now) {
            Ok(()) => Ok(()),
            Err(Undecided::Unread(failure)) => Err(failure),
            Err(Undecided::Waits) => unreachable!("nothing is decided ahead of the first commands of a batch"),
        }
    }

    /// Adds what waits and fits to the round and decides it. While commands may still come, half of the round is kept from
    /// timers. What cannot be decided on top of what is decided already is held.
    fn top_up(&mut self, sources: &Sources) {
        let room = self.room(sources);
        if room == 0 {
            return;
        }
        let now = self.deciding.now();
        self.reuse_buffer();
        self.fill_wheel(sources, now);
        let mark = self.round.mark();
        let half = sources.limits.commands_max.div_ceil(2);
        let timers_max = if self.deciding.is_committing() { half.saturating_sub(self.round.timers()) } else { room };
        let timers_share = self.wheel.due(now, timers_max).min(room / 2);
        let work = sources.queue.take_fitting(room - timers_share);
        self.round.add_work(work, now, &self.deciding.shared().counters);
        self.add_timers(self.room(sources).min(timers_max), now);
        let added = &self.round.envelopes[mark.envelopes..];
        if !added.is_empty() && self.deciding.decide(added, now).is_err() {
            self.held = self.round.split_off(mark);
        }
    }

    fn add_timers(&mut self, limit: usize, now: Timestamp) {
        let timers = self.wheel.take_due(now, limit);
        let counters = &self.deciding.shared().counters;
        counters.timers_due.store(timers.len() as u64, Ordering::Relaxed);
        self.round.add_timers(&timers, now, counters);
    }

    fn room(&self, sources: &Sources) -> usize {
        sources.limits.commands_max.saturating_sub(self.round.envelopes.len())
    }

    fn reuse_buffer(&mut self) {
        if self.round.envelopes.capacity() == 0 {
            self.round.envelopes = std::mem::take(&mut self.spare);
            self.round.envelopes.clear();
        }
    }

    fn fill_wheel(&mut self, sources: &Sources, now: Timestamp) {
        if let Err(failure) = self.wheel.fill(&*sources.reader, now) {
            tracing::warn!(error.message = %failure, "reading timers failed; the next round tries again");
        }
    }
}
