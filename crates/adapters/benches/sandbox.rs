//! How many operations and notifications a second the sandbox bears: `cargo bench -p ordain-adapters --bench sandbox`.
//!
//! The sandbox must not be what a test of Ordain measures. The sink answers at once, so the figures are the sandbox's own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
};
use futures_util::future::BoxFuture;
use ordain_adapters::channel::sandbox::{NotificationSink, OutgoingNotification, Sandbox, SandboxSettings, router};
use ordain_domain::{
    ids::{OrderId, PaymentId},
    money::Currency,
    time::Span,
};
use ordain_engine::port::{
    clock::{Clock, SystemClock},
    payment_channel::{PaymentChannel, PaymentRequest},
};
use tower::ServiceExt;

/// Callers at the same time.
const CALLERS: i64 = 256;
const PAYMENTS: i64 = 60_000;

struct Counter(AtomicU64);

impl NotificationSink for Counter {
    fn deliver(&self, _: OutgoingNotification) -> BoxFuture<'_, Option<u16>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Some(200) })
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures")]
fn start() -> Instant {
    Instant::now()
}

/// Does something with every payment, by all callers.
async fn all<F>(step: impl Fn(PaymentId) -> F + Clone + Send + 'static) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let begun = start();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let step = step.clone();
            tokio::spawn(async move {
                for number in (1 + caller..=PAYMENTS).step_by(CALLERS as usize) {
                    step(PaymentId::from_number(number)).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no caller panics");
    }
    begun.elapsed()
}

fn show(what: &str, took: Duration) {
    let rate = PAYMENTS as f64 / took.as_secs_f64();
    #[expect(clippy::print_stdout, reason = "a bench prints its figures")]
    {
        println!("{what:<40} {rate:>9.0} /s");
    }
}

async fn run() {
    let folder = tempfile::tempdir().expect("a folder for the books");
    let settings = SandboxSettings::new(folder.path().join("sandbox.db"), "http://127.0.0.1:8080");
    let sandbox = Sandbox::open(settings).expect("the books open");
    let channel = sandbox.channel();
    let (currency, expires_at) =
        (Currency::new("GBP").expect("a currency"), SystemClock.now().plus(Span::seconds(900)));

    let open = Arc::clone(&channel);
    let took = all(move |payment| {
        let order = OrderId::from_number(payment.number());
        let request = PaymentRequest { payment, order, amount: 1_530, currency, expires_at, return_url: None };
        let open = Arc::clone(&open);
        async move { drop(open.open(request).await.expect("it opens")) }
    })
    .await;
    show("open", took);

    let query = Arc::clone(&channel);
    let took = all(move |payment| {
        let query = Arc::clone(&query);
        async move { drop(query.query(payment).await.expect("it answers")) }
    })
    .await;
    show("query", took);

    let counter = Arc::new(Counter(AtomicU64::new(0)));
    sandbox.start(Arc::clone(&counter) as Arc<dyn NotificationSink>);
    let begun = start();
    let service = Router::new().nest("/sandbox", router(Arc::clone(&sandbox)));
    let took = all(move |payment| {
        let service = service.clone();
        async move {
            let uri = format!("/sandbox/v1/payments/{payment}/pay");
            let request = Request::builder().method(Method::POST).uri(uri).body(Body::empty()).expect("a request");
            assert_eq!(service.oneshot(request).await.expect("an answer").status(), StatusCode::OK);
        }
    })
    .await;
    show("pay over the router", took);
    while sandbox.notification_counts().await.expect("the books answer").pending > 0 {
        tokio::task::yield_now().await;
    }
    show("pay, notified, taken into the books", begun.elapsed());
    assert_eq!(counter.0.load(Ordering::Relaxed), PAYMENTS as u64);
    sandbox.stop().await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run());
}
