//! What the engine and its store cost over SQLite itself, turn by turn in one run, and the ratios: the engine (queue, load,
//! decide, commit, answer), the store's `commit` of decided batches alone, and a bare loop that inserts the same rows with
//! prepared statements.
//!
//! The bare loop is given its values ready (JSON included), decides nothing, keeps no index by user and key, no counters and
//! no cache. It runs twice: as SQLite comes, checkpointing its log within commits, and without checkpoints, which no server
//! can do for long. HTTP is not measured.

mod support {
    #[expect(dead_code, reason = "shared with the tests, which use more of it")]
    #[path = "../../tests/support/files.rs"]
    pub(crate) mod files;
    #[expect(dead_code, reason = "shared with the tests, which use more of it")]
    #[path = "../../tests/support/shard.rs"]
    pub(crate) mod shard;

    pub(crate) mod bare;
    #[expect(dead_code, reason = "shared with another bench, which reads as well")]
    pub(crate) mod running;
    pub(crate) mod shopping;
}

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ordain_domain::{batch::Carry, rows::Changes, time::Span};
use ordain_engine::port::store::{EventTexts, ShardStore};
use ordain_store::sqlite::{KeyIndexSettings, SqliteStore};
use support::{
    bare::{BareLoop, Checkpoints},
    files::Files,
    running::Running,
    shard::{self, Shard, skus},
    shopping::Shopping,
};

/// The allocator of the server: rows are made on one thread and dropped on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many orders a transaction has.
const BATCHES: [usize; 3] = [20, 64, 256];
/// How many transactions each contestant makes before it is the next one's turn.
const BATCHES_A_TURN: u32 = 64;
const USERS: u64 = 100_000;
const SKUS: usize = 1_000;

/// The contestants and what each took.
struct Contest {
    engine: Running,
    shard: Shard<SqliteStore>,
    bare: [BareLoop; 2],
    shopping: Shopping,
    taken: [Duration; 4],
    batches: u32,
    _files: [Files; 4],
}

impl Contest {
    fn new(orders: usize) -> Contest {
        let mut files = [Files::new(), Files::new(), Files::new(), Files::new()];
        for files in &mut files {
            files.settings.key_index = KeyIndexSettings::STANDARD;
            files.settings.cache_bytes = 64 << 20;
            files.settings.unpaid_per_user_max = 1_000_000;
        }
        let mut rules = shard::rules();
        rules.unpaid_per_user_max = 1_000_000;
        let engine = Running::start(&files[3], rules.clone(), &skus(SKUS), orders);
        let mut shard = Shard::new(files[0].open().0, rules);
        shard.stock_up(&skus(SKUS), 1_000_000_000);
        let bare = [(1, Checkpoints::AsSqliteComes), (2, Checkpoints::Never)].map(|(index, checkpoints)| {
            drop(files[index].open());
            BareLoop::new(&files[index].settings.path, checkpoints)
        });
        let shopping = Shopping::new(skus(SKUS), USERS);
        Contest { engine, shard, bare, shopping, taken: [Duration::ZERO; 4], batches: 0, _files: files }
    }

    /// The same batches for each contestant.
    fn turn(&mut self, orders: usize) -> [Duration; 4] {
        let groups: Vec<_> = (0..BATCHES_A_TURN).map(|_| self.shopping.placements(orders)).collect();
        let mut rows = Vec::new();
        let mut taken = [Duration::ZERO; 4];
        for envelopes in &groups {
            self.shard.now = self.shard.now.plus(Span::milliseconds(3));
            let (_, changes, carry) = self.shard.decide(envelopes);
            rows.push(support::bare::Rows::of(&changes));
            let texts = EventTexts::of(&changes.events);
            taken[1] += measured(|| commit(&mut self.shard, &changes, &texts, carry));
        }
        taken[0] = measured(|| self.engine.place(groups));
        taken[2] = measured(|| rows.iter().for_each(|rows| self.bare[0].insert(rows)));
        taken[3] = measured(|| rows.iter().for_each(|rows| self.bare[1].insert(rows)));
        self.taken.iter_mut().zip(taken).for_each(|(sum, taken)| *sum += taken);
        self.batches += BATCHES_A_TURN;
        taken
    }

    #[expect(clippy::print_stdout, reason = "the ratio is what the bench is for")]
    fn print(&self, orders: usize) {
        let orders_total = f64::from(self.batches) * orders as f64;
        let rates = self.taken.map(|taken| orders_total / taken.as_secs_f64());
        let of = |contestant: usize, bare: usize| rates[contestant] / rates[bare];
        println!(
            "{orders} orders a transaction: engine {:.0}/s, commit alone {:.0}/s, bare loop {:.0}/s (engine {:.2} of it, \
             commit {:.2}), bare loop that never checkpoints {:.0}/s (engine {:.2} of it, commit {:.2})",
            rates[0],
            rates[1],
            rates[2],
            of(0, 2),
            of(1, 2),
            rates[3],
            of(0, 3),
            of(1, 3),
        );
    }
}

fn commit(shard: &mut Shard<SqliteStore>, changes: &Changes, texts: &EventTexts, carry: Carry) {
    shard.commit_with(changes, texts, carry).expect("the batch is committed");
    shard.store.upkeep().expect("the log is kept");
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time; nothing is decided by it")]
fn measured(run: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    run();
    begin.elapsed()
}

fn commits(criterion: &mut Criterion) {
    for orders in BATCHES {
        let contest = Rc::new(RefCell::new(Contest::new(orders)));
        let mut group = criterion.benchmark_group(format!("{orders} orders a transaction"));
        group.throughput(Throughput::Elements(orders as u64 * u64::from(BATCHES_A_TURN))).sample_size(20);
        for (index, name) in ["engine", "commit", "bare loop", "bare loop without checkpoints"].into_iter().enumerate()
        {
            let contest = Rc::clone(&contest);
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|turns| (0..turns).map(|_| contest.borrow_mut().turn(orders)[index]).sum());
            });
        }
        group.finish();
        contest.borrow().print(orders);
    }
}

criterion_group!(benches, commits);
criterion_main!(benches);
