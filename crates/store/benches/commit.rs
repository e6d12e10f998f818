//! What the store costs over SQLite itself: `commit` of decided batches against a bare loop that inserts the same rows
//! with prepared statements, turn by turn in one run, and the ratio of the two.
//!
//! The bare loop is given its values ready (JSON included), keeps no index by user and key, no counters and no cache. It
//! runs twice: as SQLite comes, checkpointing its log within commits, and without checkpoints, which no server can do for
//! long. Deciding is not measured.

mod support {
    #[expect(dead_code, reason = "shared with the tests, which use more of it")]
    #[path = "../../tests/support/files.rs"]
    pub(crate) mod files;
    #[expect(dead_code, reason = "shared with the tests, which use more of it")]
    #[path = "../../tests/support/shard.rs"]
    pub(crate) mod shard;

    pub(crate) mod bare;
}

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ordain_domain::{
    batch::Carry,
    command::Envelope,
    ids::{Sku, UserId},
    rows::Changes,
    time::Span,
};
use ordain_engine::port::store::ShardStore;
use ordain_store::sqlite::{KeyIndexSettings, SqliteStore};
use support::{
    bare::{BareLoop, Checkpoints},
    files::Files,
    shard::{self, Shard, place, skus, user},
};

/// How many orders a transaction has.
const BATCHES: [usize; 2] = [64, 256];
const USERS: u64 = 100_000;
const SKUS: usize = 1_000;

/// The three contestants and what each took.
struct Contest {
    _files: [Files; 3],
    shard: Shard<SqliteStore>,
    bare: [BareLoop; 2],
    shop: Shop,
    taken: [Duration; 3],
    batches: u32,
}

impl Contest {
    fn new() -> Contest {
        let mut files = [Files::new(), Files::new(), Files::new()];
        for files in &mut files {
            files.settings.key_index = KeyIndexSettings::STANDARD;
            files.settings.cache_bytes = 64 << 20;
            files.settings.unpaid_per_user_max = 1_000_000;
        }
        let mut rules = shard::rules();
        rules.unpaid_per_user_max = 1_000_000;
        let mut shard = Shard::new(files[0].open().0, rules);
        let shop = Shop { skus: skus(SKUS), random: 42 };
        shard.stock_up(&shop.skus, 1_000_000_000);
        let bare = [(1, Checkpoints::AsSqliteComes), (2, Checkpoints::Never)].map(|(index, checkpoints)| {
            drop(files[index].open());
            BareLoop::new(&files[index].settings.path, checkpoints)
        });
        Contest { _files: files, shard, bare, shop, taken: [Duration::ZERO; 3], batches: 0 }
    }

    /// One batch for each contestant.
    fn turn(&mut self, orders: usize) -> [Duration; 3] {
        let envelopes = self.shop.placements(orders);
        self.shard.now = self.shard.now.plus(Span::milliseconds(3));
        let (_, changes, carry) = self.shard.decide(&envelopes);
        let rows = support::bare::Rows::of(&changes);
        let taken = [
            measured(|| commit(&mut self.shard, &changes, carry)),
            measured(|| self.bare[0].insert(&rows)),
            measured(|| self.bare[1].insert(&rows)),
        ];
        self.taken.iter_mut().zip(taken).for_each(|(sum, taken)| *sum += taken);
        self.batches += 1;
        taken
    }

    #[expect(clippy::print_stdout, reason = "the ratio is what the bench is for")]
    fn print(&self, orders: usize) {
        let orders_total = f64::from(self.batches) * orders as f64;
        let rates = self.taken.map(|taken| orders_total / taken.as_secs_f64());
        println!(
            "{orders} orders a transaction: commit {:.0}/s, bare loop {:.0}/s (ratio {:.2}), bare loop that never \
             checkpoints {:.0}/s (ratio {:.2})",
            rates[0],
            rates[1],
            rates[0] / rates[1],
            rates[2],
            rates[0] / rates[2],
        );
    }
}

fn commit(shard: &mut Shard<SqliteStore>, changes: &Changes, carry: Carry) {
    shard.commit(changes, carry).expect("the batch is committed");
    shard.store.upkeep().expect("the log is kept");
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time; nothing is decided by it")]
fn measured(run: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    run();
    begin.elapsed()
}

/// Placements of one line each, by many users, of many SKUs, each with a key.
struct Shop {
    skus: Vec<Sku>,
    random: u64,
}

impl Shop {
    fn placements(&mut self, orders: usize) -> Vec<Envelope> {
        (0..orders).map(|_| self.placement()).collect()
    }

    fn placement(&mut self) -> Envelope {
        let buyer: UserId = user(&format!("user-{}", self.next() % USERS));
        let key = format!("{:016x}-{:016x}", self.next(), self.next());
        let sku = (self.next() as usize) % self.skus.len();
        place(&buyer, Some(&key), &[(&self.skus[sku], 1)])
    }

    /// Xorshift (Marsaglia 2003): the same shop in every run.
    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

fn commits(criterion: &mut Criterion) {
    for orders in BATCHES {
        let contest = Rc::new(RefCell::new(Contest::new()));
        let mut group = criterion.benchmark_group(format!("{orders} orders a transaction"));
        group.throughput(Throughput::Elements(orders as u64)).sample_size(20);
        for (index, name) in ["commit", "bare loop", "bare loop without checkpoints"].into_iter().enumerate() {
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
