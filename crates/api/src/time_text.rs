//! Points in time as RFC 3339 text: the only form the contract knows.
//!
//! Writing is a hot path (three times an order), so it is done into a buffer of fixed size; reading uses jiff. This room
//! reads no clock.

use jiff::Timestamp as Instant;
use ordain_domain::time::Timestamp;
use serde::{Serialize, Serializer};

/// Bytes of `2026-11-21T00:00:00.000000Z`.
const TEXT_LENGTH: usize = 27;
const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 9999-12-31T23:59:59.999999Z, the last point that RFC 3339 can write.
const LAST_MICROSECOND: i64 = 253_402_300_799_999_999;
/// 0000-01-01T00:00:00Z, the first point that RFC 3339 can write.
const FIRST_MICROSECOND: i64 = -62_167_219_200_000_000;

/// A point in time that writes itself as RFC 3339 in UTC with six decimals. Points that the format cannot hold are
/// written as its first or last one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rfc3339(pub(crate) Timestamp);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let buffer = format_utc(self.0);
        serializer.serialize_str(std::str::from_utf8(&buffer).expect("digits and separators are ASCII"))
    }
}

/// The six-decimal RFC 3339 text of a point in time.
fn format_utc(at: Timestamp) -> [u8; TEXT_LENGTH] {
    let micros = at.0.clamp(FIRST_MICROSECOND, LAST_MICROSECOND);
    let seconds = micros.div_euclid(MICROS_PER_SECOND);
    let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
    let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    write_digits(&mut text[0..4], year);
    write_digits(&mut text[5..7], month);
    write_digits(&mut text[8..10], day);
    write_digits(&mut text[11..13], of_day / 3_600);
    write_digits(&mut text[14..16], of_day / 60 % 60);
    write_digits(&mut text[17..19], of_day % 60);
    write_digits(&mut text[20..26], micros.rem_euclid(MICROS_PER_SECOND));
    text
}

/// Year, month and day of a day number counted from 1970-01-01, in the proleptic Gregorian calendar. The year is
/// counted from March, so that the leap day is the last one of a 400-year era (146,097 days).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn write_digits(target: &mut [u8], mut number: i64) {
    for digit in target.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Reads an RFC 3339 text with any offset. Between 1970 and 9999, microseconds at most.
///
/// # Errors
/// A sentence fragment for [`crate::problem::FieldError`].
pub(crate) fn parse_rfc3339(text: &str) -> Result<Timestamp, &'static str> {
    let shaped = text.len() >= 20 && text.as_bytes()[10].eq_ignore_ascii_case(&b'T') && !text.contains('[');
    let instant: Instant = match text.parse() {
        Ok(instant) if shaped => instant,
        _ => return Err("must be an RFC 3339 time such as 2026-11-21T00:00:00Z"),
    };
    if instant.as_nanosecond() % 1_000 != 0 {
        return Err("must not be finer than a microsecond");
    }
    let micros = instant.as_microsecond();
    if (0..=LAST_MICROSECOND).contains(&micros) {
        Ok(Timestamp(micros))
    } else {
        Err("must lie between the years 1970 and 9999")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(at: Timestamp) -> String {
        String::from_utf8(format_utc(at).to_vec()).unwrap()
    }

    #[test]
    fn text_is_that_of_the_calendar_library() {
        // Steps of a little more than 1.1 days walk through all leap rules between the years 0 and 9999.
        let mut micros = FIRST_MICROSECOND;
        while micros < Instant::MAX.as_microsecond() {
            let instant = Instant::from_microsecond(micros).unwrap();
            assert_eq!(written(Timestamp(micros)), format!("{instant:.6}"), "{micros}");
            micros += 96_000_123_457;
        }
    }

    #[test]
    fn points_beyond_the_format_are_clamped() {
        let table = [
            (Timestamp::MAX, "9999-12-31T23:59:59.999999Z"),
            (Timestamp(i64::MIN), "0000-01-01T00:00:00.000000Z"),
            (Timestamp(0), "1970-01-01T00:00:00.000000Z"),
            (Timestamp(1_795_219_200_000_001), "2026-11-21T00:00:00.000001Z"),
        ];
        for (at, expected) in table {
            assert_eq!(written(at), expected);
        }
    }

    #[test]
    fn reading_takes_rfc_3339_only() {
        let refused = "must be an RFC 3339 time such as 2026-11-21T00:00:00Z";
        let table = [
            ("2026-11-21T00:00:00Z", Ok(1_795_219_200_000_000)),
            ("2026-11-21T01:00:00.000001+01:00", Ok(1_795_219_200_000_001)),
            ("2026-11-21t00:00:00z", Ok(1_795_219_200_000_000)),
            ("2026-11-21", Err(refused)),
            ("2026-11-21 00:00:00Z", Err(refused)),
            ("2026-11-21T00:00:00", Err(refused)),
            ("2026-11-21T00:00:00Z[UTC]", Err(refused)),
            ("2026-02-30T00:00:00Z", Err(refused)),
            ("äääääääääääääääääää", Err(refused)),
            ("1795219200", Err(refused)),
            ("", Err(refused)),
            ("2026-11-21T00:00:00.0000001Z", Err("must not be finer than a microsecond")),
            ("1969-12-31T23:59:59Z", Err("must lie between the years 1970 and 9999")),
        ];
        for (text, expected) in table {
            assert_eq!(parse_rfc3339(text), expected.map(Timestamp), "{text:?}");
        }
    }
}
