//! Points in time and spans, as plain integers.
//!
//! This room knows no calendar and no time zone: the domain only compares and adds. Text forms (RFC 3339, "15m") are
//! made at the rim.

use serde::{Deserialize, Serialize};

/// A point in time: microseconds since 1970-01-01T00:00:00Z. Negative values are before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A span of time in microseconds, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub u64);

impl Timestamp {
    /// The latest representable point; used as "never".
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// Whole milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This point plus `span`, stopping at [`Timestamp::MAX`].
    #[must_use]
    pub const fn plus(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add_unsigned(span.0))
    }

    /// This point minus `span`, stopping at the earliest representable point.
    #[must_use]
    pub const fn minus(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_sub_unsigned(span.0))
    }

    /// The span from `earlier` to this point; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Timestamp) -> Span {
        let difference = self.0.saturating_sub(earlier.0);
        Span(if difference > 0 { difference as u64 } else { 0 })
    }
}

impl Span {
    /// A span of whole seconds, stopping at the longest representable span.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Span {
        Span(seconds.saturating_mul(1_000_000))
    }

    /// A span of whole milliseconds, stopping at the longest representable span.
    #[must_use]
    pub const fn milliseconds(milliseconds: u64) -> Span {
        Span(milliseconds.saturating_mul(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, Timestamp};

    #[test]
    fn arithmetic_saturates_and_never_goes_negative() {
        let table = [
            (Timestamp(10).plus(Span(5)), Timestamp(15)),
            (Timestamp::MAX.plus(Span(1)), Timestamp::MAX),
            (Timestamp(i64::MIN).minus(Span(1)), Timestamp(i64::MIN)),
        ];
        for (found, expected) in table {
            assert_eq!(found, expected);
        }
        assert_eq!(Timestamp(3).since(Timestamp(8)), Span(0));
        assert_eq!(Timestamp(8).since(Timestamp(3)), Span(5));
        assert_eq!(Timestamp(-1).millis(), -1);
    }
}
