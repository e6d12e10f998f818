//! What the sandbox's program interface shows of its books. Times are RFC 3339, amounts minor units.
//!
//! The names are those of the HTTP contract of Ordain, so that one reader serves both; the two share no code.

use ordain_domain::time::Timestamp;
use serde::Serialize;

use super::{
    account::{Account, Standing, capture_number, refund_number},
    books::LedgerEntry,
    merchant::Identity,
};
use crate::sandbox::time_text::time_text;

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaymentView {
    /// `pay_…`.
    pub id: String,
    /// `ord_…`; none when it was closed before it was opened.
    pub order_id: Option<String>,
    /// `open`, `closed`, `expired`, `refused`, `captured`.
    pub status: &'static str,
    /// What is asked for.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// What was taken.
    pub captured: i64,
    /// What was given back.
    pub refunded: i64,
    /// The number of the capture.
    pub transaction: Option<String>,
    /// When it is over.
    pub expires_at: String,
    /// Where a person pays.
    pub pay_url: String,
    /// Where the payer goes afterwards.
    pub return_url: Option<String>,
}

/// One movement of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerLine {
    /// 1, 2, 3, …
    pub number: i64,
    /// `capture` or `refund`.
    pub kind: &'static str,
    /// `pay_…`.
    pub payment_id: String,
    /// `rfd_…`, of a refund.
    pub refund_id: Option<String>,
    /// The channel's number of the movement.
    pub transaction: String,
    /// Minor units, at least 1, also of a refund.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// When it happened.
    pub at: String,
}

/// Where a payment stands at `now`, in one word.
pub(super) fn status(account: &Account, now: Timestamp) -> &'static str {
    match account.standing {
        Standing::Open if now > account.expires_at => "expired",
        Standing::Open => "open",
        Standing::Closed => "closed",
        Standing::Refused => "refused",
        Standing::Captured => "captured",
    }
}

impl PaymentView {
    pub(super) fn of(account: &Account, identity: &Identity, now: Timestamp) -> PaymentView {
        PaymentView {
            id: account.payment.to_string(),
            order_id: account.order.map(|order| order.to_string()),
            status: status(account, now),
            amount: account.amount,
            currency: account.currency.as_str().to_owned(),
            captured: account.captured,
            refunded: account.refunded,
            transaction: account.transaction().map(|transaction| transaction.to_string()),
            expires_at: time_text(account.expires_at),
            pay_url: identity.pay_url(account.payment).to_string(),
            return_url: account.return_url.as_deref().map(str::to_owned),
        }
    }
}

impl LedgerLine {
    pub(super) fn of(entry: &LedgerEntry) -> LedgerLine {
        let transaction = entry.refund.map_or_else(|| capture_number(entry.payment), refund_number);
        LedgerLine {
            number: entry.number,
            kind: if entry.refund.is_some() { "refund" } else { "capture" },
            payment_id: entry.payment.to_string(),
            refund_id: entry.refund.map(|refund| refund.to_string()),
            transaction: transaction.to_string(),
            amount: entry.amount,
            currency: entry.currency.as_str().to_owned(),
            at: time_text(entry.at),
        }
    }
}
