//! The secret that an endpoint's messages are signed with, in the form of Standard Webhooks 1.0: `whsec_` and base64 (RFC 4648
//! §4, with padding) of 24 to 64 bytes.
//!
//! It is checked here and never decoded: signing is the sender's. `Debug` does not show it, because commands are written out
//! whole when their decision panics.

use alloc::{string::String, sync::Arc};
use core::fmt;

use serde::{Deserialize, Serialize};

/// What every secret begins with.
pub const SECRET_PREFIX: &str = "whsec_";
/// Fewest and most bytes of a secret once decoded.
pub const SECRET_BYTES: core::ops::RangeInclusive<usize> = 24..=64;

/// A signing secret in its text form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebhookSecret(Arc<str>);

/// A text that is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretError;

impl fmt::Display for SecretError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("must be whsec_ and the base64 of 24 to 64 bytes")
    }
}

impl core::error::Error for SecretError {}

impl WebhookSecret {
    /// Checks and takes a text.
    ///
    /// # Errors
    /// When it is not of the form above.
    pub fn new(text: &str) -> Result<WebhookSecret, SecretError> {
        let encoded = text.strip_prefix(SECRET_PREFIX).ok_or(SecretError)?;
        let digits = encoded.trim_end_matches('=');
        let padding = encoded.len() - digits.len();
        let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let is_whole = encoded.len() % 4 == 0 && padding <= 2 && digits.bytes().all(is_digit);
        let bytes = digits.len() * 3 / 4;
        if is_whole && SECRET_BYTES.contains(&bytes) { Ok(WebhookSecret(Arc::from(text))) } else { Err(SecretError) }
    }

    /// The text: for the sender, and for its owner once.
    #[must_use]
    pub fn reveal(&self) -> &Arc<str> {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecret(…)")
    }
}

impl TryFrom<String> for WebhookSecret {
    type Error = SecretError;
    fn try_from(text: String) -> Result<WebhookSecret, SecretError> {
        WebhookSecret::new(&text)
    }
}

impl From<WebhookSecret> for String {
    fn from(secret: WebhookSecret) -> String {
        String::from(&*secret.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_secret_is_base64_of_24_to_64_bytes() {
        let of = |digits: usize, padding: usize| format!("whsec_{}{}", "A".repeat(digits), "=".repeat(padding));
        let table = [
            (of(32, 0), true),
            (of(31, 1), false),
            (of(30, 2), false),
            (of(86, 2), true),
            (of(87, 1), false),
            (of(33, 0), false),
            (of(35, 1), true),
            (of(33, 3), false),
            (of(0, 0), false),
            (format!("whsec_{}", "A".repeat(31) + "-"), false),
            ("A".repeat(32), false),
        ];
        for (text, expected) in table {
            assert_eq!(WebhookSecret::new(&text).is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = WebhookSecret::new(&format!("whsec_{}", "B".repeat(32))).unwrap();
        assert!(!format!("{secret:?}").contains("BBB"));
    }
}
