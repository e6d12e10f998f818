//! `ordain load --life --misbehave`: payers, buyers and the sandbox misbehave in every way that the sandbox knows, over many
//! orders at once; then everything is healed, and when all has come to rest the orders are held against the sandbox's own
//! ledger: no money that an order does not keep is left with us, none was taken unseen, and the stock adds up.
//!
//! What each order meets is drawn from a seed and its number. Which call meets which fault of the sandbox is not: the menu of
//! faults changes with time. Whether the rules of a decision are right is not judged here, only where money and goods ended.

mod actor;
mod draw;
mod judge;
mod ledger;
mod report;
mod rest;
mod rows;
mod stuck;
mod units;
mod weather;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

pub(crate) use report::MisbehaviourReport;

use self::{actor::Case, rest::Resting, weather::Weather};
use super::{Setting, caller::Shared, crew, make_ready, wire::Wire};
use crate::{
    cli::Failure,
    load::{
        args::Arguments,
        client::{Connection, Endpoint},
        clock, prepare,
        tally::Sampled,
        worker::lock,
    },
};

const ORDERS_DEFAULT: u64 = 10_000;

/// What the actors of one thread did.
#[derive(Default)]
struct Played {
    cases: Vec<Case>,
    /// Answers that nobody should get.
    unexpected: Sampled,
}

/// Lets everything misbehave, waits until it rests, and checks.
///
/// # Errors
/// When the server cannot be reached, refuses the preparation, or has no sandbox.
pub(in crate::load) fn execute(arguments: &Arguments) -> Result<MisbehaviourReport, Failure> {
    let orders = arguments.orders.unwrap_or(ORDERS_DEFAULT);
    let Setting { control, endpoint, scenario, name } = make_ready(arguments, orders)?;
    let patience = arguments.retry_for;
    let mut connection = Connection::new(endpoint.clone());
    let already = control.block_on(ledger::position(&endpoint, &mut connection, patience))?;
    let before = control.block_on(prepare::rows_of(&endpoint, &scenario.goods, "stock", patience))?;
    let shared = Shared { endpoint: endpoint.clone(), scenario: Arc::new(scenario), wire: Wire::new(&endpoint) };
    let start = clock::now();
    let weather = Weather::begin(&endpoint, arguments.life.seed)?;
    let played = play(arguments, &shared);
    weather.end()?;
    let played = played?;
    let misbehaved = clock::now() - start;
    let resting = Resting { shared: &shared, cases: &played.cases, patience, time: arguments.life.drain_for };
    let rested = control.block_on(rest::come_to_rest(&resting))?;
    let drained = clock::now() - start - misbehaved;
    let movements = control.block_on(ledger::read(&endpoint, &mut connection, (already, patience)))?;
    let stuck = control.block_on(stuck::read(&endpoint, &mut connection, patience))?;
    let clean = control.block_on(is_clean(&endpoint, &mut connection))?;
    let after = control.block_on(prepare::rows_of(&endpoint, &shared.scenario.goods, "check", patience))?;
    let mut verdict = judge::judge(&played.cases, &rested.rows, &movements);
    units::judge(&shared.scenario, (&played.cases, &rested.rows), (&before, &after), &mut verdict.stock);
    stuck::judge(&stuck, &rested.rows, &verdict.wrong_amounts, &mut verdict.stuck);
    let times = [misbehaved, drained].map(|time| time.as_secs_f64());
    Ok(MisbehaviourReport::new((name, arguments.life.seed, times), played.unexpected, (rested, verdict, clean)))
}

fn play(arguments: &Arguments, shared: &Shared) -> Result<Played, Failure> {
    let threads = arguments.threads.min(arguments.connections);
    let books: Vec<_> = (0..threads).map(|_| Arc::new(Mutex::new(Played::default()))).collect();
    let next = Arc::new(AtomicU64::new(0));
    let stopped = Arc::clone(&next);
    let stop = move || stopped.store(u64::MAX / 2, Ordering::Relaxed);
    let (seed, patience) = (arguments.life.seed, arguments.retry_for);
    let member = |book| actor::play_on(shared.clone(), (Arc::clone(&next), seed, patience), book);
    let bar = crate::load::display::bar("misbehaving", usize::try_from(shared.scenario.requests())?);
    let drawn = bar.clone();
    let tick = || drawn.set_position(next.load(Ordering::Relaxed).min(shared.scenario.requests()));
    crew::drive(arguments.connections as usize, &books, (member, stop), tick)?;
    bar.finish_and_clear();
    let mut all = Played::default();
    for book in &books {
        let book = std::mem::take(&mut *lock(book));
        all.cases.extend(book.cases);
        all.unexpected.merge(book.unexpected);
    }
    all.cases.sort_unstable_by_key(|case| case.number);
    Ok(all)
}

/// What the server's own invariants say.
async fn is_clean(endpoint: &Endpoint, connection: &mut Connection) -> Result<bool, Failure> {
    let mut request = Vec::new();
    endpoint.head("GET", "/v1/ops/verify", None).write(&mut request, b"", None, b"");
    let response = connection.exchange(&request).await?;
    let report: serde_json::Value = serde_json::from_slice(response.body)?;
    Ok(response.status == 200 && report["clean"] == true)
}
