//! What an error says, in plain words: its cause, and what to do about it.
//!
//! Each file in `translate/` is a table, and a chapter of the book's page "What the broker says". An entry is a pattern, what it
//! is printed like, cause and remedy; what the pattern captures stands in their place of `$name`. Of several that fit, the
//! first is taken, so what is particular stands before what is general.

mod between;
mod codes;
mod connecting;
mod declaring;
mod languages;
mod libraries;
mod messages;
mod printed;
mod properties;
mod receiving;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use regex_lite::{Captures, Regex, RegexBuilder};
use wire::words::is_acted_on;

use crate::clients::Client;

/// What an error means, and what to do about it: each in one or two plain sentences. Calls are marked, as
/// [`clients`](crate::clients) fills them in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// What happened, or what is in the way.
    pub cause: String,
    /// What to change, to type or to look at.
    pub remedy: String,
}

/// Errors that belong together: a chapter of the book's page about them.
#[derive(Debug)]
pub struct Chapter {
    /// Its name in a link.
    pub id: &'static str,
    tables: &'static [&'static [Entry]],
}

impl Chapter {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Chapter; 6] = [
        Chapter { id: "connecting", tables: &[connecting::ENTRIES] },
        Chapter { id: "declaring", tables: &[declaring::ENTRIES, properties::ENTRIES] },
        Chapter { id: "messages", tables: &[receiving::ENTRIES, messages::ENTRIES] },
        Chapter { id: "between", tables: &[between::ENTRIES] },
        Chapter { id: "libraries", tables: &[libraries::ENTRIES, languages::ENTRIES] },
        Chapter { id: "codes", tables: &[codes::ENTRIES] },
    ];

    fn entries(&self) -> impl Iterator<Item = &'static Entry> + use<> {
        self.tables.iter().copied().flatten()
    }

    /// What is printed, and what it means, one after the other.
    pub fn examples(&self) -> impl Iterator<Item = Example> {
        self.entries().filter_map(|entry| {
            let text = *entry.examples.first()?;
            let code = match entry.of {
                Of::Reply(codes) => codes.first().copied(),
                Of::Line => None,
            };
            let means = Ready::new(entry).of(text)?;
            let ours = |text: &str| Client::default().say(text);
            let means = Translation { cause: ours(&means.cause), remedy: ours(&means.remedy) };
            Some(Example { code, text, means })
        })
    }
}

/// An error as the book shows it.
#[derive(Debug)]
pub struct Example {
    /// The code that it comes with, where it is a reply.
    pub code: Option<u16>,
    /// What is printed.
    pub text: &'static str,
    /// What that means.
    pub means: Translation,
}

/// A row of a table.
#[derive(Debug)]
struct Entry {
    of: Of,
    /// Looked for anywhere in the text.
    pattern: &'static str,
    /// What it is printed like; the book shows the first.
    examples: &'static [&'static str],
    cause: &'static str,
    remedy: &'static str,
}

/// What an entry translates.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// The text of a close, or of a returned message, with one of these codes.
    Reply(&'static [u16]),
    /// A line that a program printed, and that holds no reply.
    Line,
}

/// An entry that can be asked.
struct Ready {
    entry: &'static Entry,
    pattern: Regex,
}

impl Ready {
    #[expect(clippy::unwrap_used, reason = "the patterns are constants, and every test compiles them")]
    fn new(entry: &'static Entry) -> Ready {
        Ready { entry, pattern: RegexBuilder::new(entry.pattern).dot_matches_new_line(true).build().unwrap() }
    }

    fn of(&self, text: &str) -> Option<Translation> {
        let found = self.pattern.captures(text)?;
        Some(Translation { cause: filled(self.entry.cause, &found), remedy: filled(self.entry.remedy, &found) })
    }
}

static READY: LazyLock<Vec<Ready>> =
    LazyLock::new(|| Chapter::ALL.iter().flat_map(Chapter::entries).map(Ready::new).collect());

/// What the broker means by a close: its reply code and its text. There is a translation for every code of AMQP 0-9-1 and of
/// RabbitMQ, and none for other numbers.
#[must_use]
pub fn reply(code: u16, text: &str) -> Option<Translation> {
    let text = start(text);
    let of_code = |ready: &&Ready| matches!(ready.entry.of, Of::Reply(codes) if codes.contains(&code));
    READY.iter().filter(of_code).find_map(|ready| ready.of(text))
}

/// What a line means that a program printed about an error: lapin's, in Display and in Debug form, std's and tokio's, and
/// Pika's. None where it is none that we know.
#[must_use]
pub fn line(line: &str) -> Option<Translation> {
    let line = start(line);
    if let Some((code, text)) = printed::reply(line) {
        return reply(code, &text);
    }
    READY.iter().filter(|ready| matches!(ready.entry.of, Of::Line)).find_map(|ready| ready.of(line))
}

/// As much of a line as is looked at: what an error is stands at its start, and patterns take their time for a long line.
fn start(line: &str) -> &str {
    const MOST: usize = 4096;
    let end = (0..=MOST.min(line.len())).rev().find(|&end| line.is_char_boundary(end));
    &line[..end.unwrap_or_default()]
}

/// The sentence with what was captured in the place of each `$name`.
fn filled(sentence: &str, found: &Captures<'_>) -> String {
    let mut parts = sentence.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        filled.push_str(&found.name(name).map_or_else(|| format!("${name}"), |value| shown(value.as_str())));
        filled.push_str(rest);
    }
    filled
}

/// A captured value as it can stand in a sentence: on one line, not too long, and without what a terminal
/// obeys; a pair of quotes where there is nothing.
fn shown(value: &str) -> String {
    const MOST: usize = 80;
    let words = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        return "\"\"".to_owned();
    }
    let mut shown: String = words.chars().filter(|letter| !is_acted_on(*letter)).take(MOST).collect();
    if words.chars().count() > MOST {
        shown.push('…');
    }
    shown
}
