//! Which order or answer a (user, key) made, and which orders a user has: a log-structured index of 24-byte entries.
//!
//! A B-tree on (user, key) would dirty a random page an order. Here the newest entries are in memory, older ones in sorted
//! runs of pages that are written and merged in slices inside the commits of the store. The index is derived data: it holds
//! hashes, every hit is verified on the row it names, and what is lost of it is rebuilt from orders and answers.
//!
//! An entry is added after the commit of its row, so whatever is found here is visible to a snapshot that begins later.

mod memtable;

use std::{
    ops::ControlFlow,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use ordain_domain::{
    idempotency::{AnswerKey, KeyScope},
    ids::UserId,
    order::{OrderKey, OrderToken},
};
use rusqlite::Connection;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use self::memtable::Memtable;
use super::{answer, bind::text, failure::SqliteFailure, order};

/// How the index is cut. The figures of [`KeyIndexSettings::STANDARD`] are for production; tests use tiny ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyIndexSettings {
    /// How many entries are kept in memory before they are written as a run, at least 1.
    pub memtable_entries: usize,
    /// How many runs of a level are merged into one of the next, at least 2.
    pub fan_out: usize,
}

impl KeyIndexSettings {
    /// 131,072 entries (4 MiB) in memory, eight runs a merge.
    pub const STANDARD: KeyIndexSettings = KeyIndexSettings { memtable_entries: 131_072, fan_out: 8 };
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
}

const ORDER_KEYS_AFTER_LIST: &str = "-- order_keys_after_list
SELECT id, user_id, token FROM orders WHERE id > ?1 ORDER BY id";

const ANSWER_KEYS_AFTER_LIST: &str = "-- answer_keys_after_list
SELECT id, scope, key FROM answers WHERE id > ?1 ORDER BY id";

impl KeyIndex {
    /// The index of what is stored.
    pub(super) fn open(connection: &Connection, settings: KeyIndexSettings) -> Result<KeyIndex, SqliteFailure> {
        let index = KeyIndex::new(settings);
        let mut statement = connection.prepare(ORDER_KEYS_AFTER_LIST)?;
        let mut rows = statement.query([0])?;
        while let Some(row) = rows.next()? {
            let name = KeyName::of_order(text(row, 1)?, &order::token(row, 2)?);
            index.add([KeyEntry { name, id: row.get(0)? }]);
        }
        let mut statement = connection.prepare(ANSWER_KEYS_AFTER_LIST)?;
        let mut rows = statement.query([0])?;
        while let Some(row) = rows.next()? {
            let user = match answer::scope_of(text(row, 1)?)? {
                answer::Scope::User(user) => hash_of_user(user),
                answer::Scope::Route(route) => hash_of_route(route),
            };
            let name = KeyName { user, key: hash_of_key(text(row, 2)?) };
            index.add([KeyEntry { name, id: -row.get::<_, i64>(0)? }]);
        }
        Ok(index)
    }

    /// An empty index.
    pub(super) fn new(settings: KeyIndexSettings) -> KeyIndex {
        KeyIndex { state: RwLock::new(State { fresh: Memtable::new(settings.memtable_entries) }) }
    }

    /// Adds entries whose rows are committed.
    pub(super) fn add(&self, entries: impl IntoIterator<Item = KeyEntry>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            state.fresh.push(entry);
        }
    }

    /// Shows `check` the ids under a name, newest first, until it recognises one. Different names may share a hash, so
    /// that `check` compares the row itself.
    pub(super) fn find<T>(
        &self,
        _connection: &Connection,
        name: KeyName,
        mut check: impl FnMut(i64) -> Result<Option<T>, SqliteFailure>,
    ) -> Result<Option<T>, SqliteFailure> {
        let fresh: Vec<i64> = self.state().fresh.named(name).collect();
        for id in fresh {
            if let Some(found) = check(id)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Shows `visit` the ids of the orders of a user before `before` (excluded), newest first, until it breaks. Another
    /// user may share the hash, so that `visit` compares the row itself.
    pub(super) fn walk_user(
        &self,
        _connection: &Connection,
        user: &UserId,
        before: i64,
        mut visit: impl FnMut(i64) -> Result<ControlFlow<()>, SqliteFailure>,
    ) -> Result<(), SqliteFailure> {
        let hash = hash_of_user(user.as_str());
        let fresh: Vec<i64> = self.state().fresh.of_user(hash).filter(|id| (1..before).contains(id)).collect();
        for id in fresh {
            if visit(id)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The whole index as it stands.
    pub(super) fn view(&self) -> KeyView {
        KeyView { fresh: self.state().fresh.clone() }
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The index at one moment, for reading all of it.
pub(super) struct KeyView {
    fresh: Memtable,
}

impl KeyView {
    /// The youngest order that the index holds, 0 for none.
    pub(super) fn last_order(&self) -> i64 {
        self.fresh.entries().map(|entry| entry.id).max().unwrap_or(0).max(0)
    }

    /// All entries of orders, and what is wrong with how they are kept.
    pub(super) fn read_all(&self, _connection: &Connection) -> Result<(Multiset, Option<String>), SqliteFailure> {
        let mut orders = Multiset::default();
        self.fresh.entries().filter(|entry| entry.id > 0).for_each(|entry| orders.add(&entry));
        Ok((orders, None))
    }

    /// As [`KeyIndex::find`].
    pub(super) fn find<T>(
        &self,
        _connection: &Connection,
        name: KeyName,
        mut check: impl FnMut(i64) -> Result<Option<T>, SqliteFailure>,
    ) -> Result<Option<T>, SqliteFailure> {
        for id in self.fresh.named(name) {
            if let Some(found) = check(id)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
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
}
