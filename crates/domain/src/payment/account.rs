//! The books of one order: what was taken, given back and is on its way back, in sum and by line; and what belongs to it.
//!
//! The row is made with the first attempt, so that an order that is never paid costs nothing here. It holds no history:
//! that is the order's events.

use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AfterSaleId, OrderId, PaymentId, RefundId, ShipmentId},
    order::{CancelReason, Order},
    price::PricedLine,
    time::Timestamp,
    timer::TimerKind,
};

/// What of one line was given back or is on its way back. Invariant 5: `money <= payable of the line`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineAccount {
    /// Units whose money was given back; refunds take the units of a line in their order.
    pub units: u32,
    /// Minor units of money for them.
    pub money: i64,
    /// Points that came back for them.
    pub points: i64,
}

/// A cancel that waits until the channels have answered for the order's open attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Whose wish it is.
    pub reason: CancelReason,
    /// In the caller's own words.
    pub note: Option<Arc<str>>,
    /// After this the order ends without an answer; money that comes later is given back.
    pub until: Timestamp,
}

/// The books of one order. Invariant 4: `captured - refunded - refunding >= 0`, and each number is the sum over its attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAccount {
    /// Of which order.
    pub order: OrderId,
    /// Minor units taken, over all attempts.
    pub captured: i64,
    /// Minor units given back.
    pub refunded: i64,
    /// Minor units on their way back.
    pub refunding: i64,
    /// By line, in the order of the lines; empty before the first refund of units.
    pub lines: Vec<LineAccount>,
    /// Its attempts, oldest first.
    pub payments: Vec<PaymentId>,
    /// Its refunds, oldest first.
    pub refunds: Vec<RefundId>,
    /// Its parcels, oldest first.
    pub shipments: Vec<ShipmentId>,
    /// Its after-sales, oldest first.
    pub after_sales: Vec<AfterSaleId>,
    /// The cancel that waits for the channels.
    pub closing: Option<Closing>,
    /// The timers that are set for it besides the close timer: at most one a kind.
    pub timers: BTreeMap<TimerKind, Timestamp>,
    /// 1 when made, one more with each change.
    pub version: u64,
}

impl OrderAccount {
    /// The books of an order for which nothing happened yet.
    #[must_use]
    pub const fn empty(order: OrderId) -> OrderAccount {
        OrderAccount {
            order,
            captured: 0,
            refunded: 0,
            refunding: 0,
            lines: Vec::new(),
            payments: Vec::new(),
            refunds: Vec::new(),
            shipments: Vec::new(),
            after_sales: Vec::new(),
            closing: None,
            timers: BTreeMap::new(),
            version: 0,
        }
    }

    /// Minor units that may still be given back.
    #[must_use]
    pub const fn refundable(&self) -> i64 {
        self.captured - self.refunded - self.refunding
    }

    /// What was given back of a line.
    #[must_use]
    pub fn line(&self, index: usize) -> LineAccount {
        self.lines.get(index).copied().unwrap_or_default()
    }

    /// Whether every unit's money is back or on its way.
    #[must_use]
    pub fn is_wholly_refunded(&self, order: &Order) -> bool {
        order.placed.lines.iter().enumerate().all(|(index, line)| self.line(index).units == line.quantity)
    }

    /// Whether invariants 4 and 5 hold for the numbers of this row.
    #[must_use]
    pub fn is_sound(&self, lines: &[PricedLine]) -> bool {
        let within = |(line, account): (&PricedLine, &LineAccount)| {
            account.units <= line.quantity
                && (0..=line.payable()).contains(&account.money)
                && account.points <= line.points
        };
        self.captured >= 0
            && self.refunded >= 0
            && self.refunding >= 0
            && self.refundable() >= 0
            && lines.iter().zip(&self.lines).all(within)
    }
}
