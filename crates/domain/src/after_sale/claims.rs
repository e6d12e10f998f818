//! Which units an after-sale may be opened for, and that no unit is in two open ones.
//!
//! Units of a line are alike. Goods can come back only from the buyer; money alone also for units on their way. So, by line:
//! what open returns and exchanges claim is at most what the buyer has, and what all open after-sales claim at most that and
//! what is on its way. What the buyer kept with its money given back is not claimed a second time.

use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};

use crate::{
    after_sale::{AfterSale, AfterSaleKind, AfterSaleLine},
    order::Quantities,
    refund::{RefundLine, merged},
};

/// What the after-sales of an order claim of one line, in units.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Claims {
    /// To come back.
    goods: u64,
    /// Whose money alone is asked for.
    money: u64,
    /// With the buyer for good.
    kept: u64,
}

impl Claims {
    /// The claims of some after-sales, by line.
    pub(crate) fn of<'a>(after_sales: impl IntoIterator<Item = &'a Arc<AfterSale>>) -> BTreeMap<usize, Claims> {
        let mut claims: BTreeMap<usize, Claims> = BTreeMap::new();
        for after_sale in after_sales {
            for line in &after_sale.lines {
                let claim = claims.entry(line.line).or_default();
                claim.kept += u64::from(line.kept);
                match after_sale.kind {
                    _ if !after_sale.status.claims_units() => {}
                    AfterSaleKind::Refund => claim.money += u64::from(line.quantity),
                    AfterSaleKind::Return | AfterSaleKind::Exchange => claim.goods += u64::from(line.quantity),
                }
            }
        }
        claims
    }

    /// Units that the buyer has and that nobody claims.
    pub(crate) fn free_with_buyer(self, line: &Quantities) -> u64 {
        let with_buyer = u64::from(line.delivered) + u64::from(line.confirmed);
        with_buyer.saturating_sub(self.goods + self.kept)
    }

    /// Whether the line's units are enough for what is claimed of them.
    pub(crate) fn are_covered(self, line: &Quantities) -> bool {
        let with_buyer = u64::from(line.delivered) + u64::from(line.confirmed);
        let goods = self.goods + self.kept;
        goods <= with_buyer && goods + self.money <= with_buyer + u64::from(line.shipped)
    }

    /// The same with `units` more claimed.
    fn and(self, kind: AfterSaleKind, units: u32) -> Claims {
        match kind {
            AfterSaleKind::Refund => Claims { money: self.money + u64::from(units), ..self },
            AfterSaleKind::Return | AfterSaleKind::Exchange => Claims { goods: self.goods + u64::from(units), ..self },
        }
    }
}

/// Whether units of a line may be claimed, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They may.
    Free,
    /// There are not so many of them.
    TooMany,
    /// There are, but they are in another after-sale.
    Claimed,
}

/// Judges a claim of `units` of a line.
pub(crate) fn judge(claims: Claims, line: &Quantities, kind: AfterSaleKind, units: u32) -> Verdict {
    let alone = Claims { kept: claims.kept, ..Claims::default() };
    match (alone.and(kind, units).are_covered(line), claims.and(kind, units).are_covered(line)) {
        (_, true) => Verdict::Free,
        (false, _) => Verdict::TooMany,
        (true, false) => Verdict::Claimed,
    }
}

/// Parts units of a line whose money goes back into those that the buyer keeps and those that are given up on their way.
/// What is with the buyer goes first. `claims` are those of the other after-sales.
pub(crate) fn keep_or_give_up(claims: Claims, line: &Quantities, units: u32) -> (u32, u32) {
    let kept = u32::try_from(claims.free_with_buyer(line)).unwrap_or(u32::MAX).min(units);
    (kept, units - kept)
}

/// Units of an after-sale by line, each line once.
pub(crate) fn units_of(after_sale: &AfterSale, count: impl Fn(&AfterSaleLine) -> u32) -> Vec<RefundLine> {
    let unit = |line: &AfterSaleLine| RefundLine { line: line.line, quantity: count(line) };
    merged(&after_sale.lines.iter().map(unit).filter(|unit| unit.quantity > 0).collect::<Vec<_>>())
}
