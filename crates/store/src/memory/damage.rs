//! Damage behind the in-memory store's back, for the cases that ask whether `verify` finds it. No row is made that
//! committing could make.

use std::sync::Arc;

use ordain_domain::{
    after_sale::{AfterSale, AfterSaleStatus},
    event::Event,
    ids::{AfterSaleId, OrderId, PaymentId, ShipmentId},
    order::{Order, OrderReinstated, OrderToken, Placed},
    payment::OrderAccount,
    rows::Changes,
    shipment::{Shipment, ShipmentStatus},
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
        Damage::ConsumerAhead(consumer) => {
            state.cursors.insert(Arc::from(consumer.as_str()), state.head.last_event + 1);
        }
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
        Damage::QueryForgotten(payment) => Arc::make_mut(rows.payments.get_mut(payment)?).query_at = None,
        goods => do_damage_to_goods(rows, goods)?,
    }
    Some(())
}

fn do_damage_to_goods(rows: &mut Changes, damage: &Damage) -> Option<()> {
    match damage {
        Damage::ParcelElsewhere(id) => {
            let shipment = shipment(rows, id)?;
            (shipment.status, shipment.confirm_due) = (ShipmentStatus::InTransit, None);
        }
        Damage::ConfirmForgotten(id) => shipment(rows, id)?.confirm_due = None,
        Damage::ConfirmMoved(id) => shipment(rows, id)?.confirm_due = Some(Timestamp(0)),
        Damage::CarrierForgotten(id) => shipment(rows, id)?.ask_at = Some(Timestamp(0)),
        Damage::ParcelsUnnamed(order) => account(rows, order)?.shipments.clear(),
        Damage::AfterSalesUnnamed(order) => account(rows, order)?.after_sales.clear(),
        Damage::AfterSaleStuck(id) => after_sale(rows, id)?.status = AfterSaleStatus::Refunding,
        Damage::ReturnForgotten(id) => after_sale(rows, id)?.ship_back_by = None,
        Damage::ReviewMoved(id) => after_sale(rows, id)?.review_due_at = Timestamp(0),
        Damage::ClaimTooLarge(id) => after_sale(rows, id)?.lines.first_mut()?.quantity += 2,
        Damage::KeptTooMany(id) => after_sale(rows, id)?.lines.first_mut()?.kept += 2,
        Damage::DifferenceKept(id) => after_sale(rows, id)?.replacement.as_mut()?.paid -= 1,
        _ => return None,
    }
    Some(())
}

fn shipment<'a>(rows: &'a mut Changes, id: &ShipmentId) -> Option<&'a mut Shipment> {
    rows.shipments.get_mut(id).map(Arc::make_mut)
}

fn after_sale<'a>(rows: &'a mut Changes, id: &AfterSaleId) -> Option<&'a mut AfterSale> {
    rows.after_sales.get_mut(id).map(Arc::make_mut)
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
