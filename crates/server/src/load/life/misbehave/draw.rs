//! What an order meets, drawn from the seed and its number.
//!
//! The shares are chosen so that every misbehaviour meets many orders of a run of a few thousand.

use crate::load::scenario::scattered;

/// How the merchant is told of a payment: a word of the sandbox's program interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Once,
    Twice,
    Never,
    Late,
    Reordered,
    Delayed,
}

/// What happens to one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plot {
    /// It is paid, and the notification is odd.
    Pays(Told),
    /// A forged notification comes first, then the real payment.
    ForgedThenPays,
    /// Only a forged notification comes.
    Forged,
    /// Another amount is taken.
    WrongAmount,
    /// The first attempt is refused, the second one paid.
    RefusesThenPays,
    /// Nobody pays.
    Abandons,
    /// The buyer cancels; the channel takes the money all the same.
    CancelsThenPays,
    /// The window ends; the channel takes the money all the same.
    ExpiresThenPays,
    /// Two attempts are open, and both are paid.
    PaysTwice,
    /// The buyer cancels while the payer pays.
    Races,
    /// The merchant cancels the paid order.
    PaidThenCancelled,
    /// An operator gives a part of the money back.
    PaidThenPartlyRefunded,
}

/// Every plot with its share of 100 orders.
pub(super) const SHARES: [(Plot, u64); 17] = [
    (Plot::Pays(Told::Once), 9),
    (Plot::Pays(Told::Twice), 7),
    (Plot::Pays(Told::Never), 9),
    (Plot::Pays(Told::Late), 4),
    (Plot::Pays(Told::Reordered), 6),
    (Plot::Pays(Told::Delayed), 6),
    (Plot::ForgedThenPays, 4),
    (Plot::Forged, 2),
    (Plot::WrongAmount, 3),
    (Plot::RefusesThenPays, 6),
    (Plot::Abandons, 3),
    (Plot::CancelsThenPays, 8),
    (Plot::ExpiresThenPays, 4),
    (Plot::PaysTwice, 9),
    (Plot::Races, 12),
    (Plot::PaidThenCancelled, 4),
    (Plot::PaidThenPartlyRefunded, 4),
];

/// A few bits of chance of one order, for choices within its plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chance(u64);

impl Chance {
    /// A number from 0 to below `bound` (at least 1).
    pub(super) fn below(self, bound: u64) -> u64 {
        (self.0 >> 8) % bound
    }

    /// Heads or tails.
    pub(super) fn is_heads(self) -> bool {
        self.0 & 1 == 1
    }
}

/// What order `number` meets.
pub(super) fn draw(seed: u64, number: u64) -> (Plot, Chance) {
    let drawn = scattered(scattered(seed) ^ number);
    let mut place = drawn % 100;
    for (plot, share) in SHARES {
        if place < share {
            return (plot, Chance(scattered(drawn)));
        }
        place -= share;
    }
    unreachable!("the shares add up to 100, as the test shows")
}

impl Plot {
    /// The word for it in reports.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Plot::Pays(Told::Once) => "pays",
            Plot::Pays(Told::Twice) => "told twice",
            Plot::Pays(Told::Never) => "never told",
            Plot::Pays(Told::Late) => "told late",
            Plot::Pays(Told::Reordered) => "told in disorder",
            Plot::Pays(Told::Delayed) => "told delayed",
            Plot::ForgedThenPays => "forged, then pays",
            Plot::Forged => "forged only",
            Plot::WrongAmount => "wrong amount",
            Plot::RefusesThenPays => "refuses, then pays",
            Plot::Abandons => "abandons",
            Plot::CancelsThenPays => "cancels, money taken",
            Plot::ExpiresThenPays => "expires, money taken",
            Plot::PaysTwice => "pays twice",
            Plot::Races => "cancel races pay",
            Plot::PaidThenCancelled => "paid, merchant cancels",
            Plot::PaidThenPartlyRefunded => "paid, partly refunded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_plot_has_its_share_and_repeats_itself() {
        assert_eq!(SHARES.iter().map(|(_, share)| share).sum::<u64>(), 100);
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for number in 0..20_000 {
            assert_eq!(draw(7, number), draw(7, number));
            *counts.entry(draw(7, number).0.as_str()).or_default() += 1;
        }
        for (plot, share) in SHARES {
            let count = counts[plot.as_str()];
            assert!((share * 160..share * 240).contains(&count), "{}: {count} of 20,000", plot.as_str());
        }
        assert!((0..50).any(|number| draw(7, number) != draw(8, number)));
    }
}
