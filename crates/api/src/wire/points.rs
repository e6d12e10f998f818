//! Points on the wire. A point is worth one minor unit.

use ordain_domain::points::{PointsAccount, PointsEntry, PointsReason};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{number_text::PrefixedId, time_text::Rfc3339};

/// A user's points.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Points)]
pub(crate) struct PointsView<'a> {
    user_id: &'a str,
    /// What can be spent; the frozen ones are not in it.
    balance: i64,
    /// On orders that are not paid yet.
    frozen: i64,
    /// How often the row was changed.
    version: u64,
}

impl<'a> From<&'a PointsAccount> for PointsView<'a> {
    fn from(account: &'a PointsAccount) -> PointsView<'a> {
        PointsView {
            user_id: account.user_id.as_str(),
            balance: account.balance,
            frozen: account.frozen,
            version: account.version,
        }
    }
}

/// A user's points with a page of the ledger, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PointsWithEntries)]
pub(crate) struct PointsWithEntriesView<'a> {
    pub(crate) user_id: &'a str,
    /// What can be spent; the frozen ones are not in it. The sum of all entries.
    pub(crate) balance: i64,
    /// On orders that are not paid yet.
    pub(crate) frozen: i64,
    /// How often the row was changed.
    pub(crate) version: u64,
    pub(crate) entries: Vec<EntryView<'a>>,
    /// Where the ledger goes on.
    pub(crate) next_cursor: Option<String>,
}

/// Why a balance changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PointsReason)]
enum ReasonWord {
    Adjustment,
    OrderPlaced,
    OrderCancelled,
    /// Units of a paid order gave them back.
    OrderRefunded,
    /// A completed order earned them.
    OrderCompleted,
}

/// One entry of a user's ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PointsEntry)]
pub(crate) struct EntryView<'a> {
    /// 1, 2, 3, … per user.
    number: u64,
    /// Points, never 0.
    delta: i64,
    reason: ReasonWord,
    /// The operator's own words, for adjustments.
    note: Option<&'a str>,
    #[schema(value_type = Option<String>)]
    order_id: Option<PrefixedId>,
    /// The balance after the entry.
    balance: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Rfc3339,
}

impl<'a> From<&'a PointsEntry> for EntryView<'a> {
    fn from(entry: &'a PointsEntry) -> EntryView<'a> {
        EntryView {
            number: entry.number,
            delta: entry.delta,
            reason: match entry.reason {
                PointsReason::Adjustment => ReasonWord::Adjustment,
                PointsReason::OrderPlaced => ReasonWord::OrderPlaced,
                PointsReason::OrderCancelled => ReasonWord::OrderCancelled,
                PointsReason::OrderRefunded => ReasonWord::OrderRefunded,
                PointsReason::OrderCompleted => ReasonWord::OrderCompleted,
            },
            note: entry.note.as_deref(),
            order_id: entry.order.map(PrefixedId::from),
            balance: entry.balance,
            at: Rfc3339(entry.at),
        }
    }
}
