//! Errors in plain words: the cause of each, and its remedy.
//!
//! Each file in `catalogue/errors/` is a table, and a chapter of the book's page "What the broker says". An entry has a
//! permanent code, a pattern, examples of the printed text, cause and remedy; in these two, `$name` stands for a capture of the
//! pattern. The first entry that fits is used, so particular ones come before general ones.

mod printed;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use regex_lite::{Captures, Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, de::Error};
use wire::words::is_acted_on;

/// The meaning of an error, as data. The words for it are in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The permanent code: `error.no-queue`.
    pub code: &'static str,
    /// The captures of the pattern by name, ready for a sentence.
    pub params: Vec<(String, String)>,
}

impl Translation {
    /// Returns the cause in one or two plain sentences: what happened, or what is in the way. Calls are marked, for
    /// [`clients`](crate::clients) to fill in.
    #[must_use]
    pub fn cause(&self) -> String {
        self.filled(|entry| &entry.cause)
    }

    /// Returns the remedy, in sentences like those of the cause: what to change, to type or to look at.
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
    /// The name in a link.
    pub id: &'static str,
    source: &'static str,
}

impl Chapter {
    /// All chapters, in the order in which they are tried.
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

    /// Returns an example of each error, with its meaning.
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

/// Returns the error of this code, as the book shows it.
#[must_use]
pub fn example(code: &str) -> Option<Example> {
    Chapter::ALL.iter().flat_map(Chapter::examples).find(|example| example.code == code)
}

/// Returns the codes of all errors, in the order in which they are tried.
pub fn codes() -> impl Iterator<Item = &'static str> {
    entries().map(|entry| entry.code.as_str())
}

/// An error as the book shows it.
#[derive(Debug)]
pub struct Example {
    /// The code: `error.no-queue`.
    pub code: &'static str,
    /// The reply code, if the error is a reply.
    pub reply: Option<u16>,
    /// The printed text.
    pub text: &'static str,
    /// The meaning. Calls are marked.
    pub cause: String,
    /// The remedy.
    pub remedy: String,
}

/// A file of the catalogue.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    errors: Vec<Entry>,
}

/// The catalogue's entry for an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    /// The reply codes of a text that comes from a close, or from a returned message. None for a printed line without a reply.
    replies: Option<Vec<u16>>,
    /// The pattern, which may match anywhere in the text.
    #[serde(deserialize_with = "pattern")]
    pattern: Regex,
    /// Examples of the printed text; the book shows the first.
    examples: Vec<String>,
    cause: String,
    remedy: String,
}

impl Entry {
    /// Returns whether it is about replies with this code; without a code, whether it is about printed lines.
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

/// Returns all entries, in the order in which they are tried.
fn entries() -> impl Iterator<Item = &'static Entry> {
    TABLES.iter().flat_map(|(_, entries)| entries)
}

/// Returns the broker's meaning of a close, from its reply code and its text. There is a translation for every code of AMQP
/// 0-9-1 and of RabbitMQ, and none for other numbers.
#[must_use]
pub fn reply(code: u16, text: &str) -> Option<Translation> {
    first(Some(code), start(text))
}

/// Returns the meaning of a line that a program printed about an error: lapin's, in Display and in Debug form, std's, tokio's
/// and Pika's. None if the error is unknown.
#[must_use]
pub fn line(line: &str) -> Option<Translation> {
    let line = start(line);
    if let Some((code, text)) = printed::reply(line) {
        return reply(code, &text);
    }
    first(None, line)
}

/// Returns the translation by the first entry that fits.
fn first(code: Option<u16>, text: &str) -> Option<Translation> {
    entries().filter(|entry| entry.is_of(code)).find_map(|entry| entry.translation(text))
}

/// Returns the part of a line that is searched: errors are at its start, and patterns are slow on a long line.
fn start(line: &str) -> &str {
    const MOST: usize = 4096;
    let end = (0..=MOST.min(line.len())).rev().find(|&end| line.is_char_boundary(end));
    &line[..end.unwrap_or_default()]
}

/// Returns the sentence with the captures in place of each `$name`.
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

/// Returns a captured value as it can stand in a sentence: on one line, not too long, and without control characters for a
/// terminal. An empty value becomes a pair of quotes.
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
