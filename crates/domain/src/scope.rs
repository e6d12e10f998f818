//! What one decision sees: the rows as the commands before it left them, the catalog, the rules, the time; and where it
//! writes.
//!
//! Reading a row that was not loaded is a bug of the command's `keys`, not an absent row: the scope panics and names the
//! table rather than decide on nothing.

use crate::{
    after_sale::AfterSale,
    catalog::Catalog,
    coupon::Coupon,
    event::{Actor, Event, EventRecord, Subject},
    idempotency::{AnswerKey, StoredAnswer},
    ids::{
        AddressId, AfterSaleId, ConsumerName, CouponId, DeliveryId, EventId, LetterId, MessageId, Mint, OrderId,
        PaymentId, ReceiptId, RefundId, ShipmentId, Sku, TemplateId, UserId, WebhookId,
    },
    letter::{Cursor, Letter},
    order::{Order, OrderKey, OrderKeyEntry},
    outbox::{Message, MessageChange, Task},
    payment::{OrderAccount, Payment, Receipt, TransactionKey},
    points::PointsAccount,
    refund::Refund,
    rows::{Changes, Rows},
    rules::Rules,
    shipment::Shipment,
    stock::{Locks, Stock},
    time::Timestamp,
    user::{User, UserAddress},
    webhook::{Attempt, Delivery, Webhook},
};
use alloc::sync::Arc;

/// The world of one decision.
#[derive(Debug)]
pub struct Scope<'a> {
    /// Products, promotions, templates.
    pub catalog: &'a Catalog,
    /// The settings.
    pub rules: &'a Rules,
    /// The time of the batch.
    pub now: Timestamp,
    /// Who asks.
    pub actor: Actor,
    /// Where new ids come from.
    pub mint: &'a mut Mint,
    /// What this decision writes. Dropped whole when it refuses.
    pub changes: &'a mut Changes,
    /// What the accepted decisions of the batch before this one wrote.
    pub earlier: &'a Changes,
    /// What was loaded before the batch.
    pub loaded: &'a Rows,
    /// Position in the log of the first event that this decision emits.
    pub first_event: i64,
}

macro_rules! look_up {
    ($scope:expr, $table:ident, $key:expr) => {{
        let key = $key;
        match $scope.changes.$table.get(key).or_else(|| $scope.earlier.$table.get(key)) {
            Some(row) => Some(row),
            None => match $scope.loaded.$table.get(key) {
                Some(row) => row.as_ref(),
                None => {
                    panic!("keys() of a command names every row it reads; missing in {}: {key:?}", stringify!($table))
                }
            },
        }
    }};
}

impl Scope<'_> {
    /// Appends an event and gives it its position.
    pub fn emit(&mut self, subject: Subject, seq: u64, previous: Option<EventId>, event: Event) -> &EventRecord {
        let offset = i64::try_from(self.changes.events.len()).expect("a batch has few events");
        let id = EventId::from_number(self.first_event + offset);
        let record = EventRecord { id, subject, seq, at: self.now, actor: self.actor, previous, event };
        self.changes.events.push(record);
        self.changes.events.last().expect("just pushed")
    }

    /// The SKU's stock row.
    #[must_use]
    pub fn stock(&self, sku: &Sku) -> Option<&Stock> {
        look_up!(self, stock, sku)
    }

    /// Writes a stock row.
    pub fn put_stock(&mut self, stock: Stock) {
        self.changes.stock.insert(stock.sku.clone(), stock);
    }

    /// The locks of an order.
    #[must_use]
    pub fn locks(&self, order: OrderId) -> Option<&Locks> {
        look_up!(self, locks, &order)
    }

    /// An order.
    #[must_use]
    pub fn order(&self, order: OrderId) -> Option<&Arc<Order>> {
        look_up!(self, orders, &order)
    }

    /// What a placement became.
    #[must_use]
    pub fn order_key(&self, key: &OrderKey) -> Option<&OrderKeyEntry> {
        look_up!(self, order_keys, key)
    }

    /// The books of an order.
    #[must_use]
    pub fn account(&self, order: OrderId) -> Option<&Arc<OrderAccount>> {
        look_up!(self, accounts, &order)
    }

    /// An attempt to pay.
    #[must_use]
    pub fn payment(&self, payment: PaymentId) -> Option<&Arc<Payment>> {
        look_up!(self, payments, &payment)
    }

    /// Which attempt a channel's money movement belongs to.
    #[must_use]
    pub fn transaction(&self, key: &TransactionKey) -> Option<PaymentId> {
        look_up!(self, transactions, key).copied()
    }

    /// A refund.
    #[must_use]
    pub fn refund(&self, refund: RefundId) -> Option<&Arc<Refund>> {
        look_up!(self, refunds, &refund)
    }

    /// A parcel.
    #[must_use]
    pub fn shipment(&self, shipment: ShipmentId) -> Option<&Arc<Shipment>> {
        look_up!(self, shipments, &shipment)
    }

    /// An after-sale.
    #[must_use]
    pub fn after_sale(&self, after_sale: AfterSaleId) -> Option<&Arc<AfterSale>> {
        look_up!(self, after_sales, &after_sale)
    }

    /// A notification.
    #[must_use]
    pub fn receipt(&self, receipt: ReceiptId) -> Option<&Arc<Receipt>> {
        look_up!(self, receipts, &receipt)
    }

    /// Writes a message to the outside.
    pub fn send(&mut self, order: OrderId, task: Task) {
        let id = MessageId::from_number(self.mint.next(self.now, order.bucket()));
        let message = Message { id, order, task, created_at: self.now };
        self.changes.messages.insert(id, MessageChange::Written(message));
    }

    /// An answer kept under an idempotency key.
    #[must_use]
    pub fn answer(&self, key: &AnswerKey) -> Option<&StoredAnswer> {
        look_up!(self, answers, key)
    }

    /// How many unpaid orders the user has.
    #[must_use]
    pub fn open_orders(&self, user: &UserId) -> u32 {
        look_up!(self, open_orders, user).copied().unwrap_or(0)
    }

    /// A granted coupon.
    #[must_use]
    pub fn coupon(&self, coupon: CouponId) -> Option<&Coupon> {
        look_up!(self, coupons, &coupon)
    }

    /// How many coupons of a template were granted.
    #[must_use]
    pub fn template_usage(&self, template: &TemplateId) -> u64 {
        look_up!(self, template_usage, template).copied().unwrap_or(0)
    }

    /// How many coupons of a template were granted to a user.
    #[must_use]
    pub fn user_template_usage(&self, usage: &(UserId, TemplateId)) -> u64 {
        look_up!(self, user_template_usage, usage).copied().unwrap_or(0)
    }

    /// A user's points.
    #[must_use]
    pub fn points(&self, user: &UserId) -> Option<&PointsAccount> {
        look_up!(self, points, user)
    }

    /// A user's profile.
    #[must_use]
    pub fn user(&self, user: &UserId) -> Option<&User> {
        look_up!(self, users, user)
    }

    /// A user's address.
    #[must_use]
    pub fn address(&self, address: &(UserId, AddressId)) -> Option<&UserAddress> {
        look_up!(self, addresses, address)
    }

    /// Where a consumer stands; none when it never began.
    #[must_use]
    pub fn cursor(&self, consumer: &ConsumerName) -> Option<Cursor> {
        look_up!(self, cursors, consumer).copied()
    }

    /// A parked event.
    #[must_use]
    pub fn letter(&self, letter: LetterId) -> Option<&Arc<Letter>> {
        look_up!(self, letters, &letter)
    }

    /// How many letters a consumer has.
    #[must_use]
    pub fn letter_count(&self, consumer: &ConsumerName) -> u64 {
        look_up!(self, letter_counts, consumer).copied().unwrap_or(0)
    }

    /// A webhook endpoint.
    #[must_use]
    pub fn webhook(&self, webhook: &WebhookId) -> Option<&Arc<Webhook>> {
        look_up!(self, webhooks, webhook)
    }

    /// Keeps a try for people.
    pub fn note_attempt(
        &mut self,
        consumer: &ConsumerName,
        attempt: &Attempt,
        letter: Option<LetterId>,
        next_try_at: Option<Timestamp>,
    ) -> Delivery {
        let id = DeliveryId::from_number(self.mint.next(self.now, consumer.bucket()));
        let delivery = Delivery { id, consumer: consumer.clone(), letter, attempt: attempt.clone(), next_try_at };
        self.changes.deliveries.push(delivery.clone());
        delivery
    }
}
