//! The index against a model, with tables and pages of a few entries: random commits, failing commits, and crashes.
//!
//! A crash is the loss of everything in memory; what the file holds is what was committed.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use ordain_domain::{ids::UserId, order::OrderToken};
use proptest::prelude::*;
use rusqlite::{Connection, params};

use super::*;
use crate::sqlite::schema::{self, WriterSettings};

const USERS: u8 = 6;
const KEYS: u8 = 8;

/// What happens to the index.
#[derive(Clone, Debug)]
enum Step {
    /// A commit with orders of (user, key).
    Commit(Vec<(u8, u8)>),
    /// A commit that fails after all its work.
    Fail(Vec<(u8, u8)>),
    /// The process ends and another one begins.
    Crash,
    /// A reader takes hold of the index and keeps it for the rest of the test.
    Hold,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let orders = || prop::collection::vec((0..USERS, 0..KEYS), 0..12);
    let step = prop_oneof![
        12 => orders().prop_map(Step::Commit),
        2 => orders().prop_map(Step::Fail),
        1 => Just(Step::Crash),
        1 => Just(Step::Hold),
    ];
    prop::collection::vec(step, 1..60)
}

fn settings() -> impl Strategy<Value = KeyIndexSettings> {
    (1_usize..12, 2_usize..4, 1_usize..4).prop_map(|(memtable_entries, fan_out, page_entries)| KeyIndexSettings {
        memtable_entries,
        fan_out,
        page_entries,
    })
}

fn user(number: u8) -> UserId {
    UserId::new(&format!("user-{number}")).unwrap()
}

fn token(number: u8) -> OrderToken {
    OrderToken::Key(Arc::from(format!("key-{number}")))
}

struct World {
    _folder: tempfile::TempDir,
    connection: Connection,
    settings: KeyIndexSettings,
    index: Arc<KeyIndex>,
    keeper: KeyKeeper,
    next: i64,
    model: BTreeMap<(u8, u8), Vec<i64>>,
}

impl World {
    fn new(settings: KeyIndexSettings) -> World {
        let folder = tempfile::tempdir().unwrap();
        let writer = WriterSettings { cache_bytes: 1 << 20, unsafe_synchronous_normal: true };
        let connection = schema::open_writer(&folder.path().join("index.db"), writer).unwrap();
        let (index, keeper) = KeyIndex::open(&connection, settings).unwrap();
        World { _folder: folder, connection, settings, index, keeper, next: 1, model: BTreeMap::new() }
    }

    fn commit(&mut self, orders: &[(u8, u8)], succeeds: bool) {
        self.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut entries = Vec::new();
        for (offset, (user_number, key)) in (0..).zip(orders) {
            // Several orders a millisecond, as ids have them.
            let id = ((self.next + offset) / 3) << 22 | (self.next + offset);
            insert_order(&self.connection, id, self.next + offset, &user(*user_number), &token(*key));
            entries.push(KeyEntry { name: KeyName::of_order(user(*user_number).as_str(), &token(*key)), id });
        }
        self.keeper.work(&self.connection, entries.len()).unwrap();
        if !succeeds {
            self.connection.execute_batch("ROLLBACK").unwrap();
            self.keeper.abandon();
            return;
        }
        let last_event = self.next - 1 + i64::try_from(orders.len()).unwrap();
        self.connection.execute("UPDATE shard_meta SET last_event = ?1", [last_event]).unwrap();
        self.connection.execute_batch("COMMIT").unwrap();
        for (entry, name) in entries.iter().zip(orders) {
            self.model.entry(*name).or_default().push(entry.id);
        }
        self.next = last_event + 1;
        let last_order = entries.last().map_or(self.index.marks().last_order, |entry| entry.id);
        self.keeper.settle(entries, Marks { last_event, last_order, last_answer: 0 });
        self.keeper.freeze_if_full();
    }

    /// Does its work in a file that must not grow; whether that failed.
    fn meet_full_disk(&mut self) -> bool {
        let pages: i64 = self.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let bound = |pages: i64| {
            self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
        };
        bound(pages);
        self.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let failed = self.keeper.work(&self.connection, 1_000).is_err();
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK").unwrap();
        }
        self.keeper.abandon();
        bound(1 << 30);
        failed
    }

    fn crash(&mut self) {
        (self.index, self.keeper) = KeyIndex::open(&self.connection, self.settings).unwrap();
    }

    fn check(&self) {
        for user_number in 0..USERS {
            for key in 0..KEYS {
                let name = KeyName::of_order(user(user_number).as_str(), &token(key));
                let mut found = Vec::new();
                let nothing = self.index.candidates(name).find(&self.connection, |id| {
                    found.push(id);
                    Ok(None::<()>)
                });
                assert_eq!(nothing.unwrap(), None);
                let mut expected = self.model.get(&(user_number, key)).cloned().unwrap_or_default();
                expected.reverse();
                assert_eq!(found, expected, "user {user_number} key {key}");
            }
            self.check_walk(user_number);
        }
        let (all, problem) = self.index.view().read_all(&self.connection).unwrap();
        assert_eq!(problem, None);
        assert_eq!(all, self.expected_set());
    }

    /// What a reader took hold of stays whole for it, whatever was merged since. It ends with the process.
    fn check_held(&self, held: &mut Vec<(KeyView, Multiset)>) {
        for (view, expected) in held.drain(..) {
            let (all, problem) = view.read_all(&self.connection).unwrap();
            assert_eq!(problem, None);
            assert_eq!(all, expected);
        }
    }

    fn check_walk(&self, user_number: u8) {
        let of_user = self.model.range((user_number, 0)..=(user_number, KEYS));
        let mut expected: Vec<i64> = of_user.flat_map(|(_, ids)| ids.iter().copied()).collect();
        expected.sort_unstable_by(|a, b| b.cmp(a));
        for (skipped, before) in std::iter::once(i64::MAX).chain(expected.iter().copied()).enumerate() {
            let mut found = Vec::new();
            let walk = self.index.walk_user(&self.connection, &user(user_number), before, |id| {
                found.push(id);
                Ok(ControlFlow::Continue(()))
            });
            walk.unwrap();
            assert_eq!(found, expected[skipped..], "user {user_number} before {before}");
        }
    }

    fn expected_set(&self) -> Multiset {
        let mut expected = Multiset::default();
        for ((user_number, key), ids) in &self.model {
            let name = KeyName::of_order(user(*user_number).as_str(), &token(*key));
            ids.iter().for_each(|id| expected.add(&KeyEntry { name, id: *id }));
        }
        expected
    }
}

fn insert_order(connection: &Connection, id: i64, event: i64, user: &UserId, token: &OrderToken) {
    let OrderToken::Key(key) = token else { panic!("only keys here") };
    connection
        .execute(
            "INSERT INTO orders (id, user_id, token, fingerprint, answered_version, status, total, paid, refunded, version,
                placed_at, expires_at, updated_at, first_event, last_event)
             VALUES (?1, ?2, ?3, zeroblob(32), 1, 'pending_payment', 0, 0, 0, 1, 0, 0, 0, ?4, ?4)",
            params![id, user.as_str(), &**key, event],
        )
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_index_says_what_the_rows_say(settings in settings(), steps in steps()) {
        let mut world = World::new(settings);
        let mut held = Vec::new();
        for step in &steps {
            match step {
                Step::Commit(orders) => world.commit(orders, true),
                Step::Fail(orders) => world.commit(orders, false),
                Step::Crash => {
                    world.check_held(&mut held);
                    world.crash();
                }
                Step::Hold => held.push((world.index.view(), world.expected_set())),
            }
        }
        world.check();
        world.check_held(&mut held);
        world.crash();
        world.check();
    }
}

#[test]
fn a_damaged_index_is_built_anew() {
    let settings = KeyIndexSettings { memtable_entries: 10, fan_out: 2, page_entries: 3 };
    let damages = [
        "DELETE FROM key_pages WHERE page = (SELECT max(page) FROM key_pages)",
        "DELETE FROM key_runs WHERE run = (SELECT min(run) FROM key_runs WHERE state = 'complete')",
        "UPDATE key_runs SET entries = entries + 1 WHERE state = 'complete'",
        "UPDATE key_runs SET state = 'writing'",
    ];
    for damage in damages {
        let mut world = World::new(settings);
        for round in 0..40 {
            world.commit(&[(round % USERS, round % KEYS), (0, 0), (1, round % KEYS)], true);
        }
        let complete = |world: &World| -> i64 {
            let sql = "SELECT count(*) FROM key_runs WHERE state = 'complete'";
            world.connection.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        assert!(complete(&world) >= 2);
        world.connection.execute_batch(damage).unwrap();
        world.crash();
        world.check();
        world.commit(&[(2, 2)], true);
        world.check();
    }
}

#[test]
fn replaced_runs_leave_no_pages_behind() {
    let settings = KeyIndexSettings { memtable_entries: 8, fan_out: 2, page_entries: 2 };
    let mut world = World::new(settings);
    for round in 0..400 {
        world.commit(&[(round as u8 % USERS, (round / 7) as u8 % KEYS)], true);
    }
    for _ in 0..400 {
        world.commit(&[], true);
    }
    let count = |sql: &str| -> i64 { world.connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM key_runs WHERE state <> 'complete'"), 0);
    let stray = "SELECT count(*) FROM key_pages WHERE page >> 24 NOT IN (SELECT run FROM key_runs)";
    assert_eq!(count(stray), 0);
    assert!(count("SELECT count(*) FROM key_runs") < 10);
    world.check();
}

/// A disk that is full in the middle of a run fails the commit, and what was written of the run before goes away later.
#[test]
fn a_full_disk_leaves_no_pages_behind() {
    let settings = KeyIndexSettings { memtable_entries: 1_000, fan_out: 2, page_entries: 100 };
    let mut world = World::new(settings);
    let orders = [(0, 0); 100];
    let mut met = 0;
    for round in 0..100 {
        world.commit(&orders, true);
        if round % 3 == 0 {
            met += u32::from(world.meet_full_disk());
        }
    }
    assert!(met >= 3, "the index met a full disk: {met}");
    for _ in 0..400 {
        world.commit(&[], true);
    }
    let count = |sql: &str| -> i64 { world.connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM key_runs WHERE state <> 'complete'"), 0);
    world.check();
}

#[test]
fn hashes_are_pinned_for_ever() {
    let name = KeyName::of_order("u-17850", &OrderToken::Key(Arc::from("k-1")));
    let lines = KeyName::of_order("u-17850", &OrderToken::Lines(4_711));
    let found = [name.user, name.key, lines.key, hash_of_route("POST /v1/coupons")];
    let pinned =
        [2_829_862_811_153_149_567, 10_778_818_638_590_496_577, 9_847_090_879_902_092_033, 16_409_568_277_983_290_775];
    assert_eq!(found, pinned);
}
