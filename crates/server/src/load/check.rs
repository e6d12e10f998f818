//! Proves that nothing was oversold: what the server holds and sold must have grown by what it acknowledged.
//!
//! It presumes that nobody else orders the same SKUs meanwhile. It judges rows; reading them is `stock`'s matter.

use super::{stock::StockRow, tally::Sampled};

/// What happened to one SKU between two looks at its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passage<'a> {
    pub(super) sku: &'a str,
    pub(super) before: StockRow,
    pub(super) after: StockRow,
    /// Units acknowledged.
    pub(super) acknowledged: u64,
    /// Units of orders whose answer was lost: they may have been placed.
    pub(super) uncertain: u64,
    /// Unpaid orders may have been closed meanwhile, which gives their units back.
    pub(super) may_have_expired: bool,
}

/// Adds what is wrong with a passage to `findings`.
pub(super) fn judge(passage: &Passage<'_>, findings: &mut Sampled) {
    let Passage { sku, before, after, acknowledged, uncertain, may_have_expired } = *passage;
    let StockRow { on_hand, locked, available, sold, received, returned } = after;
    if on_hand != received + returned - sold {
        findings
            .add(|| format!("{sku}: on_hand {on_hand} is not received {received} + returned {returned} - sold {sold}"));
    }
    if locked < 0 || locked > on_hand {
        findings.add(|| format!("{sku}: locked {locked} is not between 0 and on_hand {on_hand}"));
    }
    if available != on_hand - locked {
        findings.add(|| format!("{sku}: available {available} is not on_hand {on_hand} - locked {locked}"));
    }
    let taken = i128::from(locked + sold) - i128::from(before.locked + before.sold);
    let most = i128::from(acknowledged) + i128::from(uncertain);
    if taken > most {
        findings.add(|| format!("{sku}: {taken} units were taken but at most {most} were acknowledged"));
    }
    if taken < i128::from(acknowledged) && !may_have_expired {
        findings.add(|| format!("{sku}: {acknowledged} units were acknowledged but only {taken} are held or sold"));
    }
    let stock = i128::from(before.available) + i128::from(received - before.received);
    if i128::from(acknowledged) > stock.max(0) && !may_have_expired {
        findings.add(|| format!("{sku}: oversold, {acknowledged} units were acknowledged of {stock} available"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(on_hand: i64, locked: i64, sold: i64) -> StockRow {
        StockRow { on_hand, locked, available: on_hand - locked, sold, received: on_hand + sold, returned: 0 }
    }

    #[test]
    fn every_way_to_oversell_is_found() {
        let before = row(100, 10, 0);
        let broken = StockRow { received: 99, ..row(100, 15, 0) };
        let table: [(&str, StockRow, u64, u64, bool, u64); 11] = [
            ("exact", row(100, 15, 0), 5, 0, false, 0),
            ("part of it paid", row(97, 12, 3), 5, 0, false, 0),
            ("a lost answer, placed", row(100, 16, 0), 5, 1, false, 0),
            ("a lost answer, not placed", row(100, 15, 0), 5, 1, false, 0),
            ("more taken than acknowledged", row(100, 16, 0), 5, 0, false, 1),
            ("an acknowledged order is missing", row(100, 14, 0), 5, 0, false, 1),
            ("orders closed meanwhile", row(100, 10, 0), 5, 0, true, 0),
            ("more locked than there is", row(100, 101, 0), 91, 0, false, 2),
            ("a broken sum", broken, 5, 0, false, 1),
            ("available is wrong", StockRow { available: 1, ..row(100, 15, 0) }, 5, 0, false, 1),
            ("acknowledged more than there was", row(100, 100, 0), 95, 0, false, 2),
        ];
        for (name, after, acknowledged, uncertain, may_have_expired, count) in table {
            let mut findings = Sampled::default();
            judge(&Passage { sku: "A", before, after, acknowledged, uncertain, may_have_expired }, &mut findings);
            assert_eq!(findings.count, count, "{name}: {:?}", findings.samples);
        }
    }
}
