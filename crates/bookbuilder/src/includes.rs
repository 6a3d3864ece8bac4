//! `{{#include …}}` and related directives, as mdBook's preprocessor `links` reads them.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use regex::Regex;

/// A directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// The word after the `#`: `include`.
    pub word: String,
    /// The included text; None for a directive that includes nothing, such as `title`.
    pub taken: Option<Taken>,
}

/// An included text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The file, relative to the one that includes it.
    pub path: PathBuf,
    /// The included part of the file.
    pub part: Part,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The whole file.
    Whole,
    /// The lines from the first to the second, from 1; without the second, to the end.
    Lines(usize, Option<usize>),
    /// The lines between `ANCHOR: name` and `ANCHOR_END: name`.
    Anchor(String),
}

#[expect(clippy::unwrap_used, reason = "the pattern is a constant, and every test compiles it")]
static DIRECTIVE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\\\{\{#.*\}\}|\{\{\s*#([a-zA-Z0-9_]+)(?:\s+([^}]+))?\}\}").unwrap());

#[expect(clippy::unwrap_used, reason = "the pattern is a constant, and every test compiles it")]
static MARK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(ANCHOR|ANCHOR_END):\s*([\w_-]+)").unwrap());

/// Returns all directives of a text. A directive that is escaped with a backslash is text.
#[must_use]
pub fn directives(text: &str) -> Vec<Directive> {
    let directive = |found: regex::Captures<'_>| {
        let (whole, word) = (found.get(0)?, found.get(1)?.as_str());
        let first = found.get(2).and_then(|rest| rest.as_str().split_whitespace().next());
        let takes = matches!(word, "include" | "rustdoc_include" | "playground" | "playpen");
        Some(Directive {
            line: text[..whole.start()].matches('\n').count() + 1,
            word: word.to_owned(),
            taken: first.filter(|_| takes).map(taken),
        })
    };
    DIRECTIVE.captures_iter(text).filter_map(directive).collect()
}

/// Returns whether this line contains only a directive.
#[must_use]
pub fn is_directive(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("{{") && DIRECTIVE.find(line).is_some_and(|found| found.as_str().len() == line.len())
}

/// Returns the text without its directives.
#[must_use]
pub fn without(text: &str) -> String {
    DIRECTIVE.replace_all(text, "").into_owned()
}

/// Returns the path of the included file; `page` is the file that includes it.
#[must_use]
pub fn file(page: &Path, taken: &Taken) -> PathBuf {
    page.parent().unwrap_or(Path::new("")).join(&taken.path)
}

/// Returns the anchors that begin in a text, and those that end in it.
#[must_use]
pub fn anchors(text: &str) -> (Vec<String>, Vec<String>) {
    let names = |kind: &str| {
        let found = text.lines().filter_map(|line| MARK.captures(line));
        found.filter(|found| &found[1] == kind).map(|found| found[2].to_owned()).collect()
    };
    (names("ANCHOR"), names("ANCHOR_END"))
}

/// Reads `path`, `path:anchor`, `path:from:to`, `path:from:`, `path::to`, `path:line`.
fn taken(text: &str) -> Taken {
    let (path, rest) = text.split_once(':').unwrap_or((text, ""));
    let mut parts = rest.splitn(3, ':');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let part = match (first.parse::<usize>(), second.map(str::parse::<usize>)) {
        (Ok(from), Some(Ok(to))) => Part::Lines(from, Some(to)),
        (Ok(from), Some(Err(_))) => Part::Lines(from, None),
        (Ok(line), None) => Part::Lines(line, Some(line)),
        (Err(_), Some(Ok(to))) if first.is_empty() => Part::Lines(1, Some(to)),
        (Err(_), _) if first.is_empty() => Part::Whole,
        (Err(_), _) => Part::Anchor(first.to_owned()),
    };
    Taken { path: path.into(), part }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_mdbook_reads_them() {
        for (text, part) in [
            ("a.rs", Part::Whole),
            ("a.rs:", Part::Whole),
            ("a.rs:declare", Part::Anchor("declare".into())),
            ("a.rs:2:5", Part::Lines(2, Some(5))),
            ("a.rs:2:", Part::Lines(2, None)),
            ("a.rs::5", Part::Lines(1, Some(5))),
            ("a.rs:2", Part::Lines(2, Some(2))),
        ] {
            assert_eq!(taken(text), Taken { path: "a.rs".into(), part }, "{text}");
        }
    }

    #[test]
    fn what_is_escaped_is_text() {
        assert_eq!(directives(r"\{{#include a.rs}} and \{{#nonsense x}}"), []);
        assert_eq!(directives("one\n{{ #include a.rs }}")[0].line, 2);
        assert!(is_directive("  {{#include a.rs:x}}") && !is_directive("// {{#include a.rs:x}}"));
    }
}
