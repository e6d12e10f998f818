//! Facts: what happened, numbered per subject and positioned in the log of the shard.
//!
//! An order's events are numbered 1, 2, 3, …; the number of the last one is the order's version, and folding them gives
//! the order back. Facts outlive code: fields are only ever added, with a default.

use alloc::sync::Arc;

use crate::{
    coupon::CouponGranted,
    ids::{CouponId, EventId, OrderId, Sku, UserId},
    order::{OrderCancelled, OrderPaid, Placed},
    points::PointsAdjusted,
    stock::StockAdjusted,
    time::Timestamp,
};

/// Who caused a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// The user that the thing belongs to.
    Buyer,
    /// The shop's own staff.
    Merchant,
    /// Staff that runs the engine.
    Operator,
    /// Another service of the shop.
    Service,
    /// A timer that came due.
    Timer,
    /// A periodic scan that found what no timer had done.
    Scan,
}

impl Actor {
    /// Every actor.
    pub const ALL: [Actor; 6] =
        [Actor::Buyer, Actor::Merchant, Actor::Operator, Actor::Service, Actor::Timer, Actor::Scan];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Actor::Buyer => "buyer",
            Actor::Merchant => "merchant",
            Actor::Operator => "operator",
            Actor::Service => "service",
            Actor::Timer => "timer",
            Actor::Scan => "scan",
        }
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
}

/// A fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// `order.placed`.
    OrderPlaced(Arc<Placed>),
    /// `order.paid`.
    OrderPaid(OrderPaid),
    /// `order.cancelled`.
    OrderCancelled(OrderCancelled),
    /// `stock.adjusted`.
    StockAdjusted(StockAdjusted),
    /// `coupon.granted`.
    CouponGranted(CouponGranted),
    /// `points.adjusted`.
    PointsAdjusted(PointsAdjusted),
}

impl Event {
    /// The public name: `noun.past_verb` (Standard Webhooks 1.0).
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Event::OrderPlaced(_) => "order.placed",
            Event::OrderPaid(_) => "order.paid",
            Event::OrderCancelled(_) => "order.cancelled",
            Event::StockAdjusted(_) => "stock.adjusted",
            Event::CouponGranted(_) => "coupon.granted",
            Event::PointsAdjusted(_) => "points.adjusted",
        }
    }
}

/// A fact with its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord {
    /// Position in the log of the shard, without gaps.
    pub id: EventId,
    /// What it is about.
    pub subject: Subject,
    /// For an order and a coupon 1, 2, 3, …. For stock and points the number of the ledger entry, which rises with gaps:
    /// an entry that an order caused is told by the order's event.
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
