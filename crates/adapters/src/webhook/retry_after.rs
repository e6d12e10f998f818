//! The `Retry-After` header (RFC 9110 §10.2.3): seconds, or a date in one of the three forms of HTTP.
//!
//! What to make of it is the caller's matter.

use std::time::UNIX_EPOCH;

use ordain_domain::time::{Span, Timestamp};

/// Longest wait that is believed; more is cut.
pub const RETRY_AFTER_MAX: Span = Span::seconds(24 * 3_600);

/// The wait from `now` on; none when the value is neither. A date that is over is no wait.
#[must_use]
pub fn parse(value: &str, now: Timestamp) -> Option<Span> {
    let value = value.trim_matches([' ', '\t']);
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a very long wait.
        Span::seconds(value.parse().unwrap_or(u64::MAX))
    } else {
        let since = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
        Timestamp(i64::try_from(since.as_micros()).ok()?).since(now)
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        // 2026-11-21T00:00:00Z.
        let now = Timestamp(1_795_219_200_000_000);
        let table = [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("Sat, 21 Nov 2026 00:02:00 GMT", Some(120)),
            ("Saturday, 21-Nov-26 00:02:00 GMT", Some(120)),
            ("Sat Nov 21 00:02:00 2026", Some(120)),
            ("Fri, 20 Nov 2026 00:00:00 GMT", Some(0)),
            ("Sat, 21 Nov 2037 00:00:00 GMT", Some(86_400)),
            ("Mon, 01 Jan 1960 00:00:00 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("+5", None),
            ("soon", None),
            ("", None),
        ];
        for (value, seconds) in table {
            assert_eq!(parse(value, now), seconds.map(Span::seconds), "{value:?}");
        }
    }
}
