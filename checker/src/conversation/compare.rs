//! The comparison of two conversations: that of the lesson's own program, and that of the learner's.
//!
//! Some differences from run to run mean nothing: times, consumer tags, the broker's properties, the text of a goodbye, and the
//! messages that the check itself sends. They do not count.

use similar::{Algorithm, DiffTag, capture_diff_slices};
use wire::{Event, Peer, What, fields, why, words};

/// A line of a conversation.
#[derive(Clone, Debug)]
pub struct Line {
    /// The sender, with which the line begins.
    pub who: String,
    /// The rest of the line, in its parts.
    pub parts: Vec<String>,
    /// The reason for the line.
    pub why: &'static str,
    from: Peer,
    name: &'static str,
    /// All that counts, by name.
    facts: Vec<(&'static str, String)>,
    /// Set when chance decides whether the line is there.
    is_chance: bool,
}

/// The methods that each step is about. When the step passed, they may differ from the lesson's, or come once more, and so may
/// their answers.
const ABOUT: [(&str, &str); 7] = [
    ("declare", "queue.declare"),
    ("publish", "basic.publish"),
    ("consume", "basic.consume"),
    ("consume", "basic.qos"),
    ("consume", "basic.ack"),
    ("prefetch", "basic.qos"),
    ("ack", "basic.ack"),
];

/// A row of the comparison. The numbers are indexes into the expected lines and into the learner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Both have the line.
    Same(usize, usize),
    /// Both have the line, with a difference.
    Changed(usize, usize),
    /// Both have the line, with a difference that the check allows.
    Allowed(usize, usize),
    /// Only the lesson's conversation has the line.
    Expected(usize),
    /// Only the learner's conversation has the line.
    Seen(usize),
}

impl Row {
    /// Returns the index of its expected line.
    #[must_use]
    pub fn expected(self) -> Option<usize> {
        match self {
            Row::Same(line, _) | Row::Changed(line, _) | Row::Allowed(line, _) | Row::Expected(line) => Some(line),
            Row::Seen(_) => None,
        }
    }

    /// Returns the index of its line from the learner's conversation.
    #[must_use]
    pub fn seen(self) -> Option<usize> {
        match self {
            Row::Same(_, line) | Row::Changed(_, line) | Row::Allowed(_, line) | Row::Seen(line) => Some(line),
            Row::Expected(_) => None,
        }
    }
}

/// Two conversations side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The conversation of the lesson's own program.
    pub expected: Vec<Line>,
    /// The conversation of the learner's program.
    pub seen: Vec<Line>,
    /// The rows of both, in their order.
    pub rows: Vec<Row>,
    /// The row of the first difference that counts.
    pub first: Option<usize>,
}

/// Returns the lines of a conversation.
#[must_use]
pub fn lines(events: &[Event]) -> Vec<Line> {
    let texts = words::conversation(events, false);
    let line = |(said, text): (words::Described<'_>, String)| {
        let is_handshake = said.is_handshake();
        let who = text.strip_suffix(&said.parts.join("  ")).unwrap_or_default().to_owned();
        Line {
            who,
            why: why::why(&said).unwrap_or_default(),
            from: said.event.from,
            name: if is_handshake { "handshake" } else { why::name(&said.event.what) },
            facts: if is_handshake { Vec::new() } else { facts(said.event) },
            is_chance: is_chance(said.event),
            parts: said.parts,
        }
    };
    words::describe(events).into_iter().zip(texts).map(line).collect()
}

/// Puts two conversations side by side; `passed` are the ids of the steps that the learner's passed.
#[must_use]
pub fn compare(expected: &[Event], seen: &[Event], passed: &[String]) -> Comparison {
    let is_right = |name: &str| {
        let asked = name.trim_end_matches("-ok");
        ABOUT.iter().any(|(step, method)| *method == asked && passed.iter().any(|id| id == step))
    };
    let (expected, seen) = (lines(expected), lines(seen));
    // The lines are aligned by sender and method; their other parts may differ within a row.
    let names = |lines: &[Line]| lines.iter().map(|line| (line.from == Peer::Program, line.name)).collect::<Vec<_>>();
    let mut rows = Vec::new();
    for operation in capture_diff_slices(Algorithm::Myers, &names(&expected), &names(&seen)) {
        let (tag, left, right) = operation.as_tag_tuple();
        if tag == DiffTag::Equal {
            rows.extend(left.zip(right).map(|(left, right)| {
                if expected[left].facts == seen[right].facts {
                    Row::Same(left, right)
                } else if is_right(seen[right].name) {
                    Row::Allowed(left, right)
                } else {
                    Row::Changed(left, right)
                }
            }));
        } else {
            rows.extend(left.map(Row::Expected));
            rows.extend(right.map(Row::Seen));
        }
    }
    let counts = |row: &Row| match *row {
        Row::Same(..) | Row::Allowed(..) => false,
        Row::Changed(..) => true,
        Row::Expected(index) => !expected[index].is_chance,
        Row::Seen(index) => !seen[index].is_chance && !is_right(seen[index].name),
    };
    let first = rows.iter().position(counts);
    Comparison { expected, seen, rows, first }
}

impl Comparison {
    /// Describes the first difference.
    #[must_use]
    pub fn first_in_words(&self) -> Option<String> {
        let first = self.rows[self.first?];
        if self.seen.is_empty() {
            return Some("your program sends nothing at all".to_owned());
        }
        Some(match first {
            Row::Same(..) | Row::Allowed(..) => return None,
            Row::Changed(expected, seen) => {
                let (expected, seen) = (&self.expected[expected], &self.seen[seen]);
                format!("{} differs in {}", expected.name, parted(expected, seen).join(", "))
            }
            Row::Expected(index) => only(&self.expected[index], "the lesson's program", "yours"),
            Row::Seen(index) => only(&self.seen[index], "your program", "the lesson's"),
        })
    }
}

/// Describes a line that only one program has.
fn only(line: &Line, one: &str, other: &str) -> String {
    let done = match (line.name, line.from) {
        ("handshake", _) => "completes the handshake".to_owned(),
        ("connected", _) => "opens a connection that comes to nothing".to_owned(),
        ("ended", Peer::Program) => "leaves without closing its connection".to_owned(),
        (name, Peer::Program) => format!("sends {name}"),
        (name, Peer::Broker) => format!("receives {name}"),
    };
    format!("{one} {done} here, and {other} does not")
}

/// Returns the names of the facts that differ.
fn parted(one: &Line, other: &Line) -> Vec<&'static str> {
    let lacks = |line: &Line, fact: &(&'static str, String)| !line.facts.contains(fact);
    let of_one = one.facts.iter().filter(|fact| lacks(other, fact));
    let of_other = other.facts.iter().filter(|fact| lacks(one, fact));
    let mut names: Vec<&'static str> = of_one.chain(of_other).map(|(name, _)| *name).collect();
    let mut known = Vec::new();
    names.retain(|name| {
        !known.contains(name) && {
            known.push(*name);
            true
        }
    });
    names
}

/// Returns the facts of an event that count.
fn facts(event: &Event) -> Vec<(&'static str, String)> {
    let What::Method { method, content, .. } = &event.what else { return Vec::new() };
    let described = fields::describe(method);
    let is_goodbye = described.args.iter().any(|(name, value)| *name == "reply-code" && value.as_u64() == Some(200));
    let counts = |name: &str| match name {
        "consumer-tag" | "server-properties" | "client-properties" => false,
        "reply-text" => !is_goodbye,
        _ => true,
    };
    let mut facts: Vec<(&'static str, String)> = described
        .args
        .into_iter()
        .filter(|(name, _)| counts(name))
        .map(|(name, value)| (name, value.to_string()))
        .collect();
    // What the broker delivers was sent by the check, or by the program itself, where it is compared already.
    if let Some(content) = content.as_ref().filter(|_| event.from == Peer::Program) {
        facts
            .extend(fields::properties(&content.properties).into_iter().map(|(name, value)| (name, value.to_string())));
        facts.push(("the body", format!("{:?} {}", content.body, content.complete)));
    }
    facts
}

/// Returns whether chance decides over the event: the end of an abandoned socket, the answer of a program that is ending, or a
/// heartbeat.
fn is_chance(event: &Event) -> bool {
    matches!(
        (why::name(&event.what), event.from),
        ("heartbeat", _) | ("ended", Peer::Broker) | ("channel.close-ok", Peer::Program)
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wire::{
        Content, Method,
        protocol::{basic, connection, queue},
    };

    use super::*;

    fn event(from: Peer, method: Method, body: Option<&str>) -> Event {
        let content =
            body.map(|body| Box::new(Content { body: body.to_owned().into(), complete: true, ..Content::default() }));
        let what = What::Method { channel: 1, method, content };
        Event { at: Duration::ZERO, order: 0, connection: 1, from, what }
    }

    fn declare(durable: bool) -> Event {
        let declare = queue::Declare { queue: "hello".into(), durable, ..queue::Declare::default() };
        event(Peer::Program, Method::Queue(queue::AMQPMethod::Declare(declare)), None)
    }

    fn publish(body: &str) -> Event {
        let publish = basic::Publish { routing_key: "hello".into(), ..basic::Publish::default() };
        event(Peer::Program, Method::Basic(basic::AMQPMethod::Publish(publish)), Some(body))
    }

    fn deliver(tag: &str, body: &str) -> Event {
        let deliver = basic::Deliver { consumer_tag: tag.into(), delivery_tag: 1, ..basic::Deliver::default() };
        event(Peer::Broker, Method::Basic(basic::AMQPMethod::Deliver(deliver)), Some(body))
    }

    fn close(code: u16, text: &str) -> Event {
        let close = connection::Close { reply_code: code, reply_text: text.into(), ..connection::Close::default() };
        event(Peer::Program, Method::Connection(connection::AMQPMethod::Close(close)), None)
    }

    fn ended(from: Peer) -> Event {
        Event { what: What::Ended { reset: false }, ..event(from, declare_method(), None) }
    }

    fn declare_method() -> Method {
        Method::Queue(queue::AMQPMethod::DeclareOk(queue::DeclareOk::default()))
    }

    /// Describes the first difference between the two conversations.
    fn first(expected: &[Event], seen: &[Event]) -> String {
        compare(expected, seen, &[]).first_in_words().unwrap_or_default()
    }

    #[test]
    fn what_says_nothing_does_not_count() {
        assert_eq!(first(&[deliver("one", "a")], &[deliver("two", "b")]), "");
        assert_eq!(first(&[close(200, "Goodbye")], &[close(200, "OK")]), "");
        assert_eq!(first(&[declare(false), ended(Peer::Broker)], &[declare(false)]), "");
    }

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(
            first(&[publish("A"), declare(false)], &[publish("a"), declare(true)]),
            "basic.publish differs in the body"
        );
        assert_eq!(first(&[declare(false)], &[declare(true)]), "queue.declare differs in durable");
        assert_eq!(
            first(&[close(200, "Bye")], &[close(320, "Bye")]),
            "connection.close differs in reply-code, reply-text"
        );
        let (without, with) = ([declare(false), close(200, "")], [declare(false), publish("x"), close(200, "")]);
        assert_eq!(first(&with, &without), "the lesson's program sends basic.publish here, and yours does not");
        assert_eq!(first(&without, &with), "your program sends basic.publish here, and the lesson's does not");
        assert_eq!(
            first(&[], &[deliver("t", "")]),
            "your program receives basic.deliver here, and the lesson's does not"
        );
        assert_eq!(
            first(&[declare(false)], &[declare(false), ended(Peer::Program)]),
            "your program leaves without closing its connection here, and the lesson's does not"
        );
    }

    #[test]
    fn rows_keep_both_orders() {
        let comparison = compare(&[declare(false), publish("A"), close(200, "")], &[publish("a"), close(200, "")], &[]);
        assert_eq!(comparison.rows, [Row::Expected(0), Row::Changed(1, 0), Row::Same(2, 1)]);
        assert_eq!(comparison.first, Some(0));
    }

    #[test]
    fn what_the_check_found_right_is_no_difference_that_counts() {
        let (lessons, mine) = ([declare(false), publish("A")], [declare(true), publish("a")]);
        let comparison = compare(&lessons, &mine, &["connect".to_owned(), "declare".to_owned()]);
        assert_eq!(comparison.rows, [Row::Allowed(0, 0), Row::Changed(1, 1)]);
        assert_eq!(comparison.first, Some(1));
    }
}
