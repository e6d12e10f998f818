//! The switches of the in-memory store: each fault fails the way it says, once, and leaves what it says.

use std::{sync::Arc, thread, time::Duration};

use ordain_domain::{
    ids::Sku,
    rows::{Changes, Keys, Rows},
    stock::Stock,
    time::Timestamp,
};
use ordain_engine::port::store::{Commit, CommitFailure, EventTexts, FailureKind, ShardHead, ShardStore, StoreReader};
use ordain_store::memory::{CommitFault, MemoryReader, MemoryStore};

const DEADLINE: Duration = Duration::from_secs(60);

fn sku() -> Sku {
    Sku::new("a").expect("a valid SKU")
}

/// Commits one row of stock as the next batch.
fn commit(store: &mut MemoryStore, reader: &MemoryReader) -> Result<(), CommitFailure> {
    let head = ShardHead { batch: reader.head().batch + 1, time: Timestamp(1), ..ShardHead::default() };
    let mut changes = Changes::default();
    let on_hand = i64::try_from(head.batch).expect("few batches");
    let stock = Stock { on_hand, received: on_hand, version: head.batch, ..Stock::empty(sku()) };
    changes.stock.insert(sku(), stock);
    let (cursors, event_texts) = (&[(Arc::from("group"), 1)], &EventTexts::default());
    store.commit(&Commit { head, changes: &changes, event_texts, cursors, poisoned: &[] })
}

#[test]
fn a_fault_fails_one_commit_and_leaves_what_it_says() {
    let not_committed = |kind| CommitFault::NotCommitted(kind);
    let table = [
        (not_committed(FailureKind::Busy), "not committed: injected: Busy", false),
        (not_committed(FailureKind::Full), "not committed: injected: Full", false),
        (not_committed(FailureKind::Constraint), "not committed: injected: Constraint", false),
        (CommitFault::UnknownWritten, "commit outcome unknown: injected: Other", true),
        (CommitFault::UnknownNotWritten, "commit outcome unknown: injected: Other", false),
        (CommitFault::SyncFailed, "the disk failed while syncing: injected: Other", false),
    ];
    for (fault, text, is_written) in table {
        let (mut store, reader) = MemoryStore::new();
        commit(&mut store, &reader).expect("no fault is planned");
        reader.fail_next_commit(fault);
        let failure = commit(&mut store, &reader).expect_err("a fault is planned");
        assert_eq!(failure.to_string(), text);
        let batch = if is_written { 2 } else { 1 };
        assert_eq!(store.head().map(|head| head.batch).ok(), Some(batch), "{fault:?}");
        let stock = reader.stock(&sku()).expect("stock can be read");
        assert_eq!(stock.map(|stock| stock.version), Some(batch), "{fault:?}");
        commit(&mut store, &reader).expect("the fault is over");
    }
}

#[test]
fn faults_come_in_the_order_in_which_they_were_planned() {
    let (mut store, reader) = MemoryStore::new();
    for kind in [FailureKind::Busy, FailureKind::Full] {
        reader.fail_next_commit(CommitFault::NotCommitted(kind));
        reader.fail_next_load(kind);
        reader.fail_next_head(kind);
    }
    let keys = Keys { stock: [sku()].into(), ..Keys::default() };
    let mut loader = store.loader().expect("there is nothing to open");
    for kind in [FailureKind::Busy, FailureKind::Full] {
        match commit(&mut store, &reader) {
            Err(CommitFailure::NotCommitted(failure)) => assert_eq!(failure.kind, kind),
            other => panic!("{other:?}"),
        }
        assert_eq!(store.head().expect_err("a fault is planned").kind, kind);
        let mut rows = Rows::default();
        assert_eq!(loader.load(&keys, &mut rows).expect_err("a fault is planned").kind, kind);
        assert_eq!(rows, Rows::default());
    }
    assert!(store.head().is_ok() && loader.load(&keys, &mut Rows::default()).is_ok());
}

#[test]
fn held_commits_wait_until_they_are_released() {
    let (mut store, reader) = MemoryStore::new();
    assert!(!reader.wait_for_held_commit(Duration::ZERO));
    reader.hold_commits();
    thread::scope(|scope| {
        let committing = scope.spawn(|| commit(&mut store, &reader));
        assert!(reader.wait_for_held_commit(DEADLINE), "the commit is held");
        assert_eq!(reader.head().batch, 0, "nothing is written while it is held");
        reader.release_commits();
        committing.join().expect("the commit goes on").expect("no fault is planned");
    });
    assert_eq!(reader.head().batch, 1);
    assert!(!reader.wait_for_held_commit(Duration::ZERO));
}

#[test]
fn a_writer_that_comes_up_again_goes_on_where_the_last_one_stood() {
    let (mut store, reader) = MemoryStore::new();
    commit(&mut store, &reader).expect("no fault is planned");
    drop(store);
    let mut store = reader.reopen();
    assert_eq!(store.head().map(|head| head.batch).ok(), Some(1));
    commit(&mut store, &reader).expect("no fault is planned");
    assert_eq!(reader.cursors().into_iter().collect::<Vec<_>>(), [(Arc::from("group"), 1)]);
}
