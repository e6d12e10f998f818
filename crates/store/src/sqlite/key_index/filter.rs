//! Which names a run may hold: a split-block Bloom filter, one cache line a question.
//!
//! It never says no wrongly; with 16 bits an entry it says yes wrongly about once in five hundred (measured in the tests).
//! After Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters" (2007), with the eight words and
//! multipliers of Apache Parquet's filter.

use super::KeyName;

/// Bits of filter for each entry.
const BITS_PER_ENTRY: usize = 16;

/// Odd multipliers, one a word of a block.
const SALTS: [u32; 8] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Block([u32; 8]);

/// A filter over names.
#[derive(Clone, Debug)]
pub(super) struct Filter(Box<[Block]>);

impl Filter {
    /// An empty filter for about this many entries.
    pub(super) fn new(entries: usize) -> Filter {
        let blocks = (entries * BITS_PER_ENTRY).div_ceil(256).max(1);
        Filter(vec![Block([0; 8]); blocks].into_boxed_slice())
    }

    /// Adds a name.
    pub(super) fn add(&mut self, name: KeyName) {
        let (block, bits) = self.place(name);
        for (word, bit) in self.0[block].0.iter_mut().zip(bits) {
            *word |= bit;
        }
    }

    /// Whether the name may have been added.
    pub(super) fn may_hold(&self, name: KeyName) -> bool {
        let (block, bits) = self.place(name);
        self.0[block].0.iter().zip(bits).all(|(word, bit)| word & bit != 0)
    }

    fn place(&self, name: KeyName) -> (usize, [u32; 8]) {
        let hash = name.mixed();
        // The upper half picks the block (a multiplication instead of a division), the lower half the bits in it.
        let block = ((hash >> 32) * self.0.len() as u64) >> 32;
        (block as usize, SALTS.map(|salt| 1 << ((hash as u32).wrapping_mul(salt) >> 27)))
    }
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    fn name(number: u64) -> KeyName {
        KeyName { user: xxh3_64(&(number % 1_000).to_le_bytes()), key: xxh3_64(&number.to_be_bytes()) }
    }

    #[test]
    fn what_was_added_is_held_and_little_else() {
        const ENTRIES: u64 = 20_000;
        let mut filter = Filter::new(ENTRIES as usize);
        (0..ENTRIES).for_each(|number| filter.add(name(number)));
        assert!((0..ENTRIES).all(|number| filter.may_hold(name(number))));
        let wrong = (ENTRIES..11 * ENTRIES).filter(|number| filter.may_hold(name(*number))).count();
        assert!(wrong < 800, "{wrong} of 200,000 wrongly");
    }
}
