//! The messages of a receivers' scene, chosen at random, and the receivers that are due each of them.

use fastrand::Rng;

use crate::exchanges::Kind;

/// A message of the scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its routing key.
    pub key: String,
    /// Its text, which no other message has.
    pub text: String,
}

/// The arguments of the three receivers, and the messages of the three phases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The type of the exchange.
    pub kind: Kind,
    /// The arguments of each receiver: the keys that it asks for. Empty for a fanout exchange.
    pub asks: [Vec<String>; 3],
    /// The messages: to the first two receivers, to all three, to the last two.
    pub phases: [Vec<Message>; 3],
}

/// The phases in which each receiver is there.
const PRESENT: [&[usize]; 3] = [&[0, 1], &[0, 1, 2], &[1, 2]];

impl Plan {
    /// Returns the plan for this seed.
    #[must_use]
    pub fn chosen(kind: Kind, seed: u64) -> Plan {
        let mut rng = Rng::with_seed(seed);
        match kind {
            Kind::Fanout => Plan::new(kind, Default::default(), &[&["", "", ""], &["", ""], &[""]], &mut rng),
            Kind::Direct => direct(&mut rng),
            Kind::Topic => topic(&mut rng),
        }
    }

    fn new(kind: Kind, asks: [Vec<String>; 3], keys: &[&[&str]; 3], rng: &mut Rng) -> Plan {
        let mut message = |key: &&str| Message {
            key: (*key).to_owned(),
            text: format!("{} {} {}", token(rng), rng.u16(100..), token(rng)),
        };
        let phases = keys.map(|keys| keys.iter().map(&mut message).collect());
        Plan { kind, asks, phases }
    }

    /// Returns all messages, in order.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.phases.iter().flatten()
    }

    /// Returns the messages that are sent while this receiver is there, in order.
    pub fn present(&self, receiver: usize) -> impl Iterator<Item = &Message> {
        let phases = PRESENT.get(receiver).copied().unwrap_or_default();
        phases.iter().filter_map(|phase| self.phases.get(*phase)).flatten()
    }

    /// Returns whether this receiver asked for a message.
    #[must_use]
    pub fn is_asked_for(&self, receiver: usize, message: &Message) -> bool {
        let asks = &self.asks[receiver];
        self.kind == Kind::Fanout || asks.iter().any(|key| self.kind.takes(key, &message.key))
    }

    /// Returns the messages that this receiver is due in the first phases, in order.
    #[must_use]
    pub fn due(&self, receiver: usize, phases: usize) -> Vec<&Message> {
        let present = PRESENT.get(receiver).copied().unwrap_or_default();
        let of_phases = present.iter().filter(|phase| **phase < phases).filter_map(|phase| self.phases.get(*phase));
        of_phases.flatten().filter(|message| self.is_asked_for(receiver, message)).collect()
    }
}

/// Returns the plan for a direct exchange. A program may refuse unknown severities, so receivers ask for the usual ones.
fn direct(rng: &mut Rng) -> Plan {
    let mut severities = ["info", "warning", "error"];
    rng.shuffle(&mut severities);
    let [one, two, three] = severities;
    let asks =
        [vec![one, two], vec![three], vec![two, three]].map(|keys| keys.into_iter().map(str::to_owned).collect());
    let keys: [&[&str]; 3] = [&[one, three, "debug", two, one, three], &[two, one, three, two], &[three, one, two]];
    Plan::new(Kind::Direct, asks, &keys, rng)
}

/// Returns the plan for a topic exchange: each pattern has keys that match it, and keys that match only a wrong reading of it.
fn topic(rng: &mut Rng) -> Plan {
    let words: Vec<String> = (0..7).map(|_| token(rng)).collect();
    let [a, b, c, d, x, y, z] = [0, 1, 2, 3, 4, 5, 6].map(|index| words[index].as_str());
    let asks =
        [vec![format!("{a}.*"), format!("*.{b}")], vec!["#".to_owned()], vec![format!("{c}.#"), format!("*.*.{d}")]];
    let first = [
        format!("{a}.{b}"), // matches both patterns of the first receiver
        format!("{a}.{x}"),
        a.to_owned(), // no second word
        format!("{x}.{b}"),
        format!("{a}.{x}.{b}"), // three words
        format!("{a}{x}.{y}"),  // begins with the same letters
        format!("{y}.{a}"),
        format!("{y}.{b}"),
    ];
    let second = [
        c.to_owned(), // `#` is no word
        format!("{a}.{z}"),
        format!("{c}.{x}.{y}.{z}"),
        format!("{x}.{d}"),     // two words
        format!("{c}.{y}.{d}"), // matches both patterns of the third
        format!("{x}.{c}"),
        format!("{x}.{y}.{d}"),
        format!("{z}.{b}"),
    ];
    let third = [format!("{a}.{b}"), format!("{c}.{z}")];
    let [first, second, third] =
        [&first[..], &second, &third].map(|keys| keys.iter().map(String::as_str).collect::<Vec<_>>());
    Plan::new(Kind::Topic, asks, &[&first, &second, &third], rng)
}

/// Returns a random word.
fn token(rng: &mut Rng) -> String {
    (0..6).map(|_| rng.char('a'..='z')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 3] = [Kind::Fanout, Kind::Direct, Kind::Topic];

    #[test]
    fn the_plan_is_chosen_by_the_seed() {
        for kind in KINDS {
            assert_eq!(Plan::chosen(kind, 7), Plan::chosen(kind, 7));
            assert_ne!(Plan::chosen(kind, 7), Plan::chosen(kind, 8));
        }
    }

    #[test]
    fn each_receiver_is_due_a_message_in_each_phase_that_it_is_there() {
        for kind in KINDS {
            let plan = Plan::chosen(kind, 3);
            for (receiver, phases) in [(0, [0, 1]), (1, [0, 1]), (2, [1, 2])] {
                let counts = phases.map(|phase| plan.due(receiver, phase + 1).len());
                assert!(counts[0] > 0 && counts[1] > counts[0], "{kind:?} {receiver}: {counts:?}");
            }
        }
    }

    #[test]
    fn keys_tell_right_patterns_from_wrong_ones() {
        let plan = Plan::chosen(Kind::Topic, 3);
        let due = |receiver| plan.due(receiver, 3).len();
        assert_eq!([due(0), due(1), due(2)], [6, 18, 5]);
        let plan = Plan::chosen(Kind::Direct, 3);
        let due = |receiver| plan.due(receiver, 3).len();
        assert_eq!([due(0), due(1), due(2)], [6, 4, 5]);
    }
}
