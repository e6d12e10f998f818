//! What an accepted command answers.
//!
//! Answers are kept under idempotency keys, so they are values that can be stored. An order is not copied for that: it is
//! named with its version, and folding its events up to there gives the very same answer again.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    after_sale::AfterSale,
    catalog::{CouponTemplate, Product, Promotion},
    coupon::Coupon,
    ids::OrderId,
    letter::{ConsumerRewound, Letter},
    order::Order,
    payment::{Payment, Receipt},
    points::PointsAccount,
    refund::Refund,
    refusal::Refusal,
    shipment::Shipment,
    stock::Stock,
    user::{User, UserAddress},
    webhook::{Delivery, Webhook},
};

/// The result of an accepted command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", content = "value", rename_all = "snake_case")]
pub enum Answer {
    /// The order as the command left it.
    #[serde(skip)]
    Order(Arc<Order>),
    /// The order as it was at a version: the stored form of [`Answer::Order`].
    OrderAt {
        /// Which order.
        id: OrderId,
        /// After its event of this number.
        version: u64,
    },
    /// A stock row.
    Stock(Stock),
    /// A coupon.
    Coupon(Coupon),
    /// A user's points.
    Points(PointsAccount),
    /// A product.
    Product(Arc<Product>),
    /// How many products were put.
    Products {
        /// The count.
        count: usize,
    },
    /// A promotion.
    Promotion(Arc<Promotion>),
    /// A coupon template.
    Template(Arc<CouponTemplate>),
    /// An attempt to pay.
    Payment(Arc<Payment>),
    /// A refund.
    Refund(Arc<Refund>),
    /// A parcel.
    Shipment(Arc<Shipment>),
    /// An after-sale.
    AfterSale(Arc<AfterSale>),
    /// What was made of a notification.
    Receipt(Arc<Receipt>),
    /// A profile.
    User(User),
    /// An address.
    Address(UserAddress),
    /// A webhook endpoint, with its secrets: they are shown only by those calls that are told to.
    Webhook(Arc<Webhook>),
    /// A parked event as the command left it.
    Letter(Arc<Letter>),
    /// Tries that were kept.
    Deliveries(Vec<Delivery>),
    /// A consumer's cursor moved on.
    Settled {
        /// How many events were parked.
        parked: usize,
    },
    /// A consumer's cursor moved back.
    Rewound(ConsumerRewound),
    /// A timer found nothing left to do.
    NothingToDo,
}

impl Answer {
    /// The form in which the answer is kept under an idempotency key.
    #[must_use]
    pub fn stored(&self) -> Answer {
        match self {
            Answer::Order(order) => Answer::OrderAt { id: order.id, version: order.version },
            other => other.clone(),
        }
    }
}

/// What a caller gets: the answer or the refusal, and whether it is an earlier one told again.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Yes or no.
    pub outcome: Result<Answer, Refusal>,
    /// True when the idempotency key had been used before with the same request.
    pub replayed: bool,
}
