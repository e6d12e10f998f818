//! Rows that the shard wrote a moment ago, kept for the next decision about the same order or the same goods.
//!
//! An order's life is a handful of commands within a short time, and each reads what the one before wrote. The shard is the
//! only writer and puts every row in that it writes, so what is here is never stale; after a commit that failed all of it is
//! thrown away, as it can be at any time. Absent rows are not kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ordain_domain::{
    ids::{OrderId, ShipmentId, Sku},
    payment::OrderAccount,
    rows::{Changes, Keys, Rows},
    shipment::Shipment,
    stock::{Locks, Stock},
};
use quick_cache::unsync::Cache;

use crate::shard::Shared;

/// How many rows of each table are kept: about 10 MiB each at the most.
const ROWS_MAX: usize = 20_000;
/// How many SKUs' counters are kept; about 200 bytes each.
const SKUS_MAX: usize = 65_536;

/// The kept rows, besides the orders and the attempts to pay, which readers share.
pub(crate) struct CachedRows {
    stock: Cache<Sku, Stock>,
    locks: Cache<OrderId, Locks>,
    accounts: Cache<OrderId, Arc<OrderAccount>>,
    shipments: Cache<ShipmentId, Arc<Shipment>>,
}

impl Default for CachedRows {
    fn default() -> CachedRows {
        CachedRows {
            stock: Cache::new(SKUS_MAX),
            locks: Cache::new(ROWS_MAX),
            accounts: Cache::new(ROWS_MAX),
            shipments: Cache::new(ROWS_MAX),
        }
    }
}

impl CachedRows {
    /// Gives what is kept of `keys`, and takes it out of them.
    pub(crate) fn fill(&self, shared: &Shared, keys: &mut Keys, rows: &mut Rows) {
        give(|sku| self.stock.get(sku).cloned(), &mut keys.stock, &mut rows.stock);
        give(|id| shared.recent.get(*id), &mut keys.orders, &mut rows.orders);
        give(|id| self.locks.get(id).cloned(), &mut keys.locks, &mut rows.locks);
        give(|id| self.accounts.get(id).cloned(), &mut keys.accounts, &mut rows.accounts);
        give(|id| shared.recent_payments.get(*id), &mut keys.payments, &mut rows.payments);
        give(|id| self.shipments.get(id).cloned(), &mut keys.shipments, &mut rows.shipments);
    }

    /// Keeps what was read because it was not here, as far as it will be asked for again: the same goods are sold again and
    /// again.
    pub(crate) fn keep(&mut self, read: &Keys, rows: &Rows) {
        for sku in &read.stock {
            if let Some(Some(stock)) = rows.stock.get(sku) {
                self.stock.insert(sku.clone(), stock.clone());
            }
        }
    }

    /// Keeps what a batch writes.
    pub(crate) fn take_over(&mut self, changes: &Changes) {
        for (sku, row) in &changes.stock {
            self.stock.insert(sku.clone(), row.clone());
        }
        for (id, row) in &changes.locks {
            self.locks.insert(*id, Arc::clone(row));
        }
        for (id, row) in &changes.accounts {
            self.accounts.insert(*id, Arc::clone(row));
        }
        for (id, row) in &changes.shipments {
            self.shipments.insert(*id, Arc::clone(row));
        }
    }
}

/// Hands out the kept rows of one table. Both sides are made anew from what is in order already, which is far cheaper than
/// taking most of the keys out one by one.
fn give<K: Ord, R>(kept: impl Fn(&K) -> Option<R>, keys: &mut BTreeSet<K>, rows: &mut BTreeMap<K, Option<R>>) {
    if keys.is_empty() {
        return;
    }
    let (mut found, mut missing) = (Vec::with_capacity(keys.len()), Vec::new());
    for key in std::mem::take(keys) {
        match kept(&key) {
            Some(row) => found.push((key, Some(row))),
            None => missing.push(key),
        }
    }
    *keys = BTreeSet::from_iter(missing);
    if rows.is_empty() {
        *rows = BTreeMap::from_iter(found);
    } else {
        rows.extend(found);
    }
}
