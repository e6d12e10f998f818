//! Decisions on stock: the adjustment, and the three moves an order makes (lock, release, deduct).
//!
//! Order of refusals of an adjustment: `invalid_request` (delta 0), `unknown_sku`, `version_mismatch`,
//! `insufficient_stock` (a write-off below what is locked), `invalid_request` (above the bound).

use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};

use crate::{
    answer::Answer,
    event::{Event, Subject},
    ids::{OrderId, Sku},
    machine,
    refusal::Refusal,
    scope::Scope,
    stock::{
        AdjustStock, LOCK_EDGES, Lock, LockState, LockStep, Locks, MovementReason, Stock, StockAdjusted, StockMovement,
    },
};

/// Receives or writes off units.
///
/// # Errors
/// See the order of refusals above.
pub fn adjust(scope: &mut Scope<'_>, command: &AdjustStock) -> Result<Answer, Refusal> {
    if command.delta == 0 {
        return Err(Refusal::invalid("/delta", "must not be 0"));
    }
    if scope.catalog.product(&command.sku).is_none() {
        return Err(Refusal::UnknownSku { line: None, sku: command.sku.clone() });
    }
    let stock = current(scope, &command.sku);
    Refusal::check_version(command.expected_version, stock.version)?;
    let Some(adjusted) = stock.adjust(command.delta) else {
        return Err(if command.delta < 0 {
            Refusal::InsufficientStock { sku: stock.sku.clone(), available: stock.available() }
        } else {
            Refusal::invalid("/delta", "would put more than 1,000,000,000,000 units on hand")
        });
    };
    let reason = if command.delta > 0 { MovementReason::Receive } else { MovementReason::WriteOff };
    scope.changes.movements.push(StockMovement {
        sku: command.sku.clone(),
        number: adjusted.movements,
        delta: command.delta,
        reason,
        note: Some(Arc::clone(&command.reason)),
        order: None,
        on_hand: adjusted.on_hand,
        at: scope.now,
    });
    let event = StockAdjusted {
        sku: command.sku.clone(),
        delta: command.delta,
        reason,
        note: Arc::clone(&command.reason),
        on_hand: adjusted.on_hand,
        movement: adjusted.movements,
    };
    scope.emit(Subject::Stock(command.sku.clone()), adjusted.movements, None, Event::StockAdjusted(event));
    scope.put_stock(adjusted.clone());
    Ok(Answer::Stock(adjusted))
}

/// The SKU's row, or the empty one where it has none.
pub(crate) fn current(scope: &Scope<'_>, sku: &Sku) -> Stock {
    scope.stock(sku).cloned().unwrap_or_else(|| Stock::empty(sku.clone()))
}

/// Locks what an order needs: the demand of all its lines, summed per SKU before the check. All or nothing.
///
/// # Errors
/// [`Refusal::InsufficientStock`] for the first SKU, in SKU order, that has too little.
pub(crate) fn lock(scope: &mut Scope<'_>, order: OrderId, demand: &BTreeMap<Sku, u64>) -> Result<(), Refusal> {
    let mut locks = Vec::with_capacity(demand.len());
    for (sku, &quantity) in demand {
        let locked = match scope.stock(sku) {
            Some(stock) => stock.lock(quantity).ok_or(stock.available()),
            None => Err(0),
        };
        let stock = locked.map_err(|available| Refusal::InsufficientStock { sku: sku.clone(), available })?;
        scope.put_stock(stock);
        locks.push(Lock { sku: sku.clone(), quantity, state: LockState::Held });
    }
    scope.changes.locks.insert(order, Arc::new(locks));
    Ok(())
}

/// Ends every held lock of an order that will not be paid. Locks that ended before stay as they are.
pub(crate) fn release(scope: &mut Scope<'_>, order: OrderId) {
    end_locks(scope, order, LockStep::Cancel, |scope, lock| {
        let stock = current(scope, &lock.sku).release(lock.quantity);
        scope.put_stock(stock);
    });
}

/// Turns every held lock of a paid order into a sale, with a ledger entry each.
pub(crate) fn deduct(scope: &mut Scope<'_>, order: OrderId) {
    end_locks(scope, order, LockStep::Confirm, |scope, lock| {
        let stock = current(scope, &lock.sku).deduct(lock.quantity);
        enter_sale(scope, order, lock, stock);
    });
}

/// Takes the units of every released lock again and sells them at once.
///
/// # Panics
/// When fewer are available: whoever asks has looked.
pub(crate) fn take_again(scope: &mut Scope<'_>, order: OrderId) {
    end_locks(scope, order, LockStep::TakeAgain, |scope, lock| {
        let stock = current(scope, &lock.sku).take(lock.quantity);
        let stock = stock.unwrap_or_else(|| panic!("invariant 1: {} has too few units to take again", lock.sku));
        enter_sale(scope, order, lock, stock);
    });
}

/// Sells units that no order had locked: the replacements of an exchange. All or nothing.
///
/// # Errors
/// [`Refusal::InsufficientStock`] for the first SKU, in SKU order, that has too little.
pub(crate) fn sell(scope: &mut Scope<'_>, order: OrderId, demand: &BTreeMap<Sku, u64>) -> Result<(), Refusal> {
    let mut sold = Vec::with_capacity(demand.len());
    for (sku, &quantity) in demand {
        let stock = current(scope, sku);
        let available = stock.available();
        let taken = stock.take(quantity).ok_or_else(|| Refusal::InsufficientStock { sku: sku.clone(), available })?;
        sold.push((taken, -i64::try_from(quantity).unwrap_or(i64::MAX)));
    }
    for (stock, delta) in sold {
        enter(scope, order, stock, delta, MovementReason::Sale);
    }
    Ok(())
}

fn enter_sale(scope: &mut Scope<'_>, order: OrderId, lock: &Lock, stock: Stock) {
    let delta = -i64::try_from(lock.quantity).unwrap_or(i64::MAX);
    enter(scope, order, stock, delta, MovementReason::Sale);
}

/// Puts units of an order back on the shelf, with a ledger entry.
pub(crate) fn take_back(scope: &mut Scope<'_>, sku: &Sku, quantity: u32, order: OrderId) {
    let stock = current(scope, sku).take_back(u64::from(quantity));
    enter(scope, order, stock, i64::from(quantity), MovementReason::Return);
}

fn enter(scope: &mut Scope<'_>, order: OrderId, stock: Stock, delta: i64, reason: MovementReason) {
    scope.changes.movements.push(StockMovement {
        sku: stock.sku.clone(),
        number: stock.movements,
        delta,
        reason,
        note: None,
        order: Some(order),
        on_hand: stock.on_hand,
        at: scope.now,
    });
    scope.put_stock(stock);
}

fn end_locks(scope: &mut Scope<'_>, order: OrderId, step: LockStep, end: impl Fn(&mut Scope<'_>, &Lock)) {
    let locks: Locks = scope.locks(order).cloned().unwrap_or_default();
    let mut ended = Vec::with_capacity(locks.len());
    for lock in locks.iter() {
        let mut lock = lock.clone();
        if let Some(state) = machine::next(LOCK_EDGES, Some(lock.state), step) {
            end(scope, &lock);
            lock.state = state;
        }
        ended.push(lock);
    }
    scope.changes.locks.insert(order, Arc::new(ended));
}
