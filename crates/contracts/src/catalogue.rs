//! The words for faults: `catalogue/*.toml`, one file a theme.
//!
//! An entry has a `message` and a `hint`, in which `{name}` stands for a value of the fault, and `[[publish]]` for a call in the
//! program's own language ([`clients`](crate::clients)); and for [`explain`](Entry) a paragraph (`why`) with a line of code that
//! is wrong and the line that is right. An entry with a `text` is a phrase: a part of other entries.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use crate::{
    clients::Client,
    fault::{Behind, Fault, Param, Params, Phrase},
    verdict::{Mistake, Note},
};

/// What the catalogue has for a code.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Entry {
    /// What is wrong, in a sentence or two: the first is what a good teacher would say.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Of a phrase, the phrase.
    pub text: String,
    /// The explanation, a paragraph.
    pub why: String,
    /// A line of code that has the fault.
    pub wrong: String,
    /// The same line without it.
    pub right: String,
    /// Where to read more, where it is not the step's own page.
    pub read: String,
    /// Why no program of the gallery has this fault; empty where one has.
    pub not_in_gallery: String,
}

/// A file of the catalogue.
#[derive(Debug, Deserialize)]
pub struct Theme {
    /// For people.
    pub title: String,
    /// The entries, by the part of their codes behind the dot.
    #[serde(flatten)]
    pub entries: BTreeMap<String, Entry>,
}

const SOURCES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/themes.rs"));

#[expect(clippy::unwrap_used, reason = "the files are a part of this program, and every test reads them")]
static THEMES: LazyLock<BTreeMap<&str, Theme>> =
    LazyLock::new(|| SOURCES.iter().map(|(name, text)| (*name, toml::from_str(text).unwrap())).collect());

/// All themes, by the part of their codes in front of the dot.
#[must_use]
pub fn themes() -> &'static BTreeMap<&'static str, Theme> {
    &THEMES
}

/// The entry of this code.
#[must_use]
pub fn entry(code: &str) -> Option<&'static Entry> {
    let (theme, name) = code.split_once('.')?;
    THEMES.get(theme)?.entries.get(name)
}

/// A fault in words, with the calls of this client.
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

/// A note in words: about this step of a program that passed.
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

/// The sentence with `…` in the places of its values.
#[must_use]
pub fn without_values(sentence: &str) -> String {
    replaced(sentence, |name| is_name(name).then_some(Cow::Borrowed("…")))
}

/// Whether this is the name of a value, as `build.rs` has it.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
}

/// The sentence with the values in the places of their names.
fn filled(sentence: &str, params: &Params) -> String {
    replaced(sentence, |name| {
        let (_, value) = params.iter().find(|(other, _)| *other == name)?;
        Some(match value {
            Param::Text(text) => Cow::Borrowed(text.as_str()),
            Param::Phrase(phrase) => Cow::Owned(said(phrase)),
        })
    })
}

/// The sentence with these values in the places of their names; braces around anything else are text.
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
