//! Which currencies exist: membership of ISO 4217, as a set of bits that is asked for every order.
//!
//! The table itself is that of `iso_currency`; decimals of a currency are no matter of this interface, which speaks minor
//! units only.

use std::{fmt, sync::LazyLock};

use ordain_domain::money::Currency;

const LETTERS: usize = 26;
const WORDS: usize = (LETTERS * LETTERS * LETTERS).div_ceil(64);

static KNOWN: LazyLock<[u64; WORDS]> = LazyLock::new(known_currencies);

/// The text is no currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoCurrency;

impl fmt::Display for NoCurrency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("must be a currency of ISO 4217 in upper case")
    }
}

/// The currency of three upper-case letters that ISO 4217 knows.
pub(crate) fn parse_currency(text: &str) -> Result<Currency, NoCurrency> {
    let currency = Currency::new(text).ok_or(NoCurrency)?;
    let index = index_of(text.as_bytes());
    if KNOWN[index / 64] >> (index % 64) & 1 == 1 { Ok(currency) } else { Err(NoCurrency) }
}

/// The number of three upper-case letters, read as digits to the base 26.
fn index_of(letters: &[u8]) -> usize {
    letters.iter().fold(0, |index, letter| index * LETTERS + usize::from(letter - b'A'))
}

fn known_currencies() -> [u64; WORDS] {
    let mut known = [0; WORDS];
    let letters = || b'A'..=b'Z';
    for text in letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c]))) {
        let code = std::str::from_utf8(&text).expect("letters are ASCII");
        if iso_currency::Currency::from_code(code).is_some() {
            let index = index_of(&text);
            known[index / 64] |= 1 << (index % 64);
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_currencies_of_the_standard_are_known() {
        let table = [
            ("GBP", true),
            ("JPY", true),
            ("KWD", true),
            ("AAA", false),
            ("ZZZ", false),
            ("gbp", false),
            ("GB", false),
            ("", false),
            ("ÄB", false),
        ];
        for (text, expected) in table {
            assert_eq!(parse_currency(text).is_ok(), expected, "{text}");
        }
        let count: u32 = KNOWN.iter().map(|word| word.count_ones()).sum();
        assert!((150..300).contains(&count), "{count} currencies");
    }
}
