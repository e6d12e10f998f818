//! Whole lives: `--life` leads each order from placing over its payment at the sandbox to the confirmed receipt, and
//! `--notifications` measures the last step of paying alone.
//!
//! It is a stranger to the server like all of `load`, and to the sandbox too: it pays as a payer's program would, and learns
//! that an order is paid from the server alone, which takes no parcel before. It sends in a closed loop; there is no open loop
//! of lives.

pub(super) mod args;
mod book;
mod caller;
mod course;
mod crew;
mod metrics;
pub(super) mod misbehave;
pub(super) mod notifications;
mod pace;
mod report;
mod step;
mod wire;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use self::{
    book::{Book, LifeLine},
    pace::Pace,
    report::LifeReport,
    wire::Wire,
};
use super::{
    DURATION_DEFAULT, Plan,
    args::{Arguments, Switch},
    client::Endpoint,
    clock, compare, keys_of, plan, prepare,
    scenario::Scenario,
    set_up,
    worker::lock,
};
use crate::cli::Failure;

/// What a run of any of the modes here is set up with.
struct Setting {
    control: tokio::runtime::Runtime,
    endpoint: Endpoint,
    scenario: Scenario,
    name: String,
}

/// Makes products and stock ready, and the orders to place.
fn make_ready(arguments: &Arguments, orders: u64) -> Result<Setting, Failure> {
    let control = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let resolving = Endpoint::resolve(&arguments.url, arguments.token.as_deref(), arguments.timeout);
    let endpoint = control.block_on(resolving)?;
    let Plan { goods, work, wanted, name, .. } = plan(arguments)?;
    let run_number = clock::random_run();
    let work = control.block_on(set_up(arguments, &endpoint, (&goods, work, &wanted), run_number))?;
    let keys = keys_of(arguments, run_number);
    let scenario = Scenario::new(&endpoint, (goods, work, keys), (run_number, arguments.users, orders));
    Ok(Setting { control, endpoint, scenario, name })
}

/// Everything that the connections of a run share.
struct Run {
    endpoint: Endpoint,
    scenario: Scenario,
    wire: Wire,
    start: Instant,
    /// No life begins from here on.
    end: Option<Instant>,
    /// How long an order may take to become paid.
    patience: Duration,
    /// Whether calls that make something are sent under a key.
    has_keys: bool,
    next: AtomicU64,
    is_stopped: AtomicBool,
    pace: Pace,
}

impl Run {
    /// The number of the next life; `None` when there is none.
    fn next_life(&self) -> Option<u64> {
        let is_over = self.is_stopped.load(Ordering::Relaxed) || self.end.is_some_and(|end| clock::now() >= end);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (!is_over && number < self.scenario.requests()).then_some(number)
    }

    /// Lets every life that has begun come to its end.
    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}

/// Leads orders through their lives, measures and checks.
///
/// # Errors
/// When the server cannot be reached or refuses the preparation.
pub(super) fn execute(arguments: &Arguments) -> Result<LifeReport, Failure> {
    let setting = make_ready(arguments, arguments.orders.unwrap_or(u64::MAX))?;
    let Setting { control, endpoint, scenario, name } = setting;
    let before = control.block_on(prepare::rows_of(&endpoint, &scenario.goods, "stock", arguments.retry_for))?;
    let duration = arguments.duration.or(arguments.orders.is_none().then_some(DURATION_DEFAULT));
    let start = clock::now();
    let run = Arc::new(Run {
        wire: Wire::new(&endpoint),
        endpoint,
        start,
        end: duration.map(|duration| start + duration),
        patience: arguments.retry_for,
        has_keys: arguments.keys == Switch::On,
        next: AtomicU64::new(0),
        is_stopped: AtomicBool::new(false),
        pace: Pace::new(),
        scenario,
    });
    let book = measure(arguments, &run)?;
    let elapsed = clock::now() - start;
    let after = control.block_on(prepare::rows_of(&run.endpoint, &run.scenario.goods, "check", arguments.retry_for))?;
    let compared = compare(&run.scenario.goods, &book.places, (&before, &after));
    Ok(LifeReport::new((name, arguments.connections), (book, elapsed), compared))
}

fn measure(arguments: &Arguments, run: &Arc<Run>) -> Result<Book, Failure> {
    let goods = run.scenario.goods.len();
    let threads = arguments.threads.min(arguments.connections);
    let books: Vec<_> = (0..threads).map(|_| Arc::new(Mutex::new(Book::new(goods)))).collect();
    let mut live = LifeLine::new();
    let stopper = Arc::clone(run);
    let member = |book: Arc<Mutex<Book>>| course::live_on(Arc::clone(run), book);
    crew::drive(arguments.connections as usize, &books, (member, move || stopper.stop()), || live.draw(&books))?;
    live.clear();
    let mut total = Book::new(goods);
    for book in &books {
        total.merge(lock(book).clone());
    }
    Ok(total)
}
