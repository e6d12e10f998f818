//! The counters of hot SKUs, as the writer last committed them.
//!
//! Only the one writer may hold it: it is right because nobody else writes. After a commit that failed it is emptied
//! rather than reasoned about.

use std::collections::{BTreeMap, HashMap};

use ordain_domain::{ids::Sku, stock::Stock};

/// How many SKUs are remembered; about 200 bytes each.
const SKUS_MAX: usize = 65_536;

/// Stock rows by SKU.
#[derive(Debug, Default)]
pub(in super::super) struct StockCache(HashMap<Sku, Stock>);

impl StockCache {
    /// The row, if it is remembered.
    pub(in super::super) fn get(&self, sku: &Sku) -> Option<&Stock> {
        self.0.get(sku)
    }

    /// Remembers a row that is stored.
    pub(in super::super) fn put(&mut self, stock: &Stock) {
        if let Some(remembered) = self.0.get_mut(&stock.sku) {
            remembered.clone_from(stock);
            return;
        }
        if self.0.len() >= SKUS_MAX {
            self.0.clear();
        }
        self.0.insert(stock.sku.clone(), stock.clone());
    }

    /// Remembers what was committed.
    pub(in super::super) fn put_all(&mut self, rows: &BTreeMap<Sku, Stock>) {
        for stock in rows.values() {
            self.put(stock);
        }
    }

    /// Forgets everything.
    pub(in super::super) fn forget(&mut self) {
        self.0.clear();
    }
}
