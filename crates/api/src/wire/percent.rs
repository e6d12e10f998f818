//! A percentage as the wire has it: a whole number from 1 to 100.

/// The percentage of an integer.
///
/// # Errors
/// A sentence fragment for [`crate::problem::FieldError`].
pub(crate) fn parse_percent(number: i64) -> Result<u8, &'static str> {
    u8::try_from(number)
        .ok()
        .filter(|percent| (1..=100).contains(percent))
        .ok_or("must be a whole number from 1 to 100")
}

#[cfg(test)]
mod tests {
    use super::parse_percent;

    #[test]
    fn percentages_are_whole_and_positive() {
        let table = [(1, true), (100, true), (0, false), (101, false), (-1, false), (257, false), (i64::MAX, false)];
        for (number, expected) in table {
            assert_eq!(parse_percent(number).is_ok(), expected, "{number}");
        }
    }
}
