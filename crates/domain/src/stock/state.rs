//! The rows of stock: the SKU's counters, the locks of one order, and the ledger.
//!
//! The counters are moved only by the four methods of [`Stock`]; each returns `None` rather than break
//! `0 <= locked <= on_hand` or `on_hand = received + returned - sold`.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{OrderId, Sku},
    machine::Edge,
    time::Timestamp,
};

/// Most units of one SKU that may be on hand: 10^12, far from the edge of 64 bits whatever is added.
pub const ON_HAND_MAX: i64 = 1_000_000_000_000;

/// Counters of one SKU, in units. Invariant 1: `on_hand = received + returned - sold`, `0 <= locked <= on_hand`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// The SKU.
    pub sku: Sku,
    /// Units in the building, locked ones included.
    pub on_hand: i64,
    /// Units held for orders that are not paid yet.
    pub locked: i64,
    /// Units that left for paid orders.
    pub sold: i64,
    /// Units received less units written off.
    pub received: i64,
    /// Units that came back from buyers and were put on the shelf again.
    pub returned: i64,
    /// How often the row was changed.
    pub version: u64,
    /// Number of the last ledger entry; entries of a SKU are numbered 1, 2, 3, ….
    pub movements: u64,
}

impl Stock {
    /// The row of a SKU that never had stock.
    #[must_use]
    pub const fn empty(sku: Sku) -> Stock {
        Stock { sku, on_hand: 0, locked: 0, sold: 0, received: 0, returned: 0, version: 0, movements: 0 }
    }

    /// Units that an order may still lock.
    #[must_use]
    pub const fn available(&self) -> i64 {
        self.on_hand - self.locked
    }

    /// Whether invariant 1 holds for the counters.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.on_hand == self.received + self.returned - self.sold
            && 0 <= self.locked
            && self.locked <= self.on_hand
            && self.sold >= 0
            && self.returned >= 0
    }

    /// Holds `quantity` units for an order; `None` when fewer are available.
    #[must_use]
    pub fn lock(&self, quantity: u64) -> Option<Stock> {
        let quantity = i64::try_from(quantity).ok()?;
        if quantity > self.available() {
            return None;
        }
        Some(self.changed(|stock| stock.locked += quantity))
    }

    /// Gives held units back to what is available.
    ///
    /// # Panics
    /// When fewer are locked: invariant 1 (`locked = sum of held locks`) would be broken.
    #[must_use]
    pub fn release(&self, quantity: u64) -> Stock {
        let quantity = self.held(quantity);
        self.changed(|stock| stock.locked -= quantity)
    }

    /// Takes held units out of the building: they are sold. One ledger entry.
    ///
    /// # Panics
    /// When fewer are locked: invariant 1 (`locked = sum of held locks`) would be broken.
    #[must_use]
    pub fn deduct(&self, quantity: u64) -> Stock {
        let quantity = self.held(quantity);
        self.changed(|stock| {
            stock.locked -= quantity;
            stock.on_hand -= quantity;
            stock.sold += quantity;
            stock.movements += 1;
        })
    }

    /// Sells units that are available without having been held: money came late. One ledger entry. `None` when fewer are
    /// available.
    #[must_use]
    pub fn take(&self, quantity: u64) -> Option<Stock> {
        self.lock(quantity).map(|locked| Stock { version: self.version, ..locked }.deduct(quantity))
    }

    /// Puts sold units back on the shelf. One ledger entry.
    ///
    /// # Panics
    /// When more come back than were sold: invariant 1.
    #[must_use]
    pub fn take_back(&self, quantity: u64) -> Stock {
        let quantity = i64::try_from(quantity).unwrap_or(i64::MAX);
        assert!(
            self.returned + quantity <= self.sold,
            "invariant 1: no more units come back than were sold ({})",
            self.sku
        );
        self.changed(|stock| {
            stock.on_hand += quantity;
            stock.returned += quantity;
            stock.movements += 1;
        })
    }

    /// Receives (`delta > 0`) or writes off (`delta < 0`) units. One ledger entry. `None` when `on_hand` would fall below
    /// `locked` or rise above [`ON_HAND_MAX`].
    #[must_use]
    pub fn adjust(&self, delta: i64) -> Option<Stock> {
        let on_hand = self.on_hand.checked_add(delta)?;
        if on_hand < self.locked || on_hand > ON_HAND_MAX {
            return None;
        }
        Some(self.changed(|stock| {
            stock.on_hand = on_hand;
            stock.received += delta;
            stock.movements += 1;
        }))
    }

    fn held(&self, quantity: u64) -> i64 {
        let quantity = i64::try_from(quantity).unwrap_or(i64::MAX);
        assert!(quantity <= self.locked, "invariant 1: locked = sum of held locks ({})", self.sku);
        quantity
    }

    fn changed(&self, change: impl FnOnce(&mut Stock)) -> Stock {
        let mut stock = self.clone();
        change(&mut stock);
        stock.version += 1;
        assert!(stock.is_sound(), "invariant 1: on_hand = received + returned - sold, 0 <= locked <= on_hand");
        stock
    }
}

/// Where a lock stands. It begins held and ends exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockState {
    /// Taken for an order that is not paid yet.
    Held,
    /// The order was paid: the units are sold.
    Deducted,
    /// The order ended unpaid: the units are available again.
    Released,
}

/// What ends a lock. The words are those of try, confirm, cancel: placing an order is the try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockStep {
    /// The order took the units.
    Try,
    /// The order was paid.
    Confirm,
    /// The order ended unpaid.
    Cancel,
    /// Late money paid the order after all: the units were taken again.
    TakeAgain,
}

/// The machine of a lock. A lock that ended takes no further step, but for late money.
pub const LOCK_EDGES: &[Edge<LockState, LockStep>] = &[
    Edge { from: None, step: LockStep::Try, to: LockState::Held },
    Edge { from: Some(LockState::Held), step: LockStep::Confirm, to: LockState::Deducted },
    Edge { from: Some(LockState::Held), step: LockStep::Cancel, to: LockState::Released },
    Edge { from: Some(LockState::Released), step: LockStep::TakeAgain, to: LockState::Deducted },
];

/// Units of one SKU held for one order. It is also the fence of try, confirm and cancel: one row a (order, SKU).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The SKU.
    pub sku: Sku,
    /// Units, at least 1: the sum over the lines of the order that name the SKU.
    pub quantity: u64,
    /// Where it stands.
    pub state: LockState,
}

/// All locks of one order, by SKU ascending.
pub type Locks = Arc<Vec<Lock>>;

/// Why `on_hand` changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementReason {
    /// Units arrived.
    Receive,
    /// Units were lost, broken, or miscounted.
    WriteOff,
    /// Units were sold to a paid order.
    Sale,
    /// Units came back from a buyer.
    Return,
}

/// One entry of a SKU's ledger. `on_hand` is the sum of all deltas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMovement {
    /// The SKU.
    pub sku: Sku,
    /// 1, 2, 3, … per SKU.
    pub number: u64,
    /// Units, positive or negative, never 0.
    pub delta: i64,
    /// Why.
    pub reason: MovementReason,
    /// The operator's own words, for adjustments.
    pub note: Option<Arc<str>>,
    /// The order, for sales and returns.
    pub order: Option<OrderId>,
    /// `on_hand` after the entry.
    pub on_hand: i64,
    /// When.
    pub at: Timestamp,
}
