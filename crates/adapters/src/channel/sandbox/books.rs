//! The sandbox's books: a SQLite file of its own, one thread that writes it, and the operations queued before that thread.
//!
//! What waits is committed in one transaction and answered after it. `synchronous=NORMAL`: a power cut may take the last
//! transactions, a crash of the process takes none. That is enough for a stand-in of somebody else's system, and it is not
//! how Ordain keeps its own data. What the operations mean is in `merchant` and `payer`.

mod page;
mod schema;

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use ordain_engine::port::clock::Clock;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

pub(super) use page::{Dispatch, LedgerEntry, Page, Pending, RefundRow};

/// Operations that may wait; past them their callers wait to queue.
const WAITING_MAX: usize = 16_384;
/// Operations in one transaction.
const OPERATIONS_PER_COMMIT_MAX: usize = 1_024;
/// How long the thread rests after a transaction: what comes meanwhile is committed together. To wake for each would take the core
/// away from whoever asked.
const REST: Duration = Duration::from_millis(1);

/// Why the books gave no answer: whether the operation happened is not known.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the sandbox's books: {0}")]
pub struct BooksFailure(String);

impl From<rusqlite::Error> for BooksFailure {
    fn from(error: rusqlite::Error) -> Self {
        BooksFailure(error.to_string())
    }
}

/// Runs after the commit; dropped without running when there was none.
type Reply = Box<dyn FnOnce() + Send>;
/// One operation.
type Job = Box<dyn FnOnce(&mut Page<'_>) -> rusqlite::Result<Reply> + Send>;

/// Where committed notifications are announced. The table is the truth: an announcement that finds no room is made good by
/// reading the table.
#[derive(Debug)]
pub(super) struct Announcements {
    pub(super) sender: mpsc::Sender<Dispatch>,
    pub(super) missed: std::sync::atomic::AtomicBool,
}

/// The books, from outside their thread.
pub(super) struct Books {
    jobs: Option<mpsc::Sender<Job>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Books {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Books")
    }
}

impl Books {
    /// Opens or makes the file and starts its thread. Also gives back the signing secret, which is drawn when there is none.
    pub(super) fn open(
        path: &Path,
        clock: Arc<dyn Clock>,
        announcements: Arc<Announcements>,
    ) -> Result<(Books, Vec<u8>), BooksFailure> {
        let connection = schema::open(path)?;
        let secret = schema::secret(&connection)?;
        let next_notification = schema::next_notification(&connection)?;
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let writer = Writer { connection, clock, announcements, next_notification };
        let thread = std::thread::Builder::new()
            .name("sandbox-books".to_owned())
            .spawn(move || writer.run(waiting))
            .map_err(|error| BooksFailure(error.to_string()))?;
        Ok((Books { jobs: Some(jobs), writer: Mutex::new(Some(thread)) }, secret))
    }

    /// Runs an operation and answers once it is committed.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Page<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, BooksFailure> {
        let (sender, receiver) = oneshot::channel();
        self.post(Box::new(move |page| {
            let value = operation(page)?;
            Ok(Box::new(move || drop(sender.send(value))))
        }))
        .await;
        receiver.await.map_err(|_| BooksFailure("the operation was not committed".to_owned()))
    }

    /// Queues an operation that nobody waits for.
    pub(super) async fn tell(&self, operation: impl FnOnce(&mut Page<'_>) -> rusqlite::Result<()> + Send + 'static) {
        self.post(Box::new(move |page| {
            operation(page)?;
            Ok(Box::new(|| ()))
        }))
        .await;
    }

    async fn post(&self, job: Job) {
        if let Some(jobs) = &self.jobs
            && jobs.send(job).await.is_err()
        {
            tracing::error!("the sandbox's books are closed");
        }
    }
}

impl Drop for Books {
    /// Writes what waits and closes the file.
    fn drop(&mut self) {
        self.jobs = None;
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The last owner may be a closure on the writer's own thread, which cannot wait for itself.
        if let Some(writer) = writer.filter(|writer| writer.thread().id() != std::thread::current().id())
            && writer.join().is_err()
        {
            tracing::error!("the thread of the sandbox's books panicked");
        }
    }
}

struct Writer {
    connection: Connection,
    clock: Arc<dyn Clock>,
    announcements: Arc<Announcements>,
    next_notification: i64,
}

impl Writer {
    fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        let mut jobs = Vec::new();
        while waiting.blocking_recv_many(&mut jobs, OPERATIONS_PER_COMMIT_MAX) > 0 {
            match self.commit(jobs.drain(..)) {
                Ok((replies, dispatches)) => {
                    dispatches.into_iter().for_each(|dispatch| self.announce(dispatch));
                    replies.into_iter().for_each(|reply| reply());
                }
                Err(error) => tracing::error!(error.message = %error, "the sandbox's books did not commit"),
            }
            std::thread::park_timeout(REST);
        }
    }

    fn commit(&mut self, jobs: impl Iterator<Item = Job>) -> rusqlite::Result<(Vec<Reply>, Vec<Dispatch>)> {
        let transaction = self.connection.transaction()?;
        let mut page = Page::new(&transaction, self.clock.now(), self.next_notification);
        let replies: Vec<Reply> = jobs.map(|job| job(&mut page)).collect::<Result<_, _>>()?;
        let (next_notification, dispatches) = page.close();
        transaction.commit()?;
        self.next_notification = next_notification;
        Ok((replies, dispatches))
    }

    fn announce(&self, dispatch: Dispatch) {
        if self.announcements.sender.try_send(dispatch).is_err() {
            self.announcements.missed.store(true, std::sync::atomic::Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ordain_engine::port::clock::SystemClock;

    fn open(path: &Path) -> (Books, Vec<u8>) {
        let (sender, _) = mpsc::channel(1);
        let announcements = Arc::new(Announcements { sender, missed: false.into() });
        Books::open(path, Arc::new(SystemClock), announcements).unwrap()
    }

    #[tokio::test]
    async fn the_secret_is_drawn_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a.db"), folder.path().join("b.db"));
        let (books, secret) = open(&first);
        drop(books);
        assert_eq!(open(&first).1, secret);
        assert_ne!(open(&second).1, secret);
    }

    #[tokio::test]
    async fn an_operation_that_fails_is_not_answered_and_the_next_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let (books, _) = open(&folder.path().join("a.db"));
        let failed = books.run(|_| Err::<(), _>(rusqlite::Error::QueryReturnedNoRows)).await;
        assert!(failed.is_err());
        assert!(books.run(|page| page.ledger(0, 10)).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn the_ledger_can_only_grow() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let (books, _) = open(&path);
        let entry = LedgerEntry {
            number: 0,
            payment: ordain_domain::ids::PaymentId::from_number(1),
            refund: None,
            amount: 5,
            currency: ordain_domain::money::Currency::new("GBP").unwrap(),
            at: ordain_domain::time::Timestamp(1),
        };
        books.run(move |page| page.enter(&entry)).await.unwrap();
        let raw = Connection::open(&path).unwrap();
        for statement in ["UPDATE ledger SET amount = 1", "DELETE FROM ledger"] {
            let error = raw.execute(statement, []).unwrap_err().to_string();
            assert!(error.contains("append-only"), "{statement}: {error}");
        }
    }
}
