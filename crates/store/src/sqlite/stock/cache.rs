//! The counters of hot SKUs, as the writer last committed them.
//!
//! Only the one writer may hold it: it is right because nobody else writes. After a commit that failed it is emptied
//! rather than reasoned about.

use std::collections::{BTreeMap, HashMap};

use ordain_domain::{ids::Sku, stock::Stock};

use super::ledger::Ends;

/// How many SKUs are remembered; about 200 bytes each.
const SKUS_MAX: usize = 65_536;

/// Stock rows by SKU, each with where the last entry of its ledger lies.
#[derive(Debug, Default)]
pub(in super::super) struct StockCache(HashMap<Sku, (Stock, Option<i64>)>);

impl StockCache {
    /// The row, if it is remembered.
    pub(in super::super) fn get(&self, sku: &Sku) -> Option<&Stock> {
        self.0.get(sku).map(|(stock, _)| stock)
    }

    /// Where the last entry of the ledger lies, if there is one and it is remembered.
    pub(in super::super) fn last_movement(&self, sku: &Sku) -> Option<i64> {
        self.0.get(sku).and_then(|(_, last)| *last)
    }

    /// Remembers a row that is stored.
    pub(in super::super) fn put(&mut self, stock: &Stock, last_movement: Option<i64>) {
        if self.0.len() >= SKUS_MAX {
            self.0.clear();
        }
        self.0.insert(stock.sku.clone(), (stock.clone(), last_movement));
    }

    /// Remembers what was committed of rows that are remembered; another one is read when it is wanted.
    pub(in super::super) fn put_all(&mut self, rows: &BTreeMap<Sku, Stock>, ends: &Ends) {
        for stock in rows.values() {
            if let Some((remembered, last)) = self.0.get_mut(&stock.sku) {
                remembered.clone_from(stock);
                *last = ends.get(&stock.sku).copied().or(*last);
            }
        }
    }

    /// Forgets everything.
    pub(in super::super) fn forget(&mut self) {
        self.0.clear();
    }
}
