//! Maps from numbers that the broker gives out itself.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A map by [`QueueId`](crate::state::queue::QueueId) or [`ConnectionId`](crate::state::ConnectionId).
///
/// The standard library's hashes withstand keys that an enemy chose, and are a fifth of what a small message costs. These keys are
/// the broker's own, counted up from 1. And the order of the map is the same in every run.
pub(crate) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Spreads a number over all bits: `HashMap` looks at the highest and at the lowest.
#[derive(Debug, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write_u64(&mut self, number: u64) {
        // Odd, so that no two numbers become one; 2^64 divided by the golden ratio, so that neighbours part.
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
