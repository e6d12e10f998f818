//! Decisions on coupons.
//!
//! Order of refusals of a grant: `not_found` (template), `coupon_not_usable` with reason `expired`, `limit_total`,
//! `limit_per_user`.

use crate::{
    answer::Answer,
    catalog::CouponTemplate,
    coupon::{Coupon, CouponGranted, CouponState, CouponStep, GrantCoupon},
    event::{Event, Subject},
    ids::{CouponId, OrderId, UserId},
    refusal::{CouponProblem, Refusal, Thing},
    scope::Scope,
    time::Timestamp,
};

/// Grants a coupon while the template's window is not over and its limits leave room.
///
/// # Errors
/// See the order of refusals above.
pub fn grant(scope: &mut Scope<'_>, command: &GrantCoupon) -> Result<Answer, Refusal> {
    let template =
        scope.catalog.template(&command.template).ok_or(Refusal::NotFound { thing: Thing::CouponTemplate })?;
    if scope.now >= template.valid_until {
        return Err(Refusal::CouponNotUsable { reason: CouponProblem::Expired });
    }
    let granted = scope.template_usage(&command.template);
    if template.limit_total.is_some_and(|limit| granted >= limit) {
        return Err(Refusal::CouponNotUsable { reason: CouponProblem::LimitTotal });
    }
    let usage = (command.user_id.clone(), command.template.clone());
    let granted_to_user = scope.user_template_usage(&usage);
    if template.limit_per_user.is_some_and(|limit| granted_to_user >= u64::from(limit)) {
        return Err(Refusal::CouponNotUsable { reason: CouponProblem::LimitPerUser });
    }
    let coupon = Coupon {
        id: CouponId::from_number(scope.mint.next(scope.now, command.user_id.bucket())),
        user_id: command.user_id.clone(),
        template: command.template.clone(),
        state: CouponState::Granted,
        order: None,
        version: 1,
        granted_at: scope.now,
    };
    scope.changes.template_usage.insert(command.template.clone(), granted + 1);
    scope.changes.user_template_usage.insert(usage, granted_to_user + 1);
    scope.changes.coupons.insert(coupon.id, coupon.clone());
    let event =
        CouponGranted { coupon_id: coupon.id, user_id: coupon.user_id.clone(), template: coupon.template.clone() };
    scope.emit(Subject::Coupon(coupon.id), 1, None, Event::CouponGranted(event));
    Ok(Answer::Coupon(coupon))
}

/// Whether `user` may put this coupon on an order at `now`. The spend and the currency are judged by `price`.
///
/// # Errors
/// [`Refusal::CouponNotUsable`]; another user's coupon answers exactly as one that does not exist.
pub fn usable(
    coupon: Option<&Coupon>,
    template: Option<&CouponTemplate>,
    user: &UserId,
    now: Timestamp,
) -> Result<(), Refusal> {
    let problem = |reason| Err(Refusal::CouponNotUsable { reason });
    let Some(coupon) = coupon.filter(|coupon| &coupon.user_id == user) else {
        return problem(CouponProblem::NotFound);
    };
    match coupon.state {
        CouponState::Granted => {}
        CouponState::Frozen => return problem(CouponProblem::Frozen),
        CouponState::Used => return problem(CouponProblem::Used),
    }
    match template {
        None => problem(CouponProblem::NotFound),
        Some(template) if now < template.valid_from => problem(CouponProblem::NotYetValid),
        Some(template) if now >= template.valid_until => problem(CouponProblem::Expired),
        Some(_) => Ok(()),
    }
}

/// Moves the coupon of an order along.
///
/// # Panics
/// When the machine has no such edge: invariant 7 (a coupon is frozen or used by at most one order) would be broken.
pub(crate) fn step(scope: &mut Scope<'_>, coupon: CouponId, step: CouponStep, order: OrderId) {
    let moved = scope.coupon(coupon).and_then(|coupon| coupon.step(step, order));
    let moved = moved.unwrap_or_else(|| panic!("invariant 7: {coupon} cannot {step:?} for {order}"));
    scope.changes.coupons.insert(coupon, moved);
}
