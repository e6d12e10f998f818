//! A sandbox on a clock that the test moves, with a sink that keeps what arrives and answers as it is told.
//!
//! It talks to the sandbox through its router, like any program.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
};
use futures_util::future::BoxFuture;
use http_body_util::BodyExt;
use ordain_adapters::channel::{
    conformance::Arrived,
    sandbox::{NotificationSink, OutgoingNotification, Sandbox, SandboxSettings, router},
};
use ordain_domain::{
    ids::{OrderId, PaymentId},
    money::Currency,
    time::{Span, Timestamp},
};
use ordain_engine::port::{clock::Clock, payment_channel::PaymentRequest};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tower::ServiceExt;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn move_to(&self, time: Timestamp) {
        self.0.store(time.0, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Takes notifications in; answers with the statuses it was given, then with 204. While its gate has no permits, nobody is
/// answered.
pub(crate) struct Inbox {
    sender: mpsc::UnboundedSender<Arrived>,
    statuses: Mutex<VecDeque<Option<u16>>>,
    gate: Semaphore,
    clock: Arc<HandClock>,
}

impl NotificationSink for Inbox {
    fn deliver(&self, notification: OutgoingNotification) -> BoxFuture<'_, Option<u16>> {
        let arrived = Arrived { headers: notification.headers, body: notification.body.to_vec(), at: self.clock.now() };
        drop(self.sender.send(arrived));
        Box::pin(async move {
            let permit = self.gate.acquire().await;
            let told = self.statuses.lock().unwrap().pop_front();
            drop(permit);
            told.unwrap_or(Some(204))
        })
    }
}

pub(crate) struct Bench {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) inbox: Arc<Inbox>,
    arrivals: tokio::sync::Mutex<mpsc::UnboundedReceiver<Arrived>>,
    router: Router,
    folder: Arc<tempfile::TempDir>,
}

/// Where the tests' clock begins.
pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000_000);

impl Bench {
    /// A new sandbox that was not started.
    pub(crate) fn unstarted() -> Bench {
        Bench::on(Arc::new(tempfile::tempdir().unwrap()), START)
    }

    /// A new sandbox.
    pub(crate) fn started() -> Bench {
        let bench = Bench::unstarted();
        bench.start();
        bench
    }

    fn on(folder: Arc<tempfile::TempDir>, now: Timestamp) -> Bench {
        let clock = Arc::new(HandClock(AtomicI64::new(now.0)));
        let settings = SandboxSettings {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            retry_first: Span::milliseconds(1),
            retry_longest: Span::milliseconds(8),
            ..SandboxSettings::new(Bench::path(&folder), "http://sandbox.example/")
        };
        let sandbox = Sandbox::open(settings).unwrap();
        let (sender, arrivals) = mpsc::unbounded_channel();
        let inbox = Inbox {
            sender,
            statuses: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            clock: Arc::clone(&clock),
        };
        let router = Router::new().nest("/sandbox", router(Arc::clone(&sandbox)));
        let arrivals = tokio::sync::Mutex::new(arrivals);
        Bench { sandbox, clock, inbox: Arc::new(inbox), arrivals, router, folder }
    }

    fn path(folder: &tempfile::TempDir) -> std::path::PathBuf {
        Path::join(folder.path(), "sandbox.db")
    }

    pub(crate) fn start(&self) {
        self.sandbox.start(Arc::clone(&self.inbox) as Arc<dyn NotificationSink>);
    }

    /// Ends the sandbox and opens its books again, without starting it.
    pub(crate) async fn reopened(self) -> Bench {
        self.sandbox.stop().await;
        let (folder, now) = (Arc::clone(&self.folder), self.clock.now());
        drop(self);
        Bench::on(folder, now)
    }

    /// What the sink answers to the next notifications, before it goes back to 204.
    pub(crate) fn answer(&self, statuses: &[Option<u16>]) {
        self.inbox.statuses.lock().unwrap().extend(statuses);
    }

    /// Takes all permits: nobody is answered until they are given back.
    pub(crate) fn hold_answers(&self) {
        self.inbox.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn release_answers(&self) {
        self.inbox.gate.add_permits(1_024);
    }

    /// The next notification.
    pub(crate) async fn arrival(&self) -> Arrived {
        let mut arrivals = self.arrivals.lock().await;
        tokio::time::timeout(PATIENCE, arrivals.recv()).await.expect("a notification comes in time").unwrap()
    }

    /// What arrived and was not looked at.
    pub(crate) async fn arrived(&self) -> Vec<Arrived> {
        let mut arrivals = self.arrivals.lock().await;
        std::iter::from_fn(|| arrivals.try_recv().ok()).collect()
    }

    /// Waits until the books keep no more than this many pending notifications.
    pub(crate) async fn settled(&self, pending: i64) {
        let settled = async {
            while self.sandbox.notification_counts().await.unwrap().pending > pending {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, settled).await.expect("notifications settle in time");
    }

    /// Opens the payment `number` over 1,530 minor units and 900 s.
    pub(crate) async fn open(&self, number: i64) -> PaymentRequest {
        use ordain_engine::port::payment_channel::PaymentChannel;
        let request = PaymentRequest {
            payment: PaymentId::from_number(number),
            order: OrderId::from_number(number + 1_000),
            amount: 1_530,
            currency: Currency::new("GBP").unwrap(),
            expires_at: self.clock.now().plus(Span::seconds(900)),
            return_url: Some(Arc::from("https://shop.example/?a=\"<b>")),
        };
        self.sandbox.channel().open(request.clone()).await.unwrap();
        request
    }

    /// One request; the status, the media type (or where a redirect leads) and the body.
    pub(crate) async fn call(&self, method: Method, path: &str, body: &str) -> (StatusCode, String, String) {
        let mut request = Request::builder().method(method).uri(path);
        if !body.is_empty() {
            let media_type =
                if body.starts_with("choice=") { "application/x-www-form-urlencoded" } else { "application/json" };
            request = request.header("content-type", media_type);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let status = response.status();
        let about = if status == StatusCode::SEE_OTHER { "location" } else { "content-type" };
        let about = response.headers().get(about).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, about, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// A call that answers JSON.
    pub(crate) async fn json(&self, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
        let (status, _, text) = self.call(method, path, body).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    pub(crate) async fn pay(&self, number: i64, body: &str) -> (StatusCode, Value) {
        self.json(Method::POST, &format!("/sandbox/v1/payments/pay_{number}/pay"), body).await
    }
}
