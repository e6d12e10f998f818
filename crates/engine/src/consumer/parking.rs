//! A consumer group that is handed events one by one, and parks those that its taker does not take.
//!
//! Subjects (orders) are independent: what fails for one is parked together with its later events, and the others flow. Within
//! a subject the order of the log holds, in the log and among letters. The cursor moves with what is parked, in one decision,
//! so a crash repeats tries and never loses an event. Which letter is tried when is decided by the domain; this room only does
//! what is due. It sends nothing by itself.

mod letters;
mod reading;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ordain_domain::{
    answer::Answer,
    command::Command,
    event::{Actor, EventRecord},
    ids::ConsumerName,
    letter::{Letter, TryResult},
    refusal::Refusal,
    time::Timestamp,
    webhook::Attempt,
};
use tokio::sync::Notify;

use super::pace::Pace;
use crate::{failure::EngineFailure, handle::Engine, round::by_itself};

/// Most events of one reading.
const CHUNK: usize = 256;
/// How long the group waits at most before it looks again, and rests after a failure of the engine.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

/// What came of handing over one event.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Whether the taker took it.
    pub result: TryResult,
    /// The try, where it is to be kept for people.
    pub attempt: Option<Attempt>,
    /// Nothing at all is to be handed over before this: the taker asked for it.
    pub hold: Option<Timestamp>,
    /// The taker wants nothing more, ever.
    pub is_gone: bool,
}

/// What a taker has to know because nobody else can act on it.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// It said that it wants nothing more.
    Gone,
    /// A letter was tried to the end of its schedule.
    Exhausted(Arc<Letter>),
    /// It would have more letters than it may. The cursor stays.
    TooManyLetters(u64),
}

/// Takes events one by one. It must bear repetition.
pub trait EventTaker: Send + Sync {
    /// Whether an event is for it. What is not is passed over.
    fn wants(&self, event: &EventRecord) -> bool;

    /// Tries to take an event, for the `number`th time.
    fn take(&self, event: &EventRecord, number: u32) -> impl Future<Output = Taken> + Send;

    /// Waits until it may be handed events; false when it never will be again.
    fn ready(&self) -> impl Future<Output = bool> + Send;

    /// Told after the fact was kept.
    fn trouble(&self, trouble: Trouble) -> impl Future<Output = ()> + Send;
}

/// What one reading of the log did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStep {
    /// So many events were handed over, parked or passed over.
    Handled(usize),
    /// There was nothing new.
    Idle,
    /// The taker rests; nothing new before this.
    Resting(Timestamp),
    /// Somebody moved the cursor meanwhile: what was handed over will be again.
    Moved,
    /// The consumer has more letters than it may have.
    Full,
}

/// Which part of the log was read and held nothing for the taker. It is noted in memory only, and read again after a restart.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    stored: Option<i64>,
    to: i64,
}

/// One such group.
pub struct ParkingGroup<T> {
    engine: Arc<Engine>,
    name: ConsumerName,
    taker: T,
    /// How many subjects are handed over at a time.
    parallel: usize,
    pace: Mutex<Pace>,
    passed: Mutex<Passed>,
    /// Told when a rest ends early.
    awake: Notify,
}

impl<T: EventTaker> ParkingGroup<T> {
    /// A group of the given name, which hands over up to `parallel` subjects at a time. A name that the store does not know
    /// begins at the start of the log.
    pub fn new(engine: Arc<Engine>, name: ConsumerName, taker: T, parallel: usize) -> ParkingGroup<T> {
        let first_rest = engine.rules().letters.retries.first().copied().unwrap_or_default();
        ParkingGroup {
            engine,
            name,
            taker,
            parallel: parallel.max(1),
            pace: Mutex::new(Pace::new(first_rest)),
            passed: Mutex::default(),
            awake: Notify::new(),
        }
    }

    /// Reads the log and tries letters until the engine stops or the taker is gone for good.
    pub async fn run(self) {
        tokio::join!(self.follow_log(), self.work_letters());
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the pace after a try. `is_first` says that the subject was flowing until then.
    fn note(&self, taken: &Taken, is_first: bool) {
        let now = self.engine.now();
        let mut pace = self.pace();
        if let Some(until) = taken.hold {
            pace.hold(until);
        }
        match &taken.result {
            TryResult::Delivered => {
                if pace.took() {
                    self.awake.notify_one();
                }
            }
            TryResult::Failed(_) if is_first => pace.failed(now),
            TryResult::Failed(_) => {}
        }
    }

    /// Has a command decided, again and again while the shard has no room for it: the alternative would be to hand over
    /// the same events again.
    async fn decide(&self, command: Command) -> Result<Result<Answer, Refusal>, EngineFailure> {
        loop {
            match self.engine.execute(by_itself(command.clone(), Actor::Delivery)).await {
                Ok(reply) => return Ok(reply.outcome),
                Err(failure) if failure.is_retryable() && !self.engine.is_stopping() => tokio::time::sleep(PAUSE).await,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// How long it is until then, at most the group's patience.
    fn until(&self, then: Timestamp) -> Duration {
        Duration::from_micros(then.since(self.engine.now()).0).min(PATIENCE)
    }

    fn complain(&self, failure: &EngineFailure) {
        tracing::warn!(consumer = %self.name, error.message = %failure, "a consumer group failed; it goes on after a pause");
    }
}
