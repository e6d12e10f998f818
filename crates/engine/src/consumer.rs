//! Consumer groups: readers of the event log that each keep a cursor in the store.
//!
//! A group is handed events in log order, at least once: the cursor moves after the handler has returned, so a crash between
//! the two repeats the chunk. It resumes where its cursor stands; moving the cursor back replays. A handler that fails is
//! tried again with growing pauses and holds up only its own group. Where a failure must hold up no more than its own order,
//! see [`parking`].

mod pace;
pub mod parking;

use std::{sync::Arc, time::Duration};

use ordain_domain::event::EventRecord;

use crate::{failure::EngineFailure, handle::Engine};

/// Most events a handler is given at once.
const CHUNK: usize = 256;
/// First and longest pause after a failure.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// Why a handler could not take events.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct HandlerFailure(pub String);

/// Something that consumes events.
pub trait EventHandler: Send + Sync {
    /// Takes a chunk whole, or fails and is given the same chunk again. It must bear repetition.
    ///
    /// # Errors
    /// When it could not take all of them.
    fn handle(&self, events: &[EventRecord]) -> impl Future<Output = Result<(), HandlerFailure>> + Send;
}

/// What one step of a group did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many events were handled and the cursor moved.
    Handled(usize),
    /// There was nothing new.
    Idle,
    /// Somebody moved the cursor meanwhile (a replay): the handled chunk does not count.
    Moved,
}

/// One consumer group.
pub struct ConsumerGroup<H> {
    engine: Arc<Engine>,
    name: Arc<str>,
    handler: H,
}

impl<H: EventHandler> ConsumerGroup<H> {
    /// A group of the given name. A name that the store does not know begins at the start of the log.
    pub fn new(engine: Arc<Engine>, name: &str, handler: H) -> ConsumerGroup<H> {
        ConsumerGroup { engine, name: Arc::from(name), handler }
    }

    /// Handles the next chunk.
    ///
    /// # Errors
    /// When the log cannot be read, the handler fails, or the cursor cannot be moved. The cursor then stays.
    pub async fn step(&self) -> Result<Step, StepFailure> {
        let cursor = self.engine.reader().cursor(&self.name).map_err(EngineFailure::from)?.unwrap_or(0);
        let events = self.engine.reader().events_after(cursor, CHUNK).map_err(EngineFailure::from)?;
        let Some(last) = events.last() else { return Ok(Step::Idle) };
        self.handler.handle(&events).await?;
        let moved = self.engine.move_cursor(&self.name, Some(cursor), last.id.number()).await?;
        Ok(if moved { Step::Handled(events.len()) } else { Step::Moved })
    }

    /// Steps until the engine stops: as long as there is something to do, then whenever an event is committed.
    pub async fn run(self) {
        let mut last_event = self.engine.last_event();
        let mut pause = PAUSE.0;
        loop {
            // In this order: a stop that is not seen yet will be told after this mark.
            last_event.mark_unchanged();
            if self.engine.is_stopping() {
                return;
            }
            match self.step().await {
                Ok(Step::Handled(_) | Step::Moved) => pause = PAUSE.0,
                // A lost wake-up would only wait for the next event or the longest pause.
                Ok(Step::Idle) => drop(tokio::time::timeout(PAUSE.1, last_event.changed()).await),
                Err(failure) => {
                    tracing::warn!(consumer = %self.name, error.message = %failure, "a consumer group failed");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE.1);
                }
            }
        }
    }
}

/// Why a step failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StepFailure {
    /// The engine or its store.
    #[error(transparent)]
    Engine(#[from] EngineFailure),
    /// The handler.
    #[error("the handler failed: {0}")]
    Handler(#[from] HandlerFailure),
}
