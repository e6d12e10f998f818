//! Invariant 1: each SKU's counters, its ledger and the locks held on it say the same.
//!
//! Counters and ledgers are read side by side in the order of SKUs.

use std::collections::HashMap;

use ordain_domain::{ids::Sku, stock::Stock};
use rusqlite::{Connection, Row};

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
SELECT s.sku, s.on_hand, s.locked, s.sold, s.received, s.returned, s.version, s.movements FROM stock AS s ORDER BY sku";

const VERIFY_LEDGERS_LIST: &str = "-- verify_ledgers_list
SELECT sku, sum(delta), count(*), max(number) FROM stock_movements GROUP BY sku ORDER BY sku";

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
        let (ledger, entries) = ledgers.remove(&stock.sku).unwrap_or_default();
        let held = seen.held.remove(&stock.sku).unwrap_or(0);
        checks.examine(Rule::Stock, &stock.sku, problem_of_stock(&stock, held, ledger, entries));
    }
    for (sku, held) in in_order(&mut seen.held) {
        checks.examine(Rule::Stock, sku, Some(format!("{held} units are locked without a stock row")));
    }
    for (sku, (_, entries)) in in_order(&mut ledgers) {
        checks.examine(Rule::Stock, sku, Some(format!("{entries} ledger entries without a stock row")));
    }
    Ok(())
}

/// Sum and number of each SKU's ledger entries. A ledger whose numbers have a gap has no number that can be right.
fn ledgers(connection: &Connection) -> Result<HashMap<Sku, (i64, u64)>, SqliteFailure> {
    let mut statement = connection.prepare(VERIFY_LEDGERS_LIST)?;
    let mut rows = statement.query([])?;
    let mut ledgers = HashMap::new();
    while let Some(row) = rows.next()? {
        let (sum, count, last) = numbers(row)?;
        ledgers.insert(parsed(row, 0)?, (sum, if count == last { count } else { u64::MAX }));
    }
    Ok(ledgers)
}

fn numbers(row: &Row<'_>) -> Result<(i64, u64, u64), SqliteFailure> {
    Ok((row.get(1)?, unsigned(row, 2)?, unsigned(row, 3)?))
}

/// What is left of a map, by key.
fn in_order<V>(map: &mut HashMap<Sku, V>) -> Vec<(Sku, V)> {
    let mut left: Vec<(Sku, V)> = map.drain().collect();
    left.sort_by(|a, b| a.0.cmp(&b.0));
    left
}
