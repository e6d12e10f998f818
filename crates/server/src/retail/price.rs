//! Decimal pounds to whole pence, by digits: a price never passes through a floating-point number.

/// Most digits before the point: keeps every price far from the bounds of 64 bits.
const POUND_DIGITS_MAX: usize = 12;

/// A price as the table writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Price {
    /// Greater than zero, even when it rounds to no penny at all.
    pub(super) is_positive: bool,
    /// Whole pence, rounded half up. 0 for prices that are not positive.
    pub(super) pence: u64,
}

/// Reads `123.456` or `-123.456`. `None` for anything else.
pub(super) fn parse_price(text: &str) -> Option<Price> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (pounds, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(pounds) || !all_digits(fraction) || pounds.len() > POUND_DIGITS_MAX {
        return None;
    }
    let digit = |index: usize| fraction.as_bytes().get(index).map_or(0, |byte| u64::from(byte - b'0'));
    let pence = pounds.parse::<u64>().ok()? * 100 + digit(0) * 10 + digit(1) + u64::from(digit(2) >= 5);
    let is_positive = !is_negative && digits.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    Some(Price { is_positive, pence: if is_positive { pence } else { 0 } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_round_half_up_to_whole_pence() {
        let price = |is_positive, pence| Some(Price { is_positive, pence });
        let table = [
            ("2.55", price(true, 255)),
            ("0.001", price(true, 0)),
            ("0.005", price(true, 1)),
            ("0.0049999", price(true, 0)),
            ("1.995", price(true, 200)),
            ("15", price(true, 1_500)),
            ("15.5", price(true, 1_550)),
            ("0.0", price(false, 0)),
            ("0", price(false, 0)),
            ("-11062.06", price(false, 0)),
            ("999999999999.99", price(true, 99_999_999_999_999)),
            ("1000000000000", None),
            ("", None),
            (".5", None),
            ("5.", None),
            ("1e3", None),
            ("+1", None),
            ("1.2.3", None),
            ("--1", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_price(text), expected, "{text:?}");
        }
    }
}
