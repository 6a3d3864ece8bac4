//! A term is explained once, where it is first needed, and the glossary has all of them.

use std::collections::HashMap;

use crate::{
    book::{Book, Page, display_path},
    markdown::{events, line},
    problem::{Problem, ProblemKind},
};
use mdbook_markdown::pulldown_cmark::{Event, Tag, TagEnd};

use super::prose::{Passage, passages};

/// The pages for looking things up, in any order: they explain no terms, and may use all of them.
const LOOKED_UP: [&str; 4] = ["contribute", "glossary", "reference", "teach"];

pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    let glossary = book.pages.iter().find(|page| page.path.ends_with("glossary.md"));
    let terms = glossary.map(terms).unwrap_or_default();
    if let Some(glossary) = glossary {
        for (index, (line, term)) in terms.iter().enumerate() {
            if terms[..index].iter().any(|(_, other)| other == term) {
                let kind = ProblemKind::TwiceInGlossary { term: term.clone() };
                problems.push(Problem::in_page(&glossary.path, *line, kind));
            }
        }
    }
    let chapters: Vec<(&Page, Vec<Passage>)> = book
        .pages
        .iter()
        .filter(|page| !LOOKED_UP.contains(&page.part().as_str()))
        .map(|page| (page, passages(&page.text)))
        .collect();
    let homes = homes(&chapters);
    let mut explained: HashMap<&str, String> = HashMap::new();
    for (page, passages) in &chapters {
        for passage in passages {
            let words = Words { terms: &terms, passage };
            for mention in words.mentions() {
                let line = passage.line(mention.start);
                match mention.kind {
                    Mentioned::Explained(term) if !terms.iter().any(|(_, known)| *known == term) => {
                        problems.push(Problem::in_page(&page.path, line, ProblemKind::NotInGlossary { term }));
                    }
                    Mentioned::Explained(term) => {
                        let known = terms.iter().find(|(_, known)| *known == term).map_or("", |(_, known)| known);
                        if let Some(first) = explained.get(known) {
                            let kind = ProblemKind::ExplainedTwice { term, first: first.clone() };
                            problems.push(Problem::in_page(&page.path, line, kind));
                        } else {
                            explained.insert(known, display_path(&page.path).to_string_lossy().replace('\\', "/"));
                        }
                    }
                    Mentioned::Used(term) if !explained.contains_key(term) => {
                        // A term without an explanation is reported once, at the glossary.
                        if let Some(home) = homes.get(term) {
                            let kind = ProblemKind::TooEarly { term: term.to_owned(), page: home.clone() };
                            problems.push(Problem::in_page(&page.path, line, kind));
                        }
                    }
                    Mentioned::Used(_) => {}
                }
            }
        }
    }
    if let Some(glossary) = glossary {
        for (line, term) in terms.iter().filter(|(_, term)| !explained.contains_key(term.as_str())) {
            problems.push(Problem::in_page(&glossary.path, *line, ProblemKind::NotExplained { term: term.clone() }));
        }
    }
    problems
}

/// Returns the terms of the glossary, in lower case, each with its line.
fn terms(glossary: &Page) -> Vec<(usize, String)> {
    let (mut terms, mut open) = (Vec::new(), None);
    for (event, range) in events(&glossary.text) {
        match event {
            Event::Start(Tag::DefinitionListTitle) => open = Some((line(&glossary.text, range.start), String::new())),
            Event::End(TagEnd::DefinitionListTitle) => terms.extend(open.take()),
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, term)) = &mut open {
                    term.push_str(&text);
                }
            }
            _ => {}
        }
    }
    terms.into_iter().map(|(line, term)| (line, term.trim().to_lowercase())).collect()
}

/// Returns the page that explains each term.
fn homes(chapters: &[(&Page, Vec<Passage>)]) -> HashMap<String, String> {
    let mut homes = HashMap::new();
    for (page, passages) in chapters {
        for explained in passages.iter().flat_map(|passage| &passage.explained) {
            let page = display_path(&page.path).to_string_lossy().replace('\\', "/");
            homes.entry(explained.1.to_lowercase()).or_insert(page);
        }
    }
    homes
}

/// A term in a passage.
struct Mention<'a> {
    start: usize,
    kind: Mentioned<'a>,
}

enum Mentioned<'a> {
    /// A term in a `<dfn>`: its text, in lower case.
    Explained(String),
    /// A term in other text.
    Used(&'a str),
}

struct Words<'a> {
    terms: &'a [(usize, String)],
    passage: &'a Passage,
}

impl<'a> Words<'a> {
    /// Returns all mentions, in their order.
    fn mentions(&self) -> Vec<Mention<'a>> {
        // All bytes keep their places: a letter whose lower case has another length is unchanged.
        let text: String = self
            .passage
            .text
            .chars()
            .map(|letter| {
                let mut lower = letter.to_lowercase();
                match (lower.next(), lower.next()) {
                    (Some(lower), None) if lower.len_utf8() == letter.len_utf8() => lower,
                    _ => letter,
                }
            })
            .collect();
        let mut mentions = Vec::new();
        let mut at = 0;
        while at < text.len() {
            if let Some((range, dfn)) = self.passage.explained.iter().find(|(range, _)| range.start == at) {
                mentions.push(Mention { start: at, kind: Mentioned::Explained(dfn.trim().to_lowercase()) });
                at = range.end.max(at + 1);
            } else if let Some((term, end)) = self.term_at(&text, at) {
                mentions.push(Mention { start: at, kind: Mentioned::Used(term) });
                at = end;
            } else {
                at += 1;
            }
            while !text.is_char_boundary(at) {
                at += 1;
            }
        }
        mentions
    }

    /// Returns the longest term that begins here and consists of whole words, and the place of its end.
    fn term_at(&self, text: &str, at: usize) -> Option<(&'a str, usize)> {
        if text[..at].chars().next_back().is_some_and(is_of_a_word) {
            return None;
        }
        let rest = &text[at..];
        let end = |term: &str| {
            let after = rest.strip_prefix(term)?;
            // The plural counts, too.
            let after = after.strip_prefix('s').filter(|after| ends(after)).unwrap_or(after);
            ends(after).then(|| text.len() - after.len())
        };
        let found = self.terms.iter().filter_map(|(_, term)| Some((term.as_str(), end(term)?)));
        found.max_by_key(|(_, end)| *end)
    }
}

fn ends(text: &str) -> bool {
    !text.chars().next().is_some_and(is_of_a_word)
}

/// Returns whether a letter belongs to a word. A hyphen does: `dead-letter` is one word, and not a use of `letter`.
fn is_of_a_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '-' || letter == '_'
}
