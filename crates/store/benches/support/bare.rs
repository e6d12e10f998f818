//! SQLite and nothing else: the rows of placements, ready as values, inserted by prepared statements in one transaction.

use std::path::Path;

use ordain_domain::{
    event::{Event, Subject},
    order::OrderToken,
    rows::Changes,
    stock::Stock,
};
use rusqlite::{Connection, params};

/// Whether the loop copies its log into the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checkpoints {
    /// Within the commit that fills 1,000 pages of log.
    AsSqliteComes,
    /// The log only grows.
    Never,
}

struct OrderRow {
    id: i64,
    user: String,
    key: String,
    fingerprint: [u8; 32],
    total: i64,
    placed_at: i64,
    expires_at: i64,
    event: i64,
}

struct EventRow {
    position: i64,
    order: i64,
    at: i64,
    data: String,
}

/// The rows of one transaction as values.
pub(crate) struct Rows {
    orders: Vec<OrderRow>,
    events: Vec<EventRow>,
    locks: Vec<(i64, String, i64)>,
    timers: Vec<(i64, i64)>,
    stock: Vec<(String, [i64; 7])>,
}

impl Rows {
    /// The rows that placements with keys make.
    pub(crate) fn of(changes: &Changes) -> Rows {
        let orders = changes.order_keys.iter().map(|(key, entry)| {
            let order = &changes.orders[&entry.order];
            let OrderToken::Key(text) = &key.token else { panic!("every placement has a key") };
            OrderRow {
                id: order.id.number(),
                user: key.user_id.to_string(),
                key: text.to_string(),
                fingerprint: entry.fingerprint.expect("every placement has a key"),
                total: order.placed.price.total,
                placed_at: order.placed.placed_at.0,
                expires_at: order.placed.expires_at.0,
                event: order.first_event.number(),
            }
        });
        let mut orders: Vec<OrderRow> = orders.collect();
        orders.sort_by_key(|order| order.id);
        let events = changes.events.iter().map(|record| {
            let (Subject::Order(order), Event::OrderPlaced(placed)) = (&record.subject, &record.event) else {
                panic!("only placements")
            };
            let data = serde_json::to_string(&**placed).expect("facts are JSON");
            EventRow { position: record.id.number(), order: order.number(), at: record.at.0, data }
        });
        let locks = changes.locks.iter().flat_map(|(order, locks)| {
            locks.iter().map(|lock| (order.number(), lock.sku.to_string(), lock.quantity.cast_signed()))
        });
        let stock = changes.stock.values().map(|stock| {
            let (version, movements) = (stock.version.cast_signed(), stock.movements.cast_signed());
            let Stock { on_hand, locked, sold, received, returned, .. } = stock;
            (stock.sku.to_string(), [*on_hand, *locked, *sold, *received, *returned, version, movements])
        });
        Rows {
            orders,
            events: events.collect(),
            locks: locks.collect(),
            timers: changes.timers.keys().map(|timer| (timer.due.0, timer.order.number())).collect(),
            stock: stock.collect(),
        }
    }
}

/// A connection to a file with the store's schema.
pub(crate) struct BareLoop(Connection);

impl BareLoop {
    /// Opens the file as durably as the store does.
    pub(crate) fn new(path: &Path, checkpoints: Checkpoints) -> BareLoop {
        let connection = Connection::open(path).expect("the file opens");
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;";
        connection.execute_batch(settings).expect("a setting");
        if checkpoints == Checkpoints::Never {
            connection.execute_batch("PRAGMA wal_autocheckpoint = 0").expect("a setting");
        }
        BareLoop(connection)
    }

    /// Inserts everything in one transaction.
    pub(crate) fn insert(&mut self, rows: &Rows) {
        self.try_insert(rows).expect("the rows are inserted");
    }

    fn try_insert(&mut self, rows: &Rows) -> rusqlite::Result<()> {
        self.0.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut statement = self.0.prepare_cached(
            "INSERT INTO orders (id, user_id, token, fingerprint, answered_version, status, cancel_reason, total, paid,
                refunded, version, placed_at, expires_at, updated_at, first_event, last_event, quantities)
             VALUES (?1, ?2, ?3, ?4, 1, 'pending_payment', NULL, ?5, 0, 0, 1, ?6, ?7, ?6, ?8, ?8, NULL)",
        )?;
        for row in &rows.orders {
            let fingerprint = row.fingerprint.as_slice();
            let times = (row.placed_at, row.expires_at);
            statement.execute(params![
                row.id,
                row.user,
                row.key,
                fingerprint,
                row.total,
                times.0,
                times.1,
                row.event
            ])?;
        }
        let mut statement = self.0.prepare_cached(
            "INSERT INTO events (position, order_id, subject, seq, previous, type, at, actor, data)
             VALUES (?1, ?2, NULL, 1, NULL, 'order.placed', ?3, 'buyer', ?4)",
        )?;
        for row in &rows.events {
            statement.execute(params![row.position, row.order, row.at, row.data])?;
        }
        let mut statement = self
            .0
            .prepare_cached("INSERT INTO stock_locks (order_id, sku, quantity, state) VALUES (?1, ?2, ?3, 'held')")?;
        for (order, sku, quantity) in &rows.locks {
            statement.execute(params![order, sku, quantity])?;
        }
        let mut statement = self.0.prepare_cached("INSERT INTO timers (due, kind, order_id) VALUES (?1, 1, ?2)")?;
        for (due, order) in &rows.timers {
            statement.execute(params![due, order])?;
        }
        let mut statement = self.0.prepare_cached(
            "INSERT INTO stock (sku, on_hand, locked, sold, received, returned, version, movements)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (sku) DO UPDATE SET on_hand = excluded.on_hand, locked = excluded.locked, sold = excluded.sold,
                received = excluded.received, returned = excluded.returned, version = excluded.version,
                movements = excluded.movements",
        )?;
        for (sku, [on_hand, locked, sold, received, returned, version, movements]) in &rows.stock {
            statement.execute(params![sku, on_hand, locked, sold, received, returned, version, movements])?;
        }
        self.0.prepare_cached("UPDATE shard_meta SET batch = batch + 1 WHERE one = 1")?.execute([])?;
        self.0.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}
