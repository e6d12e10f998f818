//! Decisions on points.
//!
//! Order of refusals of an adjustment: `invalid_request` (delta 0), `version_mismatch`, `insufficient_points`,
//! `invalid_request` (above the bound).

use alloc::sync::Arc;

use crate::{
    answer::Answer,
    event::{Event, Subject},
    ids::{OrderId, UserId},
    points::{AdjustPoints, PointsAccount, PointsAdjusted, PointsEntry, PointsReason},
    refusal::Refusal,
    scope::Scope,
};

/// Adds or takes points.
///
/// # Errors
/// See the order of refusals above.
pub fn adjust(scope: &mut Scope<'_>, command: &AdjustPoints) -> Result<Answer, Refusal> {
    if command.delta == 0 {
        return Err(Refusal::invalid("/delta", "must not be 0"));
    }
    let account = current(scope, &command.user_id);
    Refusal::check_version(command.expected_version, account.version)?;
    let Some(adjusted) = account.adjust(command.delta) else {
        return Err(if command.delta < 0 {
            Refusal::InsufficientPoints { balance: account.balance }
        } else {
            Refusal::invalid("/delta", "would put the balance above its bound")
        });
    };
    enter(scope, &adjusted, command.delta, PointsReason::Adjustment, Some(Arc::clone(&command.reason)), None);
    let event = PointsAdjusted {
        user_id: command.user_id.clone(),
        delta: command.delta,
        note: Arc::clone(&command.reason),
        balance: adjusted.balance,
    };
    scope.emit(Subject::Points(command.user_id.clone()), adjusted.entries, None, Event::PointsAdjusted(event));
    Ok(Answer::Points(adjusted))
}

/// The user's row, or the empty one where there is none.
pub(crate) fn current(scope: &Scope<'_>, user: &UserId) -> PointsAccount {
    scope.points(user).cloned().unwrap_or_else(|| PointsAccount::empty(user.clone()))
}

/// Freezes points for an order that is being placed.
///
/// # Errors
/// [`Refusal::InsufficientPoints`].
pub(crate) fn freeze(scope: &mut Scope<'_>, user: &UserId, points: i64, order: OrderId) -> Result<(), Refusal> {
    let account = current(scope, user);
    let frozen = account.freeze(points).ok_or(Refusal::InsufficientPoints { balance: account.balance })?;
    enter(scope, &frozen, -points, PointsReason::OrderPlaced, None, Some(order));
    Ok(())
}

/// Ends the freezing for an order that was paid.
pub(crate) fn spend(scope: &mut Scope<'_>, user: &UserId, points: i64) {
    let account = current(scope, user).spend(points);
    scope.changes.points.insert(user.clone(), account);
}

/// Gives the points of an order that ended unpaid back.
pub(crate) fn unfreeze(scope: &mut Scope<'_>, user: &UserId, points: i64, order: OrderId) {
    let account = current(scope, user).unfreeze(points);
    enter(scope, &account, points, PointsReason::OrderCancelled, None, Some(order));
}

/// Gives points of a paid order back, by the shares of the units whose money goes back.
pub(crate) fn give_back(scope: &mut Scope<'_>, user: &UserId, points: i64, order: OrderId) {
    let account = current(scope, user).earn(points);
    enter(scope, &account, points, PointsReason::OrderRefunded, None, Some(order));
}

/// Adds what a completed order earned.
pub(crate) fn earn(scope: &mut Scope<'_>, user: &UserId, points: i64, order: OrderId) {
    let account = current(scope, user).earn(points);
    enter(scope, &account, points, PointsReason::OrderCompleted, None, Some(order));
}

fn enter(
    scope: &mut Scope<'_>,
    account: &PointsAccount,
    delta: i64,
    reason: PointsReason,
    note: Option<Arc<str>>,
    order: Option<OrderId>,
) {
    scope.changes.points_entries.push(PointsEntry {
        user_id: account.user_id.clone(),
        number: account.entries,
        delta,
        reason,
        note,
        order,
        balance: account.balance,
        at: scope.now,
    });
    scope.changes.points.insert(account.user_id.clone(), account.clone());
}
