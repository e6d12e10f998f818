//! Holds every order against the ledger. A pure function of what was done, how the orders ended and where money moved.
//!
//! For each attempt the two books must say the same; money that does not pay an order must be back; an order has its goods
//! and one attempt's money, or neither. Money of a wrong amount is apart: it pays nothing and a person has to settle it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{
    actor::Case,
    ledger::{Ledger, Movements},
    rows::{PaymentRow, Rows},
};
use crate::load::tally::Sampled;

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    /// By plot, in words.
    pub(super) plots: BTreeMap<&'static str, PlotCounts>,
    /// Orders for which money was taken more than once.
    pub(super) doubly_paid: u64,
    /// Captures that pay no order: second and late ones.
    pub(super) surplus: u64,
    /// Orders whose attempt took another amount.
    pub(super) wrong_amounts: BTreeSet<String>,
    /// Captures that pay no order and were not given back.
    pub(super) uncompensated: Sampled,
    /// Where the orders' books and the ledger differ.
    pub(super) unlike: Sampled,
    /// Orders that ended with neither goods and money nor none of both.
    pub(super) unsettled: Sampled,
    /// Orders that have not come to rest.
    pub(super) restless: Sampled,
    /// Stock that does not add up.
    pub(super) stock: Sampled,
    /// Things that are stuck and were not meant to be.
    pub(super) stuck: Sampled,
}

/// What became of the orders of one plot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct PlotCounts {
    /// Orders.
    pub(super) orders: u64,
    /// Attempts to pay.
    pub(super) attempts: u64,
    /// Captures in the ledger.
    pub(super) captures: u64,
    /// Orders that ended paid.
    pub(super) kept: u64,
    /// Orders that ended cancelled.
    pub(super) cancelled: u64,
    /// Payments of which money was given back.
    pub(super) refunded: u64,
}

/// Judges all orders. `rows` are in the order of `cases`.
pub(super) fn judge(cases: &[Case], rows: &[Rows], ledger: &Ledger) -> Verdict {
    let mut verdict = Verdict::default();
    let mut known = HashSet::new();
    for (case, rows) in cases.iter().zip(rows) {
        known.extend(rows.payments.iter().map(|payment| payment.id.as_str()));
        verdict.judge_order(case, rows, ledger);
    }
    for (payment, movements) in ledger.iter().filter(|(payment, _)| !known.contains(payment.as_str())) {
        verdict.unlike.add(|| format!("{payment} moved {movements:?} and belongs to no order of the run"));
    }
    verdict
}

impl Verdict {
    fn judge_order(&mut self, case: &Case, rows: &Rows, ledger: &Ledger) {
        let order = &rows.order;
        let (mut taken, mut returned, mut captures, mut paying) = (0, 0, 0, Vec::new());
        for payment in &rows.payments {
            let movements = ledger.get(&payment.id).copied().unwrap_or_default();
            captures += u64::from(movements.captures);
            if movements.captured != 0 && movements.captured != payment.amount {
                self.judge_wrong_amount(order.id.as_str(), payment, movements);
                continue;
            }
            if (movements.captured, movements.refunded) != (payment.captured, payment.refunded) {
                self.unlike.add(|| format!("{}: the ledger has {movements:?}: {payment:?}", order.id));
            }
            taken += movements.captured;
            returned += movements.refunded;
            if payment.pays_order {
                paying.push((payment, movements));
            } else if movements.captured > 0 {
                self.surplus += 1;
                if movements.refunded != movements.captured {
                    self.uncompensated.add(|| format!("{}: {movements:?} of {}", order.id, payment.id));
                }
            }
        }
        self.doubly_paid += u64::from(captures > 1);
        if (order.paid, order.refunded) != (taken, returned) {
            self.unlike.add(|| format!("{}: the ledger took {taken} and gave back {returned}: {order:?}", order.id));
        }
        self.count(case, rows, captures);
        if !rows.is_at_rest() {
            self.restless.add(|| format!("{} ({}): {rows:?}", order.id, case.plot.as_str()));
            return;
        }
        let is_settled = match (rows.is_kept(), &paying[..]) {
            (true, [(_, movements)]) => {
                movements.captured == order.price.total && movements.refunded == case.given_back
            }
            (true, _) => false,
            (false, _) => taken == returned,
        };
        if !is_settled {
            self.unsettled.add(|| format!("{} ({}): {rows:?}", order.id, case.plot.as_str()));
        }
    }

    /// Money of another amount must not have touched anything, and somebody must have been told.
    fn judge_wrong_amount(&mut self, order: &str, payment: &PaymentRow, movements: Movements) {
        self.wrong_amounts.insert(order.to_owned());
        if payment.captured != 0 || payment.pays_order || !payment.needs_attention {
            self.unlike.add(|| format!("{order}: the ledger has {movements:?} of another amount: {payment:?}"));
        }
    }

    fn count(&mut self, case: &Case, rows: &Rows, captures: u64) {
        let counts = self.plots.entry(case.plot.as_str()).or_default();
        counts.orders += 1;
        counts.attempts += rows.payments.len() as u64;
        counts.captures += captures;
        counts.kept += u64::from(rows.is_kept());
        counts.cancelled += u64::from(rows.is_cancelled());
        counts.refunded += rows.payments.iter().filter(|payment| payment.refunded > 0).count() as u64;
    }
}

#[cfg(test)]
mod tests;
