//! The two threads that drive a shard: one commits batch after batch and answers everybody, one decides ahead meanwhile.
//!
//! The executor takes what lies on the desk, commits it and goes on. While it commits, its assistant puts the next batch on
//! the desk; what it has not come to, the executor does itself, so that nothing waits for the assistant. What is decided
//! ahead is not answered before the batch below it is durable, and is decided anew when that one is lost.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use ordain_domain::command::Envelope;

use crate::{
    deciding::{Answered, Sealed, Undecided, poison},
    desk::{Collected, Desk, Sources},
    failure::EngineFailure,
    port::store::{FailureKind, StoreFailure},
    queue::CursorMove,
    round::Round,
    shard::{Halt, Kept, Shard},
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

/// How many commands must wait for the assistant to be woken: fewer are not worth it.
const WORTH_AHEAD: usize = 8;

/// What both threads work with.
struct Crew {
    desk: Mutex<Desk>,
    sources: Sources,
}

/// Drives a shard.
pub(crate) struct Executor {
    shard: Shard,
    crew: Crew,
}

impl Executor {
    pub(crate) const fn new(shard: Shard, desk: Desk, sources: Sources) -> Executor {
        Executor { shard, crew: Crew { desk: Mutex::new(desk), sources } }
    }

    /// Works until the queue is closed and empty, or the shard halts; then nothing waits in the queue any more.
    pub(crate) fn run(self) -> Result<(), Halt> {
        let Executor { shard, crew } = self;
        thread::scope(|scope| {
            let assistant = thread::Builder::new().name(String::from("shard-0-ahead"));
            if let Err(error) = assistant.spawn_scoped(scope, || crew.assist()) {
                tracing::warn!(%error, "nothing is decided ahead: the thread for it cannot be started");
            }
            let mut committing = Committing { shard, crew: &crew };
            let ended = catch_unwind(AssertUnwindSafe(|| committing.run()));
            let ended = ended.unwrap_or_else(|panic| Err(Halt::of_panic(&*panic)));
            crew.sources.queue.abandon();
            // What is durable is told, also when the shard halts over what came after it.
            drop(crew.desk());
            ended
        })
    }
}

impl Crew {
    /// The assistant's work, until the queue is closed.
    fn assist(&self) {
        let queue = &self.sources.queue;
        while queue.wait_to_decide_ahead() {
            // A panic of the executor ends the shard: there is nothing to help with.
            let Ok(mut desk) = self.desk.lock() else { return };
            let commits = queue.commits();
            match catch_unwind(AssertUnwindSafe(|| desk.decide_ahead(&self.sources))) {
                Ok(true) => queue.go_on_ahead(WORTH_AHEAD),
                Ok(false) => {
                    queue.end_ahead();
                    if desk.is_full(&self.sources) {
                        drop(desk);
                        queue.linger(commits);
                    }
                }
                Err(panic) => {
                    desk.halt = Some(Halt::of_panic(&*panic));
                    return queue.end_ahead();
                }
            }
        }
    }

    /// The desk, with everybody answered who was left there.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // The assistant catches its panics while it has the desk, so a lock is never poisoned.
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.answer();
        desk
    }
}

/// A batch that is decided and not committed yet.
struct Batch {
    round: Round,
    sealed: Sealed,
    /// To be moved when it has ended.
    cursors: Vec<CursorMove>,
}

/// The executor's own thread.
struct Committing<'a> {
    shard: Shard,
    crew: &'a Crew,
}

impl Committing<'_> {
    fn run(&mut self) -> Result<(), Halt> {
        let mut since_upkeep = 0;
        let mut next = None;
        loop {
            let mut is_idle = false;
            if next.is_none() {
                let mut desk = self.crew.desk();
                desk.halt.take().map_or(Ok(()), Err)?;
                let (collected, decided) = desk.collect(&self.crew.sources);
                match collected {
                    Collected::Ended => return Ok(()),
                    Collected::Batch { is_idle: nothing_came } => is_idle = nothing_came,
                }
                next = self.seal(desk, decided, WORTH_AHEAD)?;
            }
            if let Some(batch) = next {
                next = self.commit(batch)?;
            }
            since_upkeep += 1;
            if is_idle || since_upkeep >= UPKEEP_EVERY {
                self.shard.upkeep();
                since_upkeep = 0;
            }
        }
    }

    /// Ends the batch that lies on the desk. One that needs no commit is answered. The assistant comes when `worth_ahead`
    /// commands wait.
    fn seal(
        &mut self,
        mut desk: MutexGuard<'_, Desk>,
        decided: Result<(), StoreFailure>,
        worth_ahead: usize,
    ) -> Result<Option<Batch>, Halt> {
        let (queue, (mut round, left)) = (&self.crew.sources.queue, desk.take_round());
        let cursors = round.take_cursors();
        let sealed = decided.map(|()| desk.deciding.seal());
        let is_committed = matches!(&sealed, Ok(Some(sealed)) if !sealed.is_empty());
        let wakes = queue.sealed(left, is_committed.then_some(worth_ahead));
        match sealed {
            Ok(Some(sealed)) if is_committed => {
                drop(desk);
                if wakes {
                    queue.wake_assistant();
                }
                return Ok(Some(Batch { round, sealed, cursors }));
            }
            Ok(Some(sealed)) => {
                desk.keep();
                desk.tell(round, sealed.answers);
            }
            Ok(None) => desk.tell(round, Vec::new()),
            Err(failure) => self.recover(&mut desk, round, failure)?,
        }
        drop(desk);
        self.move_cursors(cursors)?;
        Ok(None)
    }

    /// Commits a batch and answers everybody. Where the next one is full already there is more to do than one thread can: that
    /// one is committed at once, and the assistant answers.
    fn commit(&mut self, batch: Batch) -> Result<Option<Batch>, Halt> {
        let Batch { round, mut sealed, cursors } = batch;
        let answers = std::mem::take(&mut sealed.answers);
        let kept = self.shard.commit(&sealed, answers.len())?;
        self.crew.sources.queue.end_ahead();
        let mut desk = self.crew.desk();
        match (kept, desk.halt.take()) {
            (Kept::Yes, Some(halt)) => {
                desk.tell(round, answers);
                return Err(halt);
            }
            (Kept::No(_), Some(halt)) => return Err(halt),
            (Kept::Yes, None) => {
                desk.keep_unanswered(round, answers);
                if desk.is_full(&self.crew.sources) && cursors.is_empty() {
                    return self.seal(desk, Ok(()), 0);
                }
                desk.answer();
            }
            (Kept::No(failure), None) => {
                desk.deciding.lost();
                desk.decide_anew();
                self.recover(&mut desk, round, failure)?;
            }
        }
        drop(desk);
        self.move_cursors(cursors)?;
        Ok(None)
    }

    /// A batch was not decided, or not kept. If one of its commands has a bug or needs damaged rows, each of the others is
    /// kept alone.
    fn recover(&mut self, desk: &mut Desk, round: Round, failure: StoreFailure) -> Result<(), Halt> {
        let failure = EngineFailure::Store(failure);
        let answers = if failure.is_of_one_command() {
            round.envelopes.iter().map(|envelope| self.run_alone(desk, envelope)).collect::<Result<_, _>>()?
        } else {
            round.envelopes.iter().map(|_| Err(failure.clone())).collect()
        };
        desk.tell(round, answers);
        Ok(())
    }

    fn run_alone(&mut self, desk: &mut Desk, envelope: &Envelope) -> Result<Answered, Halt> {
        let now = desk.deciding.now();
        let failure = match desk.deciding.decide(std::slice::from_ref(envelope), now) {
            Err(Undecided::Waits) => unreachable!("nothing is decided ahead of a command that is alone"),
            Err(Undecided::Unread(failure)) => failure,
            Ok(()) => {
                let mut sealed = desk.deciding.seal().expect("a command was decided");
                let answer = sealed.answers.pop().expect("one command has one answer");
                match if sealed.is_empty() { Kept::Yes } else { self.shard.commit(&sealed, 1)? } {
                    Kept::Yes => {
                        desk.keep();
                        return Ok(answer);
                    }
                    Kept::No(failure) => failure,
                }
            }
        };
        desk.deciding.lost();
        if failure.kind == FailureKind::Constraint {
            self.shard.keep_poisoned(poison(envelope, now, failure.message))?;
            return Ok(Err(EngineFailure::Bug));
        }
        Ok(Err(EngineFailure::Store(failure)))
    }

    fn move_cursors(&mut self, cursors: Vec<CursorMove>) -> Result<(), Halt> {
        cursors.into_iter().try_for_each(|cursor| self.move_cursor(cursor))
    }

    /// Moves a cursor between two batches. Nothing is decided about consumers meanwhile.
    fn move_cursor(&mut self, cursor: CursorMove) -> Result<(), Halt> {
        let CursorMove { consumer, from, to, answer } = cursor;
        let stands = match from {
            None => Ok(true),
            Some(expected) => self.crew.sources.reader.cursor(&consumer).map(|stored| stored.unwrap_or(0) == expected),
        };
        let moved = match stands {
            Ok(false) => Ok(false),
            Ok(true) => match self.shard.move_cursor((consumer, to))? {
                Kept::Yes => Ok(true),
                Kept::No(failure) => Err(EngineFailure::Store(failure)),
            },
            Err(failure) => Err(EngineFailure::Store(failure)),
        };
        drop(answer.send(moved));
        Ok(())
    }
}
