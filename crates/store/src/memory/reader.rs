//! Reading the in-memory store: every list is a range of a map, cut to its page.

mod stuck;

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use ordain_domain::{
    after_sale::{AfterSale, AfterSaleStatus},
    coupon::Coupon,
    event::EventRecord,
    ids::{
        AddressId, AfterSaleId, ConsumerName, CouponId, DeliveryId, EventId, LetterId, MessageId, OrderId, PaymentId,
        ReceiptId, RefundId, ShipmentId, Sku, UserId, WebhookId, first_number_at,
    },
    letter::{Letter, LetterState},
    order::{Order, OrderStatus},
    outbox::Message,
    payment::{OrderAccount, Payment, PaymentStatus, Receipt, ReceiptVerdict},
    points::{PointsAccount, PointsEntry},
    refund::{Refund, RefundStatus},
    shipment::{Shipment, ShipmentStatus},
    stock::{Locks, Stock, StockMovement},
    time::{Span, Timestamp},
    timer::Timer,
    user::{User, UserAddress},
    webhook::{Delivery, Webhook},
};
use ordain_engine::port::store::{
    After, Backlog, Before, InvariantReport, LaneHead, LetterTally, OverduePage, StatusCount, StoreFailure,
    StoreGauges, StoreReader, Stuck, StuckBefore,
};

use super::{MemoryReader, letters, verify};

/// Most rows that one page of everybody's orders or notifications looks at.
const LOOKED_AT_MAX: usize = 10_000;

fn is_before<K: Ord>(page: &Before<K>, key: &K) -> bool {
    page.key.as_ref().is_none_or(|before| key < before)
}

/// How many rows are in each status, out of each row's status and the time of its last change.
fn counted<S: Copy + Ord>(rows: impl Iterator<Item = (S, Timestamp)>) -> Vec<StatusCount<S>> {
    let mut counts: BTreeMap<S, StatusCount<S>> = BTreeMap::new();
    for (status, updated_at) in rows {
        let count = counts.entry(status).or_insert(StatusCount { status, count: 0, oldest: updated_at });
        count.count += 1;
        count.oldest = count.oldest.min(updated_at);
    }
    counts.into_values().collect()
}

impl StoreReader for MemoryReader {
    fn order(&self, id: OrderId) -> Result<Option<Order>, StoreFailure> {
        Ok(self.state().rows.orders.get(&id).map(|order| order.as_ref().clone()))
    }

    fn locks(&self, id: OrderId) -> Result<Locks, StoreFailure> {
        Ok(self.state().rows.locks.get(&id).cloned().unwrap_or_default())
    }

    fn order_events(&self, id: OrderId, after_seq: u64) -> Result<Vec<EventRecord>, StoreFailure> {
        Ok(self.state().events_of(id).filter(|event| event.seq > after_seq).cloned().collect())
    }

    fn orders_of_user(
        &self,
        user: &UserId,
        status: Option<OrderStatus>,
        page: Before<OrderId>,
    ) -> Result<Vec<Order>, StoreFailure> {
        let state = self.state();
        let orders = state.orders_of(user).rev().filter(|order| is_before(&page, &order.id));
        let wanted = orders.filter(|order| status.is_none_or(|status| order.status == status));
        Ok(wanted.take(page.limit).map(|order| order.as_ref().clone()).collect())
    }

    fn orders(
        &self,
        status: Option<OrderStatus>,
        page: Before<OrderId>,
    ) -> Result<(Vec<Order>, Option<OrderId>), StoreFailure> {
        let state = self.state();
        let end = page.key.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = Vec::new();
        for (looked_at, (id, order)) in state.rows.orders.range((Bound::Unbounded, end)).rev().enumerate() {
            if status.is_none_or(|status| order.status == status) {
                found.push(order.as_ref().clone());
            }
            if found.len() >= page.limit || looked_at + 1 == LOOKED_AT_MAX {
                return Ok((found, Some(*id)));
            }
        }
        Ok((found, None))
    }

    fn account(&self, id: OrderId) -> Result<Option<OrderAccount>, StoreFailure> {
        Ok(self.state().rows.accounts.get(&id).map(|account| account.as_ref().clone()))
    }

    fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreFailure> {
        Ok(self.state().rows.payments.get(&id).map(|payment| payment.as_ref().clone()))
    }

    fn payments_of(&self, order: OrderId) -> Result<Vec<Payment>, StoreFailure> {
        Ok(self.state().payments_of(order).cloned().collect())
    }

    fn refund(&self, id: RefundId) -> Result<Option<Refund>, StoreFailure> {
        Ok(self.state().rows.refunds.get(&id).map(|refund| refund.as_ref().clone()))
    }

    fn refunds_of(&self, order: OrderId) -> Result<Vec<Refund>, StoreFailure> {
        Ok(self.state().refunds_of(order).cloned().collect())
    }

    fn shipment(&self, id: ShipmentId) -> Result<Option<Shipment>, StoreFailure> {
        Ok(self.state().rows.shipments.get(&id).map(|shipment| shipment.as_ref().clone()))
    }

    fn shipments_of(&self, order: OrderId) -> Result<Vec<Shipment>, StoreFailure> {
        Ok(self.state().shipments_of(order).cloned().collect())
    }

    fn after_sale(&self, id: AfterSaleId) -> Result<Option<AfterSale>, StoreFailure> {
        Ok(self.state().rows.after_sales.get(&id).map(|after_sale| after_sale.as_ref().clone()))
    }

    fn after_sales_of(&self, order: OrderId) -> Result<Vec<AfterSale>, StoreFailure> {
        Ok(self.state().after_sales_of(order).cloned().collect())
    }

    fn receipt(&self, id: ReceiptId) -> Result<Option<Receipt>, StoreFailure> {
        Ok(self.state().rows.receipts.get(&id).map(|receipt| receipt.as_ref().clone()))
    }

    fn receipts(
        &self,
        verdict: Option<ReceiptVerdict>,
        page: Before<ReceiptId>,
    ) -> Result<(Vec<Receipt>, Option<ReceiptId>), StoreFailure> {
        let state = self.state();
        let end = page.key.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = Vec::new();
        for (looked_at, (id, receipt)) in state.rows.receipts.range((Bound::Unbounded, end)).rev().enumerate() {
            if verdict.is_none_or(|verdict| receipt.verdict == verdict) {
                found.push(receipt.as_ref().clone());
            }
            if found.len() >= page.limit || looked_at + 1 == LOOKED_AT_MAX {
                return Ok((found, Some(*id)));
            }
        }
        Ok((found, None))
    }

    fn messages_after(&self, after: Option<MessageId>, limit: usize) -> Result<Vec<Message>, StoreFailure> {
        let state = self.state();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(state.messages.range((start, Bound::Unbounded)).take(limit).map(|(_, message)| *message).collect())
    }

    fn stock(&self, sku: &Sku) -> Result<Option<Stock>, StoreFailure> {
        Ok(self.state().rows.stock.get(sku).cloned())
    }

    fn stock_movements(&self, sku: &Sku, page: Before<u64>) -> Result<Vec<StockMovement>, StoreFailure> {
        let state = self.state();
        let ledger = state.movements.range((sku.clone(), 0)..=(sku.clone(), u64::MAX));
        let wanted = ledger.rev().filter(|((_, number), _)| is_before(&page, number));
        Ok(wanted.take(page.limit).map(|(_, movement)| movement.clone()).collect())
    }

    fn coupon(&self, id: CouponId) -> Result<Option<Coupon>, StoreFailure> {
        Ok(self.state().rows.coupons.get(&id).cloned())
    }

    fn points(&self, user: &UserId) -> Result<Option<PointsAccount>, StoreFailure> {
        Ok(self.state().rows.points.get(user).cloned())
    }

    fn points_entries(&self, user: &UserId, page: Before<u64>) -> Result<Vec<PointsEntry>, StoreFailure> {
        let state = self.state();
        let ledger = state.points_entries.range((user.clone(), 0)..=(user.clone(), u64::MAX));
        let wanted = ledger.rev().filter(|((_, number), _)| is_before(&page, number));
        Ok(wanted.take(page.limit).map(|(_, entry)| entry.clone()).collect())
    }

    fn user(&self, user: &UserId) -> Result<Option<User>, StoreFailure> {
        Ok(self.state().rows.users.get(user).cloned())
    }

    fn addresses(&self, user: &UserId) -> Result<Vec<UserAddress>, StoreFailure> {
        let state = self.state();
        let addresses = state.rows.addresses.values().filter(|address| &address.user_id == user);
        Ok(addresses.cloned().collect())
    }

    fn address(&self, user: &UserId, id: &AddressId) -> Result<Option<UserAddress>, StoreFailure> {
        Ok(self.state().rows.addresses.get(&(user.clone(), id.clone())).cloned())
    }

    fn events_after(&self, position: i64, limit: usize) -> Result<Vec<EventRecord>, StoreFailure> {
        let state = self.state();
        let later = state.events.values().skip_while(|event| event.id.number() <= position);
        Ok(later.take(limit).cloned().collect())
    }

    fn event(&self, id: EventId) -> Result<Option<EventRecord>, StoreFailure> {
        Ok(self.state().events.get(&id).cloned())
    }

    fn cursor(&self, consumer: &str) -> Result<Option<i64>, StoreFailure> {
        Ok(self.state().cursors.get(consumer).copied())
    }

    fn cursors(&self) -> Result<Vec<(Arc<str>, i64)>, StoreFailure> {
        Ok(self.state().cursors.iter().map(|(name, position)| (Arc::clone(name), *position)).collect())
    }

    fn letter(&self, id: LetterId) -> Result<Option<Letter>, StoreFailure> {
        Ok(self.state().rows.letters.get(&id).map(|letter| letter.as_ref().clone()))
    }

    fn lane(&self, consumer: &ConsumerName, subject: &str, limit: usize) -> Result<Vec<Letter>, StoreFailure> {
        let mut lane = letters::lane(&self.state().rows.letters, consumer, subject);
        lane.truncate(limit);
        Ok(lane)
    }

    fn due_letters(
        &self,
        consumer: &ConsumerName,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Letter>, StoreFailure> {
        let state = self.state();
        let heads = letters::heads(&state.rows.letters, LetterState::Waiting).into_iter().map(|head| head.letter);
        let mut due: Vec<Letter> =
            heads.filter(|letter| &letter.consumer == consumer && letter.next_try_at <= until).collect();
        due.sort_by_key(|letter| (letter.next_try_at, letter.id));
        due.truncate(limit);
        Ok(due)
    }

    fn lane_heads(&self, state: LetterState, page: After<LetterId>) -> Result<Vec<LaneHead>, StoreFailure> {
        let heads = letters::heads(&self.state().rows.letters, state).into_iter();
        let later = heads.filter(|head| page.key.is_none_or(|after| head.letter.id > after));
        Ok(later.take(page.limit).collect())
    }

    fn letter_tally(&self) -> Result<LetterTally, StoreFailure> {
        let state = self.state();
        let dead = state.rows.letters.values().filter(|letter| letter.state == LetterState::Dead).count();
        Ok(LetterTally { letters: state.rows.letters.len() as u64, dead: dead as u64 })
    }

    fn webhook(&self, id: &WebhookId) -> Result<Option<Webhook>, StoreFailure> {
        Ok(self.state().rows.webhooks.get(id).map(|webhook| webhook.as_ref().clone()))
    }

    fn webhooks(&self) -> Result<Vec<Webhook>, StoreFailure> {
        Ok(self.state().rows.webhooks.values().map(|webhook| webhook.as_ref().clone()).collect())
    }

    fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreFailure> {
        Ok(self.state().rows.deliveries.iter().find(|delivery| delivery.id == id).cloned())
    }

    fn deliveries(&self, consumer: &ConsumerName, page: Before<DeliveryId>) -> Result<Vec<Delivery>, StoreFailure> {
        let state = self.state();
        let own = state.rows.deliveries.iter().rev().filter(|delivery| &delivery.consumer == consumer);
        Ok(own.filter(|delivery| is_before(&page, &delivery.id)).take(page.limit).cloned().collect())
    }

    fn timers(&self, after: Option<Timer>, until: Timestamp, limit: usize) -> Result<Vec<Timer>, StoreFailure> {
        let state = self.state();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let due = state.timers.range((start, Bound::Unbounded)).take_while(|timer| timer.due <= until);
        Ok(due.take(limit).copied().collect())
    }

    fn overdue_orders(
        &self,
        after: Option<OrderId>,
        minted_before: Timestamp,
        expired_before: Timestamp,
        limit: usize,
    ) -> Result<OverduePage, StoreFailure> {
        let state = self.state();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let first_young = first_number_at(minted_before);
        let old = state.rows.orders.range((start, Bound::Unbounded)).take_while(|(id, _)| id.number() < first_young);
        let mut page = OverduePage::default();
        for (id, order) in old.take(limit) {
            page.seen_up_to = Some(*id);
            if order.status.is_unpaid() {
                page.first_unpaid = page.first_unpaid.or(Some(*id));
                if state.due_of(order) < expired_before {
                    page.overdue.push(*id);
                }
            }
        }
        Ok(page)
    }

    fn overdue_payments(
        &self,
        after: Option<PaymentId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(PaymentId, OrderId)>, StoreFailure> {
        let state = self.state();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let later = state.rows.payments.range((start, Bound::Unbounded)).map(|(_, payment)| payment);
        let is_due = |payment: &&Arc<Payment>| {
            payment.status.is_open() && payment.query_at.is_some_and(|query_at| query_at < before)
        };
        Ok(later.filter(is_due).take(limit).map(|payment| (payment.id, payment.order)).collect())
    }

    fn overdue_refunds(
        &self,
        after: Option<RefundId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(RefundId, OrderId)>, StoreFailure> {
        let state = self.state();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let later = state.rows.refunds.range((start, Bound::Unbounded)).map(|(_, refund)| refund);
        let is_due = |refund: &&Arc<Refund>| refund.is_open() && refund.next_at.is_some_and(|next_at| next_at < before);
        Ok(later.filter(is_due).take(limit).map(|refund| (refund.id, refund.order)).collect())
    }

    fn overdue_shipments(
        &self,
        after: Option<ShipmentId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ShipmentId, OrderId)>, StoreFailure> {
        let state = self.state();
        let rows = &state.rows;
        let waits =
            |order: OrderId| rows.after_sales.values().any(|row| row.order == order && row.status.claims_units());
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let overdue = rows.shipments.range((start, Bound::Unbounded)).map(|(_, row)| row);
        let overdue = overdue.filter(|row| row.confirm_due.is_some_and(|at| at < before) && !waits(row.order));
        Ok(overdue.take(limit).map(|row| (row.id, row.order)).collect())
    }

    fn overdue_after_sales(
        &self,
        after: Option<AfterSaleId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(AfterSaleId, OrderId)>, StoreFailure> {
        let state = self.state();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let overdue = state.rows.after_sales.range((start, Bound::Unbounded)).map(|(_, row)| row);
        let overdue = overdue.filter(|row| row.due().is_some_and(|at| at < before));
        Ok(overdue.take(limit).map(|row| (row.id, row.order)).collect())
    }

    fn stuck(&self, before: StuckBefore, limit: usize) -> Result<Vec<Stuck>, StoreFailure> {
        Ok(stuck::list(&self.state(), before, limit))
    }

    fn backlog(&self, after_sales: Timestamp) -> Result<Backlog, StoreFailure> {
        Ok(stuck::backlog(&self.state(), after_sales))
    }

    fn status_counts(&self) -> Result<Vec<StatusCount>, StoreFailure> {
        let state = self.state();
        Ok(counted(state.rows.orders.values().map(|order| (order.status, order.updated_at))))
    }

    fn payment_counts(&self) -> Result<Vec<StatusCount<PaymentStatus>>, StoreFailure> {
        let state = self.state();
        Ok(counted(state.rows.payments.values().map(|payment| (payment.status, payment.updated_at))))
    }

    fn refund_counts(&self) -> Result<Vec<StatusCount<RefundStatus>>, StoreFailure> {
        let state = self.state();
        Ok(counted(state.rows.refunds.values().map(|refund| (refund.status, refund.updated_at))))
    }

    fn shipment_counts(&self) -> Result<Vec<StatusCount<ShipmentStatus>>, StoreFailure> {
        let state = self.state();
        Ok(counted(state.rows.shipments.values().map(|shipment| (shipment.status, shipment.updated_at))))
    }

    fn after_sale_counts(&self) -> Result<Vec<StatusCount<AfterSaleStatus>>, StoreFailure> {
        let state = self.state();
        Ok(counted(state.rows.after_sales.values().map(|after_sale| (after_sale.status, after_sale.updated_at))))
    }

    fn verify(&self, now: Timestamp, late_after: Span) -> Result<Vec<InvariantReport>, StoreFailure> {
        Ok(verify::verify(&self.state(), now, late_after))
    }

    fn gauges(&self) -> StoreGauges {
        StoreGauges::default()
    }
}
