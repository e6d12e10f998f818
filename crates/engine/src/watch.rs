//! Who waits for changes of which order, of which payment.
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

use tokio::sync::watch;

use crate::failure::EngineFailure;

/// Most watchers of one process at a time.
pub const WATCHERS_MAX: usize = 10_000;

/// All watchers of one kind of thing.
#[derive(Debug)]
pub(crate) struct WatchHub<K: Ord> {
    watched: Mutex<BTreeMap<K, watch::Sender<u64>>>,
    watchers: AtomicUsize,
}

impl<K: Ord> Default for WatchHub<K> {
    fn default() -> WatchHub<K> {
        WatchHub { watched: Mutex::default(), watchers: AtomicUsize::new(0) }
    }
}

/// One watcher of one thing. It is told the thing's version after each change.
#[derive(Debug)]
pub struct Watch<K: Ord + Copy> {
    watched: K,
    hub: Arc<WatchHub<K>>,
    /// There until it is dropped.
    versions: Option<watch::Receiver<u64>>,
}

impl<K: Ord + Copy> WatchHub<K> {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<K, watch::Sender<u64>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch a thing.
    pub(crate) fn watch(self: &Arc<Self>, watched: K) -> Result<Watch<K>, EngineFailure> {
        if self.watchers.fetch_add(1, Ordering::AcqRel) >= WATCHERS_MAX {
            self.watchers.fetch_sub(1, Ordering::AcqRel);
            return Err(EngineFailure::Overloaded);
        }
        let versions = self.lock().entry(watched).or_insert_with(|| watch::channel(0).0).subscribe();
        Ok(Watch { watched, hub: Arc::clone(self), versions: Some(versions) })
    }

    /// Tells the watchers of changed things.
    pub(crate) fn tell(&self, changed: impl Iterator<Item = (K, u64)>) {
        if self.watchers.load(Ordering::Acquire) == 0 {
            return;
        }
        let watched = self.lock();
        for (thing, version) in changed {
            if let Some(sender) = watched.get(&thing) {
                sender.send_replace(version);
            }
        }
    }
}

impl<K: Ord + Copy> Watch<K> {
    /// Waits for the next change and answers the thing's version after it.
    pub async fn changed(&mut self) -> u64 {
        // The hub keeps the sender as long as this watcher lives, so the channel cannot be closed.
        let versions = self.versions.as_mut().expect("it is not being dropped");
        let told = versions.changed().await;
        debug_assert!(told.is_ok(), "a watched thing keeps its sender");
        *versions.borrow_and_update()
    }
}

impl<K: Ord + Copy> Drop for Watch<K> {
    fn drop(&mut self) {
        let mut watched = self.hub.lock();
        // The receiver goes while the hub is locked, so that of watchers that leave together the last one finds itself last.
        drop(self.versions.take());
        if watched.get(&self.watched).is_some_and(|sender| sender.receiver_count() == 0) {
            watched.remove(&self.watched);
        }
        drop(watched);
        self.hub.watchers.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use ordain_domain::ids::OrderId;

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
