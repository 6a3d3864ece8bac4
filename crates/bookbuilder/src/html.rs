//! HTML as a sequence of pieces: tags and text.

use std::cell::RefCell;

use html5ever::{
    tendril::StrTendril,
    tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind},
};

/// A tag, or the text between two tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// `<a href="…">`.
    Open(Tag),
    /// `</a>`.
    Close(String),
    /// Text, with its entities resolved.
    Text(String),
}

/// An opening tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name, in lower case.
    pub name: String,
    /// Its attributes; those of SVG that have a colon keep it.
    pub attributes: Vec<(String, String)>,
    /// Set for an element without content: `<br>`, `<path />`.
    pub is_empty: bool,
}

impl Tag {
    /// Returns an attribute's value.
    #[must_use]
    pub fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == attribute).map(|(_, value)| value.as_str())
    }
}

/// The elements without an end tag.
const EMPTY: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Returns all pieces of this HTML, each with the line, from 1, on which it ends.
#[must_use]
pub fn pieces(html: &str) -> Vec<(usize, Piece)> {
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(html));
    let tokenizer = Tokenizer::new(Collector::default(), TokenizerOpts::default());
    // The result is never a script to wait for: no scripts are run.
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.pieces.take()
}

#[derive(Default)]
struct Collector {
    pieces: RefCell<Vec<(usize, Piece)>>,
}

impl TokenSink for Collector {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let mut result = TokenSinkResult::Continue;
        let piece = match token {
            Token::CharacterTokens(text) => Piece::Text(text.to_string()),
            Token::TagToken(tag) if tag.kind == TagKind::EndTag => Piece::Close(tag.name.to_string()),
            Token::TagToken(tag) => {
                // The content of these elements is not HTML.
                match &*tag.name {
                    "script" => result = TokenSinkResult::RawData(RawKind::ScriptData),
                    "style" => result = TokenSinkResult::RawData(RawKind::Rawtext),
                    _ => {}
                }
                Piece::Open(Tag {
                    name: tag.name.to_string(),
                    attributes: tag
                        .attrs
                        .iter()
                        .map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()))
                        .collect(),
                    is_empty: tag.self_closing || EMPTY.contains(&&*tag.name),
                })
            }
            _ => return result,
        };
        self.pieces.borrow_mut().push((usize::try_from(line).unwrap_or(usize::MAX), piece));
        result
    }
}
