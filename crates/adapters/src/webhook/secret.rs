//! Secrets of webhook endpoints: `whsec_` for HMAC-SHA256, `whsk_` for Ed25519, both base64 (Standard Webhooks 1.0.0,
//! "Signature scheme").
//!
//! A secret shows itself only when it is asked to; it is not stored here.

use std::{fmt, str::FromStr};

use aws_lc_rs::{
    rand::{SecureRandom, SystemRandom},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// Fewest bytes of a `whsec_` secret.
pub const SECRET_BYTES_MIN: usize = 24;
/// Most bytes of a `whsec_` secret.
pub const SECRET_BYTES_MAX: usize = 64;

const HMAC_PREFIX: &str = "whsec_";
const ED25519_PREFIX: &str = "whsk_";
/// Bytes of a secret that is made here.
const MADE_BYTES: usize = 32;
const SEED_BYTES: usize = 32;

/// Why a text is not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Neither `whsec_` nor `whsk_`.
    #[error("must begin with whsec_")]
    Prefix,
    /// Not base64 with padding.
    #[error("must be base64 after its prefix")]
    Encoding,
    /// Too few bytes or too many.
    #[error("must have 24 to 64 bytes")]
    Length,
    /// Not a private key of Ed25519.
    #[error("must be a private key of Ed25519")]
    Key,
}

/// What an endpoint's deliveries are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret {
    pub(super) scheme: Scheme,
    pub(super) bytes: Vec<u8>,
}

/// How a secret signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `v1`: HMAC-SHA256 with all bytes.
    Hmac,
    /// `v1a`: Ed25519; the first 32 bytes are the seed.
    Ed25519,
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "WebhookSecret({:?})", self.scheme)
    }
}

impl WebhookSecret {
    /// A new `whsec_` secret of 32 bytes that nobody knows. None when the machine has no randomness.
    #[must_use]
    pub fn draw() -> Option<WebhookSecret> {
        let mut bytes = vec![0; MADE_BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(WebhookSecret { scheme: Scheme::Hmac, bytes })
    }

    /// The secret as text, for its owner and for the store: never for a log.
    #[must_use]
    pub fn reveal(&self) -> String {
        let prefix = match self.scheme {
            Scheme::Hmac => HMAC_PREFIX,
            Scheme::Ed25519 => ED25519_PREFIX,
        };
        format!("{prefix}{}", STANDARD.encode(&self.bytes))
    }
}

impl FromStr for WebhookSecret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<WebhookSecret, SecretError> {
        let schemes = [(HMAC_PREFIX, Scheme::Hmac), (ED25519_PREFIX, Scheme::Ed25519)];
        let found = schemes.into_iter().find_map(|(prefix, scheme)| Some((text.strip_prefix(prefix)?, scheme)));
        let (encoded, scheme) = found.ok_or(SecretError::Prefix)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError::Encoding)?;
        match scheme {
            Scheme::Hmac if !(SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&bytes.len()) => Err(SecretError::Length),
            Scheme::Hmac => Ok(WebhookSecret { scheme, bytes }),
            Scheme::Ed25519 => key_pair(&bytes).map(|_| WebhookSecret { scheme, bytes }).ok_or(SecretError::Key),
        }
    }
}

/// The key pair of a seed, or of a seed followed by its public key.
pub(super) fn key_pair(bytes: &[u8]) -> Option<Ed25519KeyPair> {
    let (seed, public) = bytes.split_at_checked(SEED_BYTES)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    (public.is_empty() || public == pair.public_key().as_ref()).then_some(pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whsec(count: usize) -> String {
        format!("whsec_{}", STANDARD.encode(vec![7; count]))
    }

    #[test]
    fn what_is_a_secret() {
        let seed: Vec<u8> = (0..32).collect();
        let public = key_pair(&seed).unwrap().public_key().as_ref().to_vec();
        let whsk = |bytes: &[u8]| format!("whsk_{}", STANDARD.encode(bytes));
        let table = [
            (whsec(24), Ok(())),
            (whsec(64), Ok(())),
            (whsec(23), Err(SecretError::Length)),
            (whsec(65), Err(SecretError::Length)),
            ("whsec_".to_owned(), Err(SecretError::Length)),
            (whsec(25).trim_end_matches('=').to_owned(), Err(SecretError::Encoding)),
            (format!("{} ", whsec(24)), Err(SecretError::Encoding)),
            (whsec(24).replace("BwcH", "Bwc-"), Err(SecretError::Encoding)),
            (whsec(24).to_uppercase(), Err(SecretError::Prefix)),
            (String::new(), Err(SecretError::Prefix)),
            (STANDARD.encode([7; 32]), Err(SecretError::Prefix)),
            (whsk(&seed), Ok(())),
            (whsk(&[&*seed, &*public].concat()), Ok(())),
            (whsk(&[&*seed, &[0; 32]].concat()), Err(SecretError::Key)),
            (whsk(&seed[1..]), Err(SecretError::Key)),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<WebhookSecret>().map(|_| ()), expected, "{text}");
        }
    }

    #[test]
    fn a_made_secret_is_one_and_hides_itself() {
        let secret = WebhookSecret::draw().unwrap();
        assert_eq!(secret.reveal().parse(), Ok(secret.clone()));
        assert_ne!(secret, WebhookSecret::draw().unwrap());
        assert_eq!(format!("{secret:?}"), "WebhookSecret(Hmac)");
    }
}
