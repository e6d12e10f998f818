//! Placements of one line each, by many users, of many SKUs, each with a key; the same ones in every run.

use ordain_domain::{
    command::Envelope,
    ids::{Sku, UserId},
};

use super::shard::{place, user};

/// Who orders what.
pub(crate) struct Shopping {
    skus: Vec<Sku>,
    users: u64,
    random: u64,
}

impl Shopping {
    /// Orders of `skus` by so many users.
    pub(crate) fn new(skus: Vec<Sku>, users: u64) -> Shopping {
        Shopping { skus, users, random: 42 }
    }

    /// The next so many placements.
    pub(crate) fn placements(&mut self, orders: usize) -> Vec<Envelope> {
        (0..orders).map(|_| self.placement()).collect()
    }

    fn placement(&mut self) -> Envelope {
        let buyer: UserId = user(&format!("user-{}", self.next() % self.users));
        let key = format!("{:016x}-{:016x}", self.next(), self.next());
        let sku = (self.next() as usize) % self.skus.len();
        place(&buyer, Some(&key), &[(&self.skus[sku], 1)])
    }

    /// Xorshift (Marsaglia 2003).
    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}
