//! What the in-memory store keeps, how a commit is judged and how it is applied.
//!
//! Rows lie in the domain's own maps of changes: the state of a store is the sum of all changes ever committed. Only what
//! lists need stands beside them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ordain_domain::{
    after_sale::AfterSale,
    catalog::Catalog,
    event::{EventRecord, Subject},
    ids::{AfterSaleId, ConsumerName, EventId, MessageId, OrderId, PaymentId, RefundId, ShipmentId, Sku, UserId},
    letter::{Cursor, Letter},
    order::{Order, OrderStatus, OrderToken},
    outbox::{Message, MessageChange},
    payment::{OrderAccount, Payment, PaymentStatus},
    points::PointsEntry,
    refund::Refund,
    rows::{Changes, Keys, Rows},
    shipment::Shipment,
    stock::StockMovement,
    time::Timestamp,
    timer::{Timer, TimerChange},
    webhook::{Delivery, WebhookState, delivery::DELIVERIES_KEPT},
};
use ordain_engine::port::store::{Commit, FailureKind, Poisoned, ShardHead, StoreFailure};

/// Everything.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) head: ShardHead,
    pub(super) catalog: Catalog,
    /// The rows of every table. The ledgers, events, timers and messages of a commit are not here but in the maps below, and
    /// `open_orders`, `letter_counts` and `cursors` are not here at all.
    pub(super) rows: Changes,
    pub(super) events: BTreeMap<EventId, EventRecord>,
    pub(super) events_of_order: BTreeMap<OrderId, Vec<EventId>>,
    pub(super) orders_of_user: BTreeMap<UserId, BTreeSet<OrderId>>,
    pub(super) payments_of_order: BTreeMap<OrderId, BTreeSet<PaymentId>>,
    pub(super) refunds_of_order: BTreeMap<OrderId, BTreeSet<RefundId>>,
    pub(super) shipments_of_order: BTreeMap<OrderId, BTreeSet<ShipmentId>>,
    pub(super) after_sales_of_order: BTreeMap<OrderId, BTreeSet<AfterSaleId>>,
    pub(super) movements: BTreeMap<(Sku, u64), StockMovement>,
    pub(super) points_entries: BTreeMap<(UserId, u64), PointsEntry>,
    pub(super) timers: BTreeSet<Timer>,
    pub(super) messages: BTreeMap<MessageId, Message>,
    pub(super) cursors: BTreeMap<Arc<str>, i64>,
    pub(super) poisoned: Vec<Poisoned>,
}

macro_rules! load_tables {
    ($state:expr, $keys:expr, $rows:expr, $($table:ident)*) => {
        $(for key in &$keys.$table {
            $rows.$table.insert(key.clone(), $state.rows.$table.get(key).cloned());
        })*
    };
}

impl State {
    /// Copies the rows of the keys.
    pub(super) fn load(&self, keys: &Keys, rows: &mut Rows) {
        load_tables!(
            self, keys, rows,
            stock locks orders order_keys accounts payments transactions refunds shipments after_sales receipts answers
            coupons template_usage user_template_usage points users addresses letters webhooks
        );
        for consumer in &keys.cursors {
            let position = self.cursors.get(consumer.as_str()).copied();
            rows.cursors.insert(consumer.clone(), position.map(Cursor::At));
        }
        for consumer in &keys.letter_counts {
            let letters = self.rows.letters.values().filter(|letter| &letter.consumer == consumer);
            rows.letter_counts.insert(consumer.clone(), Some(letters.count() as u64));
        }
        for user in &keys.open_orders {
            let unpaid = self.orders_of(user).filter(|order| order.status.is_unpaid()).count();
            let unpaid = u32::try_from(unpaid).expect("the rules allow a user far fewer unpaid orders than 2^32");
            rows.open_orders.insert(user.clone(), Some(unpaid));
        }
    }

    /// A user's orders, oldest first.
    pub(super) fn orders_of(&self, user: &UserId) -> impl DoubleEndedIterator<Item = &Arc<Order>> {
        let ids = self.orders_of_user.get(user).into_iter().flatten();
        ids.filter_map(|id| self.rows.orders.get(id))
    }

    /// An order's attempts, oldest first.
    pub(super) fn payments_of(&self, order: OrderId) -> impl Iterator<Item = &Payment> {
        let ids = self.payments_of_order.get(&order).into_iter().flatten();
        ids.filter_map(|id| self.rows.payments.get(id)).map(AsRef::as_ref)
    }

    /// An order's refunds, oldest first.
    pub(super) fn refunds_of(&self, order: OrderId) -> impl Iterator<Item = &Refund> {
        let ids = self.refunds_of_order.get(&order).into_iter().flatten();
        ids.filter_map(|id| self.rows.refunds.get(id)).map(AsRef::as_ref)
    }

    /// An order's parcels, oldest first.
    pub(super) fn shipments_of(&self, order: OrderId) -> impl Iterator<Item = &Shipment> {
        let ids = self.shipments_of_order.get(&order).into_iter().flatten();
        ids.filter_map(|id| self.rows.shipments.get(id)).map(AsRef::as_ref)
    }

    /// An order's after-sales, oldest first.
    pub(super) fn after_sales_of(&self, order: OrderId) -> impl Iterator<Item = &AfterSale> {
        let ids = self.after_sales_of_order.get(&order).into_iter().flatten();
        ids.filter_map(|id| self.rows.after_sales.get(id)).map(AsRef::as_ref)
    }

    /// An order's events, oldest first.
    pub(super) fn events_of(&self, order: OrderId) -> impl Iterator<Item = &EventRecord> {
        let ids = self.events_of_order.get(&order).into_iter().flatten();
        ids.filter_map(|id| self.events.get(id))
    }

    /// The last guard, as the constraints of a schema: a commit that breaks one is a bug of whoever decided it.
    pub(super) fn refuse(&self, commit: &Commit<'_>) -> Result<(), StoreFailure> {
        let refuse = |what: String| Err(StoreFailure::new(FailureKind::Constraint, what));
        let (head, changes) = (commit.head, commit.changes);
        if head.batch != self.head.batch + 1 {
            return refuse(format!("batch {} does not follow batch {}", head.batch, self.head.batch));
        }
        if head.time < self.head.time || head.high_id < self.head.high_id {
            return refuse(format!("the head goes back: {head:?} after {:?}", self.head));
        }
        let positions = self.head.last_event + 1..=head.last_event;
        if !positions.eq(changes.events.iter().map(|event| event.id.number())) {
            return refuse(format!(
                "the events are not those after {} up to {}",
                self.head.last_event, head.last_event
            ));
        }
        if let Some(stock) = changes.stock.values().find(|stock| !stock.is_sound()) {
            return refuse(format!("the counters of {} contradict each other: {stock:?}", stock.sku));
        }
        let stale =
            |order: &&Arc<Order>| self.rows.orders.get(&order.id).is_some_and(|stored| stored.version >= order.version);
        if let Some(order) = changes.orders.values().find(stale) {
            return refuse(format!("{} has a version of at least {} already", order.id, order.version));
        }
        let taken = changes.order_keys.iter().find(|(key, entry)| {
            let stored = self.rows.order_keys.get(key);
            matches!(key.token, OrderToken::Key(_)) && stored.is_some_and(|stored| stored.order != entry.order)
        });
        match taken {
            Some((key, _)) => refuse(format!("the key {key:?} made another order")),
            None => self.refuse_money(changes).and_then(|()| self.refuse_letters(changes)),
        }
    }

    /// A consumer has at most one letter of an event.
    fn refuse_letters(&self, changes: &Changes) -> Result<(), StoreFailure> {
        let is_twin = |letter: &&Arc<Letter>| {
            let same = |other: &Arc<Letter>| {
                other.id != letter.id && other.consumer == letter.consumer && other.event == letter.event
            };
            !letter.state.is_gone() && self.rows.letters.values().any(same)
        };
        match changes.letters.values().find(is_twin) {
            Some(twin) => {
                let what = format!("{} has a letter of {} already", twin.consumer, twin.event);
                Err(StoreFailure::new(FailureKind::Constraint, what))
            }
            None => Ok(()),
        }
    }

    /// The guards of the money: what was given back is within what was taken, and a money movement belongs to one attempt.
    fn refuse_money(&self, changes: &Changes) -> Result<(), StoreFailure> {
        let refuse = |what: String| Err(StoreFailure::new(FailureKind::Constraint, what));
        let is_sound = |account: &&Arc<OrderAccount>| {
            let order = changes.orders.get(&account.order).or_else(|| self.rows.orders.get(&account.order));
            account.is_sound(order.map_or(&[], |order| order.placed.lines.as_slice()))
        };
        if let Some(account) = changes.accounts.values().find(|account| !is_sound(account)) {
            return refuse(format!("the account of {} is not sound: {account:?}", account.order));
        }
        let is_sound = |payment: &Payment| {
            let within = payment.refunded >= 0 && payment.refunding >= 0 && payment.refundable() >= 0;
            let is_captured = payment.captured > 0;
            within
                && payment.amount >= 1
                && (payment.status == PaymentStatus::Succeeded) == is_captured
                && (is_captured || !payment.counts)
        };
        if let Some(payment) = changes.payments.values().find(|payment| !is_sound(payment)) {
            return refuse(format!("{} is not sound: {payment:?}", payment.id));
        }
        if let Some(refund) = changes.refunds.values().find(|refund| refund.amount < 1) {
            return refuse(format!("{} gives nothing back", refund.id));
        }
        match changes.transactions.keys().find(|key| self.rows.transactions.contains_key(key)) {
            Some(key) => refuse(format!("{key:?} belongs to an attempt already")),
            None => Ok(()),
        }
    }

    /// When an unpaid order is to be ended: at the end of its window, or while it is closing, at the end of that.
    pub(super) fn due_of(&self, order: &Order) -> Timestamp {
        let account = self.rows.accounts.get(&order.id).filter(|_| order.status == OrderStatus::Closing);
        let closing = account.and_then(|account| account.closing.as_ref());
        closing.map_or(order.placed.expires_at, |closing| closing.until)
    }

    /// Writes a commit that was not refused.
    pub(super) fn apply(&mut self, commit: &Commit<'_>) {
        self.head = commit.head;
        let mut changes = commit.changes.clone();
        for event in changes.events.drain(..) {
            if let Subject::Order(order) = event.subject {
                self.events_of_order.entry(order).or_default().push(event.id);
            }
            self.events.insert(event.id, event);
        }
        for order in changes.orders.values() {
            self.orders_of_user.entry(order.placed.user_id.clone()).or_default().insert(order.id);
        }
        for payment in changes.payments.values() {
            self.payments_of_order.entry(payment.order).or_default().insert(payment.id);
        }
        for refund in changes.refunds.values() {
            self.refunds_of_order.entry(refund.order).or_default().insert(refund.id);
        }
        for shipment in changes.shipments.values() {
            self.shipments_of_order.entry(shipment.order).or_default().insert(shipment.id);
        }
        for after_sale in changes.after_sales.values() {
            self.after_sales_of_order.entry(after_sale.order).or_default().insert(after_sale.id);
        }
        for movement in changes.movements.drain(..) {
            self.movements.insert((movement.sku.clone(), movement.number), movement);
        }
        for entry in changes.points_entries.drain(..) {
            self.points_entries.insert((entry.user_id.clone(), entry.number), entry);
        }
        for (timer, change) in std::mem::take(&mut changes.timers) {
            match change {
                TimerChange::Set => self.timers.insert(timer),
                TimerChange::Dropped => self.timers.remove(&timer),
            };
        }
        for (id, change) in std::mem::take(&mut changes.messages) {
            match change {
                MessageChange::Written(message) => self.messages.insert(id, message),
                MessageChange::Dropped => self.messages.remove(&id),
            };
        }
        for change in changes.catalog.drain(..) {
            self.catalog.apply(&change);
        }
        changes.open_orders.clear();
        changes.letter_counts.clear();
        let cursors = std::mem::take(&mut changes.cursors);
        self.rows.absorb(changes);
        self.move_consumers(cursors);
        self.cursors.extend(commit.cursors.iter().cloned());
        self.poisoned.extend(commit.poisoned.iter().cloned());
    }

    /// Moves consumers as decisions want it, and forgets what is gone: letters, endpoints, what is more than is kept of tries,
    /// and everything of a consumer that ended.
    fn move_consumers(&mut self, cursors: BTreeMap<ConsumerName, Cursor>) {
        for (consumer, cursor) in cursors {
            match cursor {
                Cursor::At(position) => {
                    self.cursors.insert(Arc::from(consumer.as_str()), position);
                }
                Cursor::Ended => {
                    self.cursors.remove(consumer.as_str());
                    self.rows.letters.retain(|_, letter| letter.consumer != consumer);
                    self.rows.deliveries.retain(|delivery| delivery.consumer != consumer);
                }
            }
        }
        self.rows.letters.retain(|_, letter| !letter.state.is_gone());
        self.rows.webhooks.retain(|_, webhook| webhook.state != WebhookState::Deleted);
        let mut kept: BTreeMap<ConsumerName, usize> = BTreeMap::new();
        let mut newest_first: Vec<Delivery> = self.rows.deliveries.drain(..).rev().collect();
        newest_first.retain(|delivery| {
            let count = kept.entry(delivery.consumer.clone()).or_default();
            *count += 1;
            *count <= DELIVERIES_KEPT
        });
        self.rows.deliveries = newest_first.into_iter().rev().collect();
    }
}
