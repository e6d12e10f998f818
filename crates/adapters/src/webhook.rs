//! Outgoing webhooks behind the engine's port: signed as Standard Webhooks 1.0.0 says, and sent without being lent to reach
//! what is not public.
//!
//! This room sends once and says what came of it. When to send again, what to send and to whom is decided elsewhere.

mod address;
mod client;
mod outcome;
mod resolver;
mod retry_after;
mod secret;
mod signature;
mod target;

pub use address::{AddressRefused, check as check_address};
pub use client::{ANSWER_BYTES_MAX, TIMEOUT, WebhookClient, WebhookClientFailure, WebhookSettings};
pub use resolver::{Lookup, SystemLookup};
pub use retry_after::{RETRY_AFTER_MAX, parse as parse_retry_after};
pub use secret::{SECRET_BYTES_MAX, SECRET_BYTES_MIN, SecretError, WebhookSecret};
pub use signature::sign;
pub use target::{Reach, Target, TargetError, URL_LENGTH_MAX};
