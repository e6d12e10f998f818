//! The index at start: runs that were complete are read, runs that were not are dropped, and what no run holds is read
//! from orders and answers.
//!
//! If the runs contradict themselves, all of them are dropped and the whole index is built from the rows: it is derived
//! data, and a damaged index must not stop a shop.

use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::{
    KeyEntry, KeyIndex, KeyIndexSettings, KeyName, Marks, hash_of_key, hash_of_route, hash_of_user,
    keeper::KeyKeeper,
    run::{Run, RunBuilder, RunHead, read_page},
};
use crate::sqlite::{
    answer,
    bind::{text, unsigned},
    failure::SqliteFailure,
    order, shard,
};

const KEY_RUNS_LIST: &str = "-- key_runs_list
SELECT run, state, level, first_flush, last_flush, entries, pages, last_event, last_order, last_answer
FROM key_runs ORDER BY first_flush, last_flush";

const KEY_RUNS_UNFINISHED_DROP: &str = "-- key_runs_unfinished_drop
UPDATE key_runs SET state = 'dropped' WHERE state = 'writing'";

const KEY_RUNS_ALL_DROP: &str = "-- key_runs_all_drop
UPDATE key_runs SET state = 'dropped'";

/// Ids of one millisecond are in the order of buckets, not of events; so the list begins with the millisecond that the
/// mark is in.
const ORDER_KEYS_AFTER_LIST: &str = "-- order_keys_after_list
SELECT id, first_event, user_id, token FROM orders WHERE id >= (?1 >> 22) << 22 AND first_event > ?2 ORDER BY id";

const ANSWER_KEYS_AFTER_LIST: &str = "-- answer_keys_after_list
SELECT id, scope, key FROM answers WHERE id > ?1 ORDER BY id";

/// Bits of an id below its millisecond.
const BITS_BELOW_MILLIS: u32 = 22;

impl KeyIndex {
    /// The index of what is stored, and its keeper. It may write: unfinished runs are marked, and a long tail becomes runs.
    pub(in super::super) fn open(
        connection: &Connection,
        settings: KeyIndexSettings,
    ) -> Result<(Arc<KeyIndex>, KeyKeeper), SqliteFailure> {
        settings.check()?;
        connection.execute_batch(KEY_RUNS_UNFINISHED_DROP)?;
        let (stored, mut dropped, next_run) = list(connection)?;
        let runs = match read_runs(connection, &stored)? {
            Ok(runs) => runs,
            Err(problem) => {
                tracing::warn!(%problem, "the key index is damaged; it is built anew from the orders");
                connection.execute_batch(KEY_RUNS_ALL_DROP)?;
                dropped.extend(stored.iter().map(|(head, ..)| head.run));
                Vec::new()
            }
        };
        let marks = runs.last().map_or_else(Marks::default, |run| run.head.marks);
        let index = Arc::new(KeyIndex::of_runs(runs, marks, settings));
        let mut keeper = KeyKeeper::new(Arc::clone(&index), settings, next_run, dropped);
        refill(connection, &mut keeper, marks)?;
        Ok((index, keeper))
    }
}

/// A run as `key_runs` tells of it: its head, its entries and its pages.
type StoredRun = (RunHead, u64, u32);

/// The complete runs, oldest first; the numbers of the dropped ones; and the number for the next one.
fn list(connection: &Connection) -> Result<(Vec<StoredRun>, Vec<i64>, i64), SqliteFailure> {
    let mut statement = connection.prepare(KEY_RUNS_LIST)?;
    let mut rows = statement.query([])?;
    let (mut complete, mut dropped, mut next) = (Vec::new(), Vec::new(), 1);
    while let Some(row) = rows.next()? {
        let stored = stored_run(row)?;
        next = next.max(stored.0.run + 1);
        if text(row, 1)? == "complete" { complete.push(stored) } else { dropped.push(stored.0.run) }
    }
    Ok((complete, dropped, next))
}

fn stored_run(row: &Row<'_>) -> Result<StoredRun, SqliteFailure> {
    let marks = Marks { last_event: row.get(7)?, last_order: row.get(8)?, last_answer: row.get(9)? };
    let head =
        RunHead { run: row.get(0)?, level: row.get(2)?, first_flush: row.get(3)?, last_flush: row.get(4)?, marks };
    Ok((head, unsigned(row, 5)?, row.get(6)?))
}

/// Reads all pages of the complete runs, or says what is wrong with them.
fn read_runs(connection: &Connection, stored: &[StoredRun]) -> Result<Result<Vec<Arc<Run>>, String>, SqliteFailure> {
    let mut runs = Vec::with_capacity(stored.len());
    let mut next_flush = 1;
    for (head, entries, pages) in stored {
        if head.first_flush != next_flush {
            return Ok(Err(format!("run {} begins with flush {}, not {next_flush}", head.run, head.first_flush)));
        }
        next_flush = head.last_flush + 1;
        let run = match read_run(connection, *head, *entries, *pages) {
            Ok(run) => run,
            Err(SqliteFailure::Damaged(problem)) => return Ok(Err(problem)),
            Err(failure) => return Err(failure),
        };
        if run.entries != *entries {
            return Ok(Err(format!("run {} has {} entries, not {entries}", head.run, run.entries)));
        }
        runs.push(Arc::new(run));
    }
    Ok(Ok(runs))
}

fn read_run(connection: &Connection, head: RunHead, entries: u64, pages: u32) -> Result<Run, SqliteFailure> {
    let mut builder = RunBuilder::new(head, usize::try_from(entries).unwrap_or(usize::MAX));
    let mut page_entries: Vec<KeyEntry> = Vec::new();
    for page in 0..pages {
        page_entries.clear();
        read_page(connection, head.run, page, |entries| page_entries.extend(entries))?;
        builder.add(&page_entries);
    }
    Ok(builder.finish())
}

/// Reads what lies behind the marks: orders first, then answers.
fn refill(connection: &Connection, keeper: &mut KeyKeeper, from: Marks) -> Result<(), SqliteFailure> {
    let mut marks = from;
    let mut statement = connection.prepare(ORDER_KEYS_AFTER_LIST)?;
    let mut rows = statement.query(params![from.last_order, from.last_event])?;
    while let Some(row) = rows.next()? {
        let (id, event): (i64, i64) = (row.get(0)?, row.get(1)?);
        // Only between milliseconds is everything before an id also before its event.
        if id >> BITS_BELOW_MILLIS != marks.last_order >> BITS_BELOW_MILLIS {
            keeper.catch_up(connection)?;
        }
        marks.last_event = marks.last_event.max(event);
        marks.last_order = id;
        let name = KeyName::of_order(text(row, 2)?, &order::token(row, 3)?);
        keeper.settle([KeyEntry { name, id }], marks);
    }
    let mut statement = connection.prepare(ANSWER_KEYS_AFTER_LIST)?;
    let mut rows = statement.query([from.last_answer])?;
    while let Some(row) = rows.next()? {
        keeper.catch_up(connection)?;
        let user = match answer::scope_of(text(row, 1)?)? {
            answer::Scope::User(user) => hash_of_user(user),
            answer::Scope::Route(route) => hash_of_route(route),
        };
        marks.last_answer = row.get(0)?;
        let name = KeyName { user, key: hash_of_key(text(row, 2)?) };
        keeper.settle([KeyEntry { name, id: -marks.last_answer }], marks);
    }
    marks.last_event = shard::head(connection)?.last_event;
    keeper.settle([], marks);
    keeper.catch_up(connection)
}
