//! Data of after-sale events on the wire.

use ordain_domain::after_sale::{
    AfterSaleApproved, AfterSaleClosed, AfterSaleOpened, AfterSaleReceived, AfterSaleRejected, AfterSaleRequestLine,
    AfterSaleReshipped, AfterSaleShippedBack, AfterSaleWithdrawn, Consignment, ReplacementReleased,
};
use ordain_domain::ids::AfterSaleId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{number_text::PrefixedId, time_text::Rfc3339, wire::units::UnitsView};

/// Units that an after-sale is for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AfterSaleOpenedLine)]
pub(crate) struct OpenedLineView<'a> {
    /// The line, counted from 1.
    line: usize,
    quantity: u32,
    /// What the buyer wants instead, in an exchange.
    replacement_sku: Option<&'a str>,
}

impl<'a> From<&'a AfterSaleRequestLine> for OpenedLineView<'a> {
    fn from(line: &'a AfterSaleRequestLine) -> OpenedLineView<'a> {
        OpenedLineView {
            line: line.line + 1,
            quantity: line.quantity,
            replacement_sku: line.replacement.as_ref().map(ordain_domain::ids::Sku::as_str),
        }
    }
}

/// `after_sale.opened`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AfterSaleOpened)]
pub(crate) struct OpenedView<'a> {
    #[schema(value_type = String)]
    after_sale_id: PrefixedId,
    /// `refund`, `return`, `exchange`.
    kind: &'static str,
    lines: Vec<OpenedLineView<'a>>,
    reason: &'a str,
    #[schema(value_type = String, format = DateTime)]
    review_due_at: Rfc3339,
}

impl<'a> From<&'a AfterSaleOpened> for OpenedView<'a> {
    fn from(opened: &'a AfterSaleOpened) -> OpenedView<'a> {
        OpenedView {
            after_sale_id: opened.after_sale.into(),
            kind: opened.kind.as_str(),
            lines: opened.lines.iter().map(OpenedLineView::from).collect(),
            reason: &opened.reason,
            review_due_at: Rfc3339(opened.review_due_at),
        }
    }
}

/// `after_sale.approved`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AfterSaleApproved)]
pub(crate) struct ApprovedView {
    #[schema(value_type = String)]
    after_sale_id: PrefixedId,
    /// Units on their way whose money goes back without waiting for them.
    given_up: Vec<UnitsView>,
    /// Units whose money goes back and that the buyer keeps.
    kept: Vec<UnitsView>,
    /// Minor units that the buyer has to pay for the replacement; 0 for none.
    to_pay: i64,
}

impl From<&AfterSaleApproved> for ApprovedView {
    fn from(approved: &AfterSaleApproved) -> ApprovedView {
        ApprovedView {
            after_sale_id: approved.after_sale.into(),
            given_up: UnitsView::list(&approved.given_up),
            kept: UnitsView::list(&approved.kept),
            to_pay: approved.to_pay,
        }
    }
}

/// `after_sale.rejected`, `after_sale.withdrawn`, `after_sale.replacement_released`: a part of it, or all, has no effect.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AfterSaleEnded)]
pub(crate) struct EndedView<'a> {
    #[schema(value_type = String)]
    after_sale_id: PrefixedId,
    /// Why.
    reason: Option<&'a str>,
}

impl<'a> EndedView<'a> {
    pub(crate) fn rejected(rejected: &'a AfterSaleRejected) -> EndedView<'a> {
        EndedView { after_sale_id: rejected.after_sale.into(), reason: Some(&rejected.reason) }
    }

    pub(crate) fn withdrawn(withdrawn: &AfterSaleWithdrawn) -> EndedView<'static> {
        EndedView { after_sale_id: withdrawn.after_sale.into(), reason: None }
    }

    pub(crate) fn released(released: &'a ReplacementReleased) -> EndedView<'a> {
        EndedView { after_sale_id: released.after_sale.into(), reason: Some(&released.reason) }
    }
}

/// `after_sale.shipped_back`, `after_sale.reshipped`: goods are on their way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AfterSaleSent)]
pub(crate) struct SentView<'a> {
    #[schema(value_type = String)]
    after_sale_id: PrefixedId,
    carrier: &'a str,
    tracking_number: &'a str,
}

impl<'a> SentView<'a> {
    fn new(after_sale: AfterSaleId, consignment: &'a Consignment) -> SentView<'a> {
        let (carrier, tracking_number) = (&*consignment.carrier, &*consignment.tracking_number);
        SentView { after_sale_id: after_sale.into(), carrier, tracking_number }
    }
}

impl<'a> From<&'a AfterSaleShippedBack> for SentView<'a> {
    fn from(shipped: &'a AfterSaleShippedBack) -> SentView<'a> {
        SentView::new(shipped.after_sale, &shipped.consignment)
    }
}

impl<'a> From<&'a AfterSaleReshipped> for SentView<'a> {
    fn from(reshipped: &'a AfterSaleReshipped) -> SentView<'a> {
        SentView::new(reshipped.after_sale, &reshipped.consignment)
    }
}

/// `after_sale.received`: the goods came and were looked at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AfterSaleReceived)]
pub(crate) struct ReceivedView {
    #[schema(value_type = String)]
    after_sale_id: PrefixedId,
    /// Units that are on the shelf again.
    restocked: Vec<UnitsView>,
    /// Units that came back and cannot be sold.
    scrapped: Vec<UnitsView>,
    /// Units that stay the buyer's.
    refused: Vec<UnitsView>,
}

impl From<&AfterSaleReceived> for ReceivedView {
    fn from(received: &AfterSaleReceived) -> ReceivedView {
        ReceivedView {
            after_sale_id: received.after_sale.into(),
            restocked: UnitsView::list(&received.restocked),
            scrapped: UnitsView::list(&received.scrapped),
            refused: UnitsView::list(&received.refused),
        }
    }
}

/// `after_sale.closed`: everything that it brings is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AfterSaleClosed)]
pub(crate) struct ClosedView {
    #[schema(value_type = String)]
    after_sale_id: PrefixedId,
    /// Minor units that went back with it.
    refunded: i64,
}

impl From<&AfterSaleClosed> for ClosedView {
    fn from(closed: &AfterSaleClosed) -> ClosedView {
        ClosedView { after_sale_id: closed.after_sale.into(), refunded: closed.refunded }
    }
}
