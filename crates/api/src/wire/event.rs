//! Events of an order on the wire.
//!
//! Their data have a wire form of their own: what is stored is compact and outlives code, what is sent is for reading.

mod after_sale;
mod payment;
mod refund;
mod shipment;

use std::collections::BTreeMap;

use ordain_domain::{
    event::{Event, EventRecord},
    order::Placed,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    number_text::PrefixedId,
    time_text::Rfc3339,
    wire::{
        address::{AddressBody, AddressView},
        event::{
            after_sale::{ApprovedView, ReceivedView, SentView},
            payment::{CapturedView, EndedView, OpenedView, SurplusView},
            refund::{FailedView, RequestedView, RetriedView, SucceededView},
            shipment::{ConfirmedView, DeliveredView, UpdatedView},
        },
        order_view::{CancelReasonWord, PriceView, QuoteLineView},
        units::UnitsView,
    },
};

/// A fact about an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderEvent)]
pub(crate) struct EventView<'a> {
    /// Its position in the log.
    #[schema(value_type = String, example = "evt_1")]
    id: PrefixedId,
    /// 1, 2, 3, … per order: the order's version after it.
    seq: u64,
    /// `order.placed`, `payment.succeeded`, `order.paid`, …: which form `data` has.
    r#type: &'static str,
    #[schema(value_type = String, format = DateTime)]
    at: Rfc3339,
    /// Who caused it: `buyer`, `merchant`, `operator`, `service`, `channel`, `timer`, `scan`.
    actor: &'static str,
    data: EventData<'a>,
}

/// What happened, by type.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = OrderEventData)]
pub(crate) enum EventData<'a> {
    /// `order.placed`: everything that was agreed.
    #[schema(title = "order.placed")]
    Placed(Box<PlacedView<'a>>),
    /// `order.paid`: the total is covered.
    #[schema(title = "order.paid")]
    Paid {
        /// Money captured so far, minor units.
        paid: i64,
    },
    /// `order.closing`: it is ending; channels have yet to say whether money came.
    #[schema(title = "order.closing")]
    Closing {
        /// Whose wish it is.
        reason: CancelReasonWord,
        /// In the caller's own words.
        note: Option<&'a str>,
    },
    /// `order.cancelled`: the order ended; what it held was given back.
    #[schema(title = "order.cancelled")]
    Cancelled {
        /// Whose wish it was.
        reason: CancelReasonWord,
        /// In the caller's own words.
        note: Option<&'a str>,
    },
    /// `order.reinstated`: money that came late was taken for it after all.
    #[schema(title = "order.reinstated")]
    Reinstated {
        /// The attempt whose money pays it.
        #[schema(value_type = String)]
        payment_id: PrefixedId,
    },
    /// `order.units_cancelled`: units that were paid will not be shipped.
    #[schema(title = "order.units_cancelled")]
    UnitsCancelled {
        /// Which units.
        lines: Vec<UnitsView>,
        /// In the merchant's own words.
        note: Option<&'a str>,
    },
    /// `payment.created`
    #[schema(title = "payment.created")]
    PaymentOpened(OpenedView<'a>),
    /// `payment.succeeded`
    #[schema(title = "payment.succeeded")]
    PaymentCaptured(CapturedView<'a>),
    /// `payment.failed`, `payment.closed`
    #[schema(title = "payment.failed, payment.closed")]
    PaymentEnded(EndedView),
    /// `payment.surplus`
    #[schema(title = "payment.surplus")]
    PaymentSurplus(SurplusView),
    /// `refund.requested`
    #[schema(title = "refund.requested")]
    RefundRequested(RequestedView<'a>),
    /// `refund.succeeded`
    #[schema(title = "refund.succeeded")]
    RefundSucceeded(SucceededView<'a>),
    /// `refund.failed`
    #[schema(title = "refund.failed")]
    RefundFailed(FailedView<'a>),
    /// `refund.retried`
    #[schema(title = "refund.retried")]
    RefundRetried(RetriedView),
    /// `shipment.created`
    #[schema(title = "shipment.created")]
    ShipmentCreated(shipment::CreatedView<'a>),
    /// `shipment.updated`
    #[schema(title = "shipment.updated")]
    ShipmentUpdated(UpdatedView),
    /// `shipment.delivered`
    #[schema(title = "shipment.delivered")]
    ShipmentDelivered(DeliveredView),
    /// `shipment.confirmed`
    #[schema(title = "shipment.confirmed")]
    ShipmentConfirmed(ConfirmedView),
    /// `order.shipped`, `order.delivered`: nothing of the order waits to be shipped, or is on its way, any more.
    #[schema(title = "order.shipped, order.delivered")]
    Progress {},
    /// `order.completed`: everything of the order was received or came back.
    #[schema(title = "order.completed")]
    Completed {
        /// Points that the buyer earned with it.
        points: i64,
    },
    /// `after_sale.opened`
    #[schema(title = "after_sale.opened")]
    AfterSaleOpened(after_sale::OpenedView<'a>),
    /// `after_sale.approved`
    #[schema(title = "after_sale.approved")]
    AfterSaleApproved(ApprovedView),
    /// `after_sale.rejected`, `after_sale.withdrawn`, `after_sale.replacement_released`
    #[schema(title = "after_sale.rejected, after_sale.withdrawn, after_sale.replacement_released")]
    AfterSaleEnded(after_sale::EndedView<'a>),
    /// `after_sale.shipped_back`, `after_sale.reshipped`
    #[schema(title = "after_sale.shipped_back, after_sale.reshipped")]
    AfterSaleSent(SentView<'a>),
    /// `after_sale.received`
    #[schema(title = "after_sale.received")]
    AfterSaleReceived(ReceivedView),
    /// `after_sale.closed`
    #[schema(title = "after_sale.closed")]
    AfterSaleClosed(after_sale::ClosedView),
}

/// Everything that was agreed when an order was placed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderPlaced)]
pub(crate) struct PlacedView<'a> {
    user_id: &'a str,
    currency: &'a str,
    lines: Vec<QuoteLineView<'a>>,
    price: PriceView<'a>,
    #[schema(value_type = Option<String>)]
    coupon_id: Option<PrefixedId>,
    #[schema(value_type = Option<AddressBody>)]
    shipping_address: Option<AddressView<'a>>,
    metadata: &'a BTreeMap<String, String>,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Rfc3339,
}

impl<'a> From<&'a Placed> for PlacedView<'a> {
    fn from(placed: &'a Placed) -> PlacedView<'a> {
        PlacedView {
            user_id: placed.user_id.as_str(),
            currency: placed.currency.as_str(),
            lines: placed.lines.iter().enumerate().map(|(index, line)| QuoteLineView::new(index, line)).collect(),
            price: PriceView::from(&placed.price),
            coupon_id: placed.coupon.map(PrefixedId::from),
            shipping_address: placed.shipping_address.as_deref().map(AddressView::from),
            metadata: &placed.metadata,
            expires_at: Rfc3339(placed.expires_at),
        }
    }
}

impl<'a> EventView<'a> {
    /// The wire form of an order's event; none for an event of something else.
    pub(crate) fn of_order(record: &'a EventRecord) -> Option<EventView<'a>> {
        Some(EventView {
            id: record.id.into(),
            seq: record.seq,
            r#type: record.event.type_name(),
            at: Rfc3339(record.at),
            actor: record.actor.as_str(),
            data: EventData::of_order(&record.event)?,
        })
    }
}

impl<'a> EventData<'a> {
    /// The data of an order's event; none for an event of something else.
    pub(crate) fn of_order(event: &'a Event) -> Option<EventData<'a>> {
        Some(match event {
            Event::OrderPlaced(placed) => EventData::Placed(Box::new(PlacedView::from(placed.as_ref()))),
            Event::OrderPaid(paid) => EventData::Paid { paid: paid.paid },
            Event::OrderClosing(closing) => {
                EventData::Closing { reason: closing.reason.into(), note: closing.note.as_deref() }
            }
            Event::OrderCancelled(cancelled) => {
                EventData::Cancelled { reason: cancelled.reason.into(), note: cancelled.note.as_deref() }
            }
            Event::OrderReinstated(reinstated) => EventData::Reinstated { payment_id: reinstated.payment.into() },
            Event::UnitsCancelled(units) => {
                EventData::UnitsCancelled { lines: UnitsView::list(&units.lines), note: units.note.as_deref() }
            }
            Event::PaymentOpened(opened) => EventData::PaymentOpened(opened.into()),
            Event::PaymentCaptured(captured) => EventData::PaymentCaptured(captured.into()),
            Event::PaymentFailed(ended) | Event::PaymentClosed(ended) => EventData::PaymentEnded(ended.into()),
            Event::PaymentSurplus(surplus) => EventData::PaymentSurplus(surplus.into()),
            Event::RefundRequested(requested) => EventData::RefundRequested(requested.into()),
            Event::RefundSucceeded(succeeded) => EventData::RefundSucceeded(succeeded.into()),
            Event::RefundFailed(failed) => EventData::RefundFailed(failed.into()),
            Event::RefundRetried(retried) => EventData::RefundRetried(retried.into()),
            event => return EventData::of_goods(event),
        })
    }

    /// The rest of an order's events: those of its parcels and after-sales.
    fn of_goods(event: &'a Event) -> Option<EventData<'a>> {
        Some(match event {
            Event::ShipmentCreated(created) => EventData::ShipmentCreated(created.into()),
            Event::ShipmentUpdated(updated) => EventData::ShipmentUpdated(updated.into()),
            Event::ShipmentDelivered(delivered) => EventData::ShipmentDelivered(delivered.into()),
            Event::ShipmentConfirmed(confirmed) => EventData::ShipmentConfirmed(confirmed.into()),
            Event::OrderShipped(_) | Event::OrderDelivered(_) => EventData::Progress {},
            Event::OrderCompleted(completed) => EventData::Completed { points: completed.points },
            Event::AfterSaleOpened(opened) => EventData::AfterSaleOpened(opened.into()),
            Event::AfterSaleApproved(approved) => EventData::AfterSaleApproved(approved.into()),
            Event::AfterSaleRejected(rejected) => EventData::AfterSaleEnded(after_sale::EndedView::rejected(rejected)),
            Event::AfterSaleWithdrawn(withdrawn) => {
                EventData::AfterSaleEnded(after_sale::EndedView::withdrawn(withdrawn))
            }
            Event::ReplacementReleased(released) => {
                EventData::AfterSaleEnded(after_sale::EndedView::released(released))
            }
            Event::AfterSaleShippedBack(shipped) => EventData::AfterSaleSent(shipped.into()),
            Event::AfterSaleReshipped(reshipped) => EventData::AfterSaleSent(reshipped.into()),
            Event::AfterSaleReceived(received) => EventData::AfterSaleReceived(received.into()),
            Event::AfterSaleClosed(closed) => EventData::AfterSaleClosed(closed.into()),
            Event::OrderPlaced(_)
            | Event::OrderPaid(_)
            | Event::OrderClosing(_)
            | Event::OrderCancelled(_)
            | Event::OrderReinstated(_)
            | Event::UnitsCancelled(_)
            | Event::PaymentOpened(_)
            | Event::PaymentCaptured(_)
            | Event::PaymentFailed(_)
            | Event::PaymentClosed(_)
            | Event::PaymentSurplus(_)
            | Event::RefundRequested(_)
            | Event::RefundSucceeded(_)
            | Event::RefundFailed(_)
            | Event::RefundRetried(_)
            | Event::StockAdjusted(_)
            | Event::CouponGranted(_)
            | Event::PointsAdjusted(_)
            | Event::LetterSkipped(_)
            | Event::LetterReplayed(_)
            | Event::ConsumerRewound(_)
            | Event::WebhookDisabled(_) => return None,
        })
    }
}

/// The events of an order, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderEventList)]
pub(crate) struct EventList<'a> {
    pub(crate) data: Vec<EventView<'a>>,
    /// Always null: an order's events are few and come whole.
    pub(crate) next_cursor: Option<String>,
}
