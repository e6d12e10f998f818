//! Invariant 1: each SKU's counters, its ledger and the locks held on it say the same.
//!
//! Counters and ledgers are read side by side in the order of SKUs.

use std::collections::HashMap;

use ordain_domain::{ids::Sku, stock::Stock};
use rusqlite::Connection;

use super::{
    super::{
        bind::{parsed, unsigned},
        failure::SqliteFailure,
        stock,
    },
    orders::Seen,
    readable,
};
use crate::invariants::{Checks, Rule, problem_of_stock};

const VERIFY_STOCK_LIST: &str = "-- verify_stock_list
SELECT s.sku, s.on_hand, s.locked, s.sold, s.received, s.returned, s.version, s.movements, s.last_movement
FROM stock AS s ORDER BY sku";

const VERIFY_LEDGERS_LIST: &str = "-- verify_ledgers_list
SELECT position, sku, number, delta, previous FROM stock_movements ORDER BY position";

/// Compares all counters.
pub(super) fn check(connection: &Connection, checks: &mut Checks, seen: &mut Seen) -> Result<(), SqliteFailure> {
    let mut ledgers = ledgers(connection)?;
    let mut statement = connection.prepare(VERIFY_STOCK_LIST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let stock: Stock = match readable(stock::stock(row))? {
            Ok(stock) => stock,
            Err(problem) => {
                checks.broken(Rule::Stock, "stock", problem);
                continue;
            }
        };
        let ledger = ledgers.remove(&stock.sku).unwrap_or_default();
        let last: Option<i64> = row.get(8)?;
        let is_sound = !ledger.is_broken && ledger.last == last;
        let entries = if is_sound { ledger.entries } else { u64::MAX };
        let held = seen.held.remove(&stock.sku).unwrap_or(0);
        checks.examine(Rule::Stock, &stock.sku, problem_of_stock(&stock, held, ledger.sum, entries));
    }
    for (sku, held) in in_order(&mut seen.held) {
        checks.examine(Rule::Stock, sku, Some(format!("{held} units are locked without a stock row")));
    }
    for (sku, ledger) in in_order(&mut ledgers) {
        let entries = ledger.entries;
        checks.examine(Rule::Stock, sku, Some(format!("{entries} ledger entries without a stock row")));
    }
    Ok(())
}

/// What the entries of a SKU say together.
#[derive(Clone, Copy, Debug, Default)]
struct Ledger {
    sum: i64,
    entries: u64,
    last: Option<i64>,
    is_broken: bool,
}

/// The ledger of each SKU. One whose numbers have a gap, or whose chain does, has no number that can be right.
fn ledgers(connection: &Connection) -> Result<HashMap<Sku, Ledger>, SqliteFailure> {
    let mut statement = connection.prepare(VERIFY_LEDGERS_LIST)?;
    let mut rows = statement.query([])?;
    let mut ledgers: HashMap<Sku, Ledger> = HashMap::new();
    while let Some(row) = rows.next()? {
        let ledger = ledgers.entry(parsed(row, 1)?).or_default();
        let (number, delta, previous): (u64, i64, Option<i64>) = (unsigned(row, 2)?, row.get(3)?, row.get(4)?);
        ledger.is_broken |= number != ledger.entries + 1 || previous != ledger.last;
        ledger.sum = ledger.sum.saturating_add(delta);
        ledger.entries += 1;
        ledger.last = Some(row.get(0)?);
    }
    Ok(ledgers)
}

/// What is left of a map, by key.
fn in_order<V>(map: &mut HashMap<Sku, V>) -> Vec<(Sku, V)> {
    let mut left: Vec<(Sku, V)> = map.drain().collect();
    left.sort_by(|a, b| a.0.cmp(&b.0));
    left
}
