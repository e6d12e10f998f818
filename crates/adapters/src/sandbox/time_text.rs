//! Points in time as RFC 3339 text.

use ordain_domain::time::Timestamp;

/// RFC 3339 in UTC; a time that the calendar cannot write is its last one.
pub(crate) fn time_text(time: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(time.0).unwrap_or(jiff::Timestamp::MAX).to_string()
}

/// The time of an RFC 3339 text, with any offset.
pub(crate) fn read_time(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let table = [
            ("2027-01-15T08:00:00Z", Some(1_800_000_000_000_000)),
            ("2027-01-15T08:00:00.000001Z", Some(1_800_000_000_000_001)),
            ("2027-01-15T16:00:00+08:00", Some(1_800_000_000_000_000)),
            ("2027-01-15T08:00:00", None),
            ("2027-01-15", None),
            ("1800000000", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(read_time(text).map(|time| time.0), expected, "{text}");
        }
        assert_eq!(time_text(Timestamp(1_800_000_000_000_001)), "2027-01-15T08:00:00.000001Z");
        assert_eq!(time_text(Timestamp::MAX), "9999-12-30T22:00:00.999999999Z");
    }
}
