//! The store port: coarse on purpose. `load(keys) -> rows` and `commit(changes)` for the one writer of a shard, and a
//! reader for everything that decides nothing.
//!
//! A store is the truth. It keeps rows as it likes, but all of a commit or nothing of it, and says honestly when it does not
//! know which.

mod event_texts;
mod stuck;

use std::{fmt, sync::Arc};

use ordain_domain::{
    after_sale::{AfterSale, AfterSaleStatus},
    catalog::Catalog,
    coupon::Coupon,
    event::EventRecord,
    ids::{
        AddressId, AfterSaleId, ConsumerName, CouponId, DeliveryId, EventId, LetterId, MessageId, OrderId, PaymentId,
        ReceiptId, RefundId, ShipmentId, Sku, UserId, WebhookId,
    },
    letter::{Letter, LetterState},
    order::{Order, OrderStatus},
    outbox::Message,
    payment::{OrderAccount, Payment, PaymentStatus, Receipt, ReceiptVerdict},
    points::{PointsAccount, PointsEntry},
    refund::{Refund, RefundStatus},
    rows::{Changes, Keys, Rows},
    shipment::{Shipment, ShipmentStatus},
    stock::{Locks, Stock, StockMovement},
    time::{Span, Timestamp},
    timer::Timer,
    user::{User, UserAddress},
    webhook::{Delivery, Webhook},
};

pub use event_texts::EventTexts;
pub use stuck::{Backlog, Stuck, StuckBefore, StuckThing};

/// What kind of failure a store had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Somebody else was in the way; trying again can help.
    Busy,
    /// No room is left on the disk; trying again helps once there is.
    Full,
    /// A constraint of the schema refused the rows: the last guard caught a bug.
    Constraint,
    /// What was read cannot be: the data are damaged, or of a newer version.
    Corrupt,
    /// Anything else.
    Other,
}

/// A store's failure.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreFailure {
    /// What kind.
    pub kind: FailureKind,
    /// What happened, for people.
    pub message: String,
}

impl StoreFailure {
    /// A failure of a kind with its text.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl fmt::Display) -> StoreFailure {
        StoreFailure { kind, message: message.to_string() }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self.kind, FailureKind::Busy | FailureKind::Full)
    }
}

/// How a commit failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitFailure {
    /// Nothing was written, and that is certain.
    #[error("not committed: {0}")]
    NotCommitted(StoreFailure),
    /// Nobody knows. Ask [`ShardStore::head`] for the number of the last batch before anything else.
    #[error("commit outcome unknown: {0}")]
    Unknown(StoreFailure),
    /// The disk failed while syncing. What is in memory can no longer be trusted to be on disk: the process must end and
    /// read everything back (Rebello et al., ATC'20: a second fsync may report success for lost pages).
    #[error("the disk failed while syncing: {0}")]
    SyncFailed(StoreFailure),
}

/// Where a shard stands, as its store has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardHead {
    /// Number of the last committed batch, 0 for none.
    pub batch: u64,
    /// Position in the log of the last event, 0 for none.
    pub last_event: i64,
    /// The greatest id that was minted, 0 for none.
    pub high_id: i64,
    /// Time of the last batch; batches never go back behind it.
    pub time: Timestamp,
}

/// A command whose decision panicked: kept for whoever repairs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poisoned {
    /// When.
    pub at: Timestamp,
    /// Name of the command.
    pub command: &'static str,
    /// The whole command, for people.
    pub input: String,
    /// What the assertion said.
    pub bug: String,
}

/// One transaction: everything a batch changed.
#[derive(Debug)]
pub struct Commit<'a> {
    /// Where the shard stands after it. `head.batch` is one more than the store's.
    pub head: ShardHead,
    /// Rows, facts, timers, catalog.
    pub changes: &'a Changes,
    /// The texts of the facts: as many, and in the same order.
    pub event_texts: &'a EventTexts,
    /// Consumer groups that moved: name and the position they have handled.
    pub cursors: &'a [(Arc<str>, i64)],
    /// Commands that panicked.
    pub poisoned: &'a [Poisoned],
}

/// Reads rows for decisions. It sees every commit that was acknowledged; of a commit under way it may see rows as they were or
/// as they will be, so whoever decides meanwhile must know what that one writes. Called from one thread at a time.
pub trait RowLoader: Send {
    /// Reads the rows of `keys` into `rows`; an absent row as `None`. Every key is in `rows` afterwards.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), StoreFailure>;
}

/// The one writer of a shard. It is called from one thread at a time and may block.
pub trait ShardStore: Send {
    /// Where the shard stands, read from what is durable.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn head(&mut self) -> Result<ShardHead, StoreFailure>;

    /// The whole catalog.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn catalog(&mut self) -> Result<Catalog, StoreFailure>;

    /// What reads rows for the shard's decisions, beside the writer and at the same time.
    ///
    /// # Errors
    /// When the store cannot be opened once more.
    fn loader(&mut self) -> Result<Box<dyn RowLoader>, StoreFailure>;

    /// Writes all of it in one durable transaction.
    ///
    /// # Errors
    /// See [`CommitFailure`].
    fn commit(&mut self, commit: &Commit<'_>) -> Result<(), CommitFailure>;

    /// Upkeep between batches that must not be in their way: truncating a log, moving index runs. Called when the queue is
    /// empty and at least every few batches; it returns soon.
    ///
    /// # Errors
    /// When the store fails; the next call tries again.
    fn upkeep(&mut self) -> Result<(), StoreFailure>;
}

/// A page of the scan for unpaid orders whose window is over, or that have been closing for too long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverduePage {
    /// Unpaid orders that were due before the given time.
    pub overdue: Vec<OrderId>,
    /// All orders up to and including this one were looked at; none when there was nothing to look at.
    pub seen_up_to: Option<OrderId>,
    /// The first order of the page that is still unpaid, overdue or not.
    pub first_unpaid: Option<OrderId>,
}

/// How many orders, or other things, are in a status, and since when the oldest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusCount<S = OrderStatus> {
    /// The status.
    pub status: S,
    /// How many.
    pub count: u64,
    /// Least `updated_at` of them.
    pub oldest: Timestamp,
}

/// What one invariant's check saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvariantReport {
    /// Number in ARCHITECTURE.md, section invariants.
    pub invariant: u8,
    /// The rule in words.
    pub rule: &'static str,
    /// How many rows were looked at.
    pub examined: u64,
    /// How many break it.
    pub broken: u64,
    /// The first of those, at most 100, for people.
    pub examples: Vec<String>,
}

/// Sizes that operators watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreGauges {
    /// Bytes of the write-ahead log.
    pub log_bytes: u64,
    /// Bytes of the data file.
    pub data_bytes: u64,
}

/// A page of a list: what comes before a key, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before<K> {
    /// Only rows before this key; none for the newest.
    pub key: Option<K>,
    /// At most this many.
    pub limit: usize,
}

/// A page of a list: what comes after a key, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After<K> {
    /// Only rows after this key; none for the oldest.
    pub key: Option<K>,
    /// At most this many.
    pub limit: usize,
}

/// The first letter of a consumer about one subject: the one that is tried, or that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneHead {
    /// The letter.
    pub letter: Letter,
    /// How many letters wait behind it.
    pub behind: u64,
}

/// How many letters there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LetterTally {
    /// All of them.
    pub letters: u64,
    /// Those that wait for a person.
    pub dead: u64,
}

/// Everything that is read without deciding. It sees only committed data, and a commit as soon as it was acknowledged.
/// It may be called from many threads; point reads touch few pages, lists and checks may take long.
pub trait StoreReader: Send + Sync {
    /// An order.
    ///
    /// # Errors
    /// All methods: when the store cannot be read.
    fn order(&self, id: OrderId) -> Result<Option<Order>, StoreFailure>;
    /// The locks of an order.
    fn locks(&self, id: OrderId) -> Result<Locks, StoreFailure>;
    /// An order's events, oldest first, with numbers above `after_seq`.
    fn order_events(&self, id: OrderId, after_seq: u64) -> Result<Vec<EventRecord>, StoreFailure>;
    /// A user's orders, newest first, of one status or of all.
    fn orders_of_user(
        &self,
        user: &UserId,
        status: Option<OrderStatus>,
        page: Before<OrderId>,
    ) -> Result<Vec<Order>, StoreFailure>;
    /// Everybody's orders, newest first, of one status or of all. Looks at no more than 10,000 orders: the second value is
    /// where to go on when that bound or the limit was reached.
    fn orders(
        &self,
        status: Option<OrderStatus>,
        page: Before<OrderId>,
    ) -> Result<(Vec<Order>, Option<OrderId>), StoreFailure>;
    /// The books of an order; none before somebody begins to pay it.
    fn account(&self, id: OrderId) -> Result<Option<OrderAccount>, StoreFailure>;
    /// An attempt to pay.
    fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreFailure>;
    /// An order's attempts, oldest first.
    fn payments_of(&self, order: OrderId) -> Result<Vec<Payment>, StoreFailure>;
    /// A refund.
    fn refund(&self, id: RefundId) -> Result<Option<Refund>, StoreFailure>;
    /// An order's refunds, oldest first.
    fn refunds_of(&self, order: OrderId) -> Result<Vec<Refund>, StoreFailure>;
    /// A parcel.
    fn shipment(&self, id: ShipmentId) -> Result<Option<Shipment>, StoreFailure>;
    /// An order's parcels, oldest first.
    fn shipments_of(&self, order: OrderId) -> Result<Vec<Shipment>, StoreFailure>;
    /// An after-sale.
    fn after_sale(&self, id: AfterSaleId) -> Result<Option<AfterSale>, StoreFailure>;
    /// An order's after-sales, oldest first.
    fn after_sales_of(&self, order: OrderId) -> Result<Vec<AfterSale>, StoreFailure>;
    /// A notification of a channel.
    fn receipt(&self, id: ReceiptId) -> Result<Option<Receipt>, StoreFailure>;
    /// Notifications, newest first, of one verdict or of all. Looks at no more than 10,000: the second value is where to go on
    /// when that bound or the limit was reached.
    fn receipts(
        &self,
        verdict: Option<ReceiptVerdict>,
        page: Before<ReceiptId>,
    ) -> Result<(Vec<Receipt>, Option<ReceiptId>), StoreFailure>;
    /// The outbox after a message, oldest first.
    fn messages_after(&self, after: Option<MessageId>, limit: usize) -> Result<Vec<Message>, StoreFailure>;
    /// A stock row.
    fn stock(&self, sku: &Sku) -> Result<Option<Stock>, StoreFailure>;
    /// A SKU's ledger, newest first, by entry number.
    fn stock_movements(&self, sku: &Sku, page: Before<u64>) -> Result<Vec<StockMovement>, StoreFailure>;
    /// A coupon.
    fn coupon(&self, id: CouponId) -> Result<Option<Coupon>, StoreFailure>;
    /// A user's points.
    fn points(&self, user: &UserId) -> Result<Option<PointsAccount>, StoreFailure>;
    /// A user's points ledger, newest first, by entry number.
    fn points_entries(&self, user: &UserId, page: Before<u64>) -> Result<Vec<PointsEntry>, StoreFailure>;
    /// A profile.
    fn user(&self, user: &UserId) -> Result<Option<User>, StoreFailure>;
    /// A user's addresses, by id.
    fn addresses(&self, user: &UserId) -> Result<Vec<UserAddress>, StoreFailure>;
    /// One address.
    fn address(&self, user: &UserId, id: &AddressId) -> Result<Option<UserAddress>, StoreFailure>;
    /// The log after a position, oldest first.
    fn events_after(&self, position: i64, limit: usize) -> Result<Vec<EventRecord>, StoreFailure>;
    /// One event of the log.
    fn event(&self, id: EventId) -> Result<Option<EventRecord>, StoreFailure>;
    /// How far a consumer group has come; none when it never began.
    fn cursor(&self, consumer: &str) -> Result<Option<i64>, StoreFailure>;
    /// How far every consumer has come, by name.
    fn cursors(&self) -> Result<Vec<(Arc<str>, i64)>, StoreFailure>;
    /// A letter.
    fn letter(&self, id: LetterId) -> Result<Option<Letter>, StoreFailure>;
    /// The letters of a consumer about one subject, in the order of the log.
    fn lane(&self, consumer: &ConsumerName, subject: &str, limit: usize) -> Result<Vec<Letter>, StoreFailure>;
    /// First letters of their lanes that wait and are due at or before `until`, due for longest first.
    fn due_letters(&self, consumer: &ConsumerName, until: Timestamp, limit: usize)
    -> Result<Vec<Letter>, StoreFailure>;
    /// First letters of their lanes that are in a state, of every consumer, oldest first.
    fn lane_heads(&self, state: LetterState, page: After<LetterId>) -> Result<Vec<LaneHead>, StoreFailure>;
    /// How many letters there are.
    fn letter_tally(&self) -> Result<LetterTally, StoreFailure>;
    /// A webhook endpoint.
    fn webhook(&self, id: &WebhookId) -> Result<Option<Webhook>, StoreFailure>;
    /// Every webhook endpoint, by id.
    fn webhooks(&self) -> Result<Vec<Webhook>, StoreFailure>;
    /// One try to tell a webhook endpoint.
    fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreFailure>;
    /// Tries to tell a webhook endpoint, newest first.
    fn deliveries(&self, consumer: &ConsumerName, page: Before<DeliveryId>) -> Result<Vec<Delivery>, StoreFailure>;
    /// Timers due at or before `until`, after `after` in timer order, earliest first.
    fn timers(&self, after: Option<Timer>, until: Timestamp, limit: usize) -> Result<Vec<Timer>, StoreFailure>;
    /// Looks at orders after `after`, in id order, that were minted before `minted_before`; see [`OverduePage`]. An order that
    /// is closing is due at the end of that, not of its window. It reads the orders themselves and no timers: it is the net
    /// under the timers.
    fn overdue_orders(
        &self,
        after: Option<OrderId>,
        minted_before: Timestamp,
        expired_before: Timestamp,
        limit: usize,
    ) -> Result<OverduePage, StoreFailure>;
    /// Open attempts after `after` whose channel was to be asked before `before`, with their orders, in the order of their ids.
    /// Like [`StoreReader::overdue_orders`] it reads no timers.
    fn overdue_payments(
        &self,
        after: Option<PaymentId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(PaymentId, OrderId)>, StoreFailure>;
    /// Open refunds after `after` that were to be asked about or sent again before `before`, with their orders, in the order
    /// of their ids. It reads no timers.
    fn overdue_refunds(
        &self,
        after: Option<RefundId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(RefundId, OrderId)>, StoreFailure>;
    /// Parcels after `after` whose receipt was to be confirmed before `before`, with their orders, in the order of their ids;
    /// not those of orders that wait for goods to come back. It reads no timers.
    fn overdue_shipments(
        &self,
        after: Option<ShipmentId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ShipmentId, OrderId)>, StoreFailure>;
    /// After-sales after `after` that were due for something before `before`, with their orders, in the order of their ids. It
    /// reads no timers.
    fn overdue_after_sales(
        &self,
        after: Option<AfterSaleId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(AfterSaleId, OrderId)>, StoreFailure>;
    /// What does not go on by itself, or not in time: of each kind the oldest, at most `limit` of them, in the order of
    /// [`StuckThing`].
    fn stuck(&self, before: StuckBefore, limit: usize) -> Result<Vec<Stuck>, StoreFailure>;
    /// How much waits; of after-sales those whose goods somebody should have dealt with before `after_sales`.
    fn backlog(&self, after_sales: Timestamp) -> Result<Backlog, StoreFailure>;
    /// How many orders are in each status.
    fn status_counts(&self) -> Result<Vec<StatusCount>, StoreFailure>;
    /// How many attempts to pay are in each status, in the order of the statuses.
    fn payment_counts(&self) -> Result<Vec<StatusCount<PaymentStatus>>, StoreFailure>;
    /// How many refunds are in each status, in the order of the statuses.
    fn refund_counts(&self) -> Result<Vec<StatusCount<RefundStatus>>, StoreFailure>;
    /// How many parcels are in each status, in the order of the statuses.
    fn shipment_counts(&self) -> Result<Vec<StatusCount<ShipmentStatus>>, StoreFailure>;
    /// How many after-sales are in each status, in the order of the statuses.
    fn after_sale_counts(&self) -> Result<Vec<StatusCount<AfterSaleStatus>>, StoreFailure>;
    /// Checks the invariants on the data as they lie, in one snapshot. Timers count as missed when they are due for longer
    /// than `late_after`.
    fn verify(&self, now: Timestamp, late_after: Span) -> Result<Vec<InvariantReport>, StoreFailure>;
    /// Sizes.
    fn gauges(&self) -> StoreGauges;
}
