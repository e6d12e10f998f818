//! How many unpaid orders a user has, as an upper bound in a fixed table of counters.
//!
//! Nothing is stored: users share counters by hash, so a counter may say too much and never too little. A bound that is
//! far below the limit is as good as the number; otherwise the orders themselves are counted. An unpaid order is one whose
//! close timer stands, so the counters follow the timers, and are rebuilt from them in the background after a start.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
};

use ordain_domain::ids::UserId;
use rusqlite::{Connection, params};

use super::{bind::text, failure::SqliteFailure, key_index::hash_of_user};

/// How many counters there are: 8 MiB, some six orders each when ten million are unpaid at a time.
const COUNTERS: usize = 1 << 22;
/// How many timers are read at a time while the counters are rebuilt.
const CHUNK: usize = 4_096;

const UNPAID_USERS_LIST: &str = "-- unpaid_users_list
SELECT t.due, t.order_id, o.user_id FROM timers AS t CROSS JOIN orders AS o ON o.id = t.order_id
WHERE t.kind = 1 AND (t.due, t.kind, t.order_id) > (?1, 1, ?2) AND t.order_id <= ?3
ORDER BY t.due, t.kind, t.order_id LIMIT ?4 + 0";

/// The counters.
#[derive(Debug)]
pub(super) struct OpenOrders {
    counters: Box<[AtomicU16]>,
    rebuild: Mutex<Rebuild>,
}

/// Which orders are still to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rebuild {
    /// The orders up to `last` are being counted, those with timers up to `after` (due, order) are. That one of them ends
    /// is not subtracted, as nobody can say whether it was counted before; the bound stays a bound.
    Going {
        last: i64,
        after: (i64, i64),
    },
    Done,
}

/// Whether all are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    Done,
}

impl OpenOrders {
    /// Counters that know of no order up to `last_order`, until [`OpenOrders::rebuild_chunk`] has counted them.
    pub(super) fn new(last_order: i64) -> OpenOrders {
        let going = Rebuild::Going { last: last_order, after: (i64::MIN, 0) };
        let rebuild = if last_order == 0 { Rebuild::Done } else { going };
        let counters = std::iter::repeat_with(|| AtomicU16::new(0)).take(COUNTERS).collect();
        OpenOrders { counters, rebuild: Mutex::new(rebuild) }
    }

    /// At least as many as the user has; none while they are being rebuilt.
    pub(super) fn bound(&self, user: &str) -> Option<u32> {
        match *self.rebuild.lock().unwrap_or_else(PoisonError::into_inner) {
            Rebuild::Going { .. } => None,
            Rebuild::Done => Some(u32::from(self.counter(user).load(Ordering::Relaxed))),
        }
    }

    /// One more. A full counter stays full, and its users are counted exactly from then on.
    pub(super) fn placed(&self, user: &str) {
        let more = |count: u16| Some(count.saturating_add(1));
        let _ = self.counter(user).fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// One less: the order is paid or ended.
    pub(super) fn left(&self, user: &str, order: i64) {
        if let Rebuild::Going { last, .. } = *self.rebuild.lock().unwrap_or_else(PoisonError::into_inner)
            && order <= last
        {
            return;
        }
        let less = |count: u16| if count == u16::MAX { None } else { Some(count.saturating_sub(1)) };
        let _ = self.counter(user).fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// The close timer of an order stands at another time: the order is unpaid as before. While the counters are rebuilt it
    /// is counted once more, for its timer may have moved behind where the rebuild is; the bound stays a bound.
    pub(super) fn moved(&self, user: &str, order: i64) {
        let rebuild = self.rebuild.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*rebuild, Rebuild::Going { last, .. } if order <= last) {
            self.placed(user);
        }
    }

    /// Counts some more of the orders that were there at the start. Only one thread may do so.
    pub(super) fn rebuild_chunk(&self, connection: &Connection) -> Result<Progress, SqliteFailure> {
        let going = *self.rebuild.lock().unwrap_or_else(PoisonError::into_inner);
        let Rebuild::Going { last, after } = going else { return Ok(Progress::Done) };
        let mut statement = connection.prepare_cached(UNPAID_USERS_LIST)?;
        let limit = i64::try_from(CHUNK).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![after.0, after.1, last, limit])?;
        let mut reached = None;
        while let Some(row) = rows.next()? {
            self.placed(text(row, 2)?);
            reached = Some((row.get(0)?, row.get(1)?));
        }
        let (rebuild, progress) = match reached {
            Some(after) => (Rebuild::Going { last, after }, Progress::More),
            None => (Rebuild::Done, Progress::Done),
        };
        *self.rebuild.lock().unwrap_or_else(PoisonError::into_inner) = rebuild;
        Ok(progress)
    }

    /// Counts up to `chunks` times [`CHUNK`] orders at once: what a start has time for.
    pub(super) fn rebuild_some(&self, connection: &Connection, chunks: usize) -> Result<(), SqliteFailure> {
        for _ in 0..chunks {
            if self.rebuild_chunk(connection)? == Progress::Done {
                break;
            }
        }
        Ok(())
    }

    fn counter(&self, user: &str) -> &AtomicU16 {
        &self.counters[(hash_of_user(user) as usize) & (COUNTERS - 1)]
    }
}

/// Users that were counted exactly, because their bound was near the limit: they are not counted twice.
#[derive(Debug, Default)]
pub(super) struct CountedUsers(Mutex<HashMap<UserId, u32>>);

/// How many users are remembered.
const COUNTED_MAX: usize = 16_384;

impl CountedUsers {
    fn users(&self) -> MutexGuard<'_, HashMap<UserId, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, user: &UserId) -> Option<u32> {
        self.users().get(user).copied()
    }

    pub(super) fn put(&self, user: UserId, count: u32) {
        let mut users = self.users();
        if users.len() >= COUNTED_MAX {
            users.clear();
        }
        users.insert(user, count);
    }

    /// Moves the counts of users that are remembered, after a commit.
    pub(super) fn moved<'u>(&self, users: impl Iterator<Item = &'u UserId>, by: i32) {
        let mut counted = self.users();
        for user in users {
            if let Some(count) = counted.get_mut(user) {
                *count = count.saturating_add_signed(by);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sqlite::schema::{self, WriterSettings};

    const ORDERS: i64 = 3 * CHUNK as i64;
    const USERS: i64 = 7;

    fn user_of(order: i64) -> String {
        format!("user-{}", order % USERS)
    }

    fn set_timer(connection: &Connection, order: i64, due: i64) {
        connection.execute("INSERT INTO timers (due, kind, order_id) VALUES (?1, 1, ?2)", [due, order]).unwrap();
    }

    fn drop_timer(connection: &Connection, order: i64) {
        connection.execute("DELETE FROM timers WHERE order_id = ?1", [order]).unwrap();
    }

    fn insert_order(connection: &Connection, order: i64) {
        let sql = "INSERT INTO orders (id, user_id, token, answered_version, status, total, paid, refunded, version,
                placed_at, expires_at, updated_at, first_event, last_event)
             VALUES (?1, ?2, 0, 1, 'pending_payment', 0, 0, 0, 1, 0, 0, 0, ?1, ?1)";
        connection.execute(sql, params![order, user_of(order)]).unwrap();
        set_timer(connection, order, order);
    }

    fn unpaid(connection: &Connection) -> BTreeMap<String, u32> {
        let sql = "SELECT user_id, count(*) FROM timers JOIN orders ON id = order_id GROUP BY user_id";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    /// Orders come, end and are put off between any two chunks of a rebuild; the bound never says too few.
    #[test]
    fn the_bound_is_one_whatever_happens_while_it_is_rebuilt() {
        let folder = tempfile::tempdir().unwrap();
        let settings = WriterSettings { cache_bytes: 1 << 20, unsafe_synchronous_normal: true };
        let connection = schema::open_writer(&folder.path().join("ordain.db"), settings).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        (1..=ORDERS).for_each(|order| insert_order(&connection, order));
        let counters = OpenOrders::new(ORDERS);
        let mut random = 42_u64;
        let mut next_order = ORDERS + 1;
        let mut chunks = 0;
        loop {
            for _ in 0..200 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let order = 1 + i64::try_from(random >> 33).unwrap() % (next_order - 1);
                let stands = connection.prepare_cached("SELECT 1 FROM timers WHERE order_id = ?1").unwrap();
                let stands = { stands }.exists([order]).unwrap();
                match random >> 20 & 3 {
                    0 => {
                        insert_order(&connection, next_order);
                        counters.placed(&user_of(next_order));
                        next_order += 1;
                    }
                    1 if stands => {
                        drop_timer(&connection, order);
                        // In front of where the rebuild is, or behind it.
                        set_timer(&connection, order, if random & 1 == 0 { -order } else { ORDERS + order });
                        counters.moved(&user_of(order), order);
                    }
                    _ if stands => {
                        drop_timer(&connection, order);
                        counters.left(&user_of(order), order);
                    }
                    _ => {}
                }
            }
            if counters.rebuild_chunk(&connection).unwrap() == Progress::Done {
                break;
            }
            assert_eq!(counters.bound("user-0"), None, "half a count is no bound");
            chunks += 1;
        }
        assert!(chunks >= 3, "the rebuild took several chunks: {chunks}");
        for (user, count) in unpaid(&connection) {
            let bound = counters.bound(&user).unwrap();
            assert!(bound >= count, "{user} has {count} unpaid orders, the bound is {bound}");
            assert!(bound <= count + 700, "{user} has {count} unpaid orders, the bound is {bound}");
        }
    }
}
