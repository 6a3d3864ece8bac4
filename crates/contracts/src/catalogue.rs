//! The words for faults: `catalogue/*.toml`, one file per theme.
//!
//! An entry has a `message` and a `hint`. In both, `{name}` stands for a value of the fault, and `[[publish]]` for a call in
//! the program's own language ([`clients`](crate::clients)). For [`explain`](Entry), it has a paragraph (`why`), a line of code
//! that is wrong, and the line that is right. An entry with a `text` is a phrase: a part of other entries.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use crate::{
    clients::Client,
    fault::{Behind, Fault, Param, Params, Phrase},
    verdict::{Mistake, Note},
};

/// The catalogue's entry for a code.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Entry {
    /// The fault in one or two sentences: the first is what a good teacher would say.
    pub message: String,
    /// The advice: what to do.
    pub hint: String,
    /// The phrase, if the entry is one.
    pub text: String,
    /// The explanation, a paragraph.
    pub why: String,
    /// A line of code that has the fault.
    pub wrong: String,
    /// The same line without the fault.
    pub right: String,
    /// The page to read, if it is not the step's own page.
    pub read: String,
    /// The reason why no program of the gallery has this fault; empty if one has it.
    pub not_in_gallery: String,
}

/// A file of the catalogue.
#[derive(Debug, Deserialize)]
pub struct Theme {
    /// The title, for people.
    pub title: String,
    /// The entries, by the part of their codes after the dot.
    #[serde(flatten)]
    pub entries: BTreeMap<String, Entry>,
}

const SOURCES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/themes.rs"));

#[expect(clippy::unwrap_used, reason = "the files are a part of this program, and every test reads them")]
static THEMES: LazyLock<BTreeMap<&str, Theme>> =
    LazyLock::new(|| SOURCES.iter().map(|(name, text)| (*name, toml::from_str(text).unwrap())).collect());

/// Returns all themes, by the part of their codes before the dot.
#[must_use]
pub fn themes() -> &'static BTreeMap<&'static str, Theme> {
    &THEMES
}

/// Returns the entry of this code.
#[must_use]
pub fn entry(code: &str) -> Option<&'static Entry> {
    let (theme, name) = code.split_once('.')?;
    THEMES.get(theme)?.entries.get(name)
}

/// Returns a fault in words, with the calls of this client.
#[must_use]
pub fn words(fault: Fault, client: Client) -> Mistake {
    let (evidence, events) = (fault.lines(), fault.events());
    let (mut message, mut hint) = entry(fault.code).map_or_else(Default::default, |entry| {
        (filled(&entry.message, &fault.params), filled(&entry.hint, &fault.params))
    });
    if let Some(cause) = fault.cause {
        message = [message, cause.cause()].join(" ").trim().to_owned();
        hint = cause.remedy();
    }
    for (behind, phrase) in &fault.more {
        let text = match behind {
            Behind::Message => &mut message,
            Behind::Hint => &mut hint,
        };
        *text = joined(std::mem::take(text), phrase);
    }
    Mistake {
        code: fault.code,
        message: client.say(&message),
        evidence,
        events,
        hint: client.say(&hint),
        run: fault.run,
    }
}

/// Returns a note in words, on this step of a program that passed.
#[must_use]
pub fn note(step: &str, fault: Fault, client: Client) -> Note {
    let code = fault.code;
    let read = entry(code).map(|entry| entry.read.clone()).unwrap_or_default();
    Note { step: step.to_owned(), code, message: words(fault, client).message, read }
}

fn joined(mut text: String, phrase: &Phrase) -> String {
    if !text.is_empty() {
        text.push(' ');
    }
    text + &said(phrase)
}

fn said(phrase: &Phrase) -> String {
    entry(phrase.code).map(|entry| filled(&entry.text, &phrase.params)).unwrap_or_default()
}

/// Returns the sentence with `…` in place of its values.
#[must_use]
pub fn without_values(sentence: &str) -> String {
    replaced(sentence, |name| is_name(name).then_some(Cow::Borrowed("…")))
}

/// Returns whether this is the name of a value, by the same rule as in `build.rs`.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
}

/// Returns the sentence with the values in place of their names.
fn filled(sentence: &str, params: &Params) -> String {
    replaced(sentence, |name| {
        let (_, value) = params.iter().find(|(other, _)| *other == name)?;
        Some(match value {
            Param::Text(text) => Cow::Borrowed(text.as_str()),
            Param::Phrase(phrase) => Cow::Owned(said(phrase)),
        })
    })
}

/// Returns the sentence with these values in place of their names; braces around anything else are plain text.
fn replaced<'a>(sentence: &str, value: impl Fn(&str) -> Option<Cow<'a, str>>) -> String {
    let mut parts = sentence.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let value = part.split_once('}').and_then(|(name, rest)| Some((value(name)?, rest)));
        match value {
            Some((value, rest)) => text.extend([value.as_ref(), rest]),
            None => text.extend(["{", part]),
        }
    }
    text
}
