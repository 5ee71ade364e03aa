//! Which slots of the wheel hold a node: one bit each, and a summary bit for every word of them.
//!
//! Two scans, `summary` and then one word, find the first occupied slot whatever their number.

use super::SLOTS;

/// Slots per word.
const WORD_BITS: usize = u64::BITS as usize;

/// Words of bits. All must have a bit in the one-word summary.
const WORDS: usize = SLOTS.div_ceil(WORD_BITS);
const _: () = assert!(WORDS <= WORD_BITS);

/// A set of slot numbers.
#[derive(Debug)]
pub(super) struct Bitmap {
    /// Bit `i` is set when `words[i]` is not zero.
    summary: u64,
    /// Bit `i % 64` of word `i / 64` is set when slot `i` is in the set.
    words: [u64; WORDS],
}

impl Bitmap {
    pub(super) const fn new() -> Self {
        Self {
            summary: 0,
            words: [0; WORDS],
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.summary == 0
    }

    pub(super) fn contains(&self, slot: usize) -> bool {
        self.words[slot / WORD_BITS] >> (slot % WORD_BITS) & 1 == 1
    }

    pub(super) fn insert(&mut self, slot: usize) {
        self.words[slot / WORD_BITS] |= 1 << (slot % WORD_BITS);
        self.summary |= 1 << (slot / WORD_BITS);
    }

    pub(super) fn remove(&mut self, slot: usize) {
        let word = &mut self.words[slot / WORD_BITS];
        *word &= !(1 << (slot % WORD_BITS));
        if *word == 0 {
            self.summary &= !(1 << (slot / WORD_BITS));
        }
    }

    /// The least slot number in the set.
    pub(super) fn first(&self) -> Option<usize> {
        if self.summary == 0 {
            return None;
        }
        let word = self.summary.trailing_zeros() as usize;
        Some(word * WORD_BITS + self.words[word].trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_any_two_slots_is_found_and_removed() {
        for low in (0..SLOTS).step_by(7) {
            for high in (low..SLOTS).step_by(61) {
                let mut bits = Bitmap::new();
                bits.insert(high);
                bits.insert(low);
                assert!(bits.contains(low) && bits.contains(high));
                assert_eq!(bits.first(), Some(low));
                bits.remove(low);
                assert_eq!(bits.first(), (low != high).then_some(high));
                bits.remove(high);
                assert!(bits.is_empty() && bits.first().is_none());
            }
        }
    }
}
