//! Random names: `amq.gen-…`, `amq.ctag-…`.

/// A sequence of numbers from a seed (SplitMix64, Steele, Lea and Flood 2014). It is good enough for names, but not for
/// secrets.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns 22 letters, as many as RabbitMQ's names have: 16 bytes in URL-safe base64.
    pub(crate) fn name(&mut self) -> String {
        self.letters(22)
    }

    pub(crate) fn letters(&mut self, count: usize) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..count).map(|_| char::from(LETTERS[(self.next() >> 58) as usize])).collect()
    }
}
