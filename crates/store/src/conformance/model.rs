//! What a store must hold: the sum of everything that was committed, and every question of the port answered from it by
//! looking at all rows. Slow, and with no cleverness to be wrong about.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ordain_domain::{
    after_sale::{AfterSale, AfterSaleStatus},
    catalog::Catalog,
    event::{EventRecord, Subject},
    ids::{ConsumerName, OrderId, Sku, UserId, first_number_at},
    letter::{Cursor, Letter},
    order::{Order, OrderStatus},
    outbox::{Message, MessageChange},
    payment::{Payment, PaymentStatus, Receipt, ReceiptVerdict},
    points::PointsEntry,
    refund::{Refund, RefundStatus},
    rows::{Changes, Keys, Rows},
    shipment::{Shipment, ShipmentStatus},
    stock::StockMovement,
    time::Timestamp,
    timer::{Timer, TimerChange},
    webhook::{Delivery, Webhook, WebhookState, delivery::DELIVERIES_KEPT},
};
use ordain_engine::port::store::{Commit, Poisoned, ShardHead, StatusCount, Stuck, StuckBefore, StuckThing};

/// Everything that was committed.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) head: ShardHead,
    pub(super) catalog: Catalog,
    pub(super) all: Changes,
    pub(super) cursors: BTreeMap<Arc<str>, i64>,
    /// Consumers that are gone.
    pub(super) ended: BTreeSet<ConsumerName>,
    pub(super) poisoned: Vec<Poisoned>,
}

macro_rules! answer_tables {
    ($model:expr, $keys:expr, $($table:ident)*) => {{
        let mut rows = Rows::default();
        $(for key in &$keys.$table {
            rows.$table.insert(key.clone(), $model.all.$table.get(key).cloned());
        })*
        rows
    }};
}

impl Model {
    pub(super) fn absorb(&mut self, commit: &Commit<'_>) {
        self.head = commit.head;
        for change in &commit.changes.catalog {
            self.catalog.apply(change);
        }
        let mut changes = commit.changes.clone();
        for (consumer, cursor) in std::mem::take(&mut changes.cursors) {
            match cursor {
                Cursor::At(position) => {
                    self.cursors.insert(Arc::from(consumer.as_str()), position);
                }
                Cursor::Ended => {
                    self.cursors.remove(consumer.as_str());
                    self.ended.insert(consumer);
                }
            }
        }
        self.all.absorb(changes);
        self.cursors.extend(commit.cursors.iter().cloned());
        self.poisoned.extend(commit.poisoned.iter().cloned());
    }

    /// What a load of the keys must give.
    pub(super) fn rows(&self, keys: &Keys) -> Rows {
        let mut rows = answer_tables!(
            self, keys,
            stock locks orders order_keys accounts payments transactions refunds shipments after_sales receipts answers coupons template_usage
            user_template_usage points users addresses
        );
        for user in &keys.open_orders {
            let unpaid = self.orders(Some(user), None).iter().filter(|order| order.status.is_unpaid()).count();
            rows.open_orders.insert(user.clone(), u32::try_from(unpaid).ok());
        }
        for consumer in &keys.cursors {
            rows.cursors.insert(consumer.clone(), self.cursors.get(consumer.as_str()).copied().map(Cursor::At));
        }
        for id in &keys.letters {
            rows.letters.insert(*id, self.letters().into_iter().find(|letter| letter.id == *id).map(Arc::new));
        }
        for consumer in &keys.letter_counts {
            let own = self.letters().into_iter().filter(|letter| &letter.consumer == consumer);
            rows.letter_counts.insert(consumer.clone(), Some(own.count() as u64));
        }
        for id in &keys.webhooks {
            rows.webhooks.insert(id.clone(), self.webhooks().into_iter().find(|row| row.id == *id).map(Arc::new));
        }
        rows
    }

    /// The name of every row there is.
    pub(super) fn keys(&self) -> Keys {
        let all = &self.all;
        Keys {
            stock: all.stock.keys().cloned().collect(),
            locks: all.locks.keys().copied().collect(),
            orders: all.orders.keys().copied().collect(),
            order_keys: all.order_keys.keys().cloned().collect(),
            accounts: all.accounts.keys().copied().collect(),
            payments: all.payments.keys().copied().collect(),
            transactions: all.transactions.keys().cloned().collect(),
            refunds: all.refunds.keys().copied().collect(),
            shipments: all.shipments.keys().copied().collect(),
            after_sales: all.after_sales.keys().copied().collect(),
            receipts: all.receipts.keys().copied().collect(),
            answers: all.answers.keys().cloned().collect(),
            open_orders: all.open_orders.keys().cloned().collect(),
            coupons: all.coupons.keys().copied().collect(),
            template_usage: all.template_usage.keys().cloned().collect(),
            user_template_usage: all.user_template_usage.keys().cloned().collect(),
            points: all.points.keys().cloned().collect(),
            users: all.users.keys().cloned().collect(),
            addresses: all.addresses.keys().cloned().collect(),
            cursors: self.cursors.keys().filter_map(|name| ConsumerName::new(name).ok()).collect(),
            letters: all.letters.keys().copied().collect(),
            letter_counts: all.letters.values().map(|letter| letter.consumer.clone()).collect(),
            webhooks: all.webhooks.keys().cloned().collect(),
        }
    }

    /// Orders of a user and a status, or of all, newest first.
    pub(super) fn orders(&self, user: Option<&UserId>, status: Option<OrderStatus>) -> Vec<Order> {
        let orders = self.all.orders.values().rev();
        let of_user = orders.filter(|order| user.is_none_or(|user| &order.placed.user_id == user));
        let wanted = of_user.filter(|order| status.is_none_or(|status| order.status == status));
        wanted.map(|order| order.as_ref().clone()).collect()
    }

    /// Events of an order, oldest first.
    pub(super) fn events_of(&self, order: OrderId) -> Vec<EventRecord> {
        let own = |event: &&EventRecord| event.subject == Subject::Order(order);
        self.all.events.iter().filter(own).cloned().collect()
    }

    /// The ledger of a SKU, newest first.
    pub(super) fn movements(&self, sku: &Sku) -> Vec<StockMovement> {
        self.all.movements.iter().rev().filter(|movement| &movement.sku == sku).cloned().collect()
    }

    /// The points ledger of a user, newest first.
    pub(super) fn points_entries(&self, user: &UserId) -> Vec<PointsEntry> {
        self.all.points_entries.iter().rev().filter(|entry| &entry.user_id == user).cloned().collect()
    }

    /// Timers that wait, earliest first.
    pub(super) fn timers(&self) -> Vec<Timer> {
        let set = self.all.timers.iter().filter(|(_, change)| **change == TimerChange::Set);
        set.map(|(timer, _)| *timer).collect()
    }

    /// The outbox, oldest first.
    pub(super) fn messages(&self) -> Vec<Message> {
        let written = |change: &MessageChange| match change {
            MessageChange::Written(message) => Some(*message),
            MessageChange::Dropped => None,
        };
        self.all.messages.values().filter_map(written).collect()
    }

    /// Attempts of an order, oldest first.
    pub(super) fn payments_of(&self, order: OrderId) -> Vec<Payment> {
        let own = self.all.payments.values().filter(|payment| payment.order == order);
        own.map(|payment| payment.as_ref().clone()).collect()
    }

    /// Refunds of an order, oldest first.
    pub(super) fn refunds_of(&self, order: OrderId) -> Vec<Refund> {
        let own = self.all.refunds.values().filter(|refund| refund.order == order);
        own.map(|refund| refund.as_ref().clone()).collect()
    }

    /// Parcels of an order, oldest first.
    pub(super) fn shipments_of(&self, order: OrderId) -> Vec<Shipment> {
        let own = self.all.shipments.values().filter(|shipment| shipment.order == order);
        own.map(|shipment| shipment.as_ref().clone()).collect()
    }

    /// After-sales of an order, oldest first.
    pub(super) fn after_sales_of(&self, order: OrderId) -> Vec<AfterSale> {
        let own = self.all.after_sales.values().filter(|after_sale| after_sale.order == order);
        own.map(|after_sale| after_sale.as_ref().clone()).collect()
    }

    /// Notifications of a verdict, newest first.
    pub(super) fn receipts(&self, verdict: Option<ReceiptVerdict>) -> Vec<Receipt> {
        let wanted = |receipt: &&Arc<Receipt>| verdict.is_none_or(|verdict| receipt.verdict == verdict);
        self.all.receipts.values().rev().filter(wanted).map(|receipt| receipt.as_ref().clone()).collect()
    }

    /// Everything that is stuck, kind by kind.
    pub(super) fn stuck(&self, before: StuckBefore) -> Vec<Stuck> {
        let all = &self.all;
        let of = |what, order, since| Stuck { what, order: Some(order), since };
        let manual = all.payments.values().filter(|row| row.is_manual);
        let mut stuck: Vec<Stuck> =
            manual.map(|row| of(StuckThing::ManualPayment(row.id), row.order, row.updated_at)).collect();
        let manual = all.refunds.values().filter(|row| row.status == RefundStatus::Manual);
        stuck.extend(manual.map(|row| of(StuckThing::ManualRefund(row.id), row.order, row.updated_at)));
        for receipt in self.receipts(Some(ReceiptVerdict::Quarantined)).into_iter().rev() {
            let order = receipt.payment.and_then(|payment| all.payments.get(&payment)).map(|payment| payment.order);
            let what = StuckThing::QuarantinedReceipt(receipt.id);
            stuck.push(Stuck { what, order, since: receipt.arrived_at });
        }
        let waiting = all.after_sales.values().filter(|row| {
            let is_left = matches!(row.status.as_str(), "returning" | "received" | "reshipping");
            let has_time = row.due().is_some_and(|due| due >= before.after_sales);
            is_left && row.updated_at < before.after_sales && !has_time
        });
        let waiting = waiting.map(|row| (StuckThing::WaitingAfterSale(row.id, row.status), row.order, row.updated_at));
        stuck.extend(waiting.map(|(what, order, since)| of(what, order, since)));
        let stopped = all.shipments.values().filter(|row| {
            let is_asked_no_more =
                (row.asks > 0 || row.note.is_some()) && row.ask_at.is_none() && !row.status.is_final();
            let moves = row.lines.iter().any(|line| line.settled < line.quantity);
            (row.status == ShipmentStatus::Exception || is_asked_no_more) && row.confirmed_at.is_none() && moves
        });
        stuck.extend(stopped.map(|row| of(StuckThing::StoppedShipment(row.id), row.order, row.updated_at)));
        let mut closing = self.orders(None, Some(OrderStatus::Closing));
        closing.retain(|order| order.updated_at < before.closing);
        closing.sort_by_key(|order| (order.updated_at, order.id));
        stuck.extend(closing.iter().map(|order| of(StuckThing::ClosingOrder, order.id, order.updated_at)));
        let waiting = self.messages().into_iter().filter(|message| message.created_at < before.messages);
        stuck.extend(waiting.map(|row| of(StuckThing::WaitingMessage(row.id, row.task), row.order, row.created_at)));
        let overdue = self.timers().into_iter().filter(|timer| timer.due < before.timers);
        stuck.extend(overdue.map(|timer| of(StuckThing::OverdueTimer(timer.kind), timer.order, timer.due)));
        stuck
    }

    /// Letters that are parked, oldest first.
    pub(super) fn letters(&self) -> Vec<Letter> {
        let parked = |letter: &&Arc<Letter>| !letter.state.is_gone() && !self.ended.contains(&letter.consumer);
        self.all.letters.values().filter(parked).map(|letter| letter.as_ref().clone()).collect()
    }

    /// Endpoints, by id.
    pub(super) fn webhooks(&self) -> Vec<Webhook> {
        let there = self.all.webhooks.values().filter(|webhook| webhook.state != WebhookState::Deleted);
        there.map(|webhook| webhook.as_ref().clone()).collect()
    }

    /// Tries to tell an endpoint that are kept, newest first.
    pub(super) fn deliveries(&self, consumer: &ConsumerName) -> Vec<Delivery> {
        let own = self.all.deliveries.iter().rev().filter(|delivery| &delivery.consumer == consumer);
        let is_there = !self.ended.contains(consumer);
        own.filter(|_| is_there).take(DELIVERIES_KEPT).cloned().collect()
    }

    /// When an unpaid order is to be ended.
    pub(super) fn due_of(&self, order: &Order) -> Timestamp {
        let closing = self.all.accounts.get(&order.id).and_then(|account| account.closing.as_ref());
        closing.map_or(order.placed.expires_at, |closing| closing.until)
    }

    /// Unpaid orders minted before one time that were due before another, oldest first.
    pub(super) fn overdue(&self, minted_before: Timestamp, expired_before: Timestamp) -> Vec<OrderId> {
        let old = self.all.orders.values().filter(|order| order.id.number() < first_number_at(minted_before));
        let overdue = old.filter(|order| order.status.is_unpaid() && self.due_of(order) < expired_before);
        overdue.map(|order| order.id).collect()
    }

    /// Statuses with at least one order.
    pub(super) fn status_counts(&self) -> Vec<StatusCount> {
        counted(self.all.orders.values().map(|order| (order.status, order.updated_at)))
    }

    /// Statuses with at least one attempt to pay.
    pub(super) fn payment_counts(&self) -> Vec<StatusCount<PaymentStatus>> {
        counted(self.all.payments.values().map(|payment| (payment.status, payment.updated_at)))
    }

    /// Statuses with at least one refund.
    pub(super) fn refund_counts(&self) -> Vec<StatusCount<RefundStatus>> {
        counted(self.all.refunds.values().map(|refund| (refund.status, refund.updated_at)))
    }

    /// Statuses with at least one parcel.
    pub(super) fn shipment_counts(&self) -> Vec<StatusCount<ShipmentStatus>> {
        counted(self.all.shipments.values().map(|shipment| (shipment.status, shipment.updated_at)))
    }

    /// Statuses with at least one after-sale.
    pub(super) fn after_sale_counts(&self) -> Vec<StatusCount<AfterSaleStatus>> {
        counted(self.all.after_sales.values().map(|after_sale| (after_sale.status, after_sale.updated_at)))
    }
}

fn counted<S: Copy + Ord>(rows: impl Iterator<Item = (S, Timestamp)>) -> Vec<StatusCount<S>> {
    let mut counts: BTreeMap<S, StatusCount<S>> = BTreeMap::new();
    for (status, at) in rows {
        let count = counts.entry(status).or_insert(StatusCount { status, count: 0, oldest: at });
        count.count += 1;
        count.oldest = count.oldest.min(at);
    }
    counts.into_values().collect()
}
