//! Which events an endpoint wants: an exact name (`order.paid`), all of a noun (`order.*`), or all (`*`).

use alloc::{string::String, sync::Arc};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::event::Event;

/// A pattern that at least one type of event matches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventPattern(Arc<str>);

/// A text that no type of event matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternError;

impl fmt::Display for PatternError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("matches no type of event: write a name such as order.paid, a noun such as order.*, or *")
    }
}

impl core::error::Error for PatternError {}

impl EventPattern {
    /// Checks and takes a text. A type that does not exist is refused, because it would be waited for in vain.
    ///
    /// # Errors
    /// When no type of event matches.
    pub fn new(text: &str) -> Result<EventPattern, PatternError> {
        let pattern = EventPattern(Arc::from(text));
        if Event::NAMES.iter().any(|name| pattern.matches(name)) { Ok(pattern) } else { Err(PatternError) }
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a type of event is wanted.
    #[must_use]
    pub fn matches(&self, type_name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some("") => true,
            Some(noun) => noun.ends_with('.') && type_name.starts_with(noun),
            None => type_name == &*self.0,
        }
    }
}

impl From<EventPattern> for String {
    fn from(pattern: EventPattern) -> String {
        String::from(&*pattern.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names_nouns_and_all() {
        let table = [
            ("*", "order.paid", true),
            ("order.*", "order.paid", true),
            ("order.*", "payment.created", false),
            ("order.paid", "order.paid", true),
            ("order.paid", "order.placed", false),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(EventPattern::new(pattern).unwrap().matches(name), expected, "{pattern} on {name}");
        }
        for text in ["", "order", "order*", "ord.*", "order.payed", "**", "*.paid", "order.paid "] {
            assert_eq!(EventPattern::new(text), Err(PatternError), "{text:?}");
        }
    }
}
