//! Everything that is read without deciding.
//!
//! Point reads borrow a connection for microseconds; what looks at the whole data (`status_counts`, `verify`) has a
//! connection of its own and one snapshot. It never writes.

mod order_list;
mod stuck;

use std::sync::Arc;

use ordain_domain::{
    after_sale::{AfterSale, AfterSaleStatus},
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
use rusqlite::Connection;

use super::{
    account, after_sale, coupon, delivery, event,
    failure::SqliteFailure,
    key_index::KeyIndex,
    letter,
    log::{DataFile, LogGauge},
    order, outbox, payment, points,
    pool::ReaderPool,
    receipt, refund,
    schema::FileLock,
    shard, shipment, stock, timer, user, verify, webhook,
};

/// The reading side of one SQLite file.
#[derive(Debug)]
pub struct SqliteReader {
    pub(super) pool: ReaderPool,
    pub(super) index: Arc<KeyIndex>,
    pub(super) log: LogGauge,
    pub(super) data_path: std::path::PathBuf,
    // Behind the connections: see `DataFile`.
    pub(super) _data: Arc<DataFile>,
    pub(super) _lock: Arc<FileLock>,
}

impl SqliteReader {
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, SqliteFailure>) -> Result<T, StoreFailure> {
        Ok(read(&self.pool.lend())?)
    }

    /// Several reads of one snapshot.
    fn read_at_once<T>(&self, read: impl FnOnce(&Connection) -> Result<T, SqliteFailure>) -> Result<T, StoreFailure> {
        Ok(in_snapshot(&self.pool.lend(), read)?)
    }
}

/// Runs reads in one snapshot, which ends whatever they say.
pub(super) fn in_snapshot<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, SqliteFailure>,
) -> Result<T, SqliteFailure> {
    connection.prepare_cached("-- read_begin\nBEGIN")?.execute([])?;
    let result = read(connection);
    let ended = connection.prepare_cached("-- read_end\nCOMMIT")?.execute([]);
    let value = result?;
    ended?;
    Ok(value)
}

impl StoreReader for SqliteReader {
    fn order(&self, id: OrderId) -> Result<Option<Order>, StoreFailure> {
        self.read(|connection| order::load(connection, id))
    }

    fn locks(&self, id: OrderId) -> Result<Locks, StoreFailure> {
        self.read(|connection| stock::locks_of(connection, id).map(Arc::new))
    }

    fn order_events(&self, id: OrderId, after_seq: u64) -> Result<Vec<EventRecord>, StoreFailure> {
        self.read_at_once(|connection| match order::last_event(connection, id)? {
            Some(last) => event::chain(connection, id, last, after_seq),
            None => Ok(Vec::new()),
        })
    }

    fn orders_of_user(
        &self,
        user: &UserId,
        status: Option<OrderStatus>,
        page: Before<OrderId>,
    ) -> Result<Vec<Order>, StoreFailure> {
        self.read(|connection| order_list::of_user(connection, &self.index, user, status, page))
    }

    fn orders(
        &self,
        status: Option<OrderStatus>,
        page: Before<OrderId>,
    ) -> Result<(Vec<Order>, Option<OrderId>), StoreFailure> {
        self.read(|connection| order_list::of_all(connection, status, page))
    }

    fn account(&self, id: OrderId) -> Result<Option<OrderAccount>, StoreFailure> {
        self.read_at_once(|connection| account::load(connection, id))
    }

    fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreFailure> {
        self.read(|connection| payment::load(connection, id))
    }

    fn payments_of(&self, order: OrderId) -> Result<Vec<Payment>, StoreFailure> {
        self.read_at_once(|connection| {
            let ids = account::load(connection, order)?.map(|account| account.payments).unwrap_or_default();
            ids.into_iter().filter_map(|id| payment::load(connection, id).transpose()).collect()
        })
    }

    fn refund(&self, id: RefundId) -> Result<Option<Refund>, StoreFailure> {
        self.read(|connection| refund::load(connection, id))
    }

    fn refunds_of(&self, order: OrderId) -> Result<Vec<Refund>, StoreFailure> {
        self.read_at_once(|connection| {
            let ids = account::load(connection, order)?.map(|account| account.refunds).unwrap_or_default();
            ids.into_iter().filter_map(|id| refund::load(connection, id).transpose()).collect()
        })
    }

    fn shipment(&self, id: ShipmentId) -> Result<Option<Shipment>, StoreFailure> {
        self.read(|connection| shipment::load(connection, id))
    }

    fn shipments_of(&self, order: OrderId) -> Result<Vec<Shipment>, StoreFailure> {
        self.read_at_once(|connection| {
            let ids = account::load(connection, order)?.map(|account| account.shipments).unwrap_or_default();
            ids.into_iter().filter_map(|id| shipment::load(connection, id).transpose()).collect()
        })
    }

    fn after_sale(&self, id: AfterSaleId) -> Result<Option<AfterSale>, StoreFailure> {
        self.read(|connection| after_sale::load(connection, id))
    }

    fn after_sales_of(&self, order: OrderId) -> Result<Vec<AfterSale>, StoreFailure> {
        self.read_at_once(|connection| {
            let ids = account::load(connection, order)?.map(|account| account.after_sales).unwrap_or_default();
            ids.into_iter().filter_map(|id| after_sale::load(connection, id).transpose()).collect()
        })
    }

    fn receipt(&self, id: ReceiptId) -> Result<Option<Receipt>, StoreFailure> {
        self.read(|connection| receipt::load(connection, id))
    }

    fn receipts(
        &self,
        verdict: Option<ReceiptVerdict>,
        page: Before<ReceiptId>,
    ) -> Result<(Vec<Receipt>, Option<ReceiptId>), StoreFailure> {
        self.read(|connection| receipt::list_before(connection, verdict, page))
    }

    fn messages_after(&self, after: Option<MessageId>, limit: usize) -> Result<Vec<Message>, StoreFailure> {
        self.read(|connection| outbox::list_after(connection, after, limit))
    }

    fn stock(&self, sku: &Sku) -> Result<Option<Stock>, StoreFailure> {
        self.read(|connection| stock::load(connection, sku))
    }

    fn stock_movements(&self, sku: &Sku, page: Before<u64>) -> Result<Vec<StockMovement>, StoreFailure> {
        self.read(|connection| stock::ledger::before(connection, sku, page.key, page.limit))
    }

    fn coupon(&self, id: CouponId) -> Result<Option<Coupon>, StoreFailure> {
        self.read(|connection| coupon::load(connection, id))
    }

    fn points(&self, user: &UserId) -> Result<Option<PointsAccount>, StoreFailure> {
        self.read(|connection| points::load(connection, user))
    }

    fn points_entries(&self, user: &UserId, page: Before<u64>) -> Result<Vec<PointsEntry>, StoreFailure> {
        self.read(|connection| points::entries_before(connection, user, page.key, page.limit))
    }

    fn user(&self, user: &UserId) -> Result<Option<User>, StoreFailure> {
        self.read(|connection| user::load(connection, user))
    }

    fn addresses(&self, user: &UserId) -> Result<Vec<UserAddress>, StoreFailure> {
        self.read(|connection| user::addresses_of(connection, user))
    }

    fn address(&self, user: &UserId, id: &AddressId) -> Result<Option<UserAddress>, StoreFailure> {
        self.read(|connection| user::load_address(connection, user, id))
    }

    fn events_after(&self, position: i64, limit: usize) -> Result<Vec<EventRecord>, StoreFailure> {
        self.read(|connection| event::list_after(connection, position, limit))
    }

    fn event(&self, id: EventId) -> Result<Option<EventRecord>, StoreFailure> {
        self.read(|connection| event::load(connection, id))
    }

    fn cursor(&self, consumer: &str) -> Result<Option<i64>, StoreFailure> {
        self.read(|connection| shard::cursor(connection, consumer))
    }

    fn cursors(&self) -> Result<Vec<(Arc<str>, i64)>, StoreFailure> {
        self.read(shard::cursors)
    }

    fn letter(&self, id: LetterId) -> Result<Option<Letter>, StoreFailure> {
        self.read(|connection| letter::load(connection, id))
    }

    fn lane(&self, consumer: &ConsumerName, subject: &str, limit: usize) -> Result<Vec<Letter>, StoreFailure> {
        self.read(|connection| letter::lane(connection, consumer, subject, limit))
    }

    fn due_letters(
        &self,
        consumer: &ConsumerName,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Letter>, StoreFailure> {
        self.read(|connection| letter::due(connection, consumer, until, limit))
    }

    fn lane_heads(&self, state: LetterState, page: After<LetterId>) -> Result<Vec<LaneHead>, StoreFailure> {
        self.read(|connection| letter::heads(connection, state, page))
    }

    fn letter_tally(&self) -> Result<LetterTally, StoreFailure> {
        self.read(letter::tally)
    }

    fn webhook(&self, id: &WebhookId) -> Result<Option<Webhook>, StoreFailure> {
        self.read(|connection| webhook::load(connection, id))
    }

    fn webhooks(&self) -> Result<Vec<Webhook>, StoreFailure> {
        self.read(webhook::list)
    }

    fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreFailure> {
        self.read(|connection| delivery::load(connection, id))
    }

    fn deliveries(&self, consumer: &ConsumerName, page: Before<DeliveryId>) -> Result<Vec<Delivery>, StoreFailure> {
        self.read(|connection| delivery::list_before(connection, consumer, page))
    }

    fn timers(&self, after: Option<Timer>, until: Timestamp, limit: usize) -> Result<Vec<Timer>, StoreFailure> {
        self.read(|connection| timer::list(connection, after, until, limit))
    }

    fn overdue_orders(
        &self,
        after: Option<OrderId>,
        minted_before: Timestamp,
        expired_before: Timestamp,
        limit: usize,
    ) -> Result<OverduePage, StoreFailure> {
        self.read(|connection| order_list::overdue(connection, after, minted_before, expired_before, limit))
    }

    fn overdue_payments(
        &self,
        after: Option<PaymentId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(PaymentId, OrderId)>, StoreFailure> {
        self.read(|connection| payment::overdue(connection, after, before, limit))
    }

    fn overdue_refunds(
        &self,
        after: Option<RefundId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(RefundId, OrderId)>, StoreFailure> {
        self.read(|connection| refund::overdue(connection, after, before, limit))
    }

    fn overdue_shipments(
        &self,
        after: Option<ShipmentId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ShipmentId, OrderId)>, StoreFailure> {
        self.read(|connection| shipment::overdue(connection, after, before, limit))
    }

    fn overdue_after_sales(
        &self,
        after: Option<AfterSaleId>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(AfterSaleId, OrderId)>, StoreFailure> {
        self.read(|connection| after_sale::overdue(connection, after, before, limit))
    }

    fn stuck(&self, before: StuckBefore, limit: usize) -> Result<Vec<Stuck>, StoreFailure> {
        self.read_at_once(|connection| stuck::list(connection, before, limit))
    }

    fn backlog(&self, after_sales: Timestamp) -> Result<Backlog, StoreFailure> {
        self.read(|connection| stuck::backlog(connection, after_sales))
    }

    fn status_counts(&self) -> Result<Vec<StatusCount>, StoreFailure> {
        Ok(order_list::status_counts(&self.pool.open_own()?)?)
    }

    fn payment_counts(&self) -> Result<Vec<StatusCount<PaymentStatus>>, StoreFailure> {
        Ok(payment::status_counts(&self.pool.open_own()?)?)
    }

    fn refund_counts(&self) -> Result<Vec<StatusCount<RefundStatus>>, StoreFailure> {
        Ok(refund::status_counts(&self.pool.open_own()?)?)
    }

    fn shipment_counts(&self) -> Result<Vec<StatusCount<ShipmentStatus>>, StoreFailure> {
        Ok(shipment::status_counts(&self.pool.open_own()?)?)
    }

    fn after_sale_counts(&self) -> Result<Vec<StatusCount<AfterSaleStatus>>, StoreFailure> {
        Ok(after_sale::status_counts(&self.pool.open_own()?)?)
    }

    fn verify(&self, now: Timestamp, late_after: Span) -> Result<Vec<InvariantReport>, StoreFailure> {
        Ok(verify::run(&self.pool.open_own()?, &self.index, now, late_after)?)
    }

    fn gauges(&self) -> StoreGauges {
        let data_bytes = std::fs::metadata(&self.data_path).map_or(0, |metadata| metadata.len());
        StoreGauges { log_bytes: self.log.bytes(), data_bytes }
    }
}
