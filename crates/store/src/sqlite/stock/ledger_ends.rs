//! Where the ledgers of hot SKUs end, as the writer last committed them.
//!
//! Only the one writer may hold it: it is right because nobody else writes. After a commit that failed it is emptied
//! rather than reasoned about; what it does not know is read.

use std::collections::HashMap;

use ordain_domain::ids::Sku;

use super::ledger::Ends;

/// How many SKUs are remembered; about 100 bytes each.
const SKUS_MAX: usize = 65_536;

/// Positions of last entries, by SKU.
#[derive(Debug, Default)]
pub(in super::super) struct LedgerEnds(HashMap<Sku, i64>);

impl LedgerEnds {
    /// Where the last entry of a SKU's ledger lies, if it is remembered.
    pub(in super::super) fn get(&self, sku: &Sku) -> Option<i64> {
        self.0.get(sku).copied()
    }

    /// Remembers what was committed.
    pub(in super::super) fn put_all(&mut self, ends: &Ends) {
        if self.0.len() + ends.len() > SKUS_MAX {
            self.0.clear();
        }
        for (sku, end) in ends {
            match self.0.get_mut(sku) {
                Some(remembered) => *remembered = *end,
                None => drop(self.0.insert(sku.clone(), *end)),
            }
        }
    }

    /// Forgets everything.
    pub(in super::super) fn forget(&mut self) {
        self.0.clear();
    }
}
