//! Rows that the shard wrote a moment ago, kept for the next decision about the same order.
//!
//! An order's life is a handful of commands within a short time, and each reads what the one before wrote. The shard is the
//! only writer and puts rows in only after their commit, so what is here is never stale and needs no invalidation. It is a
//! cache: it can be thrown away at any time. Absent rows are not kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::Hash,
    sync::Arc,
};

use ordain_domain::{
    ids::{OrderId, PaymentId, ShipmentId},
    payment::{OrderAccount, Payment},
    rows::{Changes, Keys, Rows},
    shipment::Shipment,
    stock::Locks,
};
use quick_cache::unsync::Cache;

use crate::recent::RecentOrders;

/// How many rows of each table are kept: about 10 MiB each at the most.
const ROWS_MAX: usize = 20_000;

/// The kept rows, besides the orders, which readers share.
pub(crate) struct CachedRows {
    locks: Cache<OrderId, Locks>,
    accounts: Cache<OrderId, Arc<OrderAccount>>,
    payments: Cache<PaymentId, Arc<Payment>>,
    shipments: Cache<ShipmentId, Arc<Shipment>>,
}

impl Default for CachedRows {
    fn default() -> CachedRows {
        CachedRows {
            locks: Cache::new(ROWS_MAX),
            accounts: Cache::new(ROWS_MAX),
            payments: Cache::new(ROWS_MAX),
            shipments: Cache::new(ROWS_MAX),
        }
    }
}

impl CachedRows {
    /// Gives what is kept of `keys`, and takes it out of them.
    pub(crate) fn fill(&self, orders: &RecentOrders, keys: &mut Keys, rows: &mut Rows) {
        for id in &keys.orders {
            if let Some(order) = orders.get(*id) {
                rows.orders.insert(*id, Some(order));
            }
        }
        give(&self.locks, &keys.locks, &mut rows.locks);
        give(&self.accounts, &keys.accounts, &mut rows.accounts);
        give(&self.payments, &keys.payments, &mut rows.payments);
        give(&self.shipments, &keys.shipments, &mut rows.shipments);
        rows.retain_missing(keys);
    }

    /// Keeps what a commit wrote.
    pub(crate) fn take_over(&mut self, changes: &Changes) {
        for (id, row) in &changes.locks {
            self.locks.insert(*id, Arc::clone(row));
        }
        for (id, row) in &changes.accounts {
            self.accounts.insert(*id, Arc::clone(row));
        }
        for (id, row) in &changes.payments {
            self.payments.insert(*id, Arc::clone(row));
        }
        for (id, row) in &changes.shipments {
            self.shipments.insert(*id, Arc::clone(row));
        }
    }
}

/// Hands out the kept rows of one table.
fn give<K: Ord + Copy + Hash, R: Clone>(kept: &Cache<K, R>, keys: &BTreeSet<K>, rows: &mut BTreeMap<K, Option<R>>) {
    for key in keys {
        if let Some(row) = kept.get(key) {
            rows.insert(*key, Some(row.clone()));
        }
    }
}
