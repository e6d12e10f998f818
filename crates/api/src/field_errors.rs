//! Collects everything that is wrong with a well-formed body, so that a caller mends it in one go.
//!
//! This room checks nothing on its own: it keeps the places in order and stops at a bound. Pointers are passed as
//! `format_args!`, so that a good body never builds one.

use std::{borrow::Cow, fmt};

use ordain_domain::time::Timestamp;

use crate::{
    problem::{FieldError, Problem},
    time_text::parse_rfc3339,
};

/// Most places named in one answer; a body of 1,000 bad lines is not worth more text.
const ERRORS_MAX: usize = 100;

/// The places of a body that are wrong, in the order of finding.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Nothing is wrong yet.
    pub(crate) fn new() -> FieldErrors {
        FieldErrors::default()
    }

    /// Notes a wrong place. Beyond [`ERRORS_MAX`] places nothing more is kept; the body is refused all the same.
    pub(crate) fn push(&mut self, pointer: fmt::Arguments<'_>, detail: impl Into<Cow<'static, str>>) {
        if self.0.len() < ERRORS_MAX {
            self.0.push(FieldError::at(pointer.to_string(), detail));
        }
    }

    /// Notes the place unless `holds`.
    pub(crate) fn require(&mut self, holds: bool, pointer: fmt::Arguments<'_>, detail: &'static str) {
        if !holds {
            self.push(pointer, detail);
        }
    }

    /// The value, or a note of why there is none.
    pub(crate) fn take<T, E: fmt::Display>(&mut self, result: Result<T, E>, pointer: fmt::Arguments<'_>) -> Option<T> {
        result.map_err(|error| self.push(pointer, error.to_string())).ok()
    }

    /// The point in time of an RFC 3339 text.
    pub(crate) fn time(&mut self, text: &str, pointer: fmt::Arguments<'_>) -> Option<Timestamp> {
        self.take(parse_rfc3339(text), pointer)
    }

    /// Notes a text that is empty or longer than `length_max` characters, or holds control characters.
    pub(crate) fn text(&mut self, text: &str, length_max: usize, pointer: fmt::Arguments<'_>) {
        if text.trim().is_empty() {
            self.push(pointer, "must not be empty");
        } else {
            self.text_or_empty(text, length_max, pointer);
        }
    }

    /// As [`FieldErrors::text`], but an empty text is good.
    pub(crate) fn text_or_empty(&mut self, text: &str, length_max: usize, pointer: fmt::Arguments<'_>) {
        // Bytes bound characters from above, so the usual text is never counted.
        if text.len() > length_max && text.chars().count() > length_max {
            self.push(pointer, format!("must have at most {length_max} characters"));
        } else if text.chars().any(char::is_control) {
            self.push(pointer, "must not hold control characters");
        }
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The checked value, or `invalid_request` with every place.
    ///
    /// # Errors
    /// When a place was noted. A missing value without a note is a bug of the caller.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => {
                assert!(!self.0.is_empty(), "a value that could not be built names the place that is wrong");
                Err(Problem::invalid(self.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_named_up_to_the_bound() {
        let mut errors = FieldErrors::new();
        for index in 0..2 * ERRORS_MAX {
            errors.require(index % 2 == 1, format_args!("/lines/{index}/sku"), "is unknown");
        }
        assert_eq!(errors.0.len(), ERRORS_MAX);
        let problem = errors.finish(Some(())).unwrap_err();
        let text = serde_json::to_value(&problem).unwrap();
        assert_eq!(text["errors"][1]["pointer"], "/lines/2/sku");
        assert_eq!(text["detail"], "Several values are wrong; see errors.");
    }

    #[test]
    fn texts_are_bounded_in_characters() {
        let table = [
            ("ä".repeat(10), 10, None),
            ("ä".repeat(11), 10, Some("must have at most 10 characters")),
            (" ".to_owned(), 10, Some("must not be empty")),
            ("a\u{0}b".to_owned(), 10, Some("must not hold control characters")),
        ];
        for (text, length_max, expected) in table {
            let mut errors = FieldErrors::new();
            errors.text(&text, length_max, format_args!("/title"));
            assert_eq!(errors.0.first(), expected.map(|detail| FieldError::at("/title", detail)).as_ref(), "{text:?}");
        }
    }
}
