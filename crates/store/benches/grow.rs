//! How the rate, the memory and the files of an engine grow with its orders, without HTTP: places orders batch after batch
//! and prints a line for each twentieth of them.
//!
//! `--orders N` (10,000,000), `--batch N` orders a commit (256), `--against-empty` places more of them at the end, in turns
//! with an engine that has none, which other work on the machine disturbs no less; `--verify` checks all invariants then. The
//! rate counts the engine's time only, not that in which orders are made up. The data lie in the system's folder for
//! temporary files.

mod support {
    #[expect(dead_code, reason = "shared with the tests, which use more of it")]
    #[path = "../../tests/support/files.rs"]
    pub(crate) mod files;
    #[expect(dead_code, reason = "shared with the tests, which use more of it")]
    #[path = "../../tests/support/shard.rs"]
    pub(crate) mod shard;

    pub(crate) mod running;
    pub(crate) mod shopping;
}

use std::time::{Duration, Instant};

use ordain_domain::time::Span;
use ordain_engine::port::clock::{Clock as _, SystemClock};
use ordain_store::sqlite::KeyIndexSettings;
use support::{
    files::Files,
    running::Running,
    shard::{self, skus},
    shopping::Shopping,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USERS: u64 = 1_000_000;
const SKUS: usize = 1_000;
const STEPS: usize = 20;
/// How many batches wait or are under way at most.
const GROUPS: usize = 4;
const ORDERS_A_TURN: usize = 25_000;
const TURNS: u32 = 10;
const MIB: u64 = 1 << 20;

struct Arguments {
    orders: usize,
    batch: usize,
    against_empty: bool,
    verify: bool,
}

impl Arguments {
    fn read() -> Arguments {
        let mut found = Arguments { orders: 10_000_000, batch: 256, against_empty: false, verify: false };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
            match word.as_str() {
                "--orders" => found.orders = number().expect("--orders takes a number"),
                "--batch" => found.batch = number().expect("--batch takes a number"),
                "--against-empty" => found.against_empty = true,
                "--verify" => found.verify = true,
                // Cargo says this to every bench.
                "--bench" => {}
                other => panic!("{other} is not known: --orders N, --batch N, --against-empty, --verify"),
            }
        }
        found
    }
}

/// An engine with its files, and who orders of it.
struct Shop {
    engine: Running,
    shopping: Shopping,
    batch: usize,
    placed: usize,
    _files: Files,
}

impl Shop {
    fn open(batch: usize) -> Shop {
        let mut files = Files::new();
        files.settings.key_index = KeyIndexSettings::STANDARD;
        files.settings.cache_bytes = 64 << 20;
        let mut rules = shard::rules();
        (files.settings.unpaid_per_user_max, rules.unpaid_per_user_max) = (1_000, 1_000);
        let engine = Running::start(&files, rules, &skus(SKUS), batch);
        Shop { engine, shopping: Shopping::new(skus(SKUS), USERS), batch, placed: 0, _files: files }
    }

    /// Places orders until there are at least so many. The rate of these.
    fn grow_to(&mut self, orders: usize) -> f64 {
        let (from, mut taken) = (self.placed, Duration::ZERO);
        while self.placed < orders {
            let groups = (0..GROUPS).map(|_| self.shopping.placements(self.batch)).collect();
            taken += measured(|| self.engine.place(groups));
            self.placed += GROUPS * self.batch;
        }
        (self.placed - from) as f64 / taken.as_secs_f64()
    }
}

#[expect(clippy::print_stdout, reason = "the figures are what the bench is for")]
fn main() {
    let arguments = Arguments::read();
    let mut shop = Shop::open(arguments.batch);
    for step in 1..=STEPS {
        let rate = shop.grow_to(arguments.orders * step / STEPS);
        let gauges = shop.engine.reader().gauges();
        let (data, log) = (gauges.data_bytes / MIB, gauges.log_bytes / MIB);
        println!("{:>9} orders: {rate:>6.0}/s, {}, data {data} MiB, log {log} MiB", shop.placed, resident());
    }
    if arguments.against_empty {
        against_empty(&mut shop);
    }
    if arguments.verify {
        verify(&shop.engine);
    }
}

/// The same number of orders for the shop and for an empty one, in turns.
#[expect(clippy::print_stdout, reason = "the figures are what the bench is for")]
fn against_empty(shop: &mut Shop) {
    let mut empty = Shop::open(shop.batch);
    let (mut own, mut of_empty) = (0.0, 0.0);
    for _ in 0..TURNS {
        own += 1.0 / shop.grow_to(shop.placed + ORDERS_A_TURN);
        of_empty += 1.0 / empty.grow_to(empty.placed + ORDERS_A_TURN);
    }
    let turns = f64::from(TURNS);
    println!("in turns: {:.0}/s, an empty store {:.0}/s, ratio {:.2}", turns / own, turns / of_empty, of_empty / own);
}

#[expect(clippy::print_stdout, reason = "the figures are what the bench is for")]
fn verify(engine: &Running) {
    let mut reports = Vec::new();
    let taken = measured(|| {
        let verified = engine.reader().verify(SystemClock.now(), Span::seconds(300));
        reports = verified.expect("the store can be read");
    });
    for report in &reports {
        println!("invariant {}: {} examined, {} broken", report.invariant, report.examined, report.broken);
    }
    println!("verified in {:.1} s, {}", taken.as_secs_f64(), resident());
    assert!(reports.iter().all(|report| report.broken == 0), "an invariant is broken");
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time; nothing is decided by it")]
fn measured(run: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    run();
    begin.elapsed()
}

/// What the kernel says of this process's memory (proc_pid_status(5)).
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or(" 0 kB");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) >> 10
    };
    format!("resident {} MiB (at most {} MiB)", of("VmRSS:"), of("VmHWM:"))
}
