//! Facts: what happened, numbered per subject and positioned in the log of the shard.
//!
//! An order's events are numbered 1, 2, 3, …; the number of the last one is the order's version, and folding them gives
//! the order back. Facts outlive code: fields are only ever added, with a default.

use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    after_sale::{
        AfterSaleApproved, AfterSaleClosed, AfterSaleOpened, AfterSaleReceived, AfterSaleRejected, AfterSaleReshipped,
        AfterSaleShippedBack, AfterSaleWithdrawn, ReplacementReleased,
    },
    coupon::CouponGranted,
    ids::{ConsumerName, CouponId, EventId, OrderId, Sku, UserId},
    letter::{ConsumerRewound, LetterReplayed, LetterSkipped},
    order::{
        OrderCancelled, OrderClosing, OrderCompleted, OrderDelivered, OrderPaid, OrderReinstated, OrderShipped, Placed,
        UnitsCancelled,
    },
    payment::{PaymentCaptured, PaymentEnded, PaymentOpened, PaymentSurplus},
    points::PointsAdjusted,
    refund::{RefundFailed, RefundRequested, RefundRetried, RefundSucceeded},
    shipment::{ShipmentConfirmed, ShipmentCreated, ShipmentDelivered, ShipmentUpdated},
    stock::StockAdjusted,
    time::Timestamp,
    webhook::WebhookDisabled,
};

/// Who caused a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The user that the thing belongs to.
    Buyer,
    /// The shop's own staff.
    Merchant,
    /// Staff that runs the engine.
    Operator,
    /// Another service of the shop.
    Service,
    /// A payment channel, by its word.
    Channel,
    /// A timer that came due.
    Timer,
    /// A periodic scan that found what no timer had done.
    Scan,
    /// The delivery of events to a consumer.
    Delivery,
}

impl Actor {
    /// Every actor.
    pub const ALL: [Actor; 8] = [
        Actor::Buyer,
        Actor::Merchant,
        Actor::Operator,
        Actor::Service,
        Actor::Channel,
        Actor::Timer,
        Actor::Scan,
        Actor::Delivery,
    ];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Actor::Buyer => "buyer",
            Actor::Merchant => "merchant",
            Actor::Operator => "operator",
            Actor::Service => "service",
            Actor::Channel => "channel",
            Actor::Timer => "timer",
            Actor::Scan => "scan",
            Actor::Delivery => "delivery",
        }
    }

    /// The actor of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Actor> {
        Actor::ALL.into_iter().find(|actor| actor.as_str() == word)
    }
}

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An order.
    Order(OrderId),
    /// A SKU's stock.
    Stock(Sku),
    /// A coupon.
    Coupon(CouponId),
    /// A user's points.
    Points(UserId),
    /// A reader of the log: its letters, its cursor, its endpoint.
    Consumer(ConsumerName),
}

impl fmt::Display for Subject {
    /// Kind and id: `order/ord_…`. It names the lane of a consumer in which the subject's events keep their order.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Order(id) => write!(formatter, "order/{id}"),
            Subject::Stock(sku) => write!(formatter, "stock/{sku}"),
            Subject::Coupon(id) => write!(formatter, "coupon/{id}"),
            Subject::Points(user) => write!(formatter, "points/{user}"),
            Subject::Consumer(consumer) => write!(formatter, "consumer/{consumer}"),
        }
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($data:ty) = $name:literal,)*) => {
        /// A fact. As JSON it is its data alone; the name stands beside it.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Event {
            $($(#[$doc])* #[doc = concat!("`", $name, "`.")] $variant($data),)*
        }

        impl Event {
            /// Every public name.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The public name: `noun.past_verb` (Standard Webhooks 1.0).
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self {
                    $(Event::$variant(_) => $name,)*
                }
            }

            /// The fact of a name, from its stored data; `None` for a name that is not known.
            pub fn read<'de, D: Deserializer<'de>>(name: &str, data: D) -> Option<Result<Event, D::Error>> {
                Some(match name {
                    $($name => <$data>::deserialize(data).map(Event::$variant),)*
                    _ => return None,
                })
            }
        }
    };
}

events! {
    /// An order was placed.
    OrderPlaced(Arc<Placed>) = "order.placed",
    /// Its total is covered.
    OrderPaid(OrderPaid) = "order.paid",
    /// It is ending; channels have yet to say whether money came.
    OrderClosing(OrderClosing) = "order.closing",
    /// It ended without goods.
    OrderCancelled(OrderCancelled) = "order.cancelled",
    /// Money that came late was taken for it after all.
    OrderReinstated(OrderReinstated) = "order.reinstated",
    /// Units that were paid will not be shipped.
    UnitsCancelled(UnitsCancelled) = "order.units_cancelled",
    /// Nothing of an order waits to be shipped any more.
    OrderShipped(OrderShipped) = "order.shipped",
    /// Nothing of it is on its way any more.
    OrderDelivered(OrderDelivered) = "order.delivered",
    /// Everything of it was received or came back.
    OrderCompleted(OrderCompleted) = "order.completed",
    /// Paid units left.
    ShipmentCreated(ShipmentCreated) = "shipment.created",
    /// A parcel's status changed.
    ShipmentUpdated(ShipmentUpdated) = "shipment.updated",
    /// A parcel's units are with the buyer.
    ShipmentDelivered(ShipmentDelivered) = "shipment.delivered",
    /// A parcel's receipt was confirmed.
    ShipmentConfirmed(ShipmentConfirmed) = "shipment.confirmed",
    /// The buyer wants something else of units that it got.
    AfterSaleOpened(AfterSaleOpened) = "after_sale.opened",
    /// The shop agreed.
    AfterSaleApproved(AfterSaleApproved) = "after_sale.approved",
    /// The shop did not.
    AfterSaleRejected(AfterSaleRejected) = "after_sale.rejected",
    /// It ended without effect.
    AfterSaleWithdrawn(AfterSaleWithdrawn) = "after_sale.withdrawn",
    /// The buyer sent the goods back.
    AfterSaleShippedBack(AfterSaleShippedBack) = "after_sale.shipped_back",
    /// They came and were looked at.
    AfterSaleReceived(AfterSaleReceived) = "after_sale.received",
    /// No replacement will be sent.
    ReplacementReleased(ReplacementReleased) = "after_sale.replacement_released",
    /// The replacement was sent.
    AfterSaleReshipped(AfterSaleReshipped) = "after_sale.reshipped",
    /// Everything that it brings is done.
    AfterSaleClosed(AfterSaleClosed) = "after_sale.closed",
    /// An attempt to pay was opened.
    PaymentOpened(PaymentOpened) = "payment.created",
    /// Money was taken.
    PaymentCaptured(PaymentCaptured) = "payment.succeeded",
    /// An attempt was refused.
    PaymentFailed(PaymentEnded) = "payment.failed",
    /// An attempt was closed unpaid.
    PaymentClosed(PaymentEnded) = "payment.closed",
    /// Money came that does not pay the order.
    PaymentSurplus(PaymentSurplus) = "payment.surplus",
    /// Money is to be given back.
    RefundRequested(RefundRequested) = "refund.requested",
    /// Money was given back.
    RefundSucceeded(RefundSucceeded) = "refund.succeeded",
    /// A try to give money back failed.
    RefundFailed(RefundFailed) = "refund.failed",
    /// A person had a failed refund sent again.
    RefundRetried(RefundRetried) = "refund.retried",
    /// Units were received or written off.
    StockAdjusted(StockAdjusted) = "stock.adjusted",
    /// A coupon was granted.
    CouponGranted(CouponGranted) = "coupon.granted",
    /// Points were added or taken.
    PointsAdjusted(PointsAdjusted) = "points.adjusted",
    /// A parked event was given up.
    LetterSkipped(LetterSkipped) = "dead_letter.skipped",
    /// A parked event is tried again by hand.
    LetterReplayed(LetterReplayed) = "dead_letter.replayed",
    /// A reader of the log was moved back.
    ConsumerRewound(ConsumerRewound) = "consumer.rewound",
    /// An endpoint is told nothing any more.
    WebhookDisabled(WebhookDisabled) = "webhook.disabled",
}

/// A fact with its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord {
    /// Position in the log of the shard, without gaps.
    pub id: EventId,
    /// What it is about.
    pub subject: Subject,
    /// For an order and a coupon 1, 2, 3, …. For stock and points the number of the ledger entry, which rises with gaps:
    /// an entry that an order caused is told by the order's event. For a consumer the position in the log.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// The event of the same order before this one. It chains an order's events without an index.
    pub previous: Option<EventId>,
    /// The fact.
    pub event: Event,
}
