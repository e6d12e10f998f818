//! The port to webhook endpoints: one signed POST, tried once, and what came of it.
//!
//! The sender signs (Standard Webhooks 1.0), guards against addresses that must not be called, and never follows a redirect.
//! It retries nothing and remembers nothing of an endpoint: when a try is repeated, and what waits behind it, is decided by
//! whoever calls.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use ordain_domain::time::{Span, Timestamp};

/// Most bytes of an endpoint's answer that are kept.
pub const EXCERPT_BYTES_MAX: usize = 512;

/// A secret as its owner knows it: `whsec_` and base64 of 24 to 64 bytes. It is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(pub Arc<str>);

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SigningSecret(…)")
    }
}

/// One message for one endpoint.
#[derive(Clone, Debug)]
pub struct WebhookRequest {
    /// Where to: an absolute URL.
    pub url: Arc<str>,
    /// `webhook-id`: the receiver's key against repetition, the same at every try of one message.
    pub id: Arc<str>,
    /// `webhook-timestamp`: the time of this try. Receivers allow for five minutes.
    pub sent_at: Timestamp,
    /// `content-type`.
    pub content_type: &'static str,
    /// The body, signed byte for byte.
    pub body: Arc<[u8]>,
    /// One or two secrets. Each makes one signature; the newest comes first.
    pub secrets: Vec<SigningSecret>,
}

/// What an endpoint answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointAnswer {
    /// HTTP status.
    pub status: u16,
    /// The beginning of the body as text, at most [`EXCERPT_BYTES_MAX`] bytes.
    pub excerpt: Arc<str>,
}

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// 2xx within the time that an endpoint has (15 seconds).
    Delivered(EndpointAnswer),
    /// Any other status, also a redirect: trying again later can help.
    Refused(EndpointAnswer),
    /// 410: the endpoint wants nothing more, ever.
    Gone(EndpointAnswer),
    /// 429, 502, 504, or an answer with `Retry-After`: the endpoint asks for fewer messages.
    SlowDown {
        /// What it said.
        answer: EndpointAnswer,
        /// Its `Retry-After`, bounded by the sender to a day.
        retry_after: Option<Span>,
    },
    /// There was no answer: no connection, no certificate, an address that must not be called, no answer in time.
    Failed(Arc<str>),
}

/// Sends webhooks.
pub trait WebhookSender: Send + Sync {
    /// Signs and sends one message, once. It ends by itself, after about 15 seconds at the latest.
    fn send(&self, request: WebhookRequest) -> BoxFuture<'_, SendOutcome>;

    /// A secret that nobody knows, in the form of [`SigningSecret`]; none when the machine has no randomness.
    fn draw_secret(&self) -> Option<SigningSecret>;

    /// Whether a URL may be an endpoint: its form, its scheme, and its host as far as that can be told without asking for an
    /// address. The address itself is checked when it is called.
    ///
    /// # Errors
    /// What is wrong, for people: it is shown beside the field.
    fn check_url(&self, url: &str) -> Result<(), String>;
}
