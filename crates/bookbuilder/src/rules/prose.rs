//! The prose of a page: its running text, without code, headings, link texts and drawings.

use std::ops::Range;

use mdbook_markdown::pulldown_cmark::{Event, Tag, TagEnd};

use crate::{
    html::{Piece, pieces},
    includes::without,
    markdown::{events, line},
};

/// The mark for an omission, so that the words around it don't become one.
const GAP: char = '\u{fffc}';

/// The elements whose text is not prose.
const NO_PROSE: [&str; 13] = ["a", "code", "h1", "h2", "h3", "h4", "h5", "h6", "kbd", "pre", "script", "style", "svg"];

/// A paragraph, or its equivalent: an item, a cell, a caption.
#[derive(Clone, Debug, Default)]
pub struct Passage {
    /// Its text, on one line.
    pub text: String,
    /// The texts in `<dfn>`, with their places in `text`.
    pub explained: Vec<(Range<usize>, String)>,
    /// The places in `text` at which a line of the source begins, each with the number of the line.
    lines: Vec<(usize, usize)>,
}

impl Passage {
    /// Returns the line of this byte in the source, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.lines.iter().rev().find(|(from, _)| *from <= at).map_or(1, |(_, line)| *line)
    }

    fn push(&mut self, text: &str, line: usize) {
        self.lines.push((self.text.len(), line));
        self.text.push_str(text);
    }
}

/// Returns all passages of a page, in their order.
pub fn passages(text: &str) -> Vec<Passage> {
    let mut walk = Walk::default();
    for (event, range) in events(text) {
        let line = line(text, range.start);
        match event {
            Event::Start(Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::Link { .. } | Tag::Image { .. }) => {
                walk.passage.push(&GAP.to_string(), line);
                walk.silent += 1;
            }
            Event::End(TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Link | TagEnd::Image) => walk.silent -= 1,
            Event::Text(text) => walk.text(&without(&text), line),
            Event::SoftBreak | Event::HardBreak => walk.text(" ", line),
            Event::Code(_) => walk.text(&GAP.to_string(), line),
            Event::Html(html) | Event::InlineHtml(html) => walk.html(&without(&html), line),
            Event::End(
                TagEnd::Paragraph
                | TagEnd::Item
                | TagEnd::TableCell
                | TagEnd::HtmlBlock
                | TagEnd::DefinitionListTitle
                | TagEnd::DefinitionListDefinition,
            ) => walk.end(),
            // An item with a nested list ends at that list.
            Event::Start(Tag::List(_)) => walk.end(),
            _ => {}
        }
    }
    walk.end();
    walk.passages
}

#[derive(Default)]
struct Walk {
    passages: Vec<Passage>,
    passage: Passage,
    /// The number of open Markdown elements whose text is not prose.
    silent: usize,
    /// The names of the open HTML elements whose text is not prose.
    silent_html: Vec<String>,
    /// The place at which the open `<dfn>` begins.
    explaining: Option<usize>,
}

impl Walk {
    fn text(&mut self, text: &str, line: usize) {
        if self.silent == 0 && self.silent_html.is_empty() {
            self.passage.push(text, line);
        }
    }

    fn html(&mut self, html: &str, first: usize) {
        for (line, piece) in pieces(html) {
            let line = first + line.saturating_sub(1);
            match piece {
                Piece::Open(tag) if NO_PROSE.contains(&tag.name.as_str()) && !tag.is_empty => {
                    self.text(&GAP.to_string(), line);
                    self.silent_html.push(tag.name);
                }
                Piece::Close(name) if self.silent_html.contains(&name) => {
                    while self.silent_html.pop().is_some_and(|open| open != name) {}
                }
                Piece::Open(tag) if tag.name == "dfn" => self.explaining = Some(self.passage.text.len()),
                Piece::Close(name) if name == "dfn" => {
                    if let Some(start) = self.explaining.take() {
                        let range = start..self.passage.text.len();
                        let words = self.passage.text[range.clone()].to_owned();
                        self.passage.explained.push((range, words));
                    }
                }
                Piece::Text(text) => {
                    for (index, text) in text.split('\n').enumerate() {
                        let gap = if index == 0 { "" } else { " " };
                        self.text(&format!("{gap}{text}"), line);
                    }
                }
                Piece::Open(_) | Piece::Close(_) => {}
            }
        }
    }

    fn end(&mut self) {
        let passage = std::mem::take(&mut self.passage);
        self.explaining = None;
        if !passage.text.trim().is_empty() {
            self.passages.push(passage);
        }
    }
}
