//! Cases: a commit is all or nothing, follows the one before it, and is seen whole.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use ordain_domain::{
    rows::Changes,
    stock::Stock,
    time::{Span, Timestamp},
};
use ordain_engine::port::store::{Commit, CommitFailure, EventTexts, FailureKind, Poisoned, ShardHead};

use super::{
    Fixture,
    bench::Bench,
    script,
    shop::{adjust, basket, buyer, keyed, operator, product, put_products, sku},
};

/// The head is what the last commit said, whatever else was in it.
pub fn the_head_moves_with_every_commit<F: Fixture>() {
    let mut bench = Bench::<F>::empty();
    assert_eq!(bench.head(), ShardHead::default());
    for _ in 0..3 {
        bench.wait(Span(1));
        bench.commit(&Changes::default(), &[], &[]).expect("nothing can be committed, too");
        assert_eq!(bench.head(), bench.model.head);
    }
    bench.accept(&operator(put_products(vec![product("a", 1)])));
    bench.accept(&operator(adjust("a", 5)));
    assert_eq!(bench.head(), bench.model.head);
    assert_eq!((bench.head().batch, bench.head().last_event, bench.head().time), (5, 1, bench.now));
    bench.compare();
}

/// A second writer, or one that lost count, must not get through.
pub fn a_batch_that_does_not_follow_is_refused_whole<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let stock = Stock { on_hand: 7, received: 7, version: 9, movements: 9, ..Stock::empty(sku("a")) };
    let mut changes = Changes::default();
    changes.stock.insert(sku("a"), stock);
    let follows = bench.next_head();
    for batch in [0, follows.batch - 1, follows.batch + 1, follows.batch + 1_000] {
        let (head, event_texts) = (ShardHead { batch, ..follows }, &EventTexts::default());
        let commit = Commit { head, changes: &changes, event_texts, cursors: &[], poisoned: &[] };
        let failure = bench.fixture().store().commit(&commit).expect_err("the batch does not follow");
        assert!(matches!(failure, CommitFailure::NotCommitted(_)), "{batch}: {failure:?}");
        bench.compare();
    }
    bench.accept(&operator(adjust("a", 1)));
    bench.compare();
}

/// The schema is the last guard: rows that cannot be true are refused with everything beside them, and the store goes on.
pub fn rows_that_break_a_constraint_are_refused_whole<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let sound = Stock { on_hand: 5, received: 5, version: 1, movements: 1, ..Stock::empty(sku("z")) };
    let table = [
        Stock { locked: 6, ..sound.clone() },
        Stock { locked: -1, ..sound.clone() },
        Stock { on_hand: 6, ..sound.clone() },
        Stock { sold: -1, on_hand: 6, ..sound.clone() },
    ];
    for unsound in table {
        let mut changes = Changes::default();
        changes.stock.insert(sku("a"), Stock { version: 9, ..bench.model.all.stock[&sku("a")].clone() });
        changes.stock.insert(sku("z"), unsound.clone());
        let cursors = [(Arc::from("group"), 7)];
        match bench.commit(&changes, &cursors, &[]) {
            Err(CommitFailure::NotCommitted(failure)) => {
                assert_eq!(failure.kind, FailureKind::Constraint, "{unsound:?}");
                assert!(!failure.is_retryable(), "trying the same rows again cannot help");
            }
            other => panic!("{unsound:?}: {other:?}"),
        }
        bench.compare();
        bench.accept(&operator(adjust("a", 1)));
    }
    bench.compare();
}

/// Rows are whole new rows.
pub fn the_last_write_of_a_row_counts<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    for _ in 0..4 {
        let envelopes = [1, 2, 3].map(|delta| operator(adjust("a", delta)));
        bench.run(&envelopes);
        bench.compare();
    }
    assert_eq!(bench.model.all.stock[&sku("a")].on_hand, 1_024);
}

/// Consumer groups move on, and back when a replay is asked for.
pub fn cursors_move_and_go_back<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let moves: [&[(&str, i64)]; 5] =
        [&[("stats", 1)], &[("stats", 2), ("search", 9)], &[("search", 3)], &[], &[("a group: with \"any\" name", 0)]];
    for cursors in moves {
        let cursors: Vec<(Arc<str>, i64)> =
            cursors.iter().map(|(name, position)| (Arc::from(*name), *position)).collect();
        bench.commit(&Changes::default(), &cursors, &[]).expect("cursors can be committed");
        bench.compare();
    }
    bench.reopen();
    bench.compare();
}

/// Commands that panicked are kept as they were, beside whatever else a commit holds.
pub fn poisoned_commands_are_kept_in_order<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    for number in 0..4_i64 {
        let poisoned: Vec<Poisoned> = (0..number)
            .map(|index| Poisoned {
                at: Timestamp(number),
                command: "place_order",
                input: format!("{{\"number\":{number}}}"),
                bug: format!("invariant 1: \"{index}\" 'is' \\ broken\n"),
            })
            .collect();
        bench.commit(&Changes::default(), &[], &poisoned).expect("bugs can be committed");
        bench.compare();
    }
    bench.reopen();
    bench.compare();
}

/// As many orders as a batch may have, half of them with a key.
pub fn a_full_batch_is_one_commit<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let place = |number: u32| {
        let envelope = buyer(basket(&format!("u-{}", number % 50), &[("a", 1), ("b", 1 + number / 400)]));
        if number.is_multiple_of(2) { keyed(envelope, &format!("key {number}"), 1) } else { envelope }
    };
    let before = bench.head().batch;
    let replies = bench.run(&(0..512).map(place).collect::<Vec<_>>());
    assert!(replies.iter().filter(|reply| reply.outcome.is_ok()).count() > 256, "most are placed");
    assert_eq!(bench.head().batch, before + 1);
    bench.compare();
}

/// Upkeep may run at any time between batches, also twice.
pub fn upkeep_changes_nothing<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    script::play(&mut bench, 11, 20, |bench, number| {
        for _ in 0..number % 3 {
            bench.fixture().store().upkeep().expect("upkeep can be done");
        }
    });
    bench.compare();
}

/// While batches of two orders each are committed, no reader ever sees one of the two alone.
pub fn readers_see_whole_commits_only<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let (reader, done) = (bench.reader(), AtomicBool::new(false));
    let begin = bench.head().last_event;
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Acquire) {
                let events = reader.events_after(begin, 1_000).expect("the log can be read").len();
                assert_eq!(events % 2, 0, "half a commit was seen");
                assert!(events >= most, "a commit was seen and then not");
                most = events;
            }
        });
        for number in 0..100 {
            let place = |name: &str| buyer(basket(&format!("{name}-{}", number % 10), &[("a", 1)]));
            let pair = ["u", "v"].map(|name| keyed(place(name), &format!("{number}"), 1));
            bench.run(&pair);
            let seen = bench.reader().events_after(bench.head().last_event - 2, 10).expect("the log can be read");
            assert_eq!(seen.len(), 2, "a commit is seen as soon as it was acknowledged");
        }
        done.store(true, Ordering::Release);
        watch.join().expect("the reader saw whole commits");
    });
    bench.compare();
}
