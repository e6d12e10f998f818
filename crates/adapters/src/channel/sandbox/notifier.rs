//! Sends the sandbox's notifications and repeats what is not answered with a status of 2xx.
//!
//! The table in the books is the truth: the notifier forgets everything with its process and reads the table when it
//! starts. Every notification has a task of its own while it is sent, and none while it waits for its next time, so that no
//! merchant's silence delays another notification. How a notification reaches the merchant is the sink's business.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::{
    StreamExt,
    future::{BoxFuture, join_all},
};
use ordain_domain::time::Span;
use ordain_engine::port::clock::Clock;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, time::DelayQueue};

use super::{
    books::{Announcements, Books, Dispatch, Pending},
    signature::{OutgoingNotification, Secret},
};

/// How often a notification is sent before it is given up.
pub const ATTEMPTS_MAX: u32 = 15;
/// Most notifications in memory; what is beyond waits in the books.
const KNOWN_MAX: usize = 1 << 17;
/// Notifications that are read from the books at once.
const READ_AT_ONCE: u32 = 4_096;
/// Answers that are taken into the books at once.
const ANSWERS_AT_ONCE: usize = 512;
/// Longest single wait in memory. What is due later is looked at again then.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3_600);

/// Brings a notification to the merchant.
pub trait NotificationSink: Send + Sync {
    /// Delivers it and gives the HTTP status of the answer; none when there was no answer. The caller bounds the time.
    fn deliver(&self, notification: OutgoingNotification) -> BoxFuture<'_, Option<u16>>;
}

/// How notifications are sent.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// Wait after the first attempt; it doubles with each one.
    pub(super) retry_first: Span,
    /// Longest wait between two attempts.
    pub(super) retry_longest: Span,
    /// How long an answer is waited for.
    pub(super) answer_within: Duration,
    /// How many are sent at the same time.
    pub(super) at_once: usize,
}

impl Pace {
    /// The wait after `attempts` (at least 1) attempts in vain.
    fn retry_after(&self, attempts: u32) -> Span {
        let factor = 1_u64 << (attempts - 1).min(32);
        Span(self.retry_first.0.saturating_mul(factor).min(self.retry_longest.0))
    }
}

/// What a sending task needs.
pub(super) struct Sender {
    pub(super) sink: Arc<dyn NotificationSink>,
    pub(super) secret: Secret,
    /// What forged notifications are signed with.
    pub(super) wrong_secret: Secret,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) pace: Pace,
    pub(super) permits: Semaphore,
    pub(super) stop: CancellationToken,
}

impl Sender {
    /// Sends notifications one after another, each once, and says of each whether it was answered.
    async fn send_all(&self, dispatch: Dispatch, answers: mpsc::UnboundedSender<(Pending, bool)>) {
        for pending in dispatch.0 {
            let Ok(permit) = self.permits.acquire().await else { return };
            let is_answered = self.send(&pending).await;
            drop(permit);
            // The notifier is gone only when everything stops; the notification is still in the books.
            drop(answers.send((pending, is_answered)));
        }
    }

    async fn send(&self, pending: &Pending) -> bool {
        let secret = if pending.is_forged { &self.wrong_secret } else { &self.secret };
        let notification = secret.sign(&pending.body, self.clock.now());
        let copies = if pending.attempts == 0 { pending.copies } else { 1 };
        if copies <= 1 {
            return self.deliver(notification).await;
        }
        join_all((0..copies).map(|_| self.deliver(notification.clone()))).await.contains(&true)
    }

    async fn deliver(&self, notification: OutgoingNotification) -> bool {
        let status = tokio::time::timeout(self.pace.answer_within, self.sink.deliver(notification)).await;
        matches!(status, Ok(Some(200..=299)))
    }
}

/// The one task that knows which notifications are under way.
pub(super) struct Notifier {
    sender: Arc<Sender>,
    books: Arc<Books>,
    announcements: Arc<Announcements>,
    /// Those in memory: waiting for their time, or being sent.
    known: HashSet<i64>,
    waiting: DelayQueue<Dispatch>,
    answers: mpsc::UnboundedSender<(Pending, bool)>,
}

impl Notifier {
    pub(super) fn spawn(
        sender: Sender,
        books: Arc<Books>,
        announcements: Arc<Announcements>,
        mut announced: mpsc::Receiver<Dispatch>,
    ) -> tokio::task::JoinHandle<()> {
        let (answers, mut answered) = mpsc::unbounded_channel();
        let mut notifier = Notifier {
            sender: Arc::new(sender),
            books,
            announcements,
            known: HashSet::new(),
            waiting: DelayQueue::new(),
            answers,
        };
        tokio::spawn(async move {
            let stop = notifier.sender.stop.clone();
            tokio::select! {
                () = stop.cancelled() => {}
                () = notifier.run(&mut announced, &mut answered) => {}
            }
        })
    }

    async fn run(
        &mut self,
        announced: &mut mpsc::Receiver<Dispatch>,
        answered: &mut mpsc::UnboundedReceiver<(Pending, bool)>,
    ) {
        self.catch_up(announced).await;
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                dispatch = announced.recv() => match dispatch {
                    Some(dispatch) => self.accept(dispatch),
                    None => return,
                },
                _ = answered.recv_many(&mut batch, ANSWERS_AT_ONCE) => self.settle(std::mem::take(&mut batch)).await,
                Some(due) = self.waiting.next(), if !self.waiting.is_empty() => self.launch(due.into_inner()),
            }
            if self.known.len() < KNOWN_MAX / 2 && self.announcements.missed.swap(false, Ordering::AcqRel) {
                self.catch_up(announced).await;
            }
        }
    }

    /// Reads the books and then the announcements that came before: all that was read and announced is known before the
    /// first answer is taken, so that nothing is sent twice.
    async fn catch_up(&mut self, announced: &mut mpsc::Receiver<Dispatch>) {
        self.read_books().await;
        for _ in 0..announced.len() {
            if let Ok(dispatch) = announced.try_recv() {
                self.accept(dispatch);
            }
        }
    }

    /// Takes in what the books hold and memory does not.
    async fn read_books(&mut self) {
        let mut after = 0;
        loop {
            let Ok(kept) = self.books.run(move |page| page.pending(after, READ_AT_ONCE)).await else { return };
            let Some(last) = kept.last() else { return };
            after = last.number;
            for pending in kept {
                if !self.known.contains(&pending.number) {
                    self.accept(Dispatch(vec![pending]));
                }
            }
            if self.known.len() >= KNOWN_MAX {
                self.announcements.missed.store(true, Ordering::Release);
                return;
            }
        }
    }

    /// Takes in a dispatch unless memory is full; then it is read from the books later.
    fn accept(&mut self, mut dispatch: Dispatch) {
        if self.known.len() >= KNOWN_MAX {
            self.announcements.missed.store(true, Ordering::Release);
            return;
        }
        dispatch.0.retain(|pending| self.known.insert(pending.number));
        if !dispatch.0.is_empty() {
            self.launch(dispatch);
        }
    }

    /// Sends it when it is due, and else lets it wait.
    fn launch(&mut self, dispatch: Dispatch) {
        let due_at = dispatch.0.first().map_or_else(Default::default, |first| first.due_at);
        let wait = Duration::from_micros(due_at.since(self.sender.clock.now()).0);
        if !wait.is_zero() {
            self.waiting.insert(dispatch, wait.min(WAIT_MAX));
            return;
        }
        let (sender, answers) = (Arc::clone(&self.sender), self.answers.clone());
        tokio::spawn(async move {
            let stop = sender.stop.clone();
            tokio::select! {
                () = stop.cancelled() => {}
                () = sender.send_all(dispatch, answers) => {}
            }
        });
    }

    /// Takes answers into the books; what was not answered waits for its next attempt.
    async fn settle(&mut self, answers: Vec<(Pending, bool)>) {
        let mut repeated = Vec::new();
        let mut ended = Vec::new();
        for (mut pending, is_answered) in answers {
            pending.attempts += 1;
            let is_given_up = !is_answered && !pending.is_forged && pending.attempts >= ATTEMPTS_MAX;
            if is_answered || pending.is_forged || is_given_up {
                self.known.remove(&pending.number);
                ended.push((pending.number, is_given_up));
                continue;
            }
            pending.due_at = self.sender.clock.now().plus(self.sender.pace.retry_after(pending.attempts));
            repeated.push((pending.number, pending.attempts, pending.due_at));
            self.launch(Dispatch(vec![pending]));
        }
        self.books
            .tell(move |page| {
                for (number, is_given_up) in ended {
                    if is_given_up { page.give_up(number)? } else { page.forget(number)? }
                }
                repeated.into_iter().try_for_each(|(number, attempts, due_at)| page.postpone(number, attempts, due_at))
            })
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let pace = Pace {
            retry_first: Span::seconds(1),
            retry_longest: Span::seconds(60),
            answer_within: Duration::from_secs(5),
            at_once: 1,
        };
        let seconds: Vec<u64> =
            (1..=8).chain([ATTEMPTS_MAX, 64, u32::MAX]).map(|n| pace.retry_after(n).0 / 1_000_000).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]);
    }
}
