//! The tables that decisions read and write: keys to ask for, rows that were loaded, changes to commit.
//!
//! One list of tables makes all three, so that a table cannot be forgotten in one of them. Where a row is kept (a SQL
//! table, an index, a counter in memory) is the store's business.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use crate::{
    after_sale::AfterSale,
    catalog::CatalogChange,
    coupon::Coupon,
    event::EventRecord,
    idempotency::{AnswerKey, StoredAnswer},
    ids::{
        AddressId, AfterSaleId, ConsumerName, CouponId, LetterId, MessageId, OrderId, PaymentId, ReceiptId, RefundId,
        ShipmentId, Sku, TemplateId, UserId, WebhookId,
    },
    letter::{Cursor, Letter},
    order::{Order, OrderKey, OrderKeyEntry},
    outbox::MessageChange,
    payment::{OrderAccount, Payment, Receipt, TransactionKey},
    points::{PointsAccount, PointsEntry},
    refund::Refund,
    shipment::Shipment,
    stock::{Locks, Stock, StockMovement},
    timer::{Timer, TimerChange},
    user::{User, UserAddress},
    webhook::{Delivery, Webhook},
};

macro_rules! tables {
    ($($(#[$doc:meta])* $field:ident: $key:ty => $row:ty,)*) => {
        /// Names of rows, by table.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Keys {
            $($(#[$doc])* pub $field: BTreeSet<$key>,)*
        }

        impl Keys {
            /// Whether no row is named.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                $(self.$field.is_empty())&&*
            }
        }

        /// Rows that were read before the batch: `None` is a row that is known not to exist.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Rows {
            $($(#[$doc])* pub $field: BTreeMap<$key, Option<$row>>,)*
        }

        impl Rows {
            /// Whether each key's row is loaded (or known not to exist).
            #[must_use]
            pub fn cover(&self, keys: &Keys) -> bool {
                $(keys.$field.iter().all(|key| self.$field.contains_key(key)))&&*
            }
        }

        /// The rows that decisions ask for and that are not loaded.
        #[derive(Debug)]
        pub struct Wanted<'r> {
            /// What is loaded.
            pub loaded: &'r Rows,
            /// What is not.
            pub missing: Keys,
        }

        impl<'r> Wanted<'r> {
            /// Nothing is asked for yet.
            #[must_use]
            pub fn new(loaded: &'r Rows) -> Wanted<'r> {
                Wanted { loaded, missing: Keys::default() }
            }

            $($(#[$doc])* pub fn $field(&mut self, key: $key) {
                if !self.loaded.$field.contains_key(&key) {
                    self.missing.$field.insert(key);
                }
            })*
        }

        /// Everything a decision writes. Rows are whole new rows; the last write of a key wins.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Changes {
            $($(#[$doc])* pub $field: BTreeMap<$key, $row>,)*
            /// Facts, in the order of their positions in the log.
            pub events: Vec<EventRecord>,
            /// New entries of the stock ledger.
            pub movements: Vec<StockMovement>,
            /// New entries of the points ledger.
            pub points_entries: Vec<PointsEntry>,
            /// Timers that were set or dropped.
            pub timers: BTreeMap<Timer, TimerChange>,
            /// Messages to the outside that were written or answered.
            pub messages: BTreeMap<MessageId, MessageChange>,
            /// Tries to tell webhook endpoints, oldest first.
            pub deliveries: Vec<Delivery>,
            /// New values of the catalog, in order.
            pub catalog: Vec<CatalogChange>,
        }

        impl Changes {
            /// Adds the changes of a later decision.
            pub fn absorb(&mut self, later: Changes) {
                // `extend` inserts the few new rows; `append` would rebuild both maps, which is quadratic over a batch.
                $(self.$field.extend(later.$field);)*
                self.events.extend(later.events);
                self.movements.extend(later.movements);
                self.points_entries.extend(later.points_entries);
                self.timers.extend(later.timers);
                self.messages.extend(later.messages);
                self.deliveries.extend(later.deliveries);
                self.catalog.extend(later.catalog);
            }

            /// Gives the rows that are written here to a batch that is decided before these changes lie in the store, and
            /// takes them out of its keys.
            pub fn give(&self, keys: &mut Keys, rows: &mut Rows) {
                $(if !self.$field.is_empty() && !keys.$field.is_empty() {
                    let named = core::mem::take(&mut keys.$field);
                    keys.$field = named.into_iter().filter(|key| match self.$field.get(key) {
                        Some(row) => {
                            rows.$field.insert(key.clone(), Some(row.clone()));
                            false
                        }
                        None => true,
                    }).collect();
                })*
            }

            /// Whether there is nothing to commit.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                $(self.$field.is_empty())&&*
                    && self.events.is_empty()
                    && self.movements.is_empty()
                    && self.points_entries.is_empty()
                    && self.timers.is_empty()
                    && self.messages.is_empty()
                    && self.deliveries.is_empty()
                    && self.catalog.is_empty()
            }
        }
    };
}

tables! {
    /// Stock counters.
    stock: Sku => Stock,
    /// The locks of an order.
    locks: OrderId => Locks,
    /// Orders.
    orders: OrderId => Arc<Order>,
    /// Which order a (user, token) made. A new order comes with its key.
    order_keys: OrderKey => OrderKeyEntry,
    /// The books of orders.
    accounts: OrderId => Arc<OrderAccount>,
    /// Attempts to pay.
    payments: PaymentId => Arc<Payment>,
    /// Which attempt a channel's money movement belongs to.
    transactions: TransactionKey => PaymentId,
    /// Refunds.
    refunds: RefundId => Arc<Refund>,
    /// Parcels.
    shipments: ShipmentId => Arc<Shipment>,
    /// After-sales.
    after_sales: AfterSaleId => Arc<AfterSale>,
    /// Notifications of channels.
    receipts: ReceiptId => Arc<Receipt>,
    /// Answers kept under idempotency keys.
    answers: AnswerKey => StoredAnswer,
    /// How many unpaid orders a user has. Derived from `orders`.
    open_orders: UserId => u32,
    /// Granted coupons.
    coupons: CouponId => Coupon,
    /// How many coupons of a template were granted.
    template_usage: TemplateId => u64,
    /// How many coupons of a template were granted to a user.
    user_template_usage: (UserId, TemplateId) => u64,
    /// Points accounts.
    points: UserId => PointsAccount,
    /// Profiles.
    users: UserId => User,
    /// Addresses.
    addresses: (UserId, AddressId) => UserAddress,
    /// How far consumers have come. With one that ended go its letters and deliveries.
    cursors: ConsumerName => Cursor,
    /// Parked events. A letter that is gone has no row.
    letters: LetterId => Arc<Letter>,
    /// How many letters a consumer has. Derived from `letters`.
    letter_counts: ConsumerName => u64,
    /// Webhook endpoints. One that was deleted has no row.
    webhooks: WebhookId => Arc<Webhook>,
}
