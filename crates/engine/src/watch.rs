//! Who waits for changes of which order.
//!
//! The executor tells after each commit; a watcher then reads the log, so that nothing is missed however slow it is. Nothing
//! is buffered here.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use ordain_domain::ids::OrderId;
use tokio::sync::watch;

use crate::failure::EngineFailure;

/// Most watchers of one process at a time.
pub const WATCHERS_MAX: usize = 10_000;

/// All watchers.
#[derive(Debug, Default)]
pub(crate) struct WatchHub {
    watched: Mutex<BTreeMap<OrderId, watch::Sender<u64>>>,
    watchers: AtomicUsize,
}

/// One watcher of one order. It is told the order's version after each change.
#[derive(Debug)]
pub struct OrderWatch {
    order: OrderId,
    hub: Arc<WatchHub>,
    /// There until it is dropped.
    versions: Option<watch::Receiver<u64>>,
}

impl WatchHub {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<OrderId, watch::Sender<u64>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch an order.
    pub(crate) fn watch(self: &Arc<Self>, order: OrderId) -> Result<OrderWatch, EngineFailure> {
        if self.watchers.fetch_add(1, Ordering::AcqRel) >= WATCHERS_MAX {
            self.watchers.fetch_sub(1, Ordering::AcqRel);
            return Err(EngineFailure::Overloaded);
        }
        let versions = self.lock().entry(order).or_insert_with(|| watch::channel(0).0).subscribe();
        Ok(OrderWatch { order, hub: Arc::clone(self), versions: Some(versions) })
    }

    /// Tells the watchers of changed orders.
    pub(crate) fn tell(&self, changed: impl Iterator<Item = (OrderId, u64)>) {
        if self.watchers.load(Ordering::Acquire) == 0 {
            return;
        }
        let watched = self.lock();
        for (order, version) in changed {
            if let Some(sender) = watched.get(&order) {
                sender.send_replace(version);
            }
        }
    }
}

impl OrderWatch {
    /// Waits for the next change and answers the order's version after it.
    pub async fn changed(&mut self) -> u64 {
        // The hub keeps the sender as long as this watcher lives, so the channel cannot be closed.
        let versions = self.versions.as_mut().expect("it is not being dropped");
        let told = versions.changed().await;
        debug_assert!(told.is_ok(), "a watched order keeps its sender");
        *versions.borrow_and_update()
    }
}

impl Drop for OrderWatch {
    fn drop(&mut self) {
        let mut watched = self.hub.lock();
        // The receiver goes while the hub is locked, so that of watchers that leave together the last one finds itself last.
        drop(self.versions.take());
        if watched.get(&self.order).is_some_and(|sender| sender.receiver_count() == 0) {
            watched.remove(&self.order);
        }
        drop(watched);
        self.hub.watchers.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_watcher_is_told_and_the_last_one_tidies_up() {
        let hub = Arc::new(WatchHub::default());
        let order = OrderId::from_number(1);
        let (mut first, mut second) = (hub.watch(order).unwrap(), hub.watch(order).unwrap());
        hub.tell([(order, 2), (OrderId::from_number(9), 1)].into_iter());
        assert_eq!((first.changed().await, second.changed().await), (2, 2));
        drop(first);
        hub.tell([(order, 3)].into_iter());
        assert_eq!(second.changed().await, 3);
        drop(second);
        assert!(hub.lock().is_empty());
        assert_eq!(hub.watchers.load(Ordering::Acquire), 0);
    }

    #[test]
    fn watchers_that_leave_together_leave_nothing_behind() {
        let hub = Arc::new(WatchHub::default());
        let arrived = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for number in 0..50_000 {
                        let watch = hub.watch(OrderId::from_number(number)).unwrap();
                        // Both leave within nanoseconds of each other; a barrier that sleeps would part them.
                        arrived.fetch_add(1, Ordering::AcqRel);
                        let mut turns = 0_u32;
                        while arrived.load(Ordering::Acquire) < 2 * (number as usize + 1) {
                            turns += 1;
                            if turns.is_multiple_of(4_096) { std::thread::yield_now() } else { std::hint::spin_loop() }
                        }
                        drop(watch);
                    }
                });
            }
        });
        assert_eq!((hub.lock().len(), hub.watchers.load(Ordering::Acquire)), (0, 0));
    }
}
