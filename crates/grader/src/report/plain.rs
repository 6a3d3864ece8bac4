//! Text from students, made harmless: one function for a line, and one for several lines.

use std::fmt::Write as _;

/// Returns the text as one line without control characters, and without commands of CI systems.
///
/// Controls (with C1, such as U+009B), bidirectional controls, invisible marks and line breaks become visible escapes: `\u{9b}`,
/// `\n`. A `##[`, a `::` at the beginning, and GitLab's `[[ATTACHMENT|` get a space, so that no system obeys them.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' => plain.push_str("\\n"),
            '\r' => plain.push_str("\\r"),
            '\t' => plain.push_str("\\t"),
            char => push(&mut plain, char),
        }
    }
    defuse(&plain)
}

/// Returns sentences as one line, as from [`plain`]. Line breaks become spaces, because sentences flow.
pub fn flow(text: &str) -> String {
    plain(&text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Returns the text with its line breaks and tabs; each line is otherwise as from [`plain`].
pub fn plain_lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let lines = text.split('\n').map(|line| {
        let fields = line.split('\t').map(plain).collect::<Vec<_>>();
        // Runners ignore white space before a command, so the line is defused as a whole, too.
        defuse(&fields.join("\t"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns true for characters that change how a text is shown without being seen, or that XML does not allow.
pub fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || u32::from(char) & 0xfffe == 0xfffe
}

fn push(plain: &mut String, char: char) {
    if is_unsafe(char) {
        // Writing to a String does not fail.
        let _ = write!(plain, "{}", char.escape_unicode());
    } else {
        plain.push(char);
    }
}

fn defuse(line: &str) -> String {
    let mut line = line.replace("##[", "## [");
    let begin = line.len() - line.trim_start().len();
    if line[begin..].starts_with("::") {
        line.insert(begin + 1, ' ');
    }
    const ATTACHMENT: &str = "[[attachment";
    let mut from = 0;
    while let Some(at) = line[from..].to_ascii_lowercase().find(ATTACHMENT) {
        line.insert(from + at + 1, ' ');
        from += at + ATTACHMENT.len();
    }
    line
}

/// Returns the text, cut to this many characters, with an ellipsis if something is left out.
pub fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_become_visible() {
        assert_eq!(
            plain("a\u{9b}31mb\u{1b}[0m\u{202e}c\r\nd\te\0"),
            "a\\u{9b}31mb\\u{1b}[0m\\u{202e}c\\r\\nd\\te\\u{0}"
        );
        assert_eq!(plain("Zoë 李 👩‍💻"), "Zoë 李 👩‍💻");
        assert_eq!(plain_lines("a\r\nb\tc\rd"), "a\nb\tc\\rd");
        assert_eq!(flow(" a.\r\n\n  b.\n"), "a. b.");
        assert_eq!(flow("\n::error::x\n##\n["), ": :error::x ## [");
    }

    #[test]
    fn commands_are_no_commands() {
        assert_eq!(plain("::error::x"), ": :error::x");
        assert_eq!(plain("\u{3000}::error::x"), "\u{3000}: :error::x");
        assert_eq!(plain("lapin::Error"), "lapin::Error");
        assert_eq!(plain("a ##[error]b ###[x"), "a ## [error]b ### [x");
        assert_eq!(plain("[[ATTACHMENT|/etc/passwd]] [[Attachment|"), "[ [ATTACHMENT|/etc/passwd]] [ [Attachment|");
        assert_eq!(plain("[[[[attachment|a]]"), "[[[ [attachment|a]]");
        assert_eq!(plain_lines("a\n\t::error::b\n  ##[c]"), "a\n\t: :error::b\n  ## [c]");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüx", 3), "äö…");
    }
}
