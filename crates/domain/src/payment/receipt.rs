//! Notifications as they arrived: kept before anything follows from them, and for ever.
//!
//! A receipt is evidence. It is never changed but for what is kept of the person who settled a quarantined one.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    event::Actor,
    ids::{PaymentId, ReceiptId},
    payment::report::ChannelReport,
    time::Timestamp,
};

/// Most bytes of a body that are kept.
pub const RECEIPT_BODY_MAX: usize = 16_384;

/// What was made of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptVerdict {
    /// It changed an attempt or a refund.
    Applied,
    /// It said nothing new: a duplicate, or a word that a higher one had overtaken.
    Known,
    /// It is signed and cannot be true: another amount, currency, merchant or channel, or a transaction of another payment.
    /// It touched nothing; a person has to look.
    Quarantined,
    /// A person looked at it.
    Resolved,
    /// Its signature does not hold. It was not read.
    Forged,
    /// It names a payment that is not known (yet): the channel is told to come again.
    Unmatched,
}

impl ReceiptVerdict {
    /// Every verdict.
    pub const ALL: [ReceiptVerdict; 6] = [
        ReceiptVerdict::Applied,
        ReceiptVerdict::Known,
        ReceiptVerdict::Quarantined,
        ReceiptVerdict::Resolved,
        ReceiptVerdict::Forged,
        ReceiptVerdict::Unmatched,
    ];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ReceiptVerdict::Applied => "applied",
            ReceiptVerdict::Known => "known",
            ReceiptVerdict::Quarantined => "quarantined",
            ReceiptVerdict::Resolved => "resolved",
            ReceiptVerdict::Forged => "forged",
            ReceiptVerdict::Unmatched => "unmatched",
        }
    }

    /// The verdict of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ReceiptVerdict> {
        ReceiptVerdict::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }
}

/// Who settled a quarantined notification, when and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// Who it was.
    pub by: Actor,
    /// When it was decided.
    pub at: Timestamp,
    /// What was found, 1 to 1,000 characters.
    pub note: Arc<str>,
}

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its id.
    pub id: ReceiptId,
    /// Name of the channel it came from.
    pub channel: Arc<str>,
    /// The channel's own number of it, where it could be read.
    pub event_id: Option<Arc<str>>,
    /// The payment it is about, where it is one of ours.
    pub payment: Option<PaymentId>,
    /// What it says, where the signature holds.
    pub report: Option<ChannelReport>,
    /// Headers, one `name: value` a line, without those that carry secrets.
    pub headers: Arc<str>,
    /// The body as it arrived, at most [`RECEIPT_BODY_MAX`] bytes.
    pub body: Arc<[u8]>,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// What was made of it.
    pub verdict: ReceiptVerdict,
    /// Why it was quarantined, also after it was resolved.
    pub note: Option<Arc<str>>,
    /// How it was resolved; there exactly while the verdict is [`ReceiptVerdict::Resolved`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
}
