//! Whether the goods went where the money went: each SKU has lost exactly the units of the orders that ended paid.

use super::{actor::Case, rows::Rows};
use crate::load::{scenario::Scenario, stock::StockRow, tally::Sampled};

/// Adds what does not add up to `found`. Rows are in the order of the scenario's goods, orders in that of the cases.
pub(super) fn judge(
    scenario: &Scenario,
    (cases, rows): (&[Case], &[Rows]),
    (before, after): (&[StockRow], &[StockRow]),
    found: &mut Sampled,
) {
    let mut kept = vec![0_i64; scenario.goods.len()];
    for (case, _) in cases.iter().zip(rows).filter(|(_, rows)| rows.is_kept()) {
        scenario.for_each_line(case.number, |good, units| kept[good] += units as i64);
    }
    for (index, good) in scenario.goods.iter().enumerate() {
        judge_sku(&good.sku, (before[index], after[index]), kept[index], found);
    }
}

fn judge_sku(sku: &str, (before, after): (StockRow, StockRow), kept: i64, found: &mut Sampled) {
    let gone = before.on_hand - after.on_hand + (after.received - before.received);
    if gone != kept {
        found.add(|| format!("{sku}: {gone} units are gone, and orders that are paid have {kept}"));
    }
    if after.locked != before.locked {
        found.add(|| format!("{sku}: {} units are held for nobody", after.locked - before.locked));
    }
    if after.available != after.on_hand - after.locked {
        found.add(|| format!("{sku}: available {} is not on_hand - locked: {after:?}", after.available));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_follow_the_money() {
        let row = |on_hand, locked| StockRow {
            on_hand,
            locked,
            available: on_hand - locked,
            sold: 100 - on_hand,
            received: 100,
            returned: 0,
        };
        let table = [
            ("exact", row(95, 0), 5, 0),
            ("a unit of nobody is gone", row(94, 0), 5, 1),
            ("a paid unit never left", row(96, 0), 5, 1),
            ("a lock was left behind", row(95, 1), 5, 1),
            ("available is wrong", StockRow { available: 1, ..row(95, 0) }, 5, 1),
        ];
        for (name, after, kept, count) in table {
            let mut found = Sampled::default();
            judge_sku("A", (row(100, 0), after), kept, &mut found);
            assert_eq!(found.count, count, "{name}: {:?}", found.samples);
        }
    }
}
