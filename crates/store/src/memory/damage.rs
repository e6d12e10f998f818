//! Damage behind the in-memory store's back, for the cases that ask whether `verify` finds it. No row is made that
//! committing could make.

use std::sync::Arc;

use ordain_domain::{
    after_sale::AfterSaleStatus,
    event::Event,
    ids::{OrderId, PaymentId},
    order::{Order, OrderReinstated, OrderToken, Placed},
    payment::OrderAccount,
    rows::Changes,
    shipment::ShipmentStatus,
    stock::{Lock, LockState},
    time::Timestamp,
};

use super::{MemoryReader, State};
use crate::conformance::damages::Damage;

impl MemoryReader {
    /// Does the damage; whether the rows were there to be damaged.
    pub fn damage(&self, damage: &Damage) -> bool {
        do_damage(&mut self.state(), damage).is_some()
    }
}

fn do_damage(state: &mut State, damage: &Damage) -> Option<()> {
    match damage {
        Damage::LockedCount(sku) => state.rows.stock.get_mut(sku)?.locked += 1,
        Damage::LedgerEntryLost(sku, number) => drop(state.movements.remove(&(sku.clone(), *number))?),
        Damage::LocksHeldAgain(order) => {
            let locks = state.rows.locks.get_mut(order)?;
            let held = locks.iter().map(|lock| Lock { state: LockState::Held, ..lock.clone() });
            *locks = Arc::new(held.collect());
        }
        Damage::PaidMoney(order) => Arc::make_mut(state.rows.orders.get_mut(order)?).paid += 1,
        Damage::EventLost(event) => drop(state.events.remove(event)?),
        Damage::KeyOfAnotherOrder(first, second) => {
            let mut entries = state.rows.order_keys.iter_mut();
            let is_first = |token: &OrderToken| matches!(token, OrderToken::Key(_));
            entries.find(|(key, entry)| is_first(&key.token) && entry.order == *first)?.1.order = *second;
        }
        Damage::CouponOfAnotherOrder(coupon, order) => state.rows.coupons.get_mut(coupon)?.order = Some(*order),
        Damage::PointsBalance(user) => state.rows.points.get_mut(user)?.balance += 1,
        Damage::FrozenPoints(user) => state.rows.points.get_mut(user)?.frozen += 1,
        Damage::AgreedTotal(order) => agree_on_more(state, *order)?,
        Damage::TimerLost(timer) => return state.timers.remove(timer).then_some(()),
        Damage::TimerLeft(timer) => return state.timers.insert(*timer).then_some(()),
        Damage::LockLost(order, sku) => {
            let locks = state.rows.locks.get_mut(order)?;
            *locks = Arc::new(locks.iter().filter(|lock| lock.sku != *sku).cloned().collect());
        }
        Damage::EventOfAnotherKind(event) => {
            let payment = PaymentId::from_number(1);
            state.events.get_mut(event)?.event = Event::OrderReinstated(OrderReinstated { payment });
        }
        Damage::MessageOld(message) => state.messages.get_mut(message)?.created_at = Timestamp(0),
        Damage::MessageLost(message) => drop(state.messages.remove(message)?),
        books => do_damage_to_books(&mut state.rows, books)?,
    }
    Some(())
}

fn do_damage_to_books(rows: &mut Changes, damage: &Damage) -> Option<()> {
    match damage {
        Damage::CapturedOfAccount(order) => account(rows, order)?.captured += 1,
        Damage::PaymentsUnnamed(order) => account(rows, order)?.payments.clear(),
        Damage::MoneyKept(order) => account(rows, order)?.refunding = 0,
        Damage::MoneyOfLine(order) => account(rows, order)?.lines.first_mut()?.money -= 1,
        Damage::TransactionLost(key) => drop(rows.transactions.remove(key)?),
        Damage::StepForgotten(refund) => Arc::make_mut(rows.refunds.get_mut(refund)?).next_at = None,
        Damage::RefundingOfPayment(payment) => Arc::make_mut(rows.payments.get_mut(payment)?).refunding -= 1,
        Damage::SecondCounts(payment) => Arc::make_mut(rows.payments.get_mut(payment)?).counts = true,
        Damage::ParcelElsewhere(shipment) => {
            let shipment = Arc::make_mut(rows.shipments.get_mut(shipment)?);
            (shipment.status, shipment.confirm_due) = (ShipmentStatus::InTransit, None);
        }
        Damage::ConfirmForgotten(shipment) => Arc::make_mut(rows.shipments.get_mut(shipment)?).confirm_due = None,
        Damage::AfterSaleStuck(after_sale) => {
            Arc::make_mut(rows.after_sales.get_mut(after_sale)?).status = AfterSaleStatus::Refunding;
        }
        Damage::QueryForgotten(payment) => Arc::make_mut(rows.payments.get_mut(payment)?).query_at = None,
        _ => return None,
    }
    Some(())
}

fn account<'a>(rows: &'a mut Changes, order: &OrderId) -> Option<&'a mut OrderAccount> {
    rows.accounts.get_mut(order).map(Arc::make_mut)
}

/// The row and the event tell the same wrong total.
fn agree_on_more(state: &mut State, order: OrderId) -> Option<()> {
    let row: &mut Order = Arc::make_mut(state.rows.orders.get_mut(&order)?);
    let mut placed: Placed = row.placed.as_ref().clone();
    placed.price.total += 1;
    let placed = Arc::new(placed);
    row.placed = Arc::clone(&placed);
    state.events.get_mut(&row.first_event)?.event = Event::OrderPlaced(placed);
    Some(())
}
