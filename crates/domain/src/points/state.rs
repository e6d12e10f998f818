//! The row of a user's points and its ledger. A point is worth one minor unit of the order's currency.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{OrderId, UserId},
    money::AMOUNT_MAX,
    time::Timestamp,
};

/// A user's points. Invariant 7: `balance` = sum of the entries, and neither number is negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsAccount {
    /// Whose they are.
    pub user_id: UserId,
    /// What can be spent; the frozen ones are not in it.
    pub balance: i64,
    /// On orders that are not paid yet.
    pub frozen: i64,
    /// Number of the last ledger entry; entries of a user are numbered 1, 2, 3, ….
    pub entries: u64,
    /// How often the row was changed.
    pub version: u64,
}

impl PointsAccount {
    /// The row of a user that never had points.
    #[must_use]
    pub const fn empty(user_id: UserId) -> PointsAccount {
        PointsAccount { user_id, balance: 0, frozen: 0, entries: 0, version: 0 }
    }

    /// The account with `delta` on its balance and one entry more; `None` when the balance would be negative, or above
    /// [`AMOUNT_MAX`] together with the frozen points, which may come back.
    #[must_use]
    pub fn adjust(&self, delta: i64) -> Option<PointsAccount> {
        let balance =
            self.balance.checked_add(delta).filter(|balance| (0..=AMOUNT_MAX - self.frozen).contains(balance))?;
        let (entries, version) = (self.entries + 1, self.version + 1);
        Some(PointsAccount { balance, entries, version, ..self.clone() })
    }

    /// The account with points more on its balance, which is never refused: they are owed.
    #[must_use]
    pub fn earn(&self, points: i64) -> PointsAccount {
        let (balance, entries, version) = (self.balance + points, self.entries + 1, self.version + 1);
        PointsAccount { balance, entries, version, ..self.clone() }
    }

    /// Moves points from the balance to the frozen ones; `None` when the balance is smaller.
    #[must_use]
    pub fn freeze(&self, points: i64) -> Option<PointsAccount> {
        let account = self.adjust(-points)?;
        Some(PointsAccount { frozen: account.frozen + points, ..account })
    }

    /// Ends the freezing of points that were spent.
    ///
    /// # Panics
    /// When fewer are frozen: invariant 7.
    #[must_use]
    pub fn spend(&self, points: i64) -> PointsAccount {
        assert!(points <= self.frozen, "invariant 7: frozen points = sum over unpaid orders ({})", self.user_id);
        PointsAccount { frozen: self.frozen - points, version: self.version + 1, ..self.clone() }
    }

    /// Gives frozen points back to the balance.
    ///
    /// # Panics
    /// When fewer are frozen: invariant 7.
    #[must_use]
    pub fn unfreeze(&self, points: i64) -> PointsAccount {
        let account = self.spend(points);
        PointsAccount { balance: account.balance + points, entries: account.entries + 1, ..account }
    }
}

/// Why a balance changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointsReason {
    /// An operator added or took points.
    Adjustment,
    /// An order froze them.
    OrderPlaced,
    /// An order that ended unpaid gave them back.
    OrderCancelled,
    /// Units of a paid order gave them back.
    OrderRefunded,
    /// A completed order earned them.
    OrderCompleted,
}

/// One entry of a user's ledger of points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsEntry {
    /// Whose.
    pub user_id: UserId,
    /// 1, 2, 3, … per user.
    pub number: u64,
    /// Points, positive or negative, never 0.
    pub delta: i64,
    /// Why.
    pub reason: PointsReason,
    /// The operator's own words, for adjustments.
    pub note: Option<Arc<str>>,
    /// The order, where there is one.
    pub order: Option<OrderId>,
    /// The balance after the entry.
    pub balance: i64,
    /// When.
    pub at: Timestamp,
}
