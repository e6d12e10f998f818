//! The newest entries, in memory: by name and by user, newest first.
//!
//! A vector in the order of commits with two chained hash tables over it, so that adding an entry touches three cache
//! lines and allocates nothing. The buckets of users are in the order of their hashes, so that walking them sorts the
//! table. It never forgets an entry; a full one is replaced.

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
        Memtable { slots: Vec::with_capacity(capacity), names: vec![END; capacity], users: vec![END; capacity] }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn push(&mut self, entry: KeyEntry) {
        let slot = u32::try_from(self.slots.len()).expect("a table is replaced long before it has 2^32 entries");
        let of_name = bucket(&self.names, entry.name.mixed());
        let of_user = bucket(&self.users, entry.name.user);
        let next_of_name = std::mem::replace(&mut self.names[of_name], slot);
        let next_of_user = std::mem::replace(&mut self.users[of_user], slot);
        self.slots.push(Slot { entry, next_of_name, next_of_user });
    }

    /// The ids under a name, newest first.
    pub(super) fn named(&self, name: KeyName) -> impl Iterator<Item = i64> {
        let head = self.names[bucket(&self.names, name.mixed())];
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

    /// How many buckets of users there are, at least 1.
    pub(super) fn buckets(&self) -> usize {
        self.users.len()
    }

    /// Puts the entries of a bucket of users into an empty vector, the greatest user and id first. Users of later buckets
    /// are greater.
    pub(super) fn bucket(&self, number: usize, entries: &mut Vec<KeyEntry>) {
        entries.extend(self.chain(self.users[number], |slot| slot.next_of_user));
        entries.sort_unstable_by_key(|entry| std::cmp::Reverse((entry.name.user, entry.id)));
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

/// Which part of all hashes it is in: buckets are in the order of hashes.
fn bucket(buckets: &[u32], hash: u64) -> usize {
    ((u128::from(hash) * buckets.len() as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_newest_first_and_only_under_their_name() {
        let mut table = Memtable::new(2);
        let name = |user, key| KeyName { user, key };
        for (id, (user, key)) in (1..).zip([(7, 1), (8, 1), (7, 1), (7, 2), (u64::MAX, 1)]) {
            table.push(KeyEntry { name: name(user, key), id });
        }
        assert_eq!(table.named(name(7, 1)).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(table.named(name(8, 1)).collect::<Vec<_>>(), [2]);
        assert_eq!(table.named(name(8, 2)).collect::<Vec<_>>(), [0; 0]);
        assert_eq!(table.of_user(7).collect::<Vec<_>>(), [4, 3, 1]);
        let mut sorted = Vec::new();
        for number in (0..table.buckets()).rev() {
            let mut bucket = Vec::new();
            table.bucket(number, &mut bucket);
            sorted.extend(bucket.iter().map(|entry| (entry.name.user, entry.id)));
        }
        assert_eq!(sorted, [(u64::MAX, 5), (8, 2), (7, 4), (7, 3), (7, 1)]);
        assert_eq!(table.len(), table.entries().count());
    }
}
