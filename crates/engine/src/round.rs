//! The commands of one batch, who waits for each of them, and what else is done with the batch.
//!
//! It keeps answers in the order of the commands and knows nothing of what they mean.

use std::sync::{Arc, atomic::Ordering};

use ordain_domain::{
    command::{Command, Envelope},
    event::Actor,
    ids::OrderId,
    order::CloseOrder,
    time::Timestamp,
    timer::{Timer, TimerKind},
};
use tokio::sync::oneshot;

use crate::{
    counters::{CommandResult, Counters},
    deciding::Answered,
    failure::EngineFailure,
    queue::{Answers, CursorMove, Group, Work},
};

/// What came together in one batch.
#[derive(Default)]
pub(crate) struct Round {
    pub(crate) envelopes: Vec<Envelope>,
    /// In the order of their commands.
    waiters: Vec<Waiter>,
    cursors: Vec<CursorMove>,
    timers: usize,
}

enum Waiter {
    Caller { commands: usize, answer: oneshot::Sender<Answers> },
    Timer(Timer),
}

/// Where a round ended at some moment.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) envelopes: usize,
    waiters: usize,
    cursors: usize,
    timers: usize,
}

impl Round {
    pub(crate) fn is_empty(&self) -> bool {
        self.envelopes.is_empty() && self.cursors.is_empty()
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            envelopes: self.envelopes.len(),
            waiters: self.waiters.len(),
            cursors: self.cursors.len(),
            timers: self.timers,
        }
    }

    /// How many timers fire with it.
    pub(crate) fn timers(&self) -> usize {
        self.timers
    }

    /// Adds work from the queue.
    pub(crate) fn add_work(&mut self, work: Vec<Work>, now: Timestamp, counters: &Counters) {
        for work in work {
            match work {
                Work::Commands(Group { envelopes, answer, queued_at }) => {
                    Counters::observe(&counters.queue_wait, now.since(queued_at));
                    self.waiters.push(Waiter::Caller { commands: envelopes.len(), answer });
                    self.envelopes.extend(envelopes);
                }
                Work::Cursor(cursor) => self.cursors.push(cursor),
            }
        }
    }

    /// Adds timers that fire.
    pub(crate) fn add_timers(&mut self, timers: &[Timer], now: Timestamp, counters: &Counters) {
        self.timers += timers.len();
        for timer in timers {
            Counters::observe(&counters.timer_lag, now.since(timer.due));
            self.waiters.push(Waiter::Timer(*timer));
            self.envelopes.push(of_timer(timer));
        }
    }

    /// Takes out what was added since `mark`.
    pub(crate) fn split_off(&mut self, mark: Mark) -> Round {
        Round {
            envelopes: self.envelopes.split_off(mark.envelopes),
            waiters: self.waiters.split_off(mark.waiters),
            cursors: self.cursors.split_off(mark.cursors),
            timers: std::mem::replace(&mut self.timers, mark.timers) - mark.timers,
        }
    }

    /// Adds everything of a later round.
    pub(crate) fn append(&mut self, later: Round) {
        self.envelopes.extend(later.envelopes);
        self.waiters.extend(later.waiters);
        self.cursors.extend(later.cursors);
        self.timers += later.timers;
    }

    /// Takes out the cursors that are to be moved once the batch has ended.
    pub(crate) fn take_cursors(&mut self) -> Vec<CursorMove> {
        std::mem::take(&mut self.cursors)
    }

    /// Counts how commands ended, and answers everybody. What comes back are the commands, for whoever has time to drop them,
    /// and the timers whose decision was not kept.
    pub(crate) fn answer(self, answers: Vec<Answered>, counters: &Counters) -> (Vec<Envelope>, Vec<Timer>) {
        for (envelope, answer) in self.envelopes.iter().zip(&answers) {
            count(envelope, answer, counters);
        }
        let mut answers = answers.into_iter();
        let mut failed_timers = Vec::new();
        for waiter in self.waiters {
            match waiter {
                Waiter::Caller { commands, answer } => {
                    let own: Answers = answers.by_ref().take(commands).collect();
                    // A caller that no longer waits has no use for its answer; the effect is kept all the same.
                    drop(answer.send(own));
                }
                Waiter::Timer(timer) => failed_timers.extend(answers.next().and_then(|own| failed(timer, own))),
            }
        }
        (self.envelopes, failed_timers)
    }
}

fn count(envelope: &Envelope, answer: &Answered, counters: &Counters) {
    let result = match answer {
        Ok(reply) if reply.replayed => CommandResult::Replayed,
        Ok(reply) if reply.outcome.is_ok() => CommandResult::Accepted,
        Ok(_) => CommandResult::Refused,
        Err(failure) => {
            if matches!(failure, EngineFailure::Bug) {
                counters.poisoned.fetch_add(1, Ordering::Relaxed);
            }
            CommandResult::Failed
        }
    };
    counters.command(envelope.command.name(), result);
}

/// Timers whose decision was not kept fire again after a pause, unless they themselves are what fails: those are left to the
/// scan, or they would fail in batch after batch.
fn failed(timer: Timer, answered: Answered) -> Option<Timer> {
    match answered {
        Ok(_) => None,
        Err(failure) if failure.is_of_one_command() => {
            tracing::error!(order = %timer.order, error.message = %failure, "a timer cannot be decided");
            None
        }
        Err(_) => Some(timer),
    }
}

fn of_timer(timer: &Timer) -> Envelope {
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
pub(crate) fn close_order(order: OrderId, actor: Actor) -> Envelope {
    by_itself(Command::CloseOrder(CloseOrder { order }), actor)
}

/// A command that no caller asked for.
pub(crate) fn by_itself(command: Command, actor: Actor) -> Envelope {
    Envelope { actor, scope: Arc::from(""), idempotency: None, command }
}
