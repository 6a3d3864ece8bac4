//! A hash that is the same in every build and on every machine, so that it can be stored.

/// Returns the 64-bit FNV-1a hash of these bytes. Different texts have different hashes, unless they were made to collide.
#[must_use]
pub fn of(bytes: &[u8]) -> u64 {
    on(0xcbf2_9ce4_8422_2325, bytes)
}

/// Returns the hash of these bytes after those with the hash `before`.
#[must_use]
pub fn on(before: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(before, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_fnv_1a() {
        assert_eq!(of(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(of(b"foobar"), 0x85944171f73967e8);
        assert_eq!(on(of(b"foo"), b"bar"), of(b"foobar"));
    }
}
