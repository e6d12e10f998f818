//! Writing one run, a few pages at a time, each inside the transaction of some commit.
//!
//! A job holds no state that a failed transaction would have to take back: it is thrown away then and begun anew under
//! another number.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use rusqlite::{Connection, params};

use super::{
    KeyEntry,
    memtable::Memtable,
    run::{Run, RunBuilder, RunHead},
};
use crate::sqlite::failure::SqliteFailure;

const KEY_RUN_INSERT: &str = "-- key_run_insert
INSERT INTO key_runs (run, level, state, first_flush, last_flush, entries, pages, last_event, last_order, last_answer)
VALUES (?1, ?2, 'writing', ?3, ?4, 0, 0, ?5, ?6, ?7)";

const KEY_RUN_COMPLETE: &str = "-- key_run_complete
UPDATE key_runs SET state = 'complete', entries = ?2, pages = ?3 WHERE run = ?1";

const KEY_RUN_DROP: &str = "-- key_run_drop
UPDATE key_runs SET state = 'dropped' WHERE run = ?1";

/// A run being written.
#[derive(Debug)]
pub(super) struct Job {
    builder: RunBuilder,
    source: Source,
    page: Vec<KeyEntry>,
    page_entries: usize,
    /// Answers below this number are gone; their entries are left out.
    first_answer: i64,
    is_begun: bool,
}

/// Where the entries of a job come from, in the order of users and ids.
#[derive(Debug)]
enum Source {
    Table { table: Arc<Memtable>, bucket: usize, pending: Vec<KeyEntry> },
    Runs { runs: Vec<Cursor>, heads: BinaryHeap<Reverse<((u64, i64), usize)>> },
}

/// A place in a run that is being merged.
#[derive(Debug)]
struct Cursor {
    run: Arc<Run>,
    next_page: u32,
    entries: std::vec::IntoIter<KeyEntry>,
    head: Option<KeyEntry>,
}

impl Job {
    /// A job that writes a frozen table.
    pub(super) fn flush(head: RunHead, table: &Arc<Memtable>, page_entries: usize) -> Job {
        let source = Source::Table { table: Arc::clone(table), bucket: 0, pending: Vec::new() };
        Job::new(head, source, table.len(), page_entries, 0)
    }

    /// A job that merges runs, which follow each other in time.
    pub(super) fn merge(head: RunHead, runs: &[Arc<Run>], page_entries: usize, first_answer: i64) -> Job {
        let entries: u64 = runs.iter().map(|run| run.entries).sum();
        let cursor =
            |run: &Arc<Run>| Cursor { run: Arc::clone(run), next_page: 0, entries: Vec::new().into_iter(), head: None };
        let source = Source::Runs { runs: runs.iter().map(cursor).collect(), heads: BinaryHeap::new() };
        Job::new(head, source, usize::try_from(entries).unwrap_or(usize::MAX), page_entries, first_answer)
    }

    fn new(head: RunHead, source: Source, entries: usize, page_entries: usize, first_answer: i64) -> Job {
        let page = Vec::with_capacity(page_entries);
        Job { builder: RunBuilder::new(head, entries), source, page, page_entries, first_answer, is_begun: false }
    }

    pub(super) fn run(&self) -> i64 {
        self.builder.head().run
    }

    pub(super) fn level(&self) -> u32 {
        self.builder.head().level
    }

    pub(super) fn is_flush(&self) -> bool {
        matches!(self.source, Source::Table { .. })
    }

    /// The runs that this one replaces.
    pub(super) fn inputs(&self) -> Vec<Arc<Run>> {
        match &self.source {
            Source::Table { .. } => Vec::new(),
            Source::Runs { runs, .. } => runs.iter().map(|cursor| Arc::clone(&cursor.run)).collect(),
        }
    }

    /// Writes up to `pages` pages; true when the run is complete.
    pub(super) fn advance(&mut self, connection: &Connection, pages: usize) -> Result<bool, SqliteFailure> {
        if !self.is_begun {
            self.begin(connection)?;
        }
        for _ in 0..pages {
            self.page.clear();
            while self.page.len() < self.page_entries {
                match self.source.next(connection)? {
                    Some(entry) if entry.id < 0 && -entry.id < self.first_answer => {}
                    Some(entry) => self.page.push(entry),
                    None => break,
                }
            }
            if !self.page.is_empty() {
                self.builder.write(connection, &self.page)?;
            }
            if self.page.len() < self.page_entries {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn begin(&mut self, connection: &Connection) -> Result<(), SqliteFailure> {
        let head = *self.builder.head();
        let marks = head.marks;
        connection.prepare_cached(KEY_RUN_INSERT)?.execute(params![
            head.run,
            head.level,
            head.first_flush,
            head.last_flush,
            marks.last_event,
            marks.last_order,
            marks.last_answer,
        ])?;
        if let Source::Runs { runs, heads } = &mut self.source {
            for (index, cursor) in runs.iter_mut().enumerate() {
                cursor.step(connection)?;
                heads.extend(cursor.sort_key().map(|key| Reverse((key, index))));
            }
        }
        self.is_begun = true;
        Ok(())
    }

    /// Writes that the run is complete and takes the place of its inputs.
    pub(super) fn complete(self, connection: &Connection) -> Result<Arc<Run>, SqliteFailure> {
        let inputs = self.inputs();
        let run = self.builder.finish();
        let entries = i64::try_from(run.entries).unwrap_or(i64::MAX);
        connection.prepare_cached(KEY_RUN_COMPLETE)?.execute(params![run.head.run, entries, run.pages()])?;
        let mut drop = connection.prepare_cached(KEY_RUN_DROP)?;
        for input in inputs {
            drop.execute([input.head.run])?;
        }
        Ok(Arc::new(run))
    }
}

impl Source {
    fn next(&mut self, connection: &Connection) -> Result<Option<KeyEntry>, SqliteFailure> {
        match self {
            Source::Table { table, bucket, pending } => {
                while pending.is_empty() && *bucket < table.buckets() {
                    table.bucket(*bucket, pending);
                    *bucket += 1;
                }
                Ok(pending.pop())
            }
            Source::Runs { runs, heads } => {
                let Some(Reverse((_, index))) = heads.pop() else { return Ok(None) };
                let cursor = &mut runs[index];
                let entry = cursor.step(connection)?;
                heads.extend(cursor.sort_key().map(|key| Reverse((key, index))));
                Ok(entry)
            }
        }
    }
}

impl Cursor {
    fn sort_key(&self) -> Option<(u64, i64)> {
        self.head.map(|head| (head.name.user, head.id))
    }

    /// Takes the head and reads the one after it.
    fn step(&mut self, connection: &Connection) -> Result<Option<KeyEntry>, SqliteFailure> {
        let mut next = self.entries.next();
        if next.is_none() && self.next_page < self.run.pages() {
            self.entries = self.run.page(connection, self.next_page)?.into_iter();
            self.next_page += 1;
            next = self.entries.next();
        }
        Ok(std::mem::replace(&mut self.head, next))
    }
}
