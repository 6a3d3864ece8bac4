//! Patterns and routing keys of topics, chosen at random.

use fastrand::Rng;

/// The number of patterns, and of keys, for one seed.
pub const COUNT: usize = 40;

/// Returns patterns and keys for this seed. Their words are few, so that many match, and some are empty: `a..b`, `.`.
#[must_use]
pub fn chosen(seed: u64) -> (Vec<String>, Vec<String>) {
    let mut rng = Rng::with_seed(seed);
    let mut some = |words: &[&str]| -> Vec<String> {
        let mut one = || {
            let count = rng.usize(..6);
            (0..count).map(|_| words[rng.usize(..words.len())]).collect::<Vec<_>>().join(".")
        };
        (0..COUNT).map(|_| one()).collect()
    };
    (some(&["a", "b", "", "*", "*", "#", "#"]), some(&["a", "b", "aa", "", "*", "#"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_empty_words_and_keys_with_the_marks_of_patterns() {
        let (patterns, keys): (Vec<_>, Vec<_>) = (0..200).map(chosen).unzip();
        let has = |all: &[Vec<String>], text: &str| all.iter().flatten().any(|one| one == text);
        for text in ["", ".", "#.#", "*"] {
            assert!(has(&patterns, text), "{text:?}");
        }
        for text in ["", ".", "*", "a.b"] {
            assert!(has(&keys, text), "{text:?}");
        }
    }
}
