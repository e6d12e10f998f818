//! The newest entries, in memory: by name and by user, newest first.
//!
//! A vector in the order of commits with two chained hash tables over it, so that adding an entry touches three cache
//! lines and allocates nothing. It never forgets an entry; a full one is replaced.

use super::{KeyEntry, KeyName};

/// No entry.
const END: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Slot {
    entry: KeyEntry,
    next_of_name: u32,
    next_of_user: u32,
}

/// Entries in the order in which they were added.
#[derive(Clone, Debug)]
pub(super) struct Memtable {
    slots: Vec<Slot>,
    names: Vec<u32>,
    users: Vec<u32>,
}

impl Memtable {
    /// An empty table that is fast up to about `capacity` entries.
    pub(super) fn new(capacity: usize) -> Memtable {
        let buckets = capacity.next_power_of_two();
        Memtable { slots: Vec::with_capacity(capacity), names: vec![END; buckets], users: vec![END; buckets] }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn push(&mut self, entry: KeyEntry) {
        let slot = u32::try_from(self.slots.len()).expect("a table is replaced long before it has 2^32 entries");
        let of_name = bucket(&self.names, mixed(entry.name));
        let of_user = bucket(&self.users, entry.name.user);
        let next_of_name = std::mem::replace(&mut self.names[of_name], slot);
        let next_of_user = std::mem::replace(&mut self.users[of_user], slot);
        self.slots.push(Slot { entry, next_of_name, next_of_user });
    }

    /// The ids under a name, newest first.
    pub(super) fn named(&self, name: KeyName) -> impl Iterator<Item = i64> {
        let head = self.names[bucket(&self.names, mixed(name))];
        self.chain(head, |slot| slot.next_of_name).filter(move |entry| entry.name == name).map(|entry| entry.id)
    }

    /// The ids under a user or scope, newest first.
    pub(super) fn of_user(&self, user: u64) -> impl Iterator<Item = i64> {
        let head = self.users[bucket(&self.users, user)];
        self.chain(head, |slot| slot.next_of_user).filter(move |entry| entry.name.user == user).map(|entry| entry.id)
    }

    /// Every entry, oldest first.
    pub(super) fn entries(&self) -> impl Iterator<Item = KeyEntry> {
        self.slots.iter().map(|slot| slot.entry)
    }

    fn chain(&self, head: u32, next: impl Fn(&Slot) -> u32) -> impl Iterator<Item = KeyEntry> {
        let mut at = head;
        std::iter::from_fn(move || {
            let slot = self.slots.get(at as usize)?;
            at = next(slot);
            Some(slot.entry)
        })
    }
}

/// Both hashes are good ones; the multiplication keeps a user with many keys from sharing one bucket.
fn mixed(name: KeyName) -> u64 {
    name.user.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ name.key
}

/// The number of buckets is a power of two.
fn bucket(buckets: &[u32], hash: u64) -> usize {
    (hash as usize) & (buckets.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_newest_first_and_only_under_their_name() {
        let mut table = Memtable::new(2);
        let name = |user, key| KeyName { user, key };
        for (id, (user, key)) in (1..).zip([(7, 1), (8, 1), (7, 1), (7, 2), (9, 1)]) {
            table.push(KeyEntry { name: name(user, key), id });
        }
        assert_eq!(table.named(name(7, 1)).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(table.named(name(8, 1)).collect::<Vec<_>>(), [2]);
        assert_eq!(table.named(name(8, 2)).collect::<Vec<_>>(), [0; 0]);
        assert_eq!(table.of_user(7).collect::<Vec<_>>(), [4, 3, 1]);
        assert_eq!(table.len(), table.entries().count());
    }
}
