//! Durations as text: `500ms`, `15m`, `7d`, `0s`.
//!
//! One whole number and one unit, nothing else: no fractions, no sums, no months. What is written has one reading.

use std::time::Duration;

use serde::Serializer;

/// The units with their lengths in microseconds, longest first.
const UNITS: [(&str, u64); 6] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

/// The duration that `text` names, or `None` when it is not one or exceeds 2^64 microseconds.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, length) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(length).map(Duration::from_micros)
}

/// The shortest text that [`parse`] reads back as `duration`, cut to whole microseconds.
pub(crate) fn text(duration: Duration) -> String {
    let micros = duration.as_micros();
    if micros == 0 {
        return "0s".to_owned();
    }
    let (unit, length) =
        UNITS.into_iter().find(|(_, length)| micros.is_multiple_of(u128::from(*length))).unwrap_or(("us", 1));
    format!("{}{unit}", micros / u128::from(length))
}

/// Serializes a duration as its text.
pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*duration))
}

/// Serializes durations as a list of their texts.
pub(super) fn serialize_list<S: Serializer>(durations: &[Duration], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(durations.iter().map(|duration| text(*duration)))
}

#[cfg(test)]
mod tests {
    use super::{parse, text};

    #[test]
    fn text_is_one_number_and_one_unit() {
        let table = [
            ("0s", Some(0)),
            ("0d", Some(0)),
            ("1us", Some(1)),
            ("500ms", Some(500_000)),
            ("2s", Some(2_000_000)),
            ("015m", Some(900_000_000)),
            ("15m", Some(900_000_000)),
            ("24h", Some(86_400_000_000)),
            ("7d", Some(604_800_000_000)),
            ("18446744073709551615us", Some(u64::MAX)),
            ("18446744073709551616us", None),
            ("18446744073709551615ms", None),
            ("", None),
            ("15", None),
            ("m", None),
            ("-1s", None),
            ("+1s", None),
            ("1.5s", None),
            ("1h30m", None),
            ("15 m", None),
            (" 15m", None),
            ("15m ", None),
            ("15M", None),
            ("15min", None),
            ("15 minutes", None),
            ("PT15M", None),
            ("1w", None),
            ("٣s", None),
        ];
        for (input, expected) in table {
            assert_eq!(parse(input).map(|found| found.as_micros()), expected.map(u128::from), "{input:?}");
        }
    }

    #[test]
    fn the_shortest_text_reads_back() {
        let table = [
            ("0ms", "0s"),
            ("900s", "15m"),
            ("90s", "90s"),
            ("48h", "2d"),
            ("1500ms", "1500ms"),
            ("1000us", "1ms"),
            ("7us", "7us"),
        ];
        for (input, expected) in table {
            let duration = parse(input).unwrap();
            assert_eq!(text(duration), expected, "{input}");
            assert_eq!(parse(expected), Some(duration), "{expected}");
        }
    }
}
