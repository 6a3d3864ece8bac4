//! Topic patterns: words between dots, `*` for one word, `#` for any number of words (AMQP 0-9-1, section 3.1.3.3).

use crate::state::refusal::{Done, Refusal};

/// The largest number of `#` in a pattern, as RabbitMQ 4.3 has it.
const HASHES: usize = 2;

/// Checks that a pattern can be bound.
pub(crate) fn check(pattern: &str) -> Done {
    let hashes = words(pattern).filter(|word| *word == "#").count();
    if hashes <= HASHES {
        return Ok(());
    }
    Err(Refusal::precondition_failed(format!(
        "Topic binding key '{pattern}' uses {hashes} '#' wildcards, at most {HASHES} are allowed"
    )))
}

/// Returns whether a topic exchange routes `key` along a binding with `pattern`.
#[must_use]
pub fn matches(pattern: &str, key: &str) -> bool {
    Key::new(key).matches(pattern)
}

/// A routing key, split once for many patterns.
pub(crate) struct Key<'a> {
    words: Vec<&'a str>,
}

impl<'a> Key<'a> {
    pub(crate) fn new(key: &'a str) -> Key<'a> {
        Key { words: words(key).collect() }
    }

    /// Returns whether the key matches this pattern.
    ///
    /// The time is at most the product of the two lengths in words, whatever the pattern is: a binding must not be able to
    /// slow the broker down. `reached` holds, for the part of the pattern so far, the lengths of the key that it can cover.
    pub(crate) fn matches(&self, pattern: &str) -> bool {
        // Up to the first `#`, words are compared one by one.
        let mut parts = words(pattern);
        let mut same = 0;
        let rest = loop {
            match parts.next() {
                None => return same == self.words.len(),
                Some("#") => break &self.words[same..],
                Some(part) => match self.words.get(same) {
                    Some(word) if part == "*" || part == *word => same += 1,
                    _ => return false,
                },
            }
        };
        let mut reached = vec![true; rest.len() + 1];
        for part in parts {
            if part == "#" {
                // `#` covers all lengths from the first reached one on.
                if let Some(first) = reached.iter().position(|&reached| reached) {
                    reached[first..].fill(true);
                }
            } else {
                for length in (0..rest.len()).rev() {
                    reached[length + 1] = reached[length] && (part == "*" || part == rest[length]);
                }
                reached[0] = false;
            }
        }
        reached[rest.len()]
    }
}

/// Splits a key into words. An empty key has none; `a..b` has an empty one in the middle.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split('.').filter(move |_| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stars_and_hashes() {
        for (pattern, key, expect) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a.b", "a.b", true),
            ("a.b", "a", false),
            ("*", "a", true),
            ("*", "", false),
            ("*", "a.b", false),
            ("*.orange.*", "quick.orange.rabbit", true),
            ("*.orange.*", "orange.rabbit", false),
            ("*.*.rabbit", "lazy.pink.rabbit", true),
            ("lazy.#", "lazy", true),
            ("lazy.#", "lazy.orange.new.rabbit", true),
            ("#", "", true),
            ("#", "a.b.c", true),
            ("#.b", "b", true),
            ("#.b", "a.a.b", true),
            ("#.b", "b.a", false),
            ("a.#.b.#.c", "a.b.c", true),
            ("a.#.b.#.c", "a.x.b.y.z.c", true),
            ("a.#.b.#.c", "a.x.c", false),
            ("a.*.b", "a..b", true),
            ("a..b", "a..b", true),
            ("#.#", "", true),
        ] {
            assert_eq!(matches(pattern, key), expect, "{pattern:?} and {key:?}");
        }
    }
}
