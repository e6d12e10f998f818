//! The thread that drives a shard: collect what waits, add the timers that are due, run a batch, answer everybody.
//!
//! There is no artificial delay: what queued up while the last batch committed is the next batch. Timers get at most half of a
//! batch while commands wait, so that a wave of expiring orders never shuts new ones out.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ordain_domain::{
    command::{Command, Envelope},
    event::Actor,
    order::CloseOrder,
    timer::{Timer, TimerKind},
};

use crate::{
    counters::Counters,
    failure::EngineFailure,
    port::store::StoreReader,
    queue::{Answers, CursorMove, Group, Queue, Taken, Work},
    shard::{Answered, Halt, Shard, Shared},
};

/// How large a batch may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Most commands of one batch, at least 1. A group that is larger is decided in one batch all the same.
    pub commands_max: usize,
    /// Most commands that may wait, at least 1.
    pub queue_max: usize,
}

/// Batches between two calls of the store's upkeep while there is no pause.
const UPKEEP_EVERY: u32 = 64;

/// How long timers rest that could not be kept, while no command comes.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

pub(crate) struct Executor {
    pub(crate) shard: Shard,
    pub(crate) queue: Arc<Queue>,
    pub(crate) reader: Arc<dyn StoreReader>,
    pub(crate) shared: Shared,
    pub(crate) limits: BatchLimits,
    /// Whether timers of the last batch were put back.
    pub(crate) timers_failed: bool,
    /// The commands of a batch. It is kept, because a buffer of this size is given back to the system and fetched from it, page
    /// by page, when every batch makes its own.
    pub(crate) envelopes: Vec<Envelope>,
}

impl Executor {
    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self) -> Result<(), Halt> {
        let mut since_upkeep = 0;
        loop {
            self.fill_wheel();
            let due = self.shard.wheel.due(self.shard.now(), self.limits.commands_max);
            let patience = match due {
                0 => self.shard.wheel.patience(self.shard.now()),
                _ if self.timers_failed => PAUSE_AFTER_FAILURE,
                _ => Duration::ZERO,
            };
            let timers_share = due.min(self.limits.commands_max.div_ceil(2));
            let taken = self.queue.take((self.limits.commands_max - timers_share).max(1), patience);
            let idle = taken.work.is_empty();
            if taken.ended {
                return Ok(());
            }
            self.step(taken)?;
            since_upkeep += 1;
            if idle || since_upkeep >= UPKEEP_EVERY {
                self.shard.upkeep();
                since_upkeep = 0;
            }
        }
    }

    fn fill_wheel(&mut self) {
        let now = self.shard.now();
        if let Err(failure) = self.shard.wheel.fill(&*self.reader, now) {
            tracing::warn!(error.message = %failure, "reading timers failed; the next round tries again");
        }
    }

    /// One batch of everything that was taken, and the timers that are due.
    fn step(&mut self, taken: Taken) -> Result<(), Halt> {
        let now = self.shard.now();
        let mut envelopes = std::mem::take(&mut self.envelopes);
        let mut waiting = Vec::with_capacity(taken.work.len());
        let mut cursors = Vec::new();
        for work in taken.work {
            match work {
                Work::Commands(Group { envelopes: commands, answer, queued_at }) => {
                    Counters::observe(&self.shared.counters.queue_wait, now.since(queued_at));
                    waiting.push((commands.len(), answer));
                    envelopes.extend(commands);
                }
                Work::Cursor(cursor) => cursors.push(cursor),
            }
        }
        let room = self.limits.commands_max.saturating_sub(envelopes.len()).max(1);
        let timers = self.shard.wheel.take_due(now, room);
        for timer in &timers {
            Counters::observe(&self.shared.counters.timer_lag, now.since(timer.due));
        }
        envelopes.extend(timers.iter().map(close_by_timer));
        self.shared.counters.timers_due.store(timers.len() as u64, Ordering::Relaxed);
        if !envelopes.is_empty() {
            let mut answers = self.shard.run(&envelopes, now)?.into_iter();
            for (count, answer) in waiting {
                let own: Answers = answers.by_ref().take(count).collect();
                // A caller that no longer waits has no use for its answer; the effect is kept all the same.
                drop(answer.send(own));
            }
            self.settle_timers(&timers, answers);
        }
        envelopes.clear();
        self.envelopes = envelopes;
        cursors.into_iter().try_for_each(|cursor| self.move_cursor(cursor))
    }

    /// Timers whose decision was not kept fire again after a pause, unless they themselves are what fails: those are left to
    /// the scan, or they would fail in batch after batch.
    fn settle_timers(&mut self, timers: &[Timer], answers: impl Iterator<Item = Answered>) {
        let failed = timers.iter().zip(answers).filter_map(|(timer, answer)| match answer {
            Ok(_) => None,
            Err(failure) if failure.is_of_one_command() => {
                tracing::error!(order = %timer.order, error.message = %failure, "a timer cannot be decided");
                None
            }
            Err(_) => Some(*timer),
        });
        let failed: Vec<Timer> = failed.collect();
        self.timers_failed = !failed.is_empty();
        self.shard.wheel.put_back(failed);
    }

    fn move_cursor(&mut self, cursor: CursorMove) -> Result<(), Halt> {
        let CursorMove { consumer, from, to, answer } = cursor;
        let stands = match from {
            None => Ok(true),
            Some(expected) => self.reader.cursor(&consumer).map(|stored| stored.unwrap_or(0) == expected),
        };
        let moved = match stands {
            Ok(false) => Ok(false),
            Ok(true) => self.shard.move_cursors(&[(consumer, to)])?.map(|()| true).map_err(EngineFailure::Store),
            Err(failure) => Err(EngineFailure::Store(failure)),
        };
        drop(answer.send(moved));
        Ok(())
    }
}

fn close_by_timer(timer: &Timer) -> Envelope {
    match timer.kind {
        TimerKind::CloseOrder => close_order(timer.order, Actor::Timer),
        TimerKind::AskChannels => by_itself(Command::AskChannels(timer.order), Actor::Timer),
        TimerKind::WorkRefunds => by_itself(Command::WorkRefunds(timer.order), Actor::Timer),
        TimerKind::ConfirmReceipt => by_itself(Command::ConfirmDue(timer.order), Actor::Timer),
        TimerKind::AskCarriers => by_itself(Command::AskCarriers(timer.order), Actor::Timer),
        TimerKind::WorkAfterSales => by_itself(Command::WorkAfterSales(timer.order), Actor::Timer),
    }
}

/// The command that closes an order whose window is over.
pub(crate) fn close_order(order: ordain_domain::ids::OrderId, actor: Actor) -> Envelope {
    by_itself(Command::CloseOrder(CloseOrder { order }), actor)
}

/// A command that no caller asked for.
pub(crate) fn by_itself(command: Command, actor: Actor) -> Envelope {
    Envelope { actor, scope: Arc::from(""), idempotency: None, command }
}
