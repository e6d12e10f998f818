//! The bounded queue in front of a shard: many callers put work in, one executor takes all that waits.
//!
//! It refuses at once when it is full, so that a caller is told `overloaded` rather than kept waiting. It never drops what it
//! took, and it knows nothing of what the work means.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
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
    weight: usize,
    closed: bool,
    executor_sleeps: bool,
}

/// The queue. Its capacity counts commands, not groups.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Condvar,
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
        Queue { waiting: Mutex::default(), wake: Condvar::new(), weight_max }
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
        let weight = work.weight();
        if waiting.weight > 0 && waiting.weight + weight > self.weight_max {
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
        let mut taken = Taken { work: Vec::new(), ended: waiting.closed && waiting.work.is_empty() };
        let mut weight = 0;
        while let Some(next) = waiting.work.front().map(Work::weight) {
            if weight > 0 && weight + next > weight_max {
                break;
            }
            weight += next;
            taken.work.extend(waiting.work.pop_front());
        }
        waiting.weight -= weight;
        taken
    }

    /// Takes no more work. What waits is still handed out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
    }

    /// Takes no more work and lets go of what waits: the shard has halted, and nobody must wait for it.
    pub(crate) fn abandon(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.weight = 0;
        let abandoned = std::mem::take(&mut waiting.work);
        drop(waiting);
        drop(abandoned);
    }

    /// How many commands wait.
    pub(crate) fn depth(&self) -> usize {
        self.lock().weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(queue.depth(), 1);
        assert!(queue.put(cursor()).is_ok());
        assert_eq!(queue.take(10, Duration::ZERO).work.len(), 2);
        assert_eq!(queue.depth(), 0);
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
