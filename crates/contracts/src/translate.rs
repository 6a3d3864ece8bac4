//! What an error says, in plain words: its cause, and what to do about it.
//!
//! Each file in `catalogue/errors/` is a table, and a chapter of the book's page "What the broker says". An entry has a code that
//! stays, a pattern, what it is printed like, cause and remedy; what the pattern captures stands in their place of `$name`. Of
//! several that fit, the first is taken, so what is particular stands before what is general.

mod printed;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use regex_lite::{Captures, Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, de::Error};
use wire::words::is_acted_on;

/// What an error means, as data. The words for it are in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// What it is called, for ever: `error.no-queue`.
    pub code: &'static str,
    /// What the pattern captured, by name: as it can stand in a sentence.
    pub params: Vec<(String, String)>,
}

impl Translation {
    /// What happened, or what is in the way, in one or two plain sentences. Calls are marked, as [`clients`](crate::clients)
    /// fills them in.
    #[must_use]
    pub fn cause(&self) -> String {
        self.filled(|entry| &entry.cause)
    }

    /// What to change, to type or to look at: in sentences like those of the cause.
    #[must_use]
    pub fn remedy(&self) -> String {
        self.filled(|entry| &entry.remedy)
    }

    fn filled(&self, sentence: fn(&Entry) -> &str) -> String {
        let entry = entries().find(|entry| entry.code == self.code);
        entry.map(|entry| filled(sentence(entry), &self.params)).unwrap_or_default()
    }
}

/// Errors that belong together: a chapter of the book's page about them.
#[derive(Debug)]
pub struct Chapter {
    /// Its name in a link.
    pub id: &'static str,
    source: &'static str,
}

impl Chapter {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Chapter; 6] = [
        Chapter { id: "connecting", source: include_str!("../catalogue/errors/1-connecting.toml") },
        Chapter { id: "declaring", source: include_str!("../catalogue/errors/2-declaring.toml") },
        Chapter { id: "messages", source: include_str!("../catalogue/errors/3-messages.toml") },
        Chapter { id: "between", source: include_str!("../catalogue/errors/4-between.toml") },
        Chapter { id: "libraries", source: include_str!("../catalogue/errors/5-libraries.toml") },
        Chapter { id: "codes", source: include_str!("../catalogue/errors/6-codes.toml") },
    ];

    #[expect(clippy::unwrap_used, reason = "the files are a part of this program, and every test reads them")]
    fn read(self) -> (&'static str, Vec<Entry>) {
        let table: Table = toml::from_str(self.source).unwrap();
        (self.id, table.errors)
    }

    fn entries(&self) -> impl Iterator<Item = &'static Entry> + use<> {
        let id = self.id;
        TABLES.iter().filter(move |(other, _)| *other == id).flat_map(|(_, entries)| entries)
    }

    /// What is printed, and what it means, one after the other.
    pub fn examples(&self) -> impl Iterator<Item = Example> {
        self.entries().filter_map(|entry| {
            let text = entry.examples.first()?;
            let means = entry.translation(text)?;
            Some(Example {
                code: means.code,
                reply: entry.replies.as_ref().and_then(|codes| codes.first().copied()),
                text,
                cause: means.cause(),
                remedy: means.remedy(),
            })
        })
    }
}

/// The error of this code, as the book shows it.
#[must_use]
pub fn example(code: &str) -> Option<Example> {
    Chapter::ALL.iter().flat_map(Chapter::examples).find(|example| example.code == code)
}

/// The codes of all errors, in the order in which they are asked.
pub fn codes() -> impl Iterator<Item = &'static str> {
    entries().map(|entry| entry.code.as_str())
}

/// An error as the book shows it.
#[derive(Debug)]
pub struct Example {
    /// What it is called: `error.no-queue`.
    pub code: &'static str,
    /// The reply code that it comes with, where it is a reply.
    pub reply: Option<u16>,
    /// What is printed.
    pub text: &'static str,
    /// What that means. Calls are marked.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}

/// A file of the catalogue.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    errors: Vec<Entry>,
}

/// What the catalogue has for an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    /// It is the text of a close, or of a returned message, with one of these codes. None for a line that a program printed, and
    /// that holds no reply.
    replies: Option<Vec<u16>>,
    /// Looked for anywhere in the text.
    #[serde(deserialize_with = "pattern")]
    pattern: Regex,
    /// What it is printed like; the book shows the first.
    examples: Vec<String>,
    cause: String,
    remedy: String,
}

impl Entry {
    /// Whether it is about replies with this code; without a code, whether it is about printed lines.
    fn is_of(&self, code: Option<u16>) -> bool {
        match (&self.replies, code) {
            (Some(codes), Some(code)) => codes.contains(&code),
            (None, None) => true,
            _ => false,
        }
    }

    fn translation(&'static self, text: &str) -> Option<Translation> {
        let found = self.pattern.captures(text)?;
        Some(Translation { code: &self.code, params: self.params(&found) })
    }

    fn params(&self, found: &Captures<'_>) -> Vec<(String, String)> {
        let captured = |name| Some((str::to_owned(name), quote(found.name(name)?.as_str())));
        self.pattern.capture_names().flatten().filter_map(captured).collect()
    }
}

fn pattern<'de, D: Deserializer<'de>>(from: D) -> Result<Regex, D::Error> {
    let pattern = String::deserialize(from)?;
    RegexBuilder::new(&pattern).dot_matches_new_line(true).build().map_err(D::Error::custom)
}

/// The entries of each chapter.
static TABLES: LazyLock<Vec<(&str, Vec<Entry>)>> =
    LazyLock::new(|| Chapter::ALL.into_iter().map(Chapter::read).collect());

/// All entries, in the order in which they are asked.
fn entries() -> impl Iterator<Item = &'static Entry> {
    TABLES.iter().flat_map(|(_, entries)| entries)
}

/// What the broker means by a close: its reply code and its text. There is a translation for every code of AMQP 0-9-1 and of
/// RabbitMQ, and none for other numbers.
#[must_use]
pub fn reply(code: u16, text: &str) -> Option<Translation> {
    first(Some(code), start(text))
}

/// What a line means that a program printed about an error: lapin's, in Display and in Debug form, std's and tokio's, and
/// Pika's. None where it is none that we know.
#[must_use]
pub fn line(line: &str) -> Option<Translation> {
    let line = start(line);
    if let Some((code, text)) = printed::reply(line) {
        return reply(code, &text);
    }
    first(None, line)
}

/// The translation by the first entry that fits.
fn first(code: Option<u16>, text: &str) -> Option<Translation> {
    entries().filter(|entry| entry.is_of(code)).find_map(|entry| entry.translation(text))
}

/// As much of a line as is looked at: what an error is stands at its start, and patterns take their time for a long line.
fn start(line: &str) -> &str {
    const MOST: usize = 4096;
    let end = (0..=MOST.min(line.len())).rev().find(|&end| line.is_char_boundary(end));
    &line[..end.unwrap_or_default()]
}

/// The sentence with what was captured in the place of each `$name`.
fn filled(sentence: &str, params: &[(String, String)]) -> String {
    let mut parts = sentence.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        match params.iter().find(|(other, _)| other == name) {
            Some((_, value)) => filled.push_str(value),
            None => filled.extend(["$", name]),
        }
        filled.push_str(rest);
    }
    filled
}

/// A captured value as it can stand in a sentence: on one line, not too long, and without what a terminal
/// obeys; a pair of quotes where there is nothing.
fn quote(value: &str) -> String {
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
