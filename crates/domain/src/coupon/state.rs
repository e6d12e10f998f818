//! The row of a granted coupon and its machine: granted -> frozen -> used, and back to granted while frozen.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{CouponId, OrderId, TemplateId, UserId},
    machine::{self, Edge},
    time::Timestamp,
};

/// Where a coupon stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponState {
    /// May be put on an order.
    Granted,
    /// On an order that is not paid yet.
    Frozen,
    /// On a paid order.
    Used,
}

/// What happens to a coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CouponStep {
    /// It was made.
    Grant,
    /// The order was placed with it.
    Freeze,
    /// The order was paid.
    Use,
    /// The order ended unpaid, or its units came back.
    Release,
}

/// The machine of a coupon.
pub const COUPON_EDGES: &[Edge<CouponState, CouponStep>] = &[
    Edge { from: None, step: CouponStep::Grant, to: CouponState::Granted },
    Edge { from: Some(CouponState::Granted), step: CouponStep::Freeze, to: CouponState::Frozen },
    Edge { from: Some(CouponState::Frozen), step: CouponStep::Use, to: CouponState::Used },
    Edge { from: Some(CouponState::Frozen), step: CouponStep::Release, to: CouponState::Granted },
    Edge { from: Some(CouponState::Used), step: CouponStep::Release, to: CouponState::Granted },
];

/// One grant of a template to one user. Invariant 7: frozen or used by at most one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Its id.
    pub id: CouponId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is a grant of.
    pub template: TemplateId,
    /// Where it stands.
    pub state: CouponState,
    /// The order that froze or used it; none while granted.
    pub order: Option<OrderId>,
    /// 1 when granted, one more with each change.
    pub version: u64,
    /// When it was granted.
    pub granted_at: Timestamp,
}

impl Coupon {
    /// The coupon after `step` by `order`; `None` where the machine has no such edge, or another order holds it.
    #[must_use]
    pub fn step(&self, step: CouponStep, order: OrderId) -> Option<Coupon> {
        if self.order.is_some_and(|holder| holder != order) {
            return None;
        }
        let state = machine::next(COUPON_EDGES, Some(self.state), step)?;
        let holder = if state == CouponState::Granted { None } else { Some(order) };
        Some(Coupon { state, order: holder, version: self.version + 1, ..self.clone() })
    }
}
