//! After-sales as the API shows them.
//!
//! What callers say of them is in `after_sale_body`.

use ordain_domain::after_sale::{
    AfterSale, AfterSaleKind, AfterSaleLine, AfterSaleStatus, Consignment, LegState, ReplacementLeg,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    number_text::PrefixedId,
    time_text::Rfc3339,
    wire::{
        address::{AddressBody, AddressView},
        after_sale_body::AfterSaleKindWord,
    },
};

impl From<AfterSaleKind> for AfterSaleKindWord {
    fn from(kind: AfterSaleKind) -> AfterSaleKindWord {
        match kind {
            AfterSaleKind::Refund => AfterSaleKindWord::Refund,
            AfterSaleKind::Return => AfterSaleKindWord::Return,
            AfterSaleKind::Exchange => AfterSaleKindWord::Exchange,
        }
    }
}

/// Where an after-sale stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AfterSaleStatus)]
pub(crate) enum AfterSaleStatusWord {
    /// The shop has to review it.
    Requested,
    /// The buyer has to send the goods back.
    Approved,
    /// The shop did not agree, or nothing good came back. The end.
    Rejected,
    /// The buyer wants it no longer, or did not send the goods in time. The end.
    Withdrawn,
    /// The goods are on their way back.
    Returning,
    /// The goods are back; the buyer has to pay the price difference.
    Received,
    /// Money is on its way back.
    Refunding,
    /// The replacement is to be sent.
    Reshipping,
    /// Everything is done. The end.
    Completed,
}

impl From<AfterSaleStatus> for AfterSaleStatusWord {
    fn from(status: AfterSaleStatus) -> AfterSaleStatusWord {
        match status {
            AfterSaleStatus::Requested => AfterSaleStatusWord::Requested,
            AfterSaleStatus::Approved => AfterSaleStatusWord::Approved,
            AfterSaleStatus::Rejected => AfterSaleStatusWord::Rejected,
            AfterSaleStatus::Withdrawn => AfterSaleStatusWord::Withdrawn,
            AfterSaleStatus::Returning => AfterSaleStatusWord::Returning,
            AfterSaleStatus::Received => AfterSaleStatusWord::Received,
            AfterSaleStatus::Refunding => AfterSaleStatusWord::Refunding,
            AfterSaleStatus::Reshipping => AfterSaleStatusWord::Reshipping,
            AfterSaleStatus::Completed => AfterSaleStatusWord::Completed,
        }
    }
}

/// Units of one line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AfterSaleLine)]
pub(crate) struct AfterSaleLineView<'a> {
    /// The order's line, counted from 1.
    line: usize,
    quantity: u32,
    /// What is sent instead, in an exchange.
    replacement_sku: Option<&'a str>,
    /// Units whose money goes back and that stay with the buyer.
    kept: u32,
    /// Units that came back and are on the shelf.
    restocked: u32,
    /// Units that came back and cannot be sold.
    scrapped: u32,
    /// Units that were not taken back, or did not come.
    refused: u32,
}

impl<'a> From<&'a AfterSaleLine> for AfterSaleLineView<'a> {
    fn from(line: &'a AfterSaleLine) -> AfterSaleLineView<'a> {
        AfterSaleLineView {
            line: line.line + 1,
            quantity: line.quantity,
            replacement_sku: line.replacement.as_ref().map(|sku| sku.as_str()),
            kept: line.kept,
            restocked: line.restocked,
            scrapped: line.scrapped,
            refused: line.refused,
        }
    }
}

/// Goods on their way, one way or the other.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consignment)]
pub(crate) struct ConsignmentView<'a> {
    carrier: &'a str,
    tracking_number: &'a str,
}

impl<'a> From<&'a Consignment> for ConsignmentView<'a> {
    fn from(consignment: &'a Consignment) -> ConsignmentView<'a> {
        ConsignmentView { carrier: &consignment.carrier, tracking_number: &consignment.tracking_number }
    }
}

/// Where the replacement of an exchange stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReplacementState)]
pub(crate) enum ReplacementStateWord {
    /// Nothing is held for it yet.
    Wanted,
    /// Its stock is taken.
    Taken,
    /// Its stock went back: none will be sent.
    Released,
    /// It was sent.
    Sent,
}

/// The replacement of an exchange, and its price.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replacement)]
pub(crate) struct ReplacementView<'a> {
    state: ReplacementStateWord,
    /// What it costs more than was paid for what goes back, minor units; negative when it costs less.
    difference: i64,
    /// Until when the buyer can pay the difference; null when nothing is to be paid.
    #[schema(value_type = Option<String>, format = DateTime)]
    pay_by: Option<Rfc3339>,
    /// The attempt that paid the difference.
    #[schema(value_type = Option<String>)]
    payment_id: Option<PrefixedId>,
    /// Minor units that were paid of the difference and not given back.
    paid: i64,
    /// With whom it was sent.
    sent: Option<ConsignmentView<'a>>,
}

impl<'a> From<&'a ReplacementLeg> for ReplacementView<'a> {
    fn from(leg: &'a ReplacementLeg) -> ReplacementView<'a> {
        ReplacementView {
            state: match leg.state {
                LegState::Wanted => ReplacementStateWord::Wanted,
                LegState::Taken => ReplacementStateWord::Taken,
                LegState::Released => ReplacementStateWord::Released,
                LegState::Sent => ReplacementStateWord::Sent,
            },
            difference: leg.difference,
            pay_by: leg.pay_by.map(Rfc3339),
            payment_id: leg.payment.map(PrefixedId::from),
            paid: leg.paid,
            sent: leg.sent.as_ref().map(ConsignmentView::from),
        }
    }
}

/// One after-sale.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AfterSale)]
pub(crate) struct AfterSaleView<'a> {
    #[schema(value_type = String, example = "aft_1")]
    id: PrefixedId,
    #[schema(value_type = String)]
    order_id: PrefixedId,
    kind: AfterSaleKindWord,
    status: AfterSaleStatusWord,
    lines: Vec<AfterSaleLineView<'a>>,
    /// In the buyer's own words.
    reason: &'a str,
    /// Until when the shop has to review it; then it ends as `after_sales.review_outcome` says.
    #[schema(value_type = String, format = DateTime)]
    review_due_at: Rfc3339,
    /// Until when the buyer has to send the goods; null before the approval.
    #[schema(value_type = Option<String>, format = DateTime)]
    ship_back_by: Option<Rfc3339>,
    #[schema(value_type = Option<AddressBody>)]
    return_address: Option<AddressView<'a>>,
    /// With whom the buyer sent them.
    sent_back: Option<ConsignmentView<'a>>,
    /// Null unless it is an exchange.
    replacement: Option<ReplacementView<'a>>,
    /// Its refunds, oldest first.
    #[schema(value_type = Vec<String>)]
    refund_ids: Vec<PrefixedId>,
    /// Why the shop did not agree, or could not send a replacement.
    note: Option<&'a str>,
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Rfc3339,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Rfc3339,
}

impl<'a> From<&'a AfterSale> for AfterSaleView<'a> {
    fn from(after_sale: &'a AfterSale) -> AfterSaleView<'a> {
        AfterSaleView {
            id: after_sale.id.into(),
            order_id: after_sale.order.into(),
            kind: after_sale.kind.into(),
            status: after_sale.status.into(),
            lines: after_sale.lines.iter().map(AfterSaleLineView::from).collect(),
            reason: &after_sale.reason,
            review_due_at: Rfc3339(after_sale.review_due_at),
            ship_back_by: after_sale.ship_back_by.map(Rfc3339),
            return_address: after_sale.return_address.as_deref().map(AddressView::from),
            sent_back: after_sale.sent_back.as_ref().map(ConsignmentView::from),
            replacement: after_sale.replacement.as_ref().map(ReplacementView::from),
            refund_ids: after_sale.refunds.iter().map(|refund| PrefixedId::from(*refund)).collect(),
            note: after_sale.note.as_deref(),
            version: after_sale.version,
            created_at: Rfc3339(after_sale.created_at),
            updated_at: Rfc3339(after_sale.updated_at),
        }
    }
}

/// The after-sales of an order, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AfterSaleList)]
pub(crate) struct AfterSaleList<'a> {
    pub(crate) data: Vec<AfterSaleView<'a>>,
    /// Always null: an order's after-sales are at most 100 and come whole.
    pub(crate) next_cursor: Option<String>,
}
