//! Markdown that shows text from students without obeying it.

use super::plain::{flow, plain, plain_lines};

/// Splits a line at pairs of backticks: true means code. A backtick without a partner is text.
pub fn parts(line: &str) -> Vec<(bool, String)> {
    let (mut parts, mut rest) = (Vec::new(), line);
    while let Some((before, code, after)) = rest.split_once('`').and_then(|(before, open)| {
        let (code, after) = open.split_once('`')?;
        Some((before, code, after))
    }) {
        if code.is_empty() {
            // Two backticks in a row are no code.
            parts.push((false, format!("{before}``")));
        } else {
            parts.extend([(false, before.to_owned()), (true, code.to_owned())]);
        }
        rest = after;
    }
    parts.push((false, rest.to_owned()));
    parts.retain(|(_, text)| !text.is_empty());
    parts
}

/// Returns a sentence for a paragraph: what is between backticks becomes code, and everything else is text.
pub fn sentence(sentence: &str) -> String {
    parts(&flow(sentence)).iter().map(|(code, part)| if *code { span(part) } else { escape(part) }).collect()
}

/// Returns a text for a paragraph or a heading.
pub fn text(text: &str) -> String {
    escape(&plain(text.trim()))
}

/// Returns a sentence for a cell of a table, where `|` splits cells even in code.
pub fn cell(sentence: &str) -> String {
    let parts = parts(&flow(sentence));
    parts
        .iter()
        .map(|(code, part)| match code {
            true => format!("<code>{}</code>", entities(part)),
            false => entities(part),
        })
        .collect()
}

/// Returns code in a paragraph, with a delimiter that is longer than each run of backticks in it.
pub fn span(code: &str) -> String {
    let fence = "`".repeat(longest_run(code) + 1);
    let space = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{code}{space}{fence}")
}

/// Returns lines as a fenced block. The fence is longer than each run of backticks in them.
pub fn block(lines: &str) -> String {
    let lines = plain_lines(lines.trim_end_matches(['\n', '\r']));
    let fence = "`".repeat((longest_run(&lines) + 1).max(3));
    format!("{fence}text\n{lines}\n{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|char| char != '`').map(str::len).max().unwrap_or_default()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '$' | '!' => escaped.extend(['\\', char]),
            char => escaped.push(char),
        }
    }
    escaped
}

fn entities(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if "\\`*_[]#|~$!<>&@\"'".contains(char) {
            escaped.push_str(&format!("&#{};", u32::from(char)));
        } else {
            escaped.push(char);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_longer_than_what_they_hold() {
        assert_eq!(block("a\n````\nb\n"), "`````text\na\n````\nb\n`````\n");
        assert_eq!(span("a``b`"), "``` a``b` ```");
    }

    #[test]
    fn text_is_no_markup() {
        assert_eq!(sentence("Use `a*b` <b>*x*</b> `"), "Use `a*b` &lt;b&gt;\\*x\\*&lt;/b&gt; \\`");
        assert_eq!(cell("a|b `c|d`"), "a&#124;b <code>c&#124;d</code>");
        assert_eq!(parts("``a`b`"), [(false, "``".to_owned()), (false, "a".to_owned()), (true, "b".to_owned())]);
    }
}
