//! Orders and attempts to pay that changed a moment ago, kept in memory because they are asked for again at once.
//!
//! Only the shard's thread puts rows in, after their commit and before their callers are answered; so what is here is never
//! older than what anybody was told, and needs no invalidation. It is a cache: what is not here is read from the store.

use std::sync::Arc;

use ordain_domain::{
    ids::{OrderId, PaymentId},
    order::Order,
    payment::Payment,
};
use quick_cache::{Weighter, sync::Cache};

/// Bytes that the kept orders may take, roughly.
const BYTES_MAX: u64 = 32 << 20;
/// Bytes of an order and of each of its lines, roughly: the struct, its shares of texts and of the table.
const ORDER_BYTES: u64 = 600;
const LINE_BYTES: u64 = 200;

/// How many attempts are kept: about 10 MiB.
const PAYMENTS_MAX: usize = 20_000;

/// Orders that changed lately.
#[derive(Debug)]
pub(crate) struct RecentOrders(Cache<i64, Arc<Order>, Weight>);

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<i64, Arc<Order>> for Weight {
    fn weight(&self, _: &i64, order: &Arc<Order>) -> u64 {
        ORDER_BYTES + LINE_BYTES * order.placed.lines.len() as u64
    }
}

impl Default for RecentOrders {
    fn default() -> RecentOrders {
        let orders = usize::try_from(BYTES_MAX / (ORDER_BYTES + LINE_BYTES)).unwrap_or(usize::MAX);
        RecentOrders(Cache::with_weighter(orders, BYTES_MAX, Weight))
    }
}

impl RecentOrders {
    /// Keeps an order as its last commit left it.
    pub(crate) fn put(&self, order: &Arc<Order>) {
        self.0.insert(order.id.number(), Arc::clone(order));
    }

    /// The order, if it is kept.
    pub(crate) fn get(&self, id: OrderId) -> Option<Arc<Order>> {
        self.0.get(&id.number())
    }
}

/// Attempts to pay that changed lately.
#[derive(Debug)]
pub(crate) struct RecentPayments(Cache<i64, Arc<Payment>>);

impl Default for RecentPayments {
    fn default() -> RecentPayments {
        RecentPayments(Cache::new(PAYMENTS_MAX))
    }
}

impl RecentPayments {
    /// Keeps an attempt as its last commit left it.
    pub(crate) fn put(&self, payment: &Arc<Payment>) {
        self.0.insert(payment.id.number(), Arc::clone(payment));
    }

    /// The attempt, if it is kept.
    pub(crate) fn get(&self, id: PaymentId) -> Option<Arc<Payment>> {
        self.0.get(&id.number())
    }
}
