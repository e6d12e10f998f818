//! Money: `i64` minor units of one currency, and the few ways to multiply, add and divide it without losing a unit.
//!
//! There is no `Amount` type and no arithmetic between currencies: an order has one currency, and every number of it is
//! named `…amount`, `…price` or `…total`. This room does not know which currencies exist (the rim asks ISO 4217) nor how
//! many decimals one has, and it never sees a fraction or a float.

use alloc::{string::String, vec, vec::Vec};
use core::{cmp::Reverse, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Greatest amount, in minor units: 2^53 - 1, the greatest integer that every JSON reader keeps exact (RFC 8259, §6).
pub const AMOUNT_MAX: i64 = 9_007_199_254_740_991;
/// Greatest price of one unit, in minor units.
pub const UNIT_PRICE_MAX: i64 = 1_000_000_000_000;
/// Greatest quantity of one line, in units.
pub const QUANTITY_MAX: u32 = 1_000_000;
/// One hundred percent, in basis points.
pub const BASIS_POINTS_MAX: u32 = 10_000;

/// A currency by its ISO 4217 letters. Holds the form only: three upper-case ASCII letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Takes three upper-case ASCII letters; `None` for any other text.
    #[must_use]
    pub fn new(text: &str) -> Option<Currency> {
        let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Currency(letters))
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("a currency holds ASCII letters only")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
        deserializer.deserialize_str(CurrencyVisitor)
    }
}

struct CurrencyVisitor;

impl de::Visitor<'_> for CurrencyVisitor {
    type Value = Currency;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a currency of three upper-case letters")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Currency, E> {
        Currency::new(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Currency, E> {
        self.visit_str(&text)
    }
}

/// The amount of `quantity` units at `unit_price`, in minor units; `None` above [`AMOUNT_MAX`].
#[must_use]
pub fn goods(unit_price: i64, quantity: u32) -> Option<i64> {
    assert!(unit_price >= 0, "a unit price is never negative");
    let amount = i128::from(unit_price) * i128::from(quantity);
    i64::try_from(amount).ok().filter(|amount| *amount <= AMOUNT_MAX)
}

/// The sum of amounts that are not negative, in minor units; `None` above [`AMOUNT_MAX`].
#[must_use]
pub fn sum(amounts: impl IntoIterator<Item = i64>) -> Option<i64> {
    amounts.into_iter().try_fold(0_i64, |total, amount| {
        assert!(amount >= 0, "only amounts that are not negative are summed");
        total.checked_add(amount).filter(|total| *total <= AMOUNT_MAX)
    })
}

/// The points that `paid` minor units earn at `points_per_100`, rounded down. Neither is negative.
#[must_use]
pub fn earned_points(paid: i64, points_per_100: i64) -> i64 {
    let points = i128::from(paid) * i128::from(points_per_100) / 100;
    i64::try_from(points).unwrap_or(AMOUNT_MAX).min(AMOUNT_MAX)
}

/// `basis_points` hundredths of a percent of `amount`, in minor units, rounded half up to the nearest minor unit: 0.5
/// becomes 1, as on most price tags. Never more than `amount` for up to [`BASIS_POINTS_MAX`]. `amount` is not negative.
#[must_use]
pub fn percent_of(amount: i64, basis_points: u32) -> i64 {
    part_of(amount, u64::from(basis_points), u64::from(BASIS_POINTS_MAX))
}

/// `amount * numerator / denominator` rounded half up, for a fraction of at most one.
pub(crate) fn part_of(amount: i64, numerator: u64, denominator: u64) -> i64 {
    assert!(amount >= 0, "a part is taken of an amount that is not negative");
    assert!(numerator <= denominator && denominator > 0, "a part is at most the whole");
    let (numerator, denominator) = (i128::from(numerator), i128::from(denominator));
    let part = (i128::from(amount) * numerator * 2 + denominator) / (denominator * 2);
    i64::try_from(part).expect("a part is at most the amount, which is an i64")
}

/// Splits `total` in proportion to `weights` by largest remainder (Hamilton's method): every share is the exact quota
/// rounded down, and the units left over go one each to the largest fractions, ties to the lower index.
///
/// The shares add up to `total`. A weight of zero gets nothing, unless all weights are zero: then they count as equal.
/// No share is greater than its weight while `total` is at most the sum of the weights.
///
/// # Panics
/// When `total` or a weight is negative, or `weights` is empty while `total` is not zero: bugs of the caller.
#[must_use]
pub fn split(total: i64, weights: &[i64]) -> Vec<i64> {
    assert!(total >= 0, "only an amount that is not negative is split");
    assert!(weights.iter().all(|weight| *weight >= 0), "no weight of a split is negative");
    if total == 0 {
        return vec![0; weights.len()];
    }
    assert!(!weights.is_empty(), "an amount is split over at least one share");
    let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if whole == 0 {
        let count = u32::try_from(weights.len()).expect("a split has far fewer than 2^32 shares");
        return (0..count).map(|unit| unit_share(total, count, unit)).collect();
    }
    let (mut shares, fractions): (Vec<i64>, Vec<i128>) =
        weights.iter().map(|weight| quota(total, *weight, whole)).unzip();
    let left_over = total - shares.iter().sum::<i64>();
    let left_over = usize::try_from(left_over).expect("quotas rounded down never exceed the total");
    if left_over > 0 {
        let mut by_fraction: Vec<usize> = (0..weights.len()).collect();
        by_fraction.select_nth_unstable_by_key(left_over - 1, |index| (Reverse(fractions[*index]), *index));
        for index in &by_fraction[..left_over] {
            shares[*index] += 1;
        }
    }
    shares
}

/// `total * weight / whole` rounded down, and the numerator of the fraction that was cut off.
fn quota(total: i64, weight: i64, whole: i128) -> (i64, i128) {
    // Ordinary amounts stay within 64 bits, where a division costs a tenth of one of 128 bits.
    if let (Some(product), Ok(whole)) = (total.checked_mul(weight), i64::try_from(whole)) {
        return (product / whole, i128::from(product % whole));
    }
    let product = i128::from(total) * i128::from(weight);
    let share = i64::try_from(product / whole).expect("a weight is at most the whole, so a share is at most the total");
    (share, product % whole)
}

/// The share of unit number `unit` (from 0) of a line's `amount` over `quantity` units, in minor units: the amount
/// divided by the quantity, rounded down, and one more for each of the first `amount % quantity` units.
///
/// This rule is pinned for ever: a refund gives back the shares of its units, so any sequence of partial refunds adds
/// up to the line exactly, and orders of any age must keep the shares they were sold with.
///
/// # Panics
/// When `amount` is negative or `unit` is not below `quantity`.
#[must_use]
pub fn unit_share(amount: i64, quantity: u32, unit: u32) -> i64 {
    assert!(unit < quantity, "a unit is numbered below the quantity of its line");
    units_share(amount, quantity, unit, unit + 1)
}

/// The sum of [`unit_share`] over the units `from` (included) to `to` (excluded), without walking them.
///
/// # Panics
/// When `amount` is negative, `quantity` is zero or not `from <= to <= quantity`.
#[must_use]
pub fn units_share(amount: i64, quantity: u32, from: u32, to: u32) -> i64 {
    assert!(amount >= 0, "only an amount that is not negative has unit shares");
    assert!(quantity > 0 && from <= to && to <= quantity, "units are numbered below the quantity of their line");
    let (each, extra) = (amount / i64::from(quantity), amount % i64::from(quantity));
    let up_to = |unit: u32| each * i64::from(unit) + extra.min(i64::from(unit));
    up_to(to) - up_to(from)
}
