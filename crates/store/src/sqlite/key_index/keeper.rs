//! The writer's side of the index: adds entries after each commit, and moves runs on inside the commits.
//!
//! When the table in memory is full it is frozen and written as a run; when a level has enough runs they are merged into
//! one of the next; runs that were replaced are deleted. Each commit does a share of that in proportion to what it adds, so
//! that the work keeps up and no commit pauses for it.

use std::{collections::BTreeSet, sync::Arc};

use rusqlite::{Connection, params};

use super::{
    KeyEntry, KeyIndex, KeyIndexSettings, Marks, State,
    job::Job,
    memtable::Memtable,
    run::{self, Run, RunHead},
};
use crate::sqlite::{answer, failure::SqliteFailure};

const KEY_RUN_DELETE: &str = "-- key_run_delete
DELETE FROM key_runs WHERE run = ?1";

/// How many times faster than new entries come the work on them is done: each job must end before the next begins.
const PACE: usize = 2;
/// How many pages are deleted together. Neighbours are deleted cheaper than strangers.
const DELETED_TOGETHER: usize = 32;

/// The writer's side of the index.
#[derive(Debug)]
pub(in super::super) struct KeyKeeper {
    index: Arc<KeyIndex>,
    settings: KeyIndexSettings,
    flush: Option<Job>,
    merges: Vec<Job>,
    /// Completed in the transaction that is open.
    completed: Vec<Completed>,
    /// Runs whose writing failed in it; earlier transactions may have written some of their pages.
    failed: Vec<i64>,
    dropped: Vec<Dropped>,
    deletion_debt: usize,
    next_run: i64,
    next_flush: i64,
}

#[derive(Debug)]
struct Completed {
    run: Arc<Run>,
    inputs: Vec<Arc<Run>>,
}

/// A run that is no longer looked at, and its pages are to be deleted.
#[derive(Debug)]
struct Dropped {
    run: i64,
    /// Held until no reader looks at it any more.
    held: Option<Arc<Run>>,
    is_deleted: bool,
}

impl KeyKeeper {
    /// A keeper of an index whose runs have numbers below `next_run`; `dropped` ones are still to be deleted.
    pub(super) fn new(
        index: Arc<KeyIndex>,
        settings: KeyIndexSettings,
        next_run: i64,
        dropped: impl IntoIterator<Item = i64>,
    ) -> KeyKeeper {
        let next_flush = index.state().runs.first().map_or(1, |run| run.head.last_flush + 1);
        let dropped = dropped.into_iter().map(|run| Dropped { run, held: None, is_deleted: false });
        KeyKeeper {
            index,
            settings,
            flush: None,
            merges: Vec::new(),
            completed: Vec::new(),
            failed: Vec::new(),
            dropped: dropped.collect(),
            deletion_debt: 0,
            next_run,
            next_flush,
        }
    }

    /// Does a share of the work inside the transaction of a commit that adds `added` entries. After it comes
    /// [`KeyKeeper::settle`], or [`KeyKeeper::abandon`] when the transaction failed.
    pub(in super::super) fn work(&mut self, connection: &Connection, added: usize) -> Result<(), SqliteFailure> {
        self.begin_flush();
        self.begin_merges(connection)?;
        let pages = PACE * added / self.settings.page_entries + 1;
        let jobs: Vec<Job> = self.flush.take().into_iter().chain(std::mem::take(&mut self.merges)).collect();
        let runs: Vec<i64> = jobs.iter().map(Job::run).collect();
        if let Err(failure) = self.advance(connection, jobs, pages) {
            self.failed.extend(runs);
            return Err(failure);
        }
        self.deletion_debt += 2 * pages;
        self.delete_dropped(connection)
    }

    fn advance(&mut self, connection: &Connection, jobs: Vec<Job>, pages: usize) -> Result<(), SqliteFailure> {
        for mut job in jobs {
            if job.advance(connection, pages)? {
                let inputs = job.inputs();
                self.completed.push(Completed { run: job.complete(connection)?, inputs });
            } else if job.is_flush() {
                self.flush = Some(job);
            } else {
                self.merges.push(job);
            }
        }
        Ok(())
    }

    /// Takes up the runs that a commit completed, and adds its entries. `marks` is how far the store is now.
    pub(in super::super) fn settle(&mut self, entries: impl IntoIterator<Item = KeyEntry>, marks: Marks) {
        let mut replaced = Vec::new();
        {
            let mut state = self.index.state_mut();
            for Completed { run, inputs } in self.completed.drain(..) {
                self.next_flush = self.next_flush.max(run.head.last_flush + 1);
                state.take_up(run, &inputs);
                replaced.extend(inputs);
            }
            entries.into_iter().for_each(|entry| state.fresh.push(entry));
            state.marks = marks;
        }
        self.dropped.retain(|dropped| !dropped.is_deleted);
        let dropped = replaced.into_iter().map(|run| Dropped { run: run.head.run, held: Some(run), is_deleted: false });
        self.dropped.extend(dropped);
    }

    /// Sets a full table aside to be written, unless one is being written still. All entries up to the marks must be in
    /// the index.
    pub(in super::super) fn freeze_if_full(&mut self) {
        let mut state = self.index.state_mut();
        if state.fresh.len() >= self.settings.memtable_entries && state.frozen.is_none() {
            state.freeze(self.settings.memtable_entries);
        }
    }

    /// Forgets what was done inside a transaction that failed: the jobs are begun anew, under other numbers.
    pub(in super::super) fn abandon(&mut self) {
        let jobs = self.flush.take().into_iter().chain(self.merges.drain(..));
        let runs = jobs.map(|job| job.run()).chain(self.completed.drain(..).map(|completed| completed.run.head.run));
        let runs: BTreeSet<i64> = runs.chain(self.failed.drain(..)).collect();
        let dropped = runs.into_iter().map(|run| Dropped { run, held: None, is_deleted: false });
        self.dropped.iter_mut().for_each(|dropped| dropped.is_deleted = false);
        self.dropped.extend(dropped);
    }

    /// Works until there is room in memory, in transactions of its own.
    pub(super) fn catch_up(&mut self, connection: &Connection) -> Result<(), SqliteFailure> {
        self.freeze_if_full();
        while self.index.state().fresh.len() >= self.settings.memtable_entries {
            connection.execute_batch("-- key_index_begin\nBEGIN IMMEDIATE")?;
            let worked = self.work(connection, self.settings.memtable_entries);
            match worked.and_then(|()| Ok(connection.execute_batch("-- key_index_end\nCOMMIT")?)) {
                Ok(()) => {
                    let marks = self.index.state().marks;
                    self.settle([], marks);
                }
                Err(failure) => {
                    self.abandon();
                    // Some failures SQLite has rolled back by itself.
                    if !connection.is_autocommit() {
                        connection.execute_batch("-- key_index_undo\nROLLBACK")?;
                    }
                    return Err(failure);
                }
            }
            self.freeze_if_full();
        }
        Ok(())
    }

    fn begin_flush(&mut self) {
        if self.flush.is_some() {
            return;
        }
        let Some(frozen) = self.index.state().frozen.clone() else { return };
        let flush = self.next_flush;
        let head =
            RunHead { run: self.new_run(), level: 0, first_flush: flush, last_flush: flush, marks: frozen.marks };
        self.flush = Some(Job::flush(head, &frozen.table, self.settings.page_entries));
    }

    /// Begins a merge on each level that has enough runs and none going on.
    fn begin_merges(&mut self, connection: &Connection) -> Result<(), SqliteFailure> {
        let runs = Arc::clone(&self.index.state().runs);
        let Some(top) = runs.iter().map(|run| run.head.level).max() else { return Ok(()) };
        for level in 0..=top {
            if self.merges.iter().any(|job| job.level() == level + 1) {
                continue;
            }
            // Runs stand newest first; the oldest of a level are merged first.
            let of_level: Vec<&Arc<Run>> = runs.iter().rev().filter(|run| run.head.level == level).collect();
            let Some(oldest) = of_level.get(..self.settings.fan_out) else { continue };
            let (first, last) = (oldest[0].head, oldest[oldest.len() - 1].head);
            let head = RunHead { run: self.new_run(), level: level + 1, first_flush: first.first_flush, ..last };
            let inputs: Vec<Arc<Run>> = oldest.iter().map(|run| Arc::clone(run)).collect();
            let first_answer = answer::first_id(connection)?.unwrap_or(self.index.state().marks.last_answer + 1);
            self.merges.push(Job::merge(head, &inputs, self.settings.page_entries, first_answer));
        }
        Ok(())
    }

    fn new_run(&mut self) -> i64 {
        self.next_run += 1;
        self.next_run - 1
    }

    fn delete_dropped(&mut self, connection: &Connection) -> Result<(), SqliteFailure> {
        if self.deletion_debt < DELETED_TOGETHER {
            return Ok(());
        }
        let mut left = std::mem::take(&mut self.deletion_debt);
        let is_free = |dropped: &Dropped| dropped.held.as_ref().is_none_or(|run| Arc::strong_count(run) == 1);
        for dropped in self.dropped.iter_mut().filter(|dropped| !dropped.is_deleted && is_free(dropped)) {
            let deleted = run::delete_pages(connection, dropped.run, left)?;
            if deleted == left {
                break;
            }
            connection.prepare_cached(KEY_RUN_DELETE)?.execute(params![dropped.run])?;
            dropped.is_deleted = true;
            // A run without pages costs a statement or two as well.
            left -= deleted.max(1).min(left - 1);
        }
        Ok(())
    }
}

/// A full table that is being written.
#[derive(Clone, Debug)]
pub(super) struct Frozen {
    pub(super) table: Arc<Memtable>,
    pub(super) marks: Marks,
}

impl State {
    /// A run takes the place of the runs it was merged from, or of the frozen table.
    fn take_up(&mut self, run: Arc<Run>, inputs: &[Arc<Run>]) {
        let mut runs: Vec<Arc<Run>> = self.runs.iter().map(Arc::clone).collect();
        match inputs {
            [] => {
                self.frozen = None;
                runs.insert(0, run);
            }
            [..] => {
                runs.retain(|run| !inputs.iter().any(|input| Arc::ptr_eq(input, run)));
                let at = runs.partition_point(|other| other.head.first_flush > run.head.last_flush);
                runs.insert(at, run);
            }
        }
        self.runs = Arc::new(runs);
    }

    fn freeze(&mut self, capacity: usize) {
        let table = std::mem::replace(&mut self.fresh, Memtable::new(capacity));
        self.frozen = Some(Frozen { table: Arc::new(table), marks: self.marks });
    }
}
