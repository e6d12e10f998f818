//! What happened to after-sales. These are facts of the order: they carry its numbers, and say which units moved.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    after_sale::{
        command::AfterSaleRequestLine,
        state::{AfterSaleKind, Consignment},
    },
    ids::AfterSaleId,
    refund::{RefundLine, merged},
    time::Timestamp,
};

/// `after_sale.opened`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSaleOpened {
    /// The after-sale.
    pub after_sale: AfterSaleId,
    /// What the buyer wants.
    pub kind: AfterSaleKind,
    /// For which units.
    pub lines: Vec<AfterSaleRequestLine>,
    /// In the buyer's own words.
    pub reason: Arc<str>,
    /// Until when the shop has to review it.
    pub review_due_at: Timestamp,
}

/// `after_sale.approved`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSaleApproved {
    /// The after-sale.
    pub after_sale: AfterSaleId,
    /// Units on their way whose money goes back without waiting for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_up: Vec<RefundLine>,
    /// Units whose money goes back and that the buyer keeps for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<RefundLine>,
    /// Minor units that the buyer has to pay for the replacement; 0 for none.
    #[serde(default)]
    pub to_pay: i64,
}

/// `after_sale.rejected`: it ends, and the buyer keeps what it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSaleRejected {
    /// The after-sale.
    pub after_sale: AfterSaleId,
    /// Why.
    pub reason: Arc<str>,
}

/// `after_sale.withdrawn`: by the buyer, or because goods did not come back in time, or came back by another way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSaleWithdrawn {
    /// The after-sale.
    pub after_sale: AfterSaleId,
}

/// `after_sale.shipped_back`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSaleShippedBack {
    /// The after-sale.
    pub after_sale: AfterSaleId,
    /// With whom.
    #[serde(flatten)]
    pub consignment: Consignment,
}

/// `after_sale.received`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSaleReceived {
    /// The after-sale.
    pub after_sale: AfterSaleId,
    /// Units that are on the shelf again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restocked: Vec<RefundLine>,
    /// Units that came back and cannot be sold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scrapped: Vec<RefundLine>,
    /// Units that stay the buyer's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefundLine>,
}

impl AfterSaleReceived {
    /// The units that came back, each line once.
    #[must_use]
    pub(crate) fn accepted(&self) -> Vec<RefundLine> {
        let both: Vec<RefundLine> = self.restocked.iter().chain(&self.scrapped).copied().collect();
        merged(&both)
    }
}

/// `after_sale.replacement_released`: no replacement will be sent; its stock is available again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacementReleased {
    /// The after-sale.
    pub after_sale: AfterSaleId,
    /// Why.
    pub reason: Arc<str>,
}

/// `after_sale.reshipped`: the replacement was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSaleReshipped {
    /// The after-sale.
    pub after_sale: AfterSaleId,
    /// With whom.
    #[serde(flatten)]
    pub consignment: Consignment,
}

/// `after_sale.closed`: everything that it brings is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSaleClosed {
    /// The after-sale.
    pub after_sale: AfterSaleId,
    /// Minor units that went back with it.
    pub refunded: i64,
}
