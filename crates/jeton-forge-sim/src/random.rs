//! Seeded randomness: the same seed gives the same ids and tokens in the same order.
//!
//! Nothing here guards anything real, so a small generator (`SplitMix64`, Steele et al. 2014) is
//! enough. App keys are the exception: those come from the operating system through aws-lc-rs.

/// A `SplitMix64` generator.
#[derive(Debug)]
pub(crate) struct Random(u64);

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`. The bias of the remainder does not matter here.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        for chunk in out.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        out
    }

    /// `len` characters of `0-9A-Za-z`.
    pub(crate) fn base62(&mut self, len: usize) -> String {
        (0..len)
            .map(|_| {
                let index = usize::try_from(self.below(62)).unwrap_or_default();
                char::from(BASE62[index])
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_another_does_not() {
        let take = |seed| Random::new(seed).base62(30);
        assert_eq!(take(7), take(7));
        assert_ne!(take(7), take(8));
    }
}
