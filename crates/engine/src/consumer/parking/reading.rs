//! Reading on in the log: a chunk at a time, its subjects side by side, each in the order of the log.

use std::{collections::BTreeMap, sync::PoisonError};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ordain_domain::{
    answer::Answer,
    command::Command,
    event::EventRecord,
    letter::{ParkedEvent, SettleEvents, TryFailure, TryResult},
    refusal::Refusal,
    time::Timestamp,
    webhook::Attempt,
};

use super::{super::pace::Allowance, CHUNK, EventTaker, PATIENCE, PAUSE, ParkingGroup, Passed, ReadStep, Trouble};
use crate::failure::EngineFailure;

/// After so many events that are not for the taker the cursor is stored, so that a restart need not read them all again.
const PASSED_MAX: i64 = 4_096;
/// Letters of one subject that are looked at, to see which events are parked already: more than a consumer may have.
const LANE_MAX: usize = 1 << 20;

/// What became of the events of one subject, or of a chunk.
#[derive(Debug, Default)]
struct Outcome {
    parked: Vec<ParkedEvent>,
    attempts: Vec<Attempt>,
    is_gone: bool,
}

impl<T: EventTaker> ParkingGroup<T> {
    /// Steps until the engine stops or the taker is gone.
    pub(super) async fn follow_log(&self) {
        let mut last_event = self.engine.last_event();
        while self.taker.ready().await {
            // In this order: a stop that is not seen yet will be told after this mark.
            last_event.mark_unchanged();
            if self.engine.is_stopping() {
                return;
            }
            match self.step().await {
                Ok(ReadStep::Handled(_) | ReadStep::Moved) => {}
                // A lost wake-up would only wait for the next event or the longest pause.
                Ok(ReadStep::Idle) => drop(tokio::time::timeout(PATIENCE, last_event.changed()).await),
                Ok(ReadStep::Resting(until)) => {
                    drop(tokio::time::timeout(self.until(until), self.awake.notified()).await);
                }
                Ok(ReadStep::Full) => tokio::time::sleep(PAUSE).await,
                Err(failure) => {
                    self.complain(&failure);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Hands over the next events, parks what is not taken, and moves the cursor.
    ///
    /// # Errors
    /// When the store cannot be read or the outcome cannot be kept: the same events will be handed over again.
    pub async fn step(&self) -> Result<ReadStep, EngineFailure> {
        let allowance = self.pace().allowance(self.engine.now());
        if let Allowance::NotBefore(until) = allowance {
            return Ok(ReadStep::Resting(until));
        }
        let stored = self.engine.reader().cursor(self.name.as_str())?;
        let from = self.read_from(stored);
        let mut events = self.engine.reader().events_after(from, CHUNK)?;
        if allowance == Allowance::One
            && let Some(first) = events.iter().position(|event| self.taker.wants(event))
        {
            events.truncate(first + 1);
        }
        let Some(last) = events.last().map(|event| event.id.number()) else {
            if from > stored.unwrap_or(0) {
                self.settle(stored, from, Outcome::default()).await?;
            }
            return Ok(ReadStep::Idle);
        };
        let read = events.len();
        events.retain(|event| self.taker.wants(event));
        if events.is_empty() && last - stored.unwrap_or(0) < PASSED_MAX {
            *self.passed.lock().unwrap_or_else(PoisonError::into_inner) = Passed { stored, to: last };
            return Ok(ReadStep::Handled(read));
        }
        let outcome = self.hand_over(events).await?;
        self.settle(stored, last, outcome).await.map(|step| match step {
            ReadStep::Handled(_) => ReadStep::Handled(read),
            other => other,
        })
    }

    /// Where to read on: behind the stored cursor, and behind what was passed over since it was stored.
    fn read_from(&self, stored: Option<i64>) -> i64 {
        let passed = *self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = stored.unwrap_or(0);
        if passed.stored == stored { begun.max(passed.to) } else { begun }
    }

    /// Subjects side by side, each in the order of the log.
    async fn hand_over(&self, events: Vec<EventRecord>) -> Result<Outcome, EngineFailure> {
        let mut subjects: BTreeMap<String, Vec<EventRecord>> = BTreeMap::new();
        for event in events {
            subjects.entry(event.subject.to_string()).or_default().push(event);
        }
        let lanes = stream::iter(subjects).map(|(subject, events)| self.hand_over_subject(subject, events));
        let outcomes: Vec<Outcome> = lanes.buffer_unordered(self.parallel).try_collect().await?;
        let mut all = Outcome::default();
        for one in outcomes {
            all.parked.extend(one.parked);
            all.attempts.extend(one.attempts);
            all.is_gone |= one.is_gone;
        }
        all.parked.sort_by_key(|parked| parked.event);
        all.attempts.sort_by_key(|attempt| attempt.at);
        Ok(all)
    }

    /// Until one event is not taken: it and those behind it are parked, as are all when letters wait already. An event that is
    /// parked already is read again only after the cursor was moved back.
    async fn hand_over_subject(&self, subject: String, events: Vec<EventRecord>) -> Result<Outcome, EngineFailure> {
        let letters = self.engine.reader().lane(&self.name, &subject, LANE_MAX)?;
        let mut outcome = Outcome::default();
        let mut flows = letters.is_empty();
        for event in events.iter().filter(|event| letters.iter().all(|letter| letter.event != event.id)) {
            let mut parked =
                ParkedEvent { subject: subject.as_str().into(), event: event.id, failure: None, not_before: None };
            if flows {
                match self.try_first(event, &mut outcome).await {
                    Tried::Taken => continue,
                    Tried::Failed(failure) => parked.failure = Some(failure),
                    Tried::Waits(until) => parked.not_before = Some(until),
                }
                flows = false;
            }
            outcome.parked.push(parked);
        }
        Ok(outcome)
    }

    /// The first try of an event, unless the taker has begun to rest since the chunk was read.
    async fn try_first(&self, event: &EventRecord, outcome: &mut Outcome) -> Tried {
        let allowance = self.pace().allowance(self.engine.now());
        if let Allowance::NotBefore(until) = allowance {
            return Tried::Waits(until);
        }
        let taken = self.taker.take(event, 1).await;
        self.note(&taken, true);
        outcome.is_gone |= taken.is_gone;
        outcome.attempts.extend(taken.attempt);
        match taken.result {
            TryResult::Delivered => Tried::Taken,
            TryResult::Failed(failure) => Tried::Failed(failure),
        }
    }

    async fn settle(&self, from: Option<i64>, to: i64, outcome: Outcome) -> Result<ReadStep, EngineFailure> {
        let Outcome { parked, attempts, is_gone } = outcome;
        let command = SettleEvents { consumer: self.name.clone(), from, to, parked, attempts };
        let step = match self.decide(Command::SettleEvents(command)).await? {
            Ok(Answer::Settled { .. }) => ReadStep::Handled(0),
            Ok(_) => ReadStep::Moved,
            Err(Refusal::TooManyLetters { limit }) => {
                self.taker.trouble(Trouble::TooManyLetters(limit)).await;
                ReadStep::Full
            }
            Err(refusal) => {
                tracing::error!(consumer = %self.name, ?refusal, "a consumer's cursor was refused");
                ReadStep::Full
            }
        };
        if is_gone {
            self.taker.trouble(Trouble::Gone).await;
        }
        Ok(step)
    }
}

/// What came of the first try of an event.
enum Tried {
    Taken,
    Failed(TryFailure),
    Waits(Timestamp),
}
