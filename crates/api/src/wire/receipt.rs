//! Notifications of payment channels on the wire, as operators look at them.

use std::borrow::Cow;

use ordain_domain::payment::{ChannelReport, Receipt, ReceiptVerdict, ReportedState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{number_text::PrefixedId, time_text::Rfc3339};

/// What was made of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReceiptVerdict)]
pub(crate) enum VerdictWord {
    /// It changed a payment or a refund.
    Applied,
    /// It said nothing new.
    Known,
    /// It is signed and cannot be true. It touched nothing; a person has to look and resolve it.
    Quarantined,
    /// A person looked at it.
    Resolved,
    /// Its signature does not hold.
    Forged,
    /// It names a payment that is not known.
    Unmatched,
}

impl From<ReceiptVerdict> for VerdictWord {
    fn from(verdict: ReceiptVerdict) -> VerdictWord {
        match verdict {
            ReceiptVerdict::Applied => VerdictWord::Applied,
            ReceiptVerdict::Known => VerdictWord::Known,
            ReceiptVerdict::Quarantined => VerdictWord::Quarantined,
            ReceiptVerdict::Resolved => VerdictWord::Resolved,
            ReceiptVerdict::Forged => VerdictWord::Forged,
            ReceiptVerdict::Unmatched => VerdictWord::Unmatched,
        }
    }
}

/// Where a channel says that a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportedState)]
enum ReportedWord {
    NotFound,
    Open,
    Closed,
    Failed,
    Authorised,
    Captured,
    Refunded,
}

impl From<ReportedState> for ReportedWord {
    fn from(state: ReportedState) -> ReportedWord {
        match state {
            ReportedState::NotFound => ReportedWord::NotFound,
            ReportedState::Open => ReportedWord::Open,
            ReportedState::Closed => ReportedWord::Closed,
            ReportedState::Failed => ReportedWord::Failed,
            ReportedState::Authorised => ReportedWord::Authorised,
            ReportedState::Captured => ReportedWord::Captured,
            ReportedState::Refunded => ReportedWord::Refunded,
        }
    }
}

/// What a channel said.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = ChannelReport)]
enum ReportView<'a> {
    /// Of a payment.
    Payment {
        #[schema(value_type = String)]
        payment_id: PrefixedId,
        state: ReportedWord,
        /// Minor units.
        amount: i64,
        currency: &'a str,
        transaction: Option<&'a str>,
    },
    /// Of a refund.
    Refund {
        #[schema(value_type = String)]
        refund_id: PrefixedId,
        /// Whether the money went back; null while the channel is at it.
        succeeded: Option<bool>,
        /// Minor units.
        amount: i64,
        transaction: Option<&'a str>,
        reason: Option<&'a str>,
    },
}

impl<'a> From<&'a ChannelReport> for ReportView<'a> {
    fn from(report: &'a ChannelReport) -> ReportView<'a> {
        match report {
            ChannelReport::Payment(report) => ReportView::Payment {
                payment_id: report.payment.into(),
                state: report.state.into(),
                amount: report.amount,
                currency: report.currency.as_str(),
                transaction: report.transaction.as_deref(),
            },
            ChannelReport::Refund(report) => ReportView::Refund {
                refund_id: report.refund.into(),
                succeeded: report.succeeded,
                amount: report.amount,
                transaction: report.transaction.as_deref(),
                reason: report.reason.as_deref(),
            },
        }
    }
}

/// A notification as it arrived, and what was made of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receipt)]
pub(crate) struct ReceiptView<'a> {
    #[schema(value_type = String, example = "rct_7254")]
    id: PrefixedId,
    /// Name of the channel.
    channel: &'a str,
    /// The channel's own number of it.
    event_id: Option<&'a str>,
    /// The payment of ours that it is about.
    #[schema(value_type = Option<String>)]
    payment_id: Option<PrefixedId>,
    verdict: VerdictWord,
    /// Why it was quarantined, also after it was resolved.
    note: Option<&'a str>,
    /// Who resolved it; null unless it is resolved.
    resolved_by: Option<&'a str>,
    /// When it was resolved; null unless it is.
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Rfc3339>,
    /// What was found; null unless it is resolved.
    resolved_note: Option<&'a str>,
    /// What it says; null when it is forged.
    report: Option<ReportView<'a>>,
    /// Headers, one `name: value` each, without those that carry secrets.
    headers: Vec<&'a str>,
    /// The first 16 KiB of the body; bytes that are no UTF-8 are shown as U+FFFD.
    #[schema(value_type = String)]
    body: Cow<'a, str>,
    #[schema(value_type = String, format = DateTime)]
    arrived_at: Rfc3339,
}

impl<'a> From<&'a Receipt> for ReceiptView<'a> {
    fn from(receipt: &'a Receipt) -> ReceiptView<'a> {
        let resolution = receipt.resolution.as_ref();
        ReceiptView {
            id: receipt.id.into(),
            channel: &receipt.channel,
            event_id: receipt.event_id.as_deref(),
            payment_id: receipt.payment.map(PrefixedId::from),
            verdict: receipt.verdict.into(),
            note: receipt.note.as_deref(),
            resolved_by: resolution.map(|resolution| resolution.by.as_str()),
            resolved_at: resolution.map(|resolution| Rfc3339(resolution.at)),
            resolved_note: resolution.map(|resolution| &*resolution.note),
            report: receipt.report.as_ref().map(ReportView::from),
            headers: receipt.headers.lines().collect(),
            body: String::from_utf8_lossy(&receipt.body),
            arrived_at: Rfc3339(receipt.arrived_at),
        }
    }
}

/// A page of notifications, newest first.
#[derive(Debug, ToSchema)]
#[schema(as = ReceiptPage)]
#[expect(dead_code, reason = "only its schema is used: pages are written by `paging`")]
pub(crate) struct ReceiptPage<'a> {
    data: Vec<ReceiptView<'a>>,
    next_cursor: Option<String>,
}
