//! The in-memory wheel: the timers that are due soon, so that they fire on time without asking the store again and again.
//!
//! The rows are the truth. The wheel holds every timer row up to its cursor and is filled on from there, a chunk at a time;
//! lost with the process, it is read anew. What it should miss, the scan finds. It fires nothing itself.

use std::{collections::BTreeSet, time::Duration};

use ordain_domain::{
    ids::OrderId,
    time::{Span, Timestamp},
    timer::{Timer, TimerChange, TimerKind},
};

use crate::port::store::{StoreFailure, StoreReader};

/// How far ahead of the time the wheel reads.
const HORIZON: Span = Span::seconds(60);
/// How many timers it reads at once.
const CHUNK: usize = 10_000;
/// How long the executor sleeps at most without looking at the wheel.
const PATIENCE_MAX: Duration = Duration::from_millis(500);

/// The timers that are due soon.
#[derive(Debug, Default)]
pub struct Wheel {
    timers: BTreeSet<Timer>,
    /// Every row up to this one is in `timers`, or was fired.
    read_up_to: Option<Timer>,
}

impl Wheel {
    /// Reads on, when little is left and there may be more within the horizon.
    ///
    /// # Errors
    /// When the store cannot be read; the next call tries again.
    pub fn fill(&mut self, reader: &dyn StoreReader, now: Timestamp) -> Result<(), StoreFailure> {
        let until = now.plus(HORIZON);
        // Reading again only when half the horizon has passed keeps an idle shard from asking at every wake-up.
        let half_way = now.plus(Span(HORIZON.0 / 2));
        let covered = self.read_up_to.is_some_and(|read| read.due >= half_way);
        if covered || self.timers.len() >= CHUNK {
            return Ok(());
        }
        let read = reader.timers(self.read_up_to, until, CHUNK)?;
        // A short chunk means that no row is left up to `until`: the cursor goes behind everything due by then.
        let behind_all =
            Timer { due: until, kind: TimerKind::ALL[TimerKind::ALL.len() - 1], order: OrderId::from_number(i64::MAX) };
        self.read_up_to = if read.len() < CHUNK { Some(behind_all) } else { read.last().copied() };
        self.timers.extend(read);
        Ok(())
    }

    /// Takes committed changes over. Timers behind the cursor are left to the next reading.
    pub fn apply(&mut self, changes: &std::collections::BTreeMap<Timer, TimerChange>) {
        for (timer, change) in changes {
            match change {
                TimerChange::Dropped => {
                    self.timers.remove(timer);
                }
                TimerChange::Set if self.covers(timer) => {
                    self.timers.insert(*timer);
                }
                TimerChange::Set => {}
            }
        }
    }

    /// Whether a reading from the cursor on would not find the timer.
    fn covers(&self, timer: &Timer) -> bool {
        self.read_up_to.is_some_and(|read| *timer <= read)
    }

    /// Takes up to `limit` timers that are due at `now`, earliest first.
    pub fn take_due(&mut self, now: Timestamp, limit: usize) -> Vec<Timer> {
        let mut due = Vec::new();
        while due.len() < limit
            && let Some(timer) = self.timers.first().copied()
            && timer.due <= now
        {
            self.timers.remove(&timer);
            due.push(timer);
        }
        due
    }

    /// Puts timers back that could not be fired.
    pub fn put_back(&mut self, timers: impl IntoIterator<Item = Timer>) {
        self.timers.extend(timers);
    }

    /// How many timers are due and wait to be fired, counted up to `limit`.
    #[must_use]
    pub fn due(&self, now: Timestamp, limit: usize) -> usize {
        self.timers.iter().take(limit).take_while(|timer| timer.due <= now).count()
    }

    /// How long the executor may sleep before the wheel wants to be looked at.
    #[must_use]
    pub fn patience(&self, now: Timestamp) -> Duration {
        let next = self.timers.first().map_or(PATIENCE_MAX, |timer| Duration::from_micros(timer.due.since(now).0));
        next.min(PATIENCE_MAX)
    }
}
