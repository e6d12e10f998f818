//! Trying letters that are due: the first of each lane, and after it those behind it until one is not taken.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ordain_domain::{
    answer::Answer,
    command::Command,
    letter::{Letter, LetterState, RecordDelivery, TryFailure, TryResult},
    time::Timestamp,
};

use super::{EventTaker, PATIENCE, PAUSE, ParkingGroup, Taken, Trouble};
use crate::failure::EngineFailure;

/// Most lanes of one round.
const LANES: usize = 64;

impl<T: EventTaker> ParkingGroup<T> {
    /// Tries what is due until the engine stops or the taker is gone.
    pub(super) async fn work_letters(&self) {
        let mut changes = self.engine.letters_changed();
        while self.taker.ready().await {
            changes.mark_unchanged();
            if self.engine.is_stopping() {
                return;
            }
            let waited = match self.step_letters().await {
                Ok(0) => self.next_letter_at().map(|next| next.map_or(PATIENCE, |next| self.until(next))),
                Ok(_) => continue,
                Err(failure) => Err(failure),
            };
            let wait = waited.unwrap_or_else(|failure| {
                self.complain(&failure);
                PAUSE
            });
            drop(tokio::time::timeout(wait, changes.changed()).await);
        }
    }

    /// Tries the letters that are due. Answers how many tries that were.
    ///
    /// # Errors
    /// When the store cannot be read or a result cannot be kept: those letters will be tried again.
    pub async fn step_letters(&self) -> Result<usize, EngineFailure> {
        let now = self.engine.now();
        if self.pace().held(now).is_some() {
            return Ok(0);
        }
        let due = self.engine.reader().due_letters(&self.name, now, LANES)?;
        let lanes = stream::iter(due).map(|head| self.work_lane(head));
        let tries: Vec<usize> = lanes.buffer_unordered(self.parallel).try_collect().await?;
        Ok(tries.into_iter().sum())
    }

    /// When there is something to try, if nothing happens before.
    fn next_letter_at(&self) -> Result<Option<Timestamp>, EngineFailure> {
        let first = self.engine.reader().due_letters(&self.name, Timestamp::MAX, 1)?;
        let held = self.pace().held(self.engine.now());
        Ok(first.first().map(|letter| held.map_or(letter.next_try_at, |held| held.max(letter.next_try_at))))
    }

    /// From the head of a lane on.
    async fn work_lane(&self, head: Letter) -> Result<usize, EngineFailure> {
        let (subject, mut next, mut tries) = (Arc::clone(&head.subject), Some(head), 0);
        while let Some(letter) = next {
            tries += 1;
            if !self.try_letter(&letter).await? || self.engine.is_stopping() {
                break;
            }
            let now = self.engine.now();
            let first = self.engine.reader().lane(&self.name, &subject, 1)?.into_iter().next();
            next = first.filter(|letter| letter.state == LetterState::Waiting && letter.next_try_at <= now);
        }
        Ok(tries)
    }

    /// Tries one letter and has the result kept. Whether the taker took it.
    async fn try_letter(&self, letter: &Letter) -> Result<bool, EngineFailure> {
        let taken = match self.engine.reader().event(letter.event)? {
            Some(event) if self.taker.wants(&event) => self.taker.take(&event, letter.tries + 1).await,
            // The taker wants such events no longer.
            Some(_) => of(TryResult::Delivered),
            None => of(TryResult::Failed(TryFailure { error: "the log has no such event".into(), not_before: None })),
        };
        self.note(&taken, false);
        let Taken { result, attempt, is_gone, .. } = taken;
        let is_taken = result == TryResult::Delivered;
        let record = RecordDelivery { letter: letter.id, result, attempt };
        if let Ok(Answer::Letter(after)) = self.decide(Command::RecordDelivery(record)).await?
            && after.state == LetterState::Dead
            && self.is_scheduled(&after)
        {
            self.taker.trouble(Trouble::Exhausted(after)).await;
        }
        if is_gone {
            self.taker.trouble(Trouble::Gone).await;
        }
        Ok(is_taken)
    }

    /// Whether the letter's last try was one of its schedule, and not one that a person wanted of a dead one.
    fn is_scheduled(&self, letter: &Letter) -> bool {
        let tries = usize::try_from(letter.tries).unwrap_or(usize::MAX);
        tries <= self.engine.rules().letters.retries.len() + 1
    }
}

fn of(result: TryResult) -> Taken {
    Taken { result, attempt: None, hold: None, is_gone: false }
}
