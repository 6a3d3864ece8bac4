//! A Rust program without its comments.

/// A line of a program, and its number there, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub number: usize,
    pub text: String,
}

/// The kind of text at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Code,
    Line,
    /// A block comment, and the number of comments that it is nested in.
    Block(usize),
    Text,
    /// A raw string, and the number of `#` that end it.
    Raw(usize),
}

/// Returns the lines of a program without its comments. Lines that held only a comment are left out, and of several empty lines
/// one is left.
pub(super) fn without(program: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut inside = Inside::Code;
    for (index, line) in program.lines().enumerate() {
        let (text, after) = code(line, inside);
        inside = if after == Inside::Line { Inside::Code } else { after };
        let was_comment = text.trim().is_empty() && !line.trim().is_empty();
        let is_second_blank = text.trim().is_empty() && lines.last().is_none_or(|last| last.text.trim().is_empty());
        if !was_comment && !is_second_blank {
            lines.push(Line { number: index + 1, text });
        }
    }
    lines
}

/// Returns a line without comments, and the kind of text at its end.
fn code(line: &str, mut inside: Inside) -> (String, Inside) {
    let (mut code, mut rest, mut cut) = (String::new(), line, inside != Inside::Code && !is_text(inside));
    while let Some(first) = rest.chars().next() {
        let mut taken = first.len_utf8();
        match inside {
            Inside::Code if rest.starts_with("//") => inside = Inside::Line,
            Inside::Code if rest.starts_with("/*") => (inside, taken) = (Inside::Block(1), 2),
            Inside::Code if first == '"' => inside = Inside::Text,
            Inside::Code if first == '\'' => taken = character(rest),
            Inside::Code if first == 'r' && !code.ends_with(is_name) => {
                if let Some(hashes) = raw(rest) {
                    (inside, taken) = (Inside::Raw(hashes), 2 + hashes);
                }
            }
            // `br"…"` and `cr"…"`: their first letter does not continue a name.
            Inside::Code if matches!(first, 'b' | 'c') && !code.ends_with(is_name) => {
                if let Some(hashes) = raw(&rest[1..]) {
                    (inside, taken) = (Inside::Raw(hashes), 3 + hashes);
                }
            }
            Inside::Block(depth) if rest.starts_with("/*") => (inside, taken) = (Inside::Block(depth + 1), 2),
            Inside::Block(1) if rest.starts_with("*/") => {
                (inside, rest) = (Inside::Code, &rest[2..]);
                continue;
            }
            Inside::Block(depth) if rest.starts_with("*/") => (inside, taken) = (Inside::Block(depth - 1), 2),
            Inside::Text if first == '\\' => taken += rest[1..].chars().next().map_or(0, char::len_utf8),
            Inside::Text if first == '"' => inside = Inside::Code,
            Inside::Raw(hashes) if rest.starts_with(&format!("\"{}", "#".repeat(hashes))) => {
                (inside, taken) = (Inside::Code, 1 + hashes);
            }
            _ => {}
        }
        if matches!(inside, Inside::Line | Inside::Block(_)) {
            cut = true;
        } else {
            code.push_str(&rest[..taken]);
        }
        rest = &rest[taken..];
    }
    // A blank that stood before a comment is meaningless.
    let end = if cut && !is_text(inside) { code.trim_end().len() } else { code.len() };
    code.truncate(end);
    (code, inside)
}

fn is_text(inside: Inside) -> bool {
    matches!(inside, Inside::Text | Inside::Raw(_))
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Returns the number of `#` of a raw string that begins here, or None.
fn raw(rest: &str) -> Option<usize> {
    let behind = rest.strip_prefix('r')?;
    let hashes = behind.len() - behind.trim_start_matches('#').len();
    behind[hashes..].starts_with('"').then_some(hashes)
}

/// Returns the length of a character literal that begins here, in bytes; of a lifetime, only that of its mark.
fn character(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => {
            // The escaped character may be the quote itself.
            letters.next();
            letters.find(|(_, letter)| *letter == '\'').map_or(1, |(at, _)| at + 1)
        }
        Some(_) => letters.next().filter(|(_, letter)| *letter == '\'').map_or(1, |(at, _)| at + 1),
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(program: &str, expected: &[(usize, &str)]) {
        let expected: Vec<Line> =
            expected.iter().map(|(number, text)| Line { number: *number, text: (*text).to_owned() }).collect();
        assert_eq!(without(program), expected, "{program}");
    }

    #[test]
    fn comments_go_and_lines_keep_their_numbers() {
        check(
            "//! A doc.\n\nuse a; // why\n\n// A step.\n\nfn main() {\n    /* one /* inner */ */ b();\n    /// c\n    d() /*\n  e */;\n}\n",
            &[(3, "use a;"), (4, ""), (7, "fn main() {"), (8, "     b();"), (10, "    d()"), (11, ";"), (12, "}")],
        );
    }

    #[test]
    fn what_looks_like_a_comment_in_a_text_is_none() {
        for line in [
            r#"let url = "amqp://localhost"; let quote = '"';"#,
            r#"let a = "\"// not"; f('\'', "/* not */");"#,
            r##"let b = r#"// "not""#; let c = br"// not";"##,
            r#"fn long<'a>(text: &'a str) -> &'a str { "//" }"#,
            r#"let bar = "//"; let four = "/*";"#,
        ] {
            check(line, &[(1, line)]);
        }
        check("let a = \"one\n  // two\n\"; // three\n", &[(1, "let a = \"one"), (2, "  // two"), (3, "\";")]);
    }
}
