//! The expected "no": every reason for which a decision refuses, one-to-one with the codes of the HTTP contract.
//!
//! A refusal leaves nothing behind but its own stored answer. It is neither a failure of a port nor a bug.

use alloc::{borrow::Cow, string::String};

use serde::{Deserialize, Serialize};

use crate::{
    after_sale::AfterSaleStatus,
    ids::{OrderId, PaymentId, Sku},
    order::OrderStatus,
    payment::PaymentStatus,
    refund::RefundStatus,
};

/// What was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// An order.
    Order,
    /// A coupon template.
    CouponTemplate,
    /// An attempt to pay.
    Payment,
    /// A refund.
    Refund,
    /// A notification.
    Receipt,
    /// A webhook endpoint.
    Webhook,
    /// A parked event.
    Letter,
    /// A reader of the log.
    Consumer,
    /// A parcel.
    Shipment,
    /// An after-sale.
    AfterSale,
}

/// Why a coupon cannot be granted or put on an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponProblem {
    /// There is none, or it is another user's.
    NotFound,
    /// It is on an unpaid order.
    Frozen,
    /// It was spent.
    Used,
    /// Its template's window has not begun.
    NotYetValid,
    /// Its template's window is over.
    Expired,
    /// The goods are worth less than its minimum spend.
    MinimumSpend,
    /// It is of another currency.
    Currency,
    /// All coupons of the template were granted.
    LimitTotal,
    /// The user was granted all it may get of the template.
    LimitPerUser,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// The command itself is wrong, whatever the state. Never stored under an idempotency key.
    InvalidRequest {
        /// Where in the request, RFC 6901.
        pointer: Cow<'static, str>,
        /// What is wrong there.
        detail: Cow<'static, str>,
    },
    /// The thing that the command names does not exist.
    NotFound {
        /// What kind of thing.
        thing: Thing,
    },
    /// The SKU is not in the catalog.
    UnknownSku {
        /// Index of the line that names it.
        line: Option<usize>,
        /// The SKU.
        sku: Sku,
    },
    /// The product is inactive.
    SkuNotSellable {
        /// Index of the line that names it.
        line: usize,
        /// The SKU.
        sku: Sku,
    },
    /// Fewer units are available than asked for.
    InsufficientStock {
        /// The SKU.
        sku: Sku,
        /// Units that are available.
        available: i64,
    },
    /// The total is not the one that the caller expected.
    PriceChanged {
        /// What the caller expected, minor units.
        expected_total: i64,
        /// What it costs, minor units.
        total: i64,
    },
    /// The coupon cannot be granted or used.
    CouponNotUsable {
        /// Why.
        reason: CouponProblem,
    },
    /// The user has fewer points.
    InsufficientPoints {
        /// What can be spent.
        balance: i64,
    },
    /// The idempotency key was used with another request.
    IdempotencyKeyReused,
    /// The same user placed the same lines a moment ago, without a key.
    DuplicateOrder {
        /// The earlier order.
        order_id: OrderId,
    },
    /// The user has as many unpaid orders as allowed.
    TooManyUnpaid {
        /// How many are allowed.
        limit: u32,
    },
    /// The order's machine has no such step from where it stands.
    OrderState {
        /// Where it stands.
        status: OrderStatus,
    },
    /// The attempt's machine has no such step from where it stands, or the order has had too many attempts.
    PaymentState {
        /// Where the attempt stands; none when there are too many.
        status: Option<PaymentStatus>,
    },
    /// An attempt's outcome is unknown: another charge has to wait for it.
    PaymentUnresolved {
        /// The attempt.
        payment: PaymentId,
    },
    /// The refund's machine has no such step from where it stands.
    RefundState {
        /// Where it stands.
        status: RefundStatus,
    },
    /// The after-sale's machine has no such step from where it stands, or the units are in another one that is open.
    AfterSaleState {
        /// Where it stands.
        status: AfterSaleStatus,
    },
    /// More is asked back than is left of what was taken.
    RefundExceeds {
        /// Minor units that may still be given back.
        refundable: i64,
    },
    /// A consumer did not take events of too many orders.
    TooManyLetters {
        /// How many letters it may have.
        limit: u64,
    },
    /// The caller's version is stale.
    VersionMismatch {
        /// The present version.
        version: u64,
    },
}

impl Refusal {
    /// An [`Refusal::InvalidRequest`] at a fixed place.
    #[must_use]
    pub const fn invalid(pointer: &'static str, detail: &'static str) -> Refusal {
        Refusal::InvalidRequest { pointer: Cow::Borrowed(pointer), detail: Cow::Borrowed(detail) }
    }

    /// An [`Refusal::InvalidRequest`] at a computed place.
    #[must_use]
    pub const fn invalid_at(pointer: String, detail: &'static str) -> Refusal {
        Refusal::InvalidRequest { pointer: Cow::Owned(pointer), detail: Cow::Borrowed(detail) }
    }

    /// Optimistic concurrency: refuses when a version is expected and it is not `version`.
    ///
    /// # Errors
    /// [`Refusal::VersionMismatch`].
    pub const fn check_version(expected: Option<u64>, version: u64) -> Result<(), Refusal> {
        match expected {
            Some(expected) if expected != version => Err(Refusal::VersionMismatch { version }),
            _ => Ok(()),
        }
    }

    /// Whether the refusal is kept under the command's idempotency key. Validation errors are not (they say nothing about
    /// the state), neither is the answer that the key itself is misused.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        !matches!(self, Refusal::InvalidRequest { .. } | Refusal::IdempotencyKeyReused)
    }
}
