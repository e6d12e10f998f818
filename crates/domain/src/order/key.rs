//! What makes two placements the same: the caller's idempotency key, or without one, the lines.

use alloc::{collections::BTreeMap, sync::Arc};

use xxhash_rust::xxh3::Xxh3;

use crate::{
    idempotency::Fingerprint,
    ids::{OrderId, Sku, UserId},
    time::Timestamp,
};

/// What a placement is recognised by, within its user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderToken {
    /// The caller's idempotency key. Unique for ever.
    Key(Arc<str>),
    /// Hash of the lines, for placements without a key. Several orders may share it; the youngest counts.
    Lines(u64),
}

impl OrderToken {
    /// The token of a placement without a key: XXH3-64 over the demand per SKU, in SKU order.
    #[must_use]
    pub fn of_lines(demand: &BTreeMap<Sku, u64>) -> OrderToken {
        let mut hasher = Xxh3::new();
        for (sku, quantity) in demand {
            // SKUs cannot hold a NUL, so that the text of the pairs is unambiguous.
            hasher.update(sku.as_str().as_bytes());
            hasher.update(&[0]);
            hasher.update(&quantity.to_le_bytes());
        }
        OrderToken::Lines(hasher.digest())
    }
}

/// Name of a placement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderKey {
    /// Whose order.
    pub user_id: UserId,
    /// Recognised by what.
    pub token: OrderToken,
}

/// What a placement became. Invariant 6: one order per (user, idempotency key).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderKeyEntry {
    /// The order.
    pub order: OrderId,
    /// What the request was; none for a placement without a key.
    pub fingerprint: Option<Fingerprint>,
    /// The order's version when it was answered.
    pub version: u64,
    /// When it was placed.
    pub placed_at: Timestamp,
}
