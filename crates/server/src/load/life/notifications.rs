//! `ordain load --notifications`: how fast the server takes notifications, each of which makes an order paid.
//!
//! The signing key is the sandbox's own, so it is the sandbox that sends: many payments are opened, every payer pays with a
//! delay that ends for all at the same moment, and from that moment on the server's own count of applied notifications is
//! followed. Paying costs nothing of the time that is measured; verifying, committing and the sandbox's sending do.

mod report;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

pub(crate) use report::NotificationsReport;

use super::{
    Setting,
    caller::{Caller, Shared},
    crew, make_ready,
    metrics::{self, Results},
    wire::{CHANNEL_BODY, Wire},
};
use crate::{
    cli::Failure,
    load::{
        answer,
        args::Arguments,
        bulk::{Answer, exchange_all},
        client::{ClientError, Connection, Endpoint},
        clock,
        tally::{Sampled, excerpt},
        worker::lock,
    },
};

const PAYMENTS_DEFAULT: u64 = 10_000;
/// How often the count is looked at while notifications arrive.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What the delay has above the time that opening took.
const DELAY_SPARE: Duration = Duration::from_secs(2);

/// The payments that one thread opened.
#[derive(Default)]
struct Opened {
    ids: Vec<String>,
    failed: Sampled,
}

/// When the notifications were due, and what came of them.
struct Arrivals {
    seconds: f64,
    results: Results,
    /// The payer's calls were not over when the first notification was due.
    was_late: bool,
}

/// Opens payments, has them paid, and measures their notifications.
///
/// # Errors
/// When the server cannot be reached, refuses the preparation or has no sandbox.
pub(in crate::load) fn execute(arguments: &Arguments) -> Result<NotificationsReport, Failure> {
    let Setting { control, endpoint, scenario, name } =
        make_ready(arguments, arguments.orders.unwrap_or(PAYMENTS_DEFAULT))?;
    let shared = Shared { endpoint: endpoint.clone(), scenario: Arc::new(scenario), wire: Wire::new(&endpoint) };
    let start = clock::now();
    let opened = open_all(arguments, &shared)?;
    let took = clock::now() - start;
    let ids = Arc::new(opened.ids);
    let arrivals = control.block_on(pay_and_follow(arguments, &endpoint, &ids, took * 2 + DELAY_SPARE))?;
    let asked = (name, ids.len() as u64, ids.len() as f64 / took.as_secs_f64().max(1e-6));
    Ok(NotificationsReport::new(asked, opened.failed, arrivals))
}

fn open_all(arguments: &Arguments, shared: &Shared) -> Result<Opened, Failure> {
    let threads = arguments.threads.min(arguments.connections);
    let books: Vec<_> = (0..threads).map(|_| Arc::new(Mutex::new(Opened::default()))).collect();
    let next = Arc::new(AtomicU64::new(0));
    let stopped = Arc::clone(&next);
    let stop = move || stopped.store(u64::MAX / 2, Ordering::Relaxed);
    let member = |book| open_some(shared.clone(), Arc::clone(&next), book);
    crew::drive(arguments.connections as usize, &books, (member, stop), || ())?;
    let mut all = Opened::default();
    for book in &books {
        let book = std::mem::take(&mut *lock(book));
        all.ids.extend(book.ids);
        all.failed.merge(book.failed);
    }
    Ok(all)
}

async fn open_some(shared: Shared, next: Arc<AtomicU64>, book: Arc<Mutex<Opened>>) {
    let total = shared.scenario.requests();
    let mut caller = Caller::new(shared);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= total {
            return;
        }
        let opened = open_one(&mut caller, number).await;
        let mut book = lock(&book);
        match opened {
            Ok(id) => book.ids.push(id),
            Err(why) => book.failed.add(|| why),
        }
    }
}

async fn open_one(caller: &mut Caller, number: u64) -> Result<String, String> {
    let order = id_of(caller.place(number).await)?;
    let open = caller.call(|wire, buffers| wire.post_order(buffers, (&order, "/payments"), None, CHANNEL_BODY));
    id_of(open.await)
}

fn id_of(answer: Result<Answer, ClientError>) -> Result<String, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    let id = answer::order_id(&answer.body).filter(|_| answer.status == 201).map(str::to_owned);
    id.ok_or_else(|| format!("status {}: {}", answer.status, excerpt(&answer.body)))
}

async fn pay_and_follow(
    arguments: &Arguments,
    endpoint: &Endpoint,
    ids: &Arc<Vec<String>>,
    delay: Duration,
) -> Result<Arrivals, Failure> {
    let mut connection = Connection::new(endpoint.clone());
    let patience = arguments.retry_for;
    let before = metrics::notifications(endpoint, &mut connection, patience).await?;
    let due = clock::now() + delay;
    let head = endpoint.head("POST", "/sandbox/v1/payments/", Some("application/json"));
    let payments = Arc::clone(ids);
    let request = move |index: usize| {
        // Whole milliseconds, rounded up: nothing leaves before the moment that the time is counted from.
        let left = due.saturating_duration_since(clock::now()).as_millis() + 1;
        let mut request = Vec::new();
        let (path, body) = (format!("{}/pay", payments[index]), format!("{{\"delay_ms\":{left}}}"));
        head.write(&mut request, path.as_bytes(), None, body.as_bytes());
        request
    };
    let answers = exchange_all(endpoint, ids.len(), patience, request, || {}).await?;
    if let Some(refused) = answers.iter().find(|answer| answer.status != 200) {
        return Err(format!("a payment was not paid: {}: {}", refused.status, excerpt(&refused.body)).into());
    }
    let was_late = clock::now() >= due;
    tokio::time::sleep(due.saturating_duration_since(clock::now())).await;
    let (results, ended) = follow(endpoint, &mut connection, (&before, ids.len() as u64), patience).await?;
    Ok(Arrivals { seconds: (ended - due).as_secs_f64().max(1e-6), results, was_late })
}

/// Looks at the counts until `wanted` more notifications have come, or none any more within `patience`.
async fn follow(
    endpoint: &Endpoint,
    connection: &mut Connection,
    (before, wanted): (&Results, u64),
    patience: Duration,
) -> Result<(Results, Instant), Failure> {
    let (mut last, mut changed_at) = (0, clock::now());
    loop {
        let after = metrics::notifications(endpoint, connection, patience).await?;
        let now = clock::now();
        let results = metrics::grown(before, &after);
        let arrived: u64 = results.values().sum();
        if arrived > last {
            (last, changed_at) = (arrived, now);
        }
        if arrived >= wanted || now - changed_at >= patience {
            return Ok((results, changed_at));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
