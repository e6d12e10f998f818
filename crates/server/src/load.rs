//! `ordain load`: asks a running server for orders as fast as it or a rate allows, and proves that it oversold nothing.
//!
//! It is a stranger to the server: everything goes over HTTP, and nothing of the engine or the store is used.

mod answer;
mod args;
pub(crate) mod bulk;
mod check;
pub(crate) mod client;
pub(crate) mod clock;
mod digits;
pub(crate) mod display;
mod life;
mod prepare;
pub(crate) mod products;
mod report;
mod response;
pub(crate) mod scenario;
mod schedule;
pub(crate) mod stock;
mod tally;
mod worker;

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    sync::{Arc, Mutex},
    time::Duration,
};

pub(crate) use self::args::{Arguments, parse_token};
use self::{
    args::Switch,
    check::Passage,
    client::Endpoint,
    display::LiveLine,
    prepare::Wanted,
    report::{Check, Report},
    scenario::{Good, Keys, Scenario, Work, synthetic_goods},
    schedule::Schedule,
    stock::StockRow,
    tally::{Sampled, Tally},
    worker::Run,
};
use crate::{cli::Failure, retail::Retail};

pub(crate) use self::tally::excerpt;

const DURATION_DEFAULT: Duration = Duration::from_secs(10);
const STOCK_DEFAULT: u64 = 1_000_000_000;

/// What a run orders, before the server is asked anything.
struct Plan {
    goods: Vec<Good>,
    work: Work,
    wanted: Wanted,
    /// For the report.
    name: String,
    notes: Vec<String>,
}

/// Prepares, measures and checks.
///
/// # Errors
/// When the server cannot be reached or refuses the preparation, or a file cannot be used.
fn execute(arguments: &Arguments) -> Result<Report, Failure> {
    let control = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let resolving = Endpoint::resolve(&arguments.url, arguments.token.as_deref(), arguments.timeout);
    let endpoint = control.block_on(resolving)?;
    let Plan { goods, work, wanted, name, notes } = plan(arguments)?;
    let run_number = clock::random_run();
    let work = control.block_on(set_up(arguments, &endpoint, (&goods, work, &wanted), run_number))?;
    let before = control.block_on(prepare::rows_of(&endpoint, &goods, "stock", arguments.retry_for))?;
    let keys = keys_of(arguments, run_number);
    let sizes = (run_number, arguments.users, arguments.orders.unwrap_or(u64::MAX));
    let scenario = Scenario::new(&endpoint, (goods, work, keys), sizes);
    let (run, tally, elapsed) = measure(arguments, Run::new(endpoint.clone(), scenario))?;
    let after = control.block_on(prepare::rows_of(&endpoint, &run.scenario.goods, "check", arguments.retry_for))?;
    let compared = compare(&run.scenario.goods, &tally, (&before, &after));
    let mut report = Report::new((name, arguments.connections), (tally, elapsed), compared);
    report.notes.extend(notes);
    if arguments.baskets.is_some() && !arguments.no_prepare && report.refused > 0 {
        report.findings.push(format!("{} baskets were refused although there was stock for all", report.refused));
    }
    if report.orders + report.reads == 0 && report.requests > 0 && !arguments.sold_out {
        report.findings.push("not one request succeeded".to_owned());
    }
    Ok(report)
}

fn plan(arguments: &Arguments) -> Result<Plan, Failure> {
    if let Some(path) = &arguments.baskets {
        return Ok(plan_of_baskets(Retail::open(path)?));
    }
    let lines = arguments.lines;
    let (work, deed) = match arguments.batch {
        Some(orders) => (Work::Batch { orders, lines }, format!("batches of {orders} orders")),
        None if arguments.read => (Work::Read(Vec::new()), "reading orders".to_owned()),
        None => (Work::Orders { lines }, "orders".to_owned()),
    };
    let (goods, of_what) = if arguments.sold_out {
        let good = Good { sku: "LOAD-SOLD-OUT".into(), title: "Load test product without stock".into(), price: 500 };
        (vec![good], "of a SKU that sells out".to_owned())
    } else if arguments.hot {
        (synthetic_goods(1), "of one hot SKU".to_owned())
    } else {
        (synthetic_goods(arguments.skus), format!("over {} SKUs", arguments.skus))
    };
    let stock = arguments.stock.unwrap_or(if arguments.sold_out { 0 } else { STOCK_DEFAULT });
    let name = format!("{deed} {of_what}");
    Ok(Plan { goods, work, wanted: Wanted::Exactly(stock), name, notes: Vec::new() })
}

fn plan_of_baskets(retail: Retail) -> Plan {
    let wanted = Wanted::AtLeast(retail.units_needed());
    let name = format!("{} real baskets of {} SKUs", retail.baskets.len(), retail.products.len());
    let Retail { products, baskets, counts } = retail;
    let mut notes = Vec::new();
    if counts.split > 0 {
        notes.push(format!(
            "{} of {} whole orders has more than {} lines (the longest {}) and was split: {} baskets",
            counts.split,
            counts.whole_orders,
            crate::retail::BASKET_LINES_MAX,
            counts.longest,
            baskets.len(),
        ));
    }
    Plan { goods: products.into_iter().map(Good::from).collect(), work: Work::Baskets(baskets), wanted, name, notes }
}

fn keys_of(arguments: &Arguments, run_number: u64) -> Keys {
    match (&arguments.key_prefix, arguments.keys) {
        (_, Switch::Off) => Keys::Off,
        (Some(text), Switch::On) => Keys::Prefix { text: text.clone(), are_new: false },
        (None, Switch::On) if arguments.baskets.is_some() => Keys::Prefix { text: String::new(), are_new: false },
        (None, Switch::On) => Keys::Prefix { text: format!("{run_number:016x}-"), are_new: true },
    }
}

/// Provides what the run needs and gives the work back, with the ids to read where it reads.
async fn set_up(
    arguments: &Arguments,
    endpoint: &Endpoint,
    (goods, work, wanted): (&[Good], Work, &Wanted),
    run_number: u64,
) -> Result<Work, Failure> {
    let patience = arguments.retry_for;
    if !arguments.no_prepare {
        prepare::create_products(endpoint, goods, patience).await?;
        let rows = prepare::rows_of(endpoint, goods, "stock", patience).await?;
        prepare::provide_stock(endpoint, (goods, &rows), wanted, (run_number, patience)).await?;
    }
    if !arguments.read {
        return Ok(work);
    }
    let keys = Keys::Prefix { text: format!("{run_number:016x}-before-"), are_new: true };
    let first = (goods.to_vec(), Work::Orders { lines: arguments.lines }, keys);
    let scenario = Scenario::new(endpoint, first, (run_number, arguments.users, arguments.orders_before));
    Ok(Work::Read(prepare::place_orders(endpoint, scenario, patience).await?))
}

/// Sends the requests; gives what was counted and the time from the first request to the last answer.
fn measure(arguments: &Arguments, mut run: Run) -> Result<(Arc<Run>, Tally, Duration), Failure> {
    if let Some(path) = &arguments.acknowledged {
        run.acknowledged = Some(Mutex::new(BufWriter::new(File::create(path)?)));
    }
    run.retry_for = arguments.retry.then_some(arguments.retry_for);
    let has_other_end = arguments.orders.is_some() || arguments.baskets.is_some();
    let duration = arguments.duration.or((!has_other_end).then_some(DURATION_DEFAULT));
    let goods = run.scenario.goods.len();
    let threads = arguments.threads.min(arguments.connections);
    let tallies: Vec<_> = (0..threads).map(|_| Arc::new(Mutex::new(Tally::new(goods)))).collect();
    let mut live = LiveLine::new();
    let start = clock::now();
    run.end = duration.map(|duration| start + duration);
    run.schedule = arguments.rate.map(|rate| {
        let arrivals = duration.map_or(u64::MAX, |duration| Schedule::arrivals_in(rate, duration));
        Schedule::new(start, rate, arrivals.min(run.scenario.requests()))
    });
    let run = Arc::new(run);
    worker::drive(&run, arguments.connections as usize, &tallies, || live.draw(&tallies))?;
    let elapsed = clock::now() - start;
    live.clear();
    let mut total = Tally::new(goods);
    for tally in &tallies {
        total.merge(worker::lock(tally).clone());
    }
    if let Some(file) = &run.acknowledged {
        file.lock().expect("no writer panics while it holds the file").flush()?;
    }
    Ok((run, total, elapsed))
}

/// Compares what was acknowledged with what the stock rows say.
fn compare(goods: &[Good], tally: &Tally, (before, after): (&[StockRow], &[StockRow])) -> (Check, Sampled) {
    let may_have_expired = tally.first_expiry.is_some_and(|expiry| expiry <= clock::wall_clock());
    let mut oversold = Sampled::default();
    let mut check = Check { skus: goods.len(), may_have_expired, ..Check::default() };
    for (index, good) in goods.iter().enumerate() {
        let (before, after) = (before[index], after[index]);
        let (acknowledged, uncertain) = (tally.units_placed[index], tally.units_uncertain[index]);
        check.units_acknowledged += acknowledged;
        check.units_uncertain += uncertain;
        check.units_taken += after.locked + after.sold - before.locked - before.sold;
        let passage = Passage { sku: &good.sku, before, after, acknowledged, uncertain, may_have_expired };
        check::judge(&passage, &mut oversold);
    }
    check.passed = oversold.count == 0;
    (check, oversold)
}

#[cfg(test)]
pub(crate) mod tests;
