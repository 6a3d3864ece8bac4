//! Maps with keys that the broker assigns itself.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A map by [`QueueId`](crate::state::queue::QueueId) or [`ConnectionId`](crate::state::ConnectionId).
///
/// The standard library's hashes withstand keys that an attacker chose, but cost a fifth of the time of a small message.
/// These keys are the broker's own, counted up from 1. The order of the map is the same in every run, too.
pub(crate) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// A hasher that spreads a number over all bits, because `HashMap` uses the highest and the lowest.
#[derive(Debug, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write_u64(&mut self, number: u64) {
        // The factor is odd, so that different numbers stay different; it is 2^64 divided by the golden ratio, so that
        // neighbours are spread apart.
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
