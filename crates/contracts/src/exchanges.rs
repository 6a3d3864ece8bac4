//! Exchanges: their types, the messages that a binding takes, and the requirement that a program declares one.

mod declare;

pub use declare::{declare, differs};

/// An exchange of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
}

/// The type of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Each binding takes every message.
    Fanout,
    /// A binding takes the messages whose routing key is its own key.
    Direct,
    /// A binding takes the messages whose routing key matches its pattern.
    Topic,
}

impl Kind {
    /// Returns its name in AMQP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Fanout => "fanout",
            Kind::Direct => "direct",
            Kind::Topic => "topic",
        }
    }

    /// Returns whether a binding with this key takes a message with that routing key.
    #[must_use]
    pub fn takes(self, binding_key: &str, routing_key: &str) -> bool {
        match self {
            Kind::Fanout => true,
            Kind::Direct => binding_key == routing_key,
            Kind::Topic => matches(binding_key, routing_key),
        }
    }
}

/// Returns whether a routing key matches a pattern: `*` stands for one word, `#` for any number of words. An empty key has no
/// word.
///
/// The time is bounded by the product of both lengths, because patterns come from programs under check. Source: the page
/// [Topic Exchanges](https://www.rabbitmq.com/tutorials/amqp-concepts#exchange-topic), and a test against RabbitMQ.
fn matches(pattern: &str, key: &str) -> bool {
    let parts = words(pattern);
    // The places in the pattern that the words so far can have led to.
    let mut places = vec![false; parts.len() + 1];
    places[0] = true;
    skip(&parts, &mut places);
    for word in words(key) {
        let mut next = vec![false; parts.len() + 1];
        for (at, part) in parts.iter().enumerate().filter(|(at, _)| places[*at]) {
            match *part {
                "#" => next[at] = true,
                "*" => next[at + 1] = true,
                part => next[at + 1] |= part == word,
            }
        }
        skip(&parts, &mut next);
        places = next;
    }
    places[parts.len()]
}

/// Adds the places behind each `#`, which may stand for no word.
fn skip(parts: &[&str], places: &mut [bool]) {
    for (at, _) in parts.iter().enumerate().filter(|(_, part)| **part == "#") {
        places[at + 1] |= places[at];
    }
}

fn words(key: &str) -> Vec<&str> {
    if key.is_empty() { Vec::new() } else { key.split('.').collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_word_and_a_hash_any_number() {
        let taken = |pattern: &str, keys: &[&str]| -> Vec<bool> {
            keys.iter().map(|key| Kind::Topic.takes(pattern, key)).collect()
        };
        let keys = ["", "kern", "kern.critical", "kern.a.critical", "cron.critical", "kern.", "kernel.critical"];
        for (pattern, expected) in [
            ("#", [true; 7]),
            ("*", [false, true, false, false, false, false, false]),
            ("kern.*", [false, false, true, false, false, true, false]),
            ("kern.#", [false, true, true, true, false, true, false]),
            ("*.critical", [false, false, true, false, true, false, true]),
            ("#.critical", [false, false, true, true, true, false, true]),
            ("#.#", [true; 7]),
            ("kern", [false, true, false, false, false, false, false]),
            ("", [true, false, false, false, false, false, false]),
            ("*.*", [false, false, true, false, true, true, true]),
            ("#.a.#", [false, false, false, true, false, false, false]),
        ] {
            assert_eq!(taken(pattern, &keys), expected, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_of_many_hashes_is_compared_in_bounded_time() {
        let (pattern, key) = (["#"; 128].join(".") + ".end", ["word"; 128].join("."));
        assert!(!Kind::Topic.takes(&pattern, &key));
    }

    #[test]
    fn a_fanout_exchange_ignores_keys_and_a_direct_one_compares_them() {
        assert!(Kind::Fanout.takes("one", "other"));
        assert!(Kind::Direct.takes("one", "one"));
        assert!(!Kind::Direct.takes("#", "one"));
    }
}
