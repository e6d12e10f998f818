//! What may be asked of after-sales.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    after_sale::state::{AfterSaleKind, Consignment, Inspection},
    ids::{AfterSaleId, OrderId, Sku},
    user::Address,
};

/// Units that an after-sale is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSaleRequestLine {
    /// Index of the order's line, from 0.
    pub line: usize,
    /// How many units, at least 1.
    pub quantity: u32,
    /// What the buyer wants instead, in an exchange; none for the same again.
    pub replacement: Option<Sku>,
}

/// Opens an after-sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAfterSale {
    /// Of which order.
    pub order: OrderId,
    /// What the buyer wants.
    pub kind: AfterSaleKind,
    /// For which units: 1 to `Rules::lines_max` entries. A line may stand there several times and is summed.
    pub lines: Vec<AfterSaleRequestLine>,
    /// In the buyer's own words, 1 to 500 characters.
    pub reason: Arc<str>,
    /// Refuse unless the order has this version.
    pub expected_version: Option<u64>,
}

/// The shop agrees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApproveAfterSale {
    /// Which one.
    pub after_sale: AfterSaleId,
    /// Where the goods shall go.
    pub return_address: Option<Arc<Address>>,
    /// Refuse unless the after-sale has this version.
    pub expected_version: Option<u64>,
}

/// The shop does not agree; or goods that were sent back never came; or a replacement cannot be sent after all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectAfterSale {
    /// Which one.
    pub after_sale: AfterSaleId,
    /// In the shop's own words, 1 to 500 characters.
    pub reason: Arc<str>,
    /// Refuse unless the after-sale has this version.
    pub expected_version: Option<u64>,
}

/// The buyer wants it no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawAfterSale {
    /// Which one.
    pub after_sale: AfterSaleId,
    /// Refuse unless the after-sale has this version.
    pub expected_version: Option<u64>,
}

/// The buyer sent the goods back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipBackAfterSale {
    /// Which one.
    pub after_sale: AfterSaleId,
    /// With whom.
    pub consignment: Consignment,
    /// Refuse unless the after-sale has this version.
    pub expected_version: Option<u64>,
}

/// What was found of some units that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectedLine {
    /// Index of the order's line, from 0.
    pub line: usize,
    /// How many units, at least 1; none for all of the line that are left.
    pub quantity: Option<u32>,
    /// What was found; none for the outcome of the whole.
    pub outcome: Option<Inspection>,
}

/// The goods came and were looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiveAfterSale {
    /// Which one.
    pub after_sale: AfterSaleId,
    /// What was found.
    pub outcome: Inspection,
    /// The units that came. Empty: all of them; else those that are not named count as refused, because they did not come.
    pub lines: Vec<InspectedLine>,
    /// Refuse unless the after-sale has this version.
    pub expected_version: Option<u64>,
}

/// The shop sent the replacement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReshipAfterSale {
    /// Which one.
    pub after_sale: AfterSaleId,
    /// With whom.
    pub consignment: Consignment,
    /// Refuse unless the after-sale has this version.
    pub expected_version: Option<u64>,
}
