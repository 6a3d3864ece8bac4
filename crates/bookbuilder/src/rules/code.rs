//! No Rust is typed into the book: all of it comes from files that are compiled and tested.

use crate::{
    book::{Book, Page},
    includes::is_directive,
    markdown::{Block, blocks, events, line},
    problem::{Problem, ProblemKind},
};
use mdbook_markdown::pulldown_cmark::Event;

/// The languages that are never typed, only included.
const INCLUDED: [&str; 2] = ["rust", "diff"];

/// The other languages.
const TYPED: [&str; 11] =
    ["console", "css", "dockerfile", "html", "ini", "json", "python", "sh", "text", "toml", "yaml"];

pub fn check(book: &Book) -> Vec<Problem> {
    book.pages.iter().flat_map(of_page).collect()
}

fn of_page(page: &Page) -> Vec<Problem> {
    let mut problems: Vec<(usize, ProblemKind)> = blocks(&page.text).iter().flat_map(of_block).collect();
    for (event, range) in events(&page.text) {
        if let Event::Html(html) | Event::InlineHtml(html) = event
            && html.to_ascii_lowercase().contains("<pre")
        {
            problems.push((line(&page.text, range.start), ProblemKind::NoFence));
        }
    }
    problems.sort_by_key(|(line, _)| *line);
    problems.into_iter().map(|(line, kind)| Problem::in_page(&page.path, line, kind)).collect()
}

fn of_block(block: &Block) -> Vec<(usize, ProblemKind)> {
    let Some(language) = &block.language else { return vec![(block.line, ProblemKind::NoFence)] };
    let typed = block.lines.iter().filter(|(_, text)| !text.trim().is_empty() && !is_directive(text));
    match language.as_str() {
        "" => vec![(block.line, ProblemKind::NoLanguage)],
        language if INCLUDED.contains(&language) => {
            typed.take(1).map(|(line, text)| (*line, ProblemKind::TypedRust { text: text.trim().to_owned() })).collect()
        }
        "text" => typed
            .filter(|(_, text)| looks_like_rust(text))
            .take(1)
            .map(|(line, text)| (*line, ProblemKind::RustAsText { text: text.trim().to_owned() }))
            .collect(),
        language if TYPED.contains(&language) => Vec::new(),
        language => vec![(block.line, ProblemKind::UnknownLanguage { language: language.to_owned() })],
    }
}

fn looks_like_rust(text: &str) -> bool {
    let text = text.trim();
    let starts = ["let ", "use ", "fn ", "pub fn ", "async fn ", "pub async fn ", "#[", "impl ", "//! ", "/// "];
    text.ends_with(';') || text.contains(".await") || starts.iter().any(|start| text.starts_with(start))
}
