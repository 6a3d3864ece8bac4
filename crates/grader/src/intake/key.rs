//! Names for files, and the comparison of names.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest name for files, without a suffix.
const LONGEST: usize = 60;

/// Names that Windows reserves.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com1", "lpt1"];

/// Composes a name (NFC), because macOS hands out decomposed ones, and makes it printable.
pub(super) fn composed(name: &str) -> String {
    printable(name.trim()).nfc().collect()
}

/// Replaces control characters, and those that turn the direction of text.
pub(super) fn printable(text: &str) -> String {
    let is_hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    text.chars().map(|letter| if is_hidden(letter) { char::REPLACEMENT_CHARACTER } else { letter }).collect()
}

/// Returns a form of a name for comparison: composed, in lower case, with single spaces.
pub(super) fn comparable(name: &str) -> String {
    composed(name).to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a name for files: ASCII letters, digits and dashes. A name with other letters also gets a short hash.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    let mut is_plain = true;
    for letter in name.nfkd().filter(|letter| !is_combining_mark(*letter)) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else {
            is_plain &= !letter.is_alphanumeric();
            if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
    }
    slug.truncate(LONGEST);
    let slug = slug.trim_end_matches('-');
    let name = composed(name);
    if slug.is_empty() || !is_plain || RESERVED.contains(&slug) || !name.is_ascii() {
        let hash = hex(&Sha256::digest(name.as_bytes()), 3);
        return if slug.is_empty() { format!("s-{hash}") } else { format!("{slug}-{hash}") };
    }
    slug.to_owned()
}

/// Gives out slugs, each once.
#[derive(Default)]
pub(super) struct Keys {
    given: BTreeSet<String>,
}

impl Keys {
    /// Returns the name's slug, or the first one of `slug-2`, `slug-3`, … that is free.
    pub(super) fn give(&mut self, name: &str) -> String {
        let slug = slug(name);
        let mut key = slug.clone();
        let mut number = 2;
        while !self.given.insert(key.clone()) {
            key = format!("{slug}-{number}");
            number += 1;
        }
        key
    }
}

/// Formats the first bytes of a hash.
pub(super) fn hex(hash: &[u8], bytes: usize) -> String {
    hash.iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

/// Splits an identifier into its words, in lower case and without numbers.
pub(super) fn words(name: &str) -> Vec<String> {
    let parts = name.split(|letter: char| !letter.is_alphanumeric());
    let parts = parts.filter(|part| !part.is_empty() && !part.chars().all(|letter| letter.is_ascii_digit()));
    parts.map(str::to_lowercase).collect()
}

/// Counts the words of `wanted` that `name` also has. `sender` has the word `send`.
pub(super) fn overlap(name: &str, wanted: &str) -> usize {
    let (name, wanted) = (words(name), words(wanted));
    if name == wanted {
        return usize::MAX;
    }
    let alike = |one: &str, other: &str| {
        let short = one.len().min(other.len());
        one == other || (short >= 4 && (one.starts_with(other) || other.starts_with(one)))
    };
    wanted.iter().filter(|wanted| name.iter().any(|word| alike(word, wanted))).count()
}

/// Returns the item of the highest score, if it is above 0 and only one item has it.
pub(super) fn only_best<T>(items: impl IntoIterator<Item = T>, score: impl Fn(&T) -> usize) -> Option<T> {
    let mut items: Vec<(usize, T)> = items.into_iter().map(|item| (score(&item), item)).collect();
    items.sort_by_key(|(score, _)| *score);
    let (best, item) = items.pop()?;
    let is_only = items.last().is_none_or(|(next, _)| *next < best);
    (best > 0 && is_only).then_some(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        assert_eq!(slug("Ada Lovelace"), "ada-lovelace");
        assert_eq!(slug("O'Neil, Shane (1)"), "o-neil-shane-1");
        assert_eq!(slug("Jose\u{301}"), slug("José"));
        assert!(slug("José").starts_with("jose-"));
        assert!(slug("李雷").starts_with("s-"));
        assert_ne!(slug("李雷"), slug("韩梅梅"));
        assert_ne!(slug("nul"), "nul");
        let mut keys = Keys::default();
        assert_eq!([keys.give("Ada"), keys.give("ada"), keys.give("ADA")], ["ada", "ada-2", "ada-3"]);
    }

    #[test]
    fn overlaps() {
        for (name, wanted, count) in [
            ("01-hello-send", "hello-send", usize::MAX),
            ("hello-receive", "hello-send", 1),
            ("src/bin/sender.rs", "hello-send", 1),
            ("src/main.rs", "hello-send", 0),
        ] {
            assert_eq!(overlap(name, wanted), count, "{name}");
        }
        assert_eq!(only_best([1, 3, 2], |item| *item), Some(3));
        assert_eq!(only_best([3, 3], |item| *item), None);
        assert_eq!(only_best([0], |item| *item), None);
    }
}
