//! A sorted run of entries in pages: what of it is in memory, and how its pages are read.
//!
//! In memory are a filter over its names and the first user of each page, so that a look-up reads a page or two. A run
//! never changes once it is complete, and its pages are not deleted while anybody holds it.

use std::ops::{ControlFlow, Range};

use rusqlite::{Connection, params};

use super::{ENTRY_BYTES, KeyEntry, KeyName, Marks, filter::Filter};
use crate::sqlite::failure::SqliteFailure;

/// Pages of a run are numbered in the lower bits of their row's number.
const PAGE_BITS: u32 = 24;

/// Most entries of a page: 4,032 bytes, so that it lies in one page of the file without overflow.
pub(super) const PAGE_ENTRIES_MAX: usize = 168;

const KEY_PAGE_LOAD: &str = "-- key_page_load
SELECT entries FROM key_pages WHERE page = ?1";

const KEY_PAGE_INSERT: &str = "-- key_page_insert
INSERT INTO key_pages (page, entries) VALUES (?1, ?2)";

const KEY_PAGES_DELETE: &str = "-- key_pages_delete
DELETE FROM key_pages WHERE page IN (
    SELECT page FROM key_pages WHERE page >= ?1 AND page < ?2 ORDER BY page LIMIT ?3 + 0)";

/// What is known of a run without reading its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunHead {
    /// Its number: pages of a younger run lie behind those of an older one.
    pub(super) run: i64,
    /// How often its entries were merged.
    pub(super) level: u32,
    /// The first and the last flush that is in it. Runs are ordered in time by these.
    pub(super) first_flush: i64,
    pub(super) last_flush: i64,
    /// Up to where the runs from the first to this one hold everything.
    pub(super) marks: Marks,
}

/// A complete run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) head: RunHead,
    pub(super) entries: u64,
    filter: Filter,
    /// The first user of each page.
    fences: Vec<u64>,
}

impl Run {
    pub(super) fn pages(&self) -> u32 {
        u32::try_from(self.fences.len()).expect("pages are numbered in 24 bits")
    }

    pub(super) fn may_hold(&self, name: KeyName) -> bool {
        self.filter.may_hold(name)
    }

    /// Shows `check` the ids under a name, newest first, until it recognises one.
    pub(super) fn find<T>(
        &self,
        connection: &Connection,
        name: KeyName,
        check: &mut impl FnMut(i64) -> Result<Option<T>, SqliteFailure>,
    ) -> Result<Option<T>, SqliteFailure> {
        for page in self.pages_of(name.user).rev() {
            let ids: Vec<i64> = self.read(connection, page, |entries| {
                entries.rev().filter(|entry| entry.name == name).map(|entry| entry.id).collect()
            })?;
            for id in ids {
                if let Some(found) = check(id)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// Shows `visit` the positive ids below `before` of a user, greatest first, until it breaks.
    pub(super) fn walk_user(
        &self,
        connection: &Connection,
        user: u64,
        before: i64,
        visit: &mut impl FnMut(i64) -> Result<ControlFlow<()>, SqliteFailure>,
    ) -> Result<ControlFlow<()>, SqliteFailure> {
        let mut pages = self.pages_of(user);
        // A user of many pages is entered in the middle.
        while pages.len() > 2 {
            let middle = pages.start + (pages.end - pages.start) / 2;
            let first = self.read(connection, middle, |mut entries| entries.next())?;
            match first {
                Some(first) if (first.name.user, first.id) < (user, before) => pages.start = middle,
                _ => pages.end = middle,
            }
        }
        let entered = pages.end;
        for page in (self.pages_of(user).start..entered).rev() {
            let ids: Vec<i64> = self.read(connection, page, |entries| {
                let of_user = entries.rev().filter(|entry| entry.name.user == user).map(|entry| entry.id);
                of_user.filter(|id| (1..before).contains(id)).collect()
            })?;
            for id in ids {
                if visit(id)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The pages that may hold a user: from the last that begins before it, to the last that does not begin behind it.
    fn pages_of(&self, user: u64) -> Range<u32> {
        let number = |index: usize| u32::try_from(index).expect("pages are numbered in 24 bits");
        let start = self.fences.partition_point(|first| *first < user).saturating_sub(1);
        let end = self.fences.partition_point(|first| *first <= user);
        number(start)..number(end)
    }

    /// Every entry of a page, in order.
    pub(super) fn page(&self, connection: &Connection, page: u32) -> Result<Vec<KeyEntry>, SqliteFailure> {
        self.read(connection, page, |entries| entries.collect())
    }

    fn read<T>(
        &self,
        connection: &Connection,
        page: u32,
        read: impl FnOnce(PageEntries<'_>) -> T,
    ) -> Result<T, SqliteFailure> {
        read_page(connection, self.head.run, page, read)
    }

    /// What is wrong with a page, of which the entries are given with the last one of the page before.
    pub(super) fn problem_of_page(&self, page: u32, entries: &[KeyEntry], last: Option<KeyEntry>) -> Option<String> {
        let sort_key = |entry: &KeyEntry| (entry.name.user, entry.id);
        let at = || format!("run {} page {page}", self.head.run);
        if entries.first().map(|entry| entry.name.user) != self.fences.get(page as usize).copied() {
            return Some(format!("{}: its fence is not its first user", at()));
        }
        if !last.iter().chain(entries).is_sorted_by_key(sort_key) {
            return Some(format!("{}: it is not in order", at()));
        }
        let lost = entries.iter().any(|entry| !self.may_hold(entry.name));
        lost.then(|| format!("{}: the filter denies an entry", at()))
    }
}

/// Builds what is in memory of a run while its pages are written or read, in order.
#[derive(Debug)]
pub(super) struct RunBuilder {
    head: RunHead,
    filter: Filter,
    fences: Vec<u64>,
    entries: u64,
    bytes: Vec<u8>,
}

impl RunBuilder {
    /// A builder for at most `entries` entries.
    pub(super) fn new(head: RunHead, entries: usize) -> RunBuilder {
        let bytes = Vec::with_capacity(PAGE_ENTRIES_MAX * ENTRY_BYTES);
        RunBuilder { head, filter: Filter::new(entries), fences: Vec::new(), entries: 0, bytes }
    }

    pub(super) fn head(&self) -> &RunHead {
        &self.head
    }

    /// Adds a page that is stored already.
    pub(super) fn add(&mut self, entries: &[KeyEntry]) {
        self.fences.extend(entries.first().map(|entry| entry.name.user));
        entries.iter().for_each(|entry| self.filter.add(entry.name));
        self.entries += entries.len() as u64;
    }

    /// Writes a page and adds it.
    pub(super) fn write(&mut self, connection: &Connection, entries: &[KeyEntry]) -> Result<(), SqliteFailure> {
        self.bytes.clear();
        entries.iter().for_each(|entry| self.bytes.extend_from_slice(&entry.to_bytes()));
        let page = row_of(self.head.run, self.fences.len());
        connection.prepare_cached(KEY_PAGE_INSERT)?.execute(params![page, self.bytes.as_slice()])?;
        self.add(entries);
        Ok(())
    }

    pub(super) fn finish(self) -> Run {
        Run { head: self.head, entries: self.entries, filter: self.filter, fences: self.fences }
    }
}

/// Reads a page of any run.
pub(super) fn read_page<T>(
    connection: &Connection,
    run: i64,
    page: u32,
    read: impl FnOnce(PageEntries<'_>) -> T,
) -> Result<T, SqliteFailure> {
    let mut statement = connection.prepare_cached(KEY_PAGE_LOAD)?;
    let mut rows = statement.query([row_of(run, page as usize)])?;
    let missing = || SqliteFailure::damaged("key_pages", format_args!("page {page} of run {run} is missing"));
    let row = rows.next()?.ok_or_else(missing)?;
    let bytes = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
    Ok(read(entries_of(bytes)))
}

/// Deletes pages of a run, at most `limit`. Returns how many.
pub(super) fn delete_pages(connection: &Connection, run: i64, limit: usize) -> Result<usize, SqliteFailure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(KEY_PAGES_DELETE)?;
    Ok(statement.execute(params![row_of(run, 0), row_of(run + 1, 0), limit])?)
}

fn row_of(run: i64, page: usize) -> i64 {
    let page = i64::try_from(page).ok().filter(|page| page >> PAGE_BITS == 0);
    (run << PAGE_BITS) | page.expect("a run has fewer than 2^24 pages: its level would have 2.8 billion entries")
}

/// The entries of a page, from either end.
pub(super) type PageEntries<'a> =
    std::iter::Map<std::slice::Iter<'a, [u8; ENTRY_BYTES]>, fn(&'a [u8; ENTRY_BYTES]) -> KeyEntry>;

fn entries_of(bytes: &[u8]) -> PageEntries<'_> {
    let (entries, _) = bytes.as_chunks::<ENTRY_BYTES>();
    entries.iter().map(KeyEntry::from_bytes)
}
