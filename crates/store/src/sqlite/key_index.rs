//! Which order or answer a (user, key) made, and which orders a user has: a log-structured index of 24-byte entries.
//!
//! A B-tree on (user, key) would dirty a random page an order. Here the newest entries are in memory, older ones in sorted
//! runs of pages that are written and merged in slices inside the commits of the store. The index is derived data: it holds
//! hashes, every hit is verified on the row it names, and what is lost of it is rebuilt from orders and answers.
//!
//! An entry is added after the commit of its row, so whatever is found here is visible to a snapshot that begins later.

mod filter;
mod job;
mod keeper;
mod memtable;
mod recover;
mod run;
#[cfg(test)]
mod tests;

use std::{
    ops::ControlFlow,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use ordain_domain::{
    idempotency::{AnswerKey, KeyScope},
    ids::UserId,
    order::{OrderKey, OrderToken},
};
use rusqlite::Connection;
use xxhash_rust::xxh3::xxh3_64_with_seed;

pub(super) use self::keeper::KeyKeeper;
use self::{
    keeper::Frozen,
    memtable::Memtable,
    run::{PAGE_ENTRIES_MAX, Run},
};
use super::failure::SqliteFailure;

/// How the index is cut. The figures of [`KeyIndexSettings::STANDARD`] are for production; tests use tiny ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyIndexSettings {
    /// How many entries are kept in memory before they are written as a run, at least 1.
    pub memtable_entries: usize,
    /// How many runs of a level are merged into one of the next, at least 2.
    pub fan_out: usize,
    /// How many entries a page holds, 1 to 168: a page of 4,032 bytes lies in one page of the file.
    pub page_entries: usize,
}

impl KeyIndexSettings {
    /// 131,072 entries (4 MiB) in memory, eight runs a merge.
    pub const STANDARD: KeyIndexSettings =
        KeyIndexSettings { memtable_entries: 131_072, fan_out: 8, page_entries: PAGE_ENTRIES_MAX };

    fn check(self) -> Result<(), SqliteFailure> {
        if self.memtable_entries >= 1 && self.fan_out >= 2 && (1..=PAGE_ENTRIES_MAX).contains(&self.page_entries) {
            return Ok(());
        }
        Err(SqliteFailure::Guard(format!("the key index cannot be cut like this: {self:?}")))
    }
}

/// What an entry is found by: hashes of the user (or the scope of an answer) and of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct KeyName {
    pub(super) user: u64,
    pub(super) key: u64,
}

/// One entry. Ids of orders are positive; the number of an answer is stored negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyEntry {
    pub(super) name: KeyName,
    pub(super) id: i64,
}

/// How far something is complete: last event of the log, greatest order id, last answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) last_event: i64,
    pub(super) last_order: i64,
    pub(super) last_answer: i64,
}

// Seeds are fixed for ever: they are part of what is stored.
const USER_SEED: u64 = 0x6f72_6461_696e_0001;
const ROUTE_SEED: u64 = 0x6f72_6461_696e_0002;
const KEY_SEED: u64 = 0x6f72_6461_696e_0003;
const LINES_SEED: u64 = 0x6f72_6461_696e_0004;

/// The hash of a user.
pub(super) fn hash_of_user(user: &str) -> u64 {
    xxh3_64_with_seed(user.as_bytes(), USER_SEED)
}

/// The hash of a route and its caller.
pub(super) fn hash_of_route(route: &str) -> u64 {
    xxh3_64_with_seed(route.as_bytes(), ROUTE_SEED)
}

/// The hash of a caller's key.
pub(super) fn hash_of_key(key: &str) -> u64 {
    xxh3_64_with_seed(key.as_bytes(), KEY_SEED)
}

impl KeyName {
    /// The name of a placement.
    pub(super) fn of_order(user: &str, token: &OrderToken) -> KeyName {
        let key = match token {
            OrderToken::Key(key) => hash_of_key(key),
            OrderToken::Lines(hash) => xxh3_64_with_seed(&hash.to_le_bytes(), LINES_SEED),
        };
        KeyName { user: hash_of_user(user), key }
    }

    /// The name of a placement.
    pub(super) fn of_order_key(key: &OrderKey) -> KeyName {
        KeyName::of_order(key.user_id.as_str(), &key.token)
    }

    /// Both hashes as one. The multiplication keeps a user with many keys from filling one bucket.
    fn mixed(self) -> u64 {
        self.user.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.key
    }

    /// The name of an answer. For placements it is the name of the order that the key would have made.
    pub(super) fn of_answer(key: &AnswerKey) -> KeyName {
        let user = match &key.scope {
            KeyScope::Place(user) => hash_of_user(user.as_str()),
            KeyScope::Route(route) => hash_of_route(route),
        };
        KeyName { user, key: hash_of_key(&key.key) }
    }
}

/// The index, shared by the writer and the readers.
#[derive(Debug)]
pub(super) struct KeyIndex {
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    fresh: Memtable,
    frozen: Option<Frozen>,
    /// Newest first.
    runs: Arc<Vec<Arc<Run>>>,
    /// Everything up to these is in the index.
    marks: Marks,
}

impl KeyIndex {
    /// An index of complete runs, oldest first.
    fn of_runs(mut runs: Vec<Arc<Run>>, marks: Marks, settings: KeyIndexSettings) -> KeyIndex {
        runs.reverse();
        let fresh = Memtable::new(settings.memtable_entries);
        KeyIndex { state: RwLock::new(State { fresh, frozen: None, runs: Arc::new(runs), marks }) }
    }

    /// How far the index is: everything up to there is in it.
    pub(super) fn marks(&self) -> Marks {
        self.state().marks
    }

    /// What may be of a name. Reads with it must not be older than this call.
    pub(super) fn candidates(&self, name: KeyName) -> Candidates {
        let state = self.state();
        Candidates {
            name,
            recent: state.tables().flat_map(|table| table.named(name)).collect(),
            runs: state.runs.iter().filter(|run| run.may_hold(name)).map(Arc::clone).collect(),
        }
    }

    /// Shows `visit` the ids of the orders of a user before `before` (excluded), newest first, until it breaks. Another
    /// user may share the hash, so that `visit` compares the row itself. Reads on `connection` must not be older than this
    /// call.
    pub(super) fn walk_user(
        &self,
        connection: &Connection,
        user: &UserId,
        before: i64,
        mut visit: impl FnMut(i64) -> Result<ControlFlow<()>, SqliteFailure>,
    ) -> Result<(), SqliteFailure> {
        let hash = hash_of_user(user.as_str());
        let (recent, runs) = {
            let state = self.state();
            let ids = state.tables().flat_map(|table| table.of_user(hash)).filter(|id| (1..before).contains(id));
            (ids.collect::<Vec<_>>(), Arc::clone(&state.runs))
        };
        for id in recent {
            if visit(id)?.is_break() {
                return Ok(());
            }
        }
        for run in runs.iter() {
            if run.walk_user(connection, hash, before, &mut visit)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The whole index as it stands.
    pub(super) fn view(&self) -> KeyView {
        let state = self.state();
        let frozen = state.frozen.as_ref().map(|frozen| Arc::clone(&frozen.table));
        let tables = std::iter::once(Arc::new(state.fresh.clone())).chain(frozen).collect();
        KeyView { tables, runs: Arc::clone(&state.runs), marks: state.marks }
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is in memory only, newest first.
    fn tables(&self) -> impl Iterator<Item = &Memtable> {
        std::iter::once(&self.fresh).chain(self.frozen.as_ref().map(|frozen| &*frozen.table))
    }
}

/// What may be of a name: entries in memory, and runs that do not deny it. Nearly always nothing, and then nothing was
/// allocated for it.
#[derive(Debug)]
pub(super) struct Candidates {
    name: KeyName,
    recent: Vec<i64>,
    runs: Vec<Arc<Run>>,
}

impl Candidates {
    /// Whether the name is certainly not in the index.
    pub(super) fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.runs.is_empty()
    }

    /// Shows `check` the ids under the name, newest first, until it recognises one. Different names may share a hash, so
    /// that `check` compares the row itself.
    pub(super) fn find<T>(
        &self,
        connection: &Connection,
        mut check: impl FnMut(i64) -> Result<Option<T>, SqliteFailure>,
    ) -> Result<Option<T>, SqliteFailure> {
        for id in &self.recent {
            if let Some(found) = check(*id)? {
                return Ok(Some(found));
            }
        }
        for run in &self.runs {
            if let Some(found) = run.find(connection, self.name, &mut check)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// The index at one moment, for reading all of it in a snapshot that begins later.
#[derive(Debug)]
pub(super) struct KeyView {
    tables: Vec<Arc<Memtable>>,
    runs: Arc<Vec<Arc<Run>>>,
    marks: Marks,
}

impl KeyView {
    /// How far the index was: everything up to there is in it, and nothing behind it.
    pub(super) fn marks(&self) -> Marks {
        self.marks
    }

    /// All entries of orders, and the first thing that is wrong with how they are kept.
    pub(super) fn read_all(&self, connection: &Connection) -> Result<(Multiset, Option<String>), SqliteFailure> {
        let mut orders = Multiset::default();
        let recent = self.tables.iter().flat_map(|table| table.entries());
        recent.filter(|entry| entry.id > 0).for_each(|entry| orders.add(&entry));
        let mut problem = None;
        for run in self.runs.iter() {
            let mut last = None;
            for page in 0..run.pages() {
                let entries = run.page(connection, page)?;
                problem = problem.or_else(|| run.problem_of_page(page, &entries, last));
                last = entries.last().copied().or(last);
                entries.iter().filter(|entry| entry.id > 0).for_each(|entry| orders.add(entry));
            }
        }
        Ok((orders, problem))
    }

    /// As [`KeyIndex::candidates`].
    pub(super) fn candidates(&self, name: KeyName) -> Candidates {
        Candidates {
            name,
            recent: self.tables.iter().flat_map(|table| table.named(name)).collect(),
            runs: self.runs.iter().filter(|run| run.may_hold(name)).map(Arc::clone).collect(),
        }
    }
}

/// A set of entries as the sum of their hashes: equal sets are equal, and unequal ones are told apart but for a chance
/// of 2^-64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Multiset {
    count: u64,
    sum: u64,
}

impl Multiset {
    pub(super) fn add(&mut self, entry: &KeyEntry) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(xxh3_64_with_seed(&entry.to_bytes(), 0));
    }

    pub(super) fn len(&self) -> u64 {
        self.count
    }
}

/// Bytes of a stored entry.
pub(super) const ENTRY_BYTES: usize = 24;

impl KeyEntry {
    /// The stored form: user hash, key hash, id, each 64 bits little-endian.
    pub(super) fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[..8].copy_from_slice(&self.name.user.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.name.key.to_le_bytes());
        bytes[16..].copy_from_slice(&self.id.to_le_bytes());
        bytes
    }

    /// The entry of its stored form.
    fn from_bytes(bytes: &[u8; ENTRY_BYTES]) -> KeyEntry {
        let (words, _) = bytes.as_chunks::<8>();
        let [user, key, id] = [words[0], words[1], words[2]].map(u64::from_le_bytes);
        KeyEntry { name: KeyName { user, key }, id: id.cast_signed() }
    }
}
