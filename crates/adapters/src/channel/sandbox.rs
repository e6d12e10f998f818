//! The sandbox: a payment channel that works without set-up and misbehaves on demand.
//!
//! It has two halves. [`Sandbox`] is the outside party: books of its own with a ledger that tests take as the truth, pages
//! for people, an interface for programs, faults, and notifications that it repeats until they are answered.
//! [`SandboxChannel`] is the client that Ordain calls it through, like any other channel. The two meet only where two
//! companies would: in calls with our ids as keys, and in signed notifications. No order is known here.

mod account;
mod books;
mod client;
mod faults;
mod http;
mod merchant;
mod notifier;
mod pages;
mod payer;
mod problem;
mod signature;
mod view;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ordain_domain::{ids::PaymentId, payment::ChannelReport, time::Span};
use ordain_engine::port::clock::{Clock, SystemClock};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use account::Account;
use books::{Announcements, Books, Dispatch};
use faults::FaultBox;
use merchant::Identity;
use notifier::{Notifier, Pace, Sender};
use payer::PayProblem;
use signature::{SECRET_BYTES, Secret};

pub use books::BooksFailure;
pub use client::{NAME, SandboxChannel};
pub use faults::{Faults, REFUND_SETTLES_MS_MAX, SLOW_MS_MAX};
pub use http::router;
pub use notifier::{ATTEMPTS_MAX, NotificationSink};
pub use payer::{DELAY_MS_MAX, Notify, Outcome, PayOrder};
pub use signature::{BODY_BYTES_MAX, OutgoingNotification, SIGNATURE_HEADER, TIMESTAMP_HEADER, TOLERANCE};
pub use view::{LedgerLine, PaymentView};

/// Announcements of notifications that may wait for the notifier.
const ANNOUNCED_MAX: usize = 16_384;

/// How a sandbox is set up.
#[derive(Clone)]
pub struct SandboxSettings {
    /// The file of its books, made when it is not there.
    pub path: PathBuf,
    /// Scheme, host and port under which people reach it: `http://127.0.0.1:8080`.
    pub public_url: String,
    /// To whom it owes the money; it is part of every notification.
    pub merchant: String,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Wait between the first and the second attempt of a notification; it doubles each time.
    pub retry_first: Span,
    /// Longest wait between two attempts.
    pub retry_longest: Span,
    /// How long it waits for the answer to a notification.
    pub answer_within: Span,
    /// How many notifications it sends at the same time, at least 1.
    pub notifications_at_once: usize,
}

impl SandboxSettings {
    /// A sandbox on the machine's clock that repeats after 1 s, 2 s, 4 s, … 60 s and waits 5 s for an answer.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, public_url: impl Into<String>) -> SandboxSettings {
        SandboxSettings {
            path: path.into(),
            public_url: public_url.into(),
            merchant: "ordain-sandbox".to_owned(),
            clock: Arc::new(SystemClock),
            retry_first: Span::seconds(1),
            retry_longest: Span::seconds(60),
            answer_within: Span::seconds(5),
            notifications_at_once: 256,
        }
    }
}

/// How many notifications a sandbox keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NotificationCounts {
    /// Still to be sent, or waiting for their next attempt.
    pub pending: i64,
    /// Sent in vain for the last time.
    pub given_up: i64,
}

/// The outside party.
#[derive(Debug)]
pub struct Sandbox {
    books: Arc<Books>,
    identity: Arc<Identity>,
    faults: FaultBox,
    secret: Secret,
    clock: ClockBox,
    pace: Pace,
    announcements: Arc<Announcements>,
    announced: Mutex<Option<mpsc::Receiver<Dispatch>>>,
    notifier: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
}

/// A clock that can be printed.
struct ClockBox(Arc<dyn Clock>);

impl std::fmt::Debug for ClockBox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Clock")
    }
}

impl Sandbox {
    /// Opens the books, which a new sandbox makes together with its signing secret. Nothing is sent before
    /// [`Sandbox::start`].
    ///
    /// # Errors
    /// The file cannot be opened or made.
    pub fn open(settings: SandboxSettings) -> Result<Arc<Sandbox>, BooksFailure> {
        let (sender, announced) = mpsc::channel(ANNOUNCED_MAX);
        let announcements = Arc::new(Announcements { sender, missed: false.into() });
        let (books, secret) = Books::open(&settings.path, Arc::clone(&settings.clock), Arc::clone(&announcements))?;
        Ok(Arc::new(Sandbox {
            books: Arc::new(books),
            identity: Arc::new(Identity {
                merchant: Arc::from(settings.merchant),
                public_url: Arc::from(settings.public_url.trim_end_matches('/')),
            }),
            faults: FaultBox::default(),
            secret: Secret::new(&secret),
            clock: ClockBox(settings.clock),
            pace: Pace {
                retry_first: settings.retry_first,
                retry_longest: settings.retry_longest,
                answer_within: Duration::from_micros(settings.answer_within.0),
                at_once: settings.notifications_at_once.max(1),
            },
            announcements,
            announced: Mutex::new(Some(announced)),
            notifier: Mutex::new(None),
            stop: CancellationToken::new(),
        }))
    }

    /// The channel that this sandbox is.
    #[must_use]
    pub fn channel(self: &Arc<Self>) -> Arc<SandboxChannel> {
        Arc::new(SandboxChannel::new(Arc::clone(self)))
    }

    /// Begins to send notifications to `sink`, those that an earlier process left unanswered first. Must be called within
    /// a tokio runtime, once. A sink that reaches the sandbox's own router keeps the sandbox alive until
    /// [`Sandbox::stop`].
    ///
    /// # Panics
    /// When it was started before: that is a bug of the caller.
    pub fn start(&self, sink: Arc<dyn NotificationSink>) {
        let announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner).take();
        let announced = announced.expect("a sandbox is started once");
        // Nobody knows this key, also not the sandbox after the next start: that is what makes a signature wrong.
        let wrong_secret = Secret::new(&Secret::draw().unwrap_or([0; SECRET_BYTES]));
        let sender = Sender {
            sink,
            secret: self.secret.clone(),
            wrong_secret,
            clock: Arc::clone(&self.clock.0),
            permits: Semaphore::new(self.pace.at_once),
            pace: self.pace.clone(),
            stop: self.stop.clone(),
        };
        let notifier = Notifier::spawn(sender, Arc::clone(&self.books), Arc::clone(&self.announcements), announced);
        *self.notifier.lock().unwrap_or_else(PoisonError::into_inner) = Some(notifier);
    }

    /// Stops sending and waits until the notifier has ended. What is not answered stays in the books.
    pub async fn stop(&self) {
        self.stop.cancel();
        let notifier = self.notifier.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(notifier) = notifier
            && notifier.await.is_err()
        {
            tracing::error!("the sandbox's notifier panicked");
        }
    }

    /// The payer acts: what `POST /sandbox/v1/payments/{id}/pay` does.
    ///
    /// # Errors
    /// The outer one when the books do not answer, the inner one when the payment is unknown or cannot be paid.
    async fn pay(&self, payment: PaymentId, order: PayOrder) -> Result<Result<Account, PayProblem>, BooksFailure> {
        let identity = Arc::clone(&self.identity);
        self.books.run(move |page| payer::pay(page, &identity, payment, order)).await
    }

    /// A notification that the sandbox did not mean to send, signed as its own: for tests of what a merchant believes.
    #[must_use]
    pub fn sign(&self, event_id: &str, merchant: &str, report: &ChannelReport) -> OutgoingNotification {
        self.secret.sign(&signature::write(event_id, merchant, report), self.clock.0.now())
    }

    /// The menu of faults in force.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.faults.get()
    }

    /// Puts another menu of faults in force and counts calls anew.
    ///
    /// # Errors
    /// The name of a member that is out of range, and why.
    pub fn set_faults(&self, faults: Faults) -> Result<(), (&'static str, String)> {
        match faults.problem() {
            Some(problem) => Err(problem),
            None => {
                self.faults.set(faults);
                Ok(())
            }
        }
    }

    /// Movements of money after the number `after`, oldest first, at most `limit`: what tests take as the truth.
    ///
    /// # Errors
    /// The books do not answer.
    pub async fn ledger(&self, after: i64, limit: u32) -> Result<Vec<LedgerLine>, BooksFailure> {
        let entries = self.books.run(move |page| page.ledger(after, limit)).await?;
        Ok(entries.iter().map(LedgerLine::of).collect())
    }

    /// How many notifications are not answered.
    ///
    /// # Errors
    /// The books do not answer.
    pub async fn notification_counts(&self) -> Result<NotificationCounts, BooksFailure> {
        let (pending, given_up) = self.books.run(|page| page.notification_counts()).await?;
        Ok(NotificationCounts { pending, given_up })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
