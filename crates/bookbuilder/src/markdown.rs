//! The Markdown of a source, read as mdBook reads it.

use std::ops::Range;

use mdbook_markdown::{
    MarkdownOptions, new_cmark_parser,
    pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd},
};

/// Returns the events of a text, each with its range of bytes.
pub fn events(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    let mut options = MarkdownOptions::default();
    // The same setting as in book.toml.
    options.smart_punctuation = false;
    new_cmark_parser(text, &options).into_offset_iter()
}

/// Returns the line of this byte, from 1.
#[must_use]
pub fn line(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// A block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The line of its fence, from 1; without a fence, its first line.
    pub line: usize,
    /// The word after the fence, up to a comma or a blank; None for an indented block.
    pub language: Option<String>,
    /// Its lines, each with its number.
    pub lines: Vec<(usize, String)>,
}

/// Returns all blocks of code.
#[must_use]
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(Block, String)> = None;
    for (event, range) in events(text) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match &kind {
                    CodeBlockKind::Indented => None,
                    CodeBlockKind::Fenced(info) => {
                        Some(info.split([',', ' ', '\t', '{']).next().unwrap_or_default().to_owned())
                    }
                };
                open = Some((Block { line: line(text, range.start), language, lines: Vec::new() }, String::new()));
            }
            Event::Text(part) => {
                if let Some((_, code)) = &mut open {
                    code.push_str(&part);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((mut block, code)) = open.take() {
                    let first = block.line + usize::from(block.language.is_some());
                    block.lines = (first..).zip(code.lines().map(str::to_owned)).collect();
                    blocks.push(block);
                }
            }
            _ => {}
        }
    }
    blocks
}

/// Returns the headings' explicit ids (`## Declare {#declare}`), each with its line.
#[must_use]
pub fn heading_ids(text: &str) -> Vec<(usize, String)> {
    events(text)
        .filter_map(|(event, range)| match event {
            Event::Start(Tag::Heading { id: Some(id), .. }) => Some((line(text, range.start), id.to_string())),
            _ => None,
        })
        .collect()
}
