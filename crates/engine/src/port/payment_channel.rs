//! The port to payment channels: open, query, close, refund, and the check of what they send by themselves.
//!
//! Every call carries an id of ours as its idempotency key: the same call again has one effect at the channel and the same
//! answer. A channel never decides about an order; what it says goes to the domain as a report.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use ordain_domain::{
    ids::{OrderId, PaymentId, RefundId},
    money::Currency,
    payment::{ChannelReport, PaymentReport, RefundReport},
    time::Timestamp,
};

/// What a channel is told to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRequest {
    /// The attempt: the key of the call, for ever.
    pub payment: PaymentId,
    /// For which order, for people.
    pub order: OrderId,
    /// Minor units, at least 1.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// After this the channel must take no money.
    pub expires_at: Timestamp,
    /// Where the payer goes afterwards.
    pub return_url: Option<Arc<str>>,
}

/// What a channel is told to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// The refund: the key of the call, for ever.
    pub refund: RefundId,
    /// Of which payment.
    pub payment: PaymentId,
    /// The channel's own number of that payment, when it told one.
    pub transaction: Option<Arc<str>>,
    /// Minor units, at least 1.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
}

/// Why a call to a channel has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChannelFailure {
    /// The call certainly never reached the channel (no connection, open breaker): nothing happened there.
    #[error("the channel cannot be reached: {0}")]
    Unreachable(String),
    /// Nobody knows whether the channel acted: a lost reply, a timeout, an answer that cannot be read or trusted.
    #[error("the channel's answer is unknown: {0}")]
    Unknown(String),
    /// The channel refuses the call for good: trying the same again cannot help.
    #[error("the channel refuses: {0}")]
    Refused(String),
}

impl ChannelFailure {
    /// Whether the same call, with the same key, may get an answer later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        !matches!(self, ChannelFailure::Refused(_))
    }
}

/// What a channel sent by itself, exactly as it arrived.
#[derive(Clone, Debug)]
pub struct RawNotification<'a> {
    /// Names in lower case.
    pub headers: &'a BTreeMap<String, String>,
    /// The body's bytes, unparsed.
    pub body: &'a [u8],
    /// When it arrived.
    pub arrived_at: Timestamp,
}

/// A notification whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The channel's own number of the notification.
    pub event_id: Arc<str>,
    /// To whom the channel thinks it owes the money; compared with [`PaymentChannel::merchant`].
    pub merchant: Arc<str>,
    /// What it says.
    pub report: ChannelReport,
}

/// Why a notification is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotificationProblem {
    /// No signature, a wrong one, or one whose time is too far from ours.
    #[error("the signature does not hold: {0}")]
    Forged(&'static str),
    /// Signed, but not a notification of this channel.
    #[error("the notification cannot be read: {0}")]
    Unreadable(String),
}

/// What a channel wants to hear when its notification was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Media type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static [u8],
}

/// Whether calls to a channel are let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Circuit {
    /// They are.
    #[default]
    Closed,
    /// One is, to find out whether the channel is back.
    HalfOpen,
    /// None is: most of the last ones failed.
    Open,
}

/// One payment channel.
pub trait PaymentChannel: Send + Sync {
    /// Its name in the API: `sandbox`.
    fn name(&self) -> &str;

    /// Who we are at the channel.
    fn merchant(&self) -> &str;

    /// Opens a payment. The same payment again answers where it stands.
    fn open(&self, request: PaymentRequest) -> BoxFuture<'_, Result<PaymentReport, ChannelFailure>>;

    /// Asks where a payment stands; `NotFound` is an answer.
    fn query(&self, payment: PaymentId) -> BoxFuture<'_, Result<PaymentReport, ChannelFailure>>;

    /// Closes a payment so that no money can come of it any more, also one that the channel does not know (yet). Answers
    /// where it stands then: `Closed`, or `Captured` when the payer was faster.
    fn close(&self, payment: PaymentId) -> BoxFuture<'_, Result<PaymentReport, ChannelFailure>>;

    /// Gives money back. The same refund again answers where it stands.
    fn refund(&self, request: RefundRequest) -> BoxFuture<'_, Result<RefundReport, ChannelFailure>>;

    /// Asks where a refund stands; an unknown one is an answer (`is_known` false).
    fn query_refund(&self, request: RefundRequest) -> BoxFuture<'_, Result<RefundReport, ChannelFailure>>;

    /// Checks the signature over the raw bytes in constant time, then reads the notification.
    ///
    /// # Errors
    /// See [`NotificationProblem`].
    fn verify(&self, raw: &RawNotification<'_>) -> Result<Notification, NotificationProblem>;

    /// Whether calls are let through at the moment, for operators.
    fn circuit(&self) -> Circuit {
        Circuit::Closed
    }

    /// The channel's own word for "taken": sent only after the commit.
    fn acknowledgement(&self) -> Acknowledgement;
}
