//! The bounded queue in front of a shard: many callers put work in, one executor takes all that waits.
//!
//! It refuses at once when it is full, so that a caller is told `overloaded` rather than kept waiting. It never drops what it
//! took, and it knows nothing of what the work means.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ordain_domain::{answer::Reply, command::Envelope, time::Timestamp};
use tokio::sync::oneshot;

use crate::failure::EngineFailure;

/// What each command of a group is answered.
pub type Answers = Vec<Result<Reply, EngineFailure>>;

/// Commands that came together and are answered together. They may be decided in several batches only when there are more
/// of them than a batch takes.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) envelopes: Vec<Envelope>,
    pub(crate) answer: oneshot::Sender<Answers>,
    pub(crate) queued_at: Timestamp,
}

/// A consumer group's cursor that shall move.
#[derive(Debug)]
pub(crate) struct CursorMove {
    pub(crate) consumer: Arc<str>,
    /// Where it must stand for the move to count; none moves it from wherever it is.
    pub(crate) from: Option<i64>,
    pub(crate) to: i64,
    pub(crate) answer: oneshot::Sender<Result<bool, EngineFailure>>,
}

/// One thing for the executor to do.
#[derive(Debug)]
pub(crate) enum Work {
    Commands(Group),
    Cursor(CursorMove),
}

impl Work {
    fn weight(&self) -> usize {
        match self {
            Work::Commands(group) => group.envelopes.len().max(1),
            Work::Cursor(_) => 1,
        }
    }
}

#[derive(Debug, Default)]
struct Waiting {
    work: VecDeque<Work>,
    /// Commands in `work`.
    weight: usize,
    /// Commands that were handed out and whose batch has not begun to be committed.
    handed_out: usize,
    closed: bool,
    executor_sleeps: bool,
    /// How many commands must wait until they are worth deciding ahead; none while they shall not be.
    worth_ahead: Option<usize>,
    assistant: Assistant,
}

/// What the assistant is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Assistant {
    #[default]
    Works,
    /// Looks again every [`LOOK_EVERY`].
    Dozes,
    /// Sleeps until the next commit.
    Sleeps,
}

/// How often the assistant looks whether there is enough for it to do. Callers do not wake it: they have better use for the
/// time, and for the core.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How often the assistant offers its core to others before it dozes: about a millisecond.
const LINGER_YIELDS: usize = 2_000;

impl Waiting {
    fn is_worth_ahead(&self) -> bool {
        self.worth_ahead.is_some_and(|least| self.weight >= least)
    }
}

/// The queue. Its capacity counts commands, not groups; those that are decided ahead count until their batch is committed.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    wake_assistant: Condvar,
    /// How many commits have begun.
    commits: AtomicU64,
    weight_max: usize,
}

/// What the executor got.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) work: Vec<Work>,
    /// The queue is closed and was empty: nothing will come any more.
    pub(crate) ended: bool,
}

impl Queue {
    pub(crate) fn new(weight_max: usize) -> Queue {
        Queue {
            waiting: Mutex::default(),
            wake: Condvar::new(),
            wake_assistant: Condvar::new(),
            commits: AtomicU64::new(0),
            weight_max,
        }
    }

    /// A panic while the lock is held would be a bug of this file, and its state is consistent between statements.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts work in, or refuses at once. A group larger than the whole queue is taken when the queue is empty.
    pub(crate) fn put(&self, work: Work) -> Result<(), EngineFailure> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(EngineFailure::Stopping);
        }
        let (weight, there) = (work.weight(), waiting.weight + waiting.handed_out);
        if there > 0 && there + weight > self.weight_max {
            return Err(EngineFailure::Overloaded);
        }
        waiting.weight += weight;
        waiting.work.push_back(work);
        if waiting.executor_sleeps {
            waiting.executor_sleeps = false;
            drop(waiting);
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Takes what waits, up to `weight_max` commands but at least one piece of work. Where nothing waits, waits for up to
    /// `patience` and may come back with nothing.
    pub(crate) fn take(&self, weight_max: usize, patience: Duration) -> Taken {
        let mut waiting = self.lock();
        if waiting.work.is_empty() && !waiting.closed && !patience.is_zero() {
            waiting.executor_sleeps = true;
            waiting = self.wake.wait_timeout(waiting, patience).unwrap_or_else(PoisonError::into_inner).0;
            waiting.executor_sleeps = false;
        }
        let ended = waiting.closed && waiting.work.is_empty();
        Taken { work: hand_out(&mut waiting, weight_max, true), ended }
    }

    /// Takes what waits and fits into `weight_max` commands, which may be nothing.
    pub(crate) fn take_fitting(&self, weight_max: usize) -> Vec<Work> {
        hand_out(&mut self.lock(), weight_max, false)
    }

    /// The batch of what was handed out is decided, but for `left` commands. Where it is committed, others are decided ahead
    /// meanwhile, as soon as `worth_ahead` of them wait. Whether to call [`Queue::wake_assistant`], once the way is free for it.
    pub(crate) fn sealed(&self, left: usize, worth_ahead: Option<usize>) -> bool {
        let mut waiting = self.lock();
        waiting.handed_out = left;
        waiting.worth_ahead = worth_ahead;
        if worth_ahead.is_none() {
            return false;
        }
        self.commits.fetch_add(1, Ordering::Release);
        match waiting.assistant {
            Assistant::Works => false,
            Assistant::Dozes => waiting.is_worth_ahead(),
            Assistant::Sleeps => true,
        }
    }

    /// Has the assistant look whether there is something to do.
    pub(crate) fn wake_assistant(&self) {
        self.wake_assistant.notify_one();
    }

    /// More is worth deciding ahead of this commit, once `worth_ahead` commands wait.
    pub(crate) fn go_on_ahead(&self, worth_ahead: usize) {
        self.lock().worth_ahead = Some(worth_ahead);
    }

    /// Nothing more is worth deciding ahead of this commit.
    pub(crate) fn end_ahead(&self) {
        self.lock().worth_ahead = None;
    }

    /// How many commits have begun.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Stays awake for a moment until more commits have begun than `seen`. To be woken would cost the thread that commits more
    /// than it has between two full batches; whoever else wants the core gets it.
    pub(crate) fn linger(&self, seen: u64) {
        for _ in 0..LINGER_YIELDS {
            if self.commits() != seen {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// Waits until commands are worth deciding ahead; false when the queue is closed and there is nothing more to help with.
    pub(crate) fn wait_to_decide_ahead(&self) -> bool {
        let mut waiting = self.lock();
        let mut commits_seen = None;
        while !waiting.closed && !waiting.is_worth_ahead() {
            let commits = self.commits();
            if waiting.worth_ahead.is_none() && commits_seen == Some(commits) {
                waiting.assistant = Assistant::Sleeps;
                waiting = self.wake_assistant.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            } else {
                commits_seen = Some(commits);
                waiting.assistant = Assistant::Dozes;
                let dozed = self.wake_assistant.wait_timeout(waiting, LOOK_EVERY);
                waiting = dozed.unwrap_or_else(PoisonError::into_inner).0;
            }
            waiting.assistant = Assistant::Works;
        }
        !waiting.closed
    }

    /// Takes no more work. What waits is still handed out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
        self.wake_assistant.notify_all();
    }

    /// Takes no more work and lets go of what waits: the shard has halted, and nobody must wait for it.
    pub(crate) fn abandon(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.weight = 0;
        let abandoned = std::mem::take(&mut waiting.work);
        drop(waiting);
        drop(abandoned);
        self.wake_assistant.notify_all();
    }

    /// How many commands wait for their batch to be committed.
    pub(crate) fn depth(&self) -> usize {
        let waiting = self.lock();
        waiting.weight + waiting.handed_out
    }
}

fn hand_out(waiting: &mut Waiting, weight_max: usize, at_least_one: bool) -> Vec<Work> {
    let (mut work, mut weight) = (Vec::new(), 0);
    while let Some(next) = waiting.work.front().map(Work::weight) {
        if weight + next > weight_max && (weight > 0 || !at_least_one) {
            break;
        }
        weight += next;
        work.extend(waiting.work.pop_front());
    }
    waiting.weight -= weight;
    waiting.handed_out += weight;
    work
}

#[cfg(test)]
mod tests {
    use ordain_domain::{command::Command, event::Actor, ids::OrderId};

    use super::*;
    use crate::round::by_itself;

    fn cursor() -> Work {
        Work::Cursor(CursorMove { consumer: Arc::from("c"), from: None, to: 1, answer: oneshot::channel().0 })
    }

    #[test]
    fn a_full_queue_refuses_and_a_drained_one_takes_again() {
        let queue = Queue::new(2);
        assert!(queue.put(cursor()).is_ok());
        assert!(queue.put(cursor()).is_ok());
        assert!(matches!(queue.put(cursor()), Err(EngineFailure::Overloaded)));
        assert_eq!(queue.take(1, Duration::ZERO).work.len(), 1);
        assert!(matches!(queue.put(cursor()), Err(EngineFailure::Overloaded)), "what is handed out still waits");
        queue.sealed(0, None);
        assert_eq!(queue.depth(), 1);
        assert!(queue.put(cursor()).is_ok());
        assert_eq!(queue.take(10, Duration::ZERO).work.len(), 2);
        queue.sealed(1, None);
        assert_eq!(queue.depth(), 1);
    }

    #[test]
    fn only_what_fits_is_handed_out_on_top_of_other_work() {
        let queue = Queue::new(10);
        let group = |commands: usize| {
            let envelopes = vec![by_itself(Command::WorkRefunds(OrderId::from_number(1)), Actor::Timer); commands];
            Work::Commands(Group { envelopes, answer: oneshot::channel().0, queued_at: Timestamp(0) })
        };
        assert!(queue.put(group(2)).is_ok() && queue.put(group(3)).is_ok());
        for (fits, works) in [(1, 0), (4, 1), (2, 0), (3, 1), (9, 0)] {
            assert_eq!(queue.take_fitting(fits).len(), works, "{fits}");
        }
    }

    #[test]
    fn commands_are_worth_deciding_ahead_when_enough_wait_during_a_commit() {
        let queue = Arc::new(Queue::new(10));
        let (told, helped) = std::sync::mpsc::channel();
        let assistant = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                while queue.wait_to_decide_ahead() {
                    told.send(queue.take_fitting(10).len()).unwrap();
                }
            }
        });
        assert!(queue.put(cursor()).is_ok() && queue.put(cursor()).is_ok());
        queue.sealed(0, Some(2));
        assert_eq!(helped.recv(), Ok(2), "enough waited when the commit began");
        assert!(queue.put(cursor()).is_ok() && queue.put(cursor()).is_ok());
        assert_eq!(helped.recv(), Ok(2), "enough came while it took place");
        queue.end_ahead();
        assert!(queue.put(cursor()).is_ok() && queue.put(cursor()).is_ok());
        queue.close();
        assistant.join().unwrap();
        assert!(helped.try_recv().is_err(), "nothing is wanted between two commits");
        assert_eq!(queue.depth(), 6);
    }

    #[test]
    fn a_closed_queue_hands_out_what_it_took_and_then_ends() {
        let queue = Queue::new(2);
        assert!(queue.put(cursor()).is_ok());
        queue.close();
        assert!(matches!(queue.put(cursor()), Err(EngineFailure::Stopping)));
        let taken = queue.take(10, Duration::from_secs(60));
        assert_eq!((taken.work.len(), taken.ended), (1, false));
        let taken = queue.take(10, Duration::from_secs(60));
        assert_eq!((taken.work.len(), taken.ended), (0, true));
    }

    #[test]
    fn an_abandoned_queue_tells_those_who_wait() {
        let queue = Queue::new(2);
        let (answer, mut answered) = oneshot::channel();
        let work = CursorMove { consumer: Arc::from("c"), from: None, to: 1, answer };
        assert!(queue.put(Work::Cursor(work)).is_ok());
        queue.abandon();
        assert_eq!(answered.try_recv().unwrap_err(), oneshot::error::TryRecvError::Closed);
        assert!(matches!(queue.put(cursor()), Err(EngineFailure::Stopping)));
        assert_eq!((queue.depth(), queue.take(10, Duration::from_secs(60)).ended), (0, true));
    }

    #[test]
    fn put_wakes_a_sleeping_executor() {
        let queue = Arc::new(Queue::new(2));
        let taker = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                let mut taken = Taken::default();
                while taken.work.is_empty() {
                    taken = queue.take(10, Duration::from_secs(60));
                }
                taken.work.len()
            }
        });
        assert!(queue.put(cursor()).is_ok());
        assert_eq!(taker.join().unwrap(), 1);
    }
}
