//! Random numbers from a seed: SplitMix64, which any state but none in particular suits.

use std::time::Duration;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own, for another task.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A number from `least` to `most`.
    pub(crate) fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    /// True once in `n` calls.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// At most so many microseconds.
    pub(crate) fn micros(&mut self, most: usize) -> Duration {
        Duration::from_micros(self.below(most + 1) as u64)
    }
}

#[test]
fn the_same_seed_gives_the_same_numbers_and_they_spread() {
    let (mut one, mut other) = (Random::new(7), Random::new(7));
    let mut counts = [0_usize; 10];
    for _ in 0..10_000 {
        let number = one.below(10);
        assert_eq!(number, other.below(10));
        counts[number] += 1;
    }
    assert!(counts.iter().all(|count| (800..1_200).contains(count)));
}
