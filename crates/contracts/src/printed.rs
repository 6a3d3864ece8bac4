//! The output of a program, compared with the expected output.

use std::fmt::Write;

/// The starts of the lines that lessons require, without the blank in front.
const LESSONS: [&str; 9] = [
    "[x] Sent",
    "[x] Received",
    "[x] Done",
    "[*] Waiting for messages",
    "[*] Waiting for logs",
    "[x] Awaiting RPC requests",
    "[.] fib(",
    "[x] Requesting",
    "[.] Got",
];

/// The marks at the start of these lines.
const MARKS: [&str; 3] = ["[x] ", "[*] ", "[.] "];

/// Returns whether a line is one that a lesson requires, or is meant to be one.
#[must_use]
pub fn is_of_a_lesson(line: &str) -> bool {
    LESSONS.iter().any(|start| line.contains(start))
}

/// Returns the lesson's line in this one, with its leading blank, if a logger or a progress bar put other text in front of it.
#[must_use]
pub fn behind_other_text(line: &str) -> Option<String> {
    let at = MARKS.iter().filter_map(|mark| line.rfind(mark)).max()?;
    let is_alone = line[..at].trim().is_empty();
    (!is_alone).then(|| format!(" {}", &line[at..]))
}

/// Returns whether the text in front of the lesson's line ends with a carriage return, as a progress bar's does.
#[must_use]
pub fn is_overwritten(line: &str) -> bool {
    let mark = MARKS.iter().filter_map(|mark| line.rfind(mark)).max();
    mark.is_some_and(|at| line[..at].trim_end_matches(' ').ends_with('\r'))
}

/// Returns whether a line is `prefix` and then this body. Quotes around the body may be `'x'`, `"x"`, `b'x'` or absent, and
/// non-ASCII characters in a quoted body may be escaped, depending on the language.
#[must_use]
pub fn says(line: &str, prefix: &str, body: &str) -> bool {
    let Some(rest) = line.strip_prefix(prefix) else { return false };
    let Some(rest) = rest.strip_prefix(' ').or(rest.is_empty().then_some("")) else { return false };
    if rest.trim_end() == body.trim_end() {
        return true;
    }
    let rest = rest.trim_end();
    let quoted = rest.strip_prefix(['b', 'u']).unwrap_or(rest);
    ['\'', '"'].iter().any(|quote| {
        let inner = quoted.strip_prefix(*quote).and_then(|inner| inner.strip_suffix(*quote));
        let reads_as = |inner, reading| unescape(inner, reading).is_some_and(|bytes| bytes == body.as_bytes());
        inner.is_some_and(|inner| inner == body || reads_as(inner, HexIs::Byte) || reads_as(inner, HexIs::Character))
    })
}

/// Words that may stand around and between the parts of a line about a message: those of the public tutorials.
const AROUND: [&str; 6] = ["Sent", "Send", "Received", "b", "u", "x"];

/// The largest number of words in a remark: `(message 1)`.
const OTHERS: usize = 2;

/// Returns whether a line is about a message: it begins with ` [x]` and has these parts in this order. Apart from them it has only
/// quotes, separators, words such as `Received`, and at most a remark in parentheses at one end. The parts are plain ASCII.
#[must_use]
pub fn has_parts(line: &str, parts: &[&str]) -> bool {
    let Some(mut rest) = line.strip_prefix(" [x]") else { return false };
    for (index, part) in parts.iter().enumerate() {
        let Some(at) = rest.find(part) else { return false };
        let before = &rest[..at];
        if !(is_around(before) || index == 0 && is_remark(before)) {
            return false;
        }
        rest = &rest[at + part.len()..];
    }
    is_around(rest) || is_remark(rest)
}

/// Returns whether a text has no word but those that may stand around a message's parts.
fn is_around(text: &str) -> bool {
    words(text).all(|word| AROUND.contains(&word))
}

/// Returns whether a text ends or begins with a few words in parentheses, and has no others.
fn is_remark(text: &str) -> bool {
    let Some((before, rest)) = text.split_once('(') else { return false };
    let Some((inside, after)) = rest.rsplit_once(')') else { return false };
    is_around(before) && is_around(after) && words(inside).count() <= OTHERS && !inside.contains(['(', ')', '{', '['])
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// The meaning of `\xfc`: a byte (Python's bytes, Go, C, Ruby), or a character (Python's text, JavaScript).
#[derive(Clone, Copy, PartialEq, Eq)]
enum HexIs {
    Byte,
    Character,
}

/// Returns the bytes of a quoted text with escapes, as Python, Rust, JavaScript, Go and Ruby write them. None if an escape is
/// not one of theirs.
fn unescape(text: &str, hex_is: HexIs) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut high: Option<u32> = None; // the first half of a UTF-16 pair
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
            continue;
        }
        match chars.next()? {
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            c @ ('\\' | '\'' | '"') => bytes.push(c as u8),
            'x' if hex_is == HexIs::Byte => bytes.push(u8::try_from(hex(&mut chars, 2)?).ok()?),
            'x' => bytes.extend(char::from_u32(hex(&mut chars, 2)?)?.encode_utf8(&mut [0; 4]).bytes()),
            'U' => bytes.extend(char::from_u32(hex(&mut chars, 8)?)?.encode_utf8(&mut [0; 4]).bytes()),
            'u' => {
                let code = if chars.as_str().starts_with('{') {
                    let (digits, rest) = chars.as_str()[1..].split_once('}')?;
                    chars = rest.chars();
                    u32::from_str_radix(digits, 16).ok()?
                } else {
                    hex(&mut chars, 4)?
                };
                let code = match (high.take(), code) {
                    (None, 0xD800..=0xDBFF) => {
                        high = Some(code);
                        continue;
                    }
                    (Some(high), 0xDC00..=0xDFFF) => 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00),
                    (_, code) => code,
                };
                bytes.extend(char::from_u32(code)?.encode_utf8(&mut [0; 4]).bytes());
            }
            c @ '0'..='3' => {
                let rest: String = chars.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&format!("{c}{rest}"), 8).ok()?);
            }
            _ => return None,
        }
    }
    Some(bytes)
}

fn hex(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<u32> {
    let text: String = chars.by_ref().take(digits).collect();
    (text.len() == digits).then(|| u32::from_str_radix(&text, 16).ok()).flatten()
}

/// Returns whether a text contains the numbers of this body's bytes, as Debug prints them.
#[must_use]
pub fn has_bytes_of(line: &str, body: &str) -> bool {
    let numbers = format!("{:?}", body.as_bytes());
    !body.is_empty() && line.contains(numbers.trim_matches(['[', ']']))
}

/// Returns the first character of `got` that is not as expected, if it is invisible: a zero-width one, an odd space, a control
/// character. The result is its number, as in `U+FEFF`, after the name of a common one.
#[must_use]
pub fn unseen(expected: &str, got: &str) -> Option<String> {
    let same = expected.chars().zip(got.chars()).take_while(|(one, other)| one == other).count();
    let c = got.chars().nth(same)?;
    let unseen = c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}');
    let name = match c {
        '\0' => "a NUL",
        '\t' => "a tab",
        '\u{A0}' => "a no-break space",
        '\u{200B}' => "a zero-width space",
        '\u{FEFF}' => "a byte order mark",
        _ => "",
    };
    let number = format!("U+{:04X}", u32::from(c));
    unseen.then(|| if name.is_empty() { number } else { format!("{name}, {number}") })
}

/// Returns the name of this white space.
#[must_use]
pub fn white_space(text: &str) -> &'static str {
    match text {
        "\n" | "\r\n" => "a newline",
        " " => "a space",
        _ if text.chars().all(|c| c == ' ') => "spaces",
        _ => "white space",
    }
}

/// Returns the printed line that is nearest to the expected one; None if none is near.
#[must_use]
pub fn nearest<'a>(lines: &'a [String], expected: &str) -> Option<&'a str> {
    lines
        .iter()
        .map(|line| (strsim::normalized_levenshtein(&shortened(line), &shortened(expected)), line.as_str()))
        .filter(|(alike, _)| *alike >= 0.5)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, line)| line)
}

/// Returns the start of a line: a comparison costs the product of both lengths.
fn shortened(line: &str) -> String {
    line.chars().take(200).collect()
}

/// Returns the expected text above the other, with the first difference marked. Long texts are cut around that difference.
#[must_use]
pub fn difference(expected: &str, got: &str) -> String {
    const AROUND: usize = 30;
    let same = expected.chars().zip(got.chars()).take_while(|(one, other)| one == other).count();
    let start = same.saturating_sub(AROUND);
    let part = |text: &str| {
        let shown: String = text.chars().skip(start).take(2 * AROUND).collect();
        let (before, after) =
            (if start > 0 { "…" } else { "" }, if text.chars().count() > start + 2 * AROUND { "…" } else { "" });
        format!("{before}{}{after}", shown.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\""))
    };
    let mut text = format!("expected: {}\n     got: {}\n", part(expected), part(got));
    let shift = same - start + usize::from(start > 0);
    let _ = write!(text, "          {}^ first difference", " ".repeat(shift));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = " [x] Received";

    #[test]
    fn a_body_may_be_quoted_as_the_language_does() {
        let body = "Grüße 🐇";
        for line in [
            " [x] Received Grüße 🐇",
            " [x] Received 'Grüße 🐇'",
            " [x] Received \"Grüße 🐇\"",
            r" [x] Received b'Gr\xc3\xbc\xc3\x9fe \xf0\x9f\x90\x87'",
            r" [x] Received 'Gr\xc3\xbc\xc3\x9fe \xf0\x9f\x90\x87'",
            r#" [x] Received "Gr\u00fc\u00dfe \ud83d\udc07""#,
            r#" [x] Received "Gr\u{fc}\u{df}e \u{1f407}""#,
            r#" [x] Received "Gr\303\274\303\237e \360\237\220\207""#,
            r" [x] Received u'Gr\u00fc\u00dfe \U0001f407'",
            r" [x] Received u'Gr\xfc\xdfe \U0001f407'",
            " [x] Received 'Grüße 🐇'  ",
        ] {
            assert!(says(line, PREFIX, body), "{line}");
        }
    }

    #[test]
    fn an_empty_body_is_a_body() {
        for line in [" [x] Received", " [x] Received ", " [x] Received ''", " [x] Received b''", " [x] Received \"\""] {
            assert!(says(line, PREFIX, ""), "{line:?}");
        }
    }

    #[test]
    fn another_line_does_not_say_it() {
        for line in [
            "[x] Received 'abc'",
            " [x] Received 'abcd'",
            " [x] Received abc'",
            " [x] Received [97, 98, 99]",
            " [x] Receivedabc",
            " [x] Received 'ABC'",
            " [x] Sent 'abc'",
            r" [x] Received '\q'",
            r" [x] Received '\u12'",
        ] {
            assert!(!says(line, PREFIX, "abc"), "{line}");
        }
    }

    #[test]
    fn a_line_about_a_message_has_its_parts_in_order_and_little_else() {
        for line in [
            " [x] kern.info:A text",
            " [x] 'kern.info':'A text'",
            " [x] kern.info: 'A text'",
            " [x] Sent kern.info:\"A text\"",
            " [x] Received 'kern.info':'A text'",
            " [x] kern.info:b'A text'",
            " [x] '[kern.info] A text'",
            " [x] kern.info:'A text' (message 1)",
            " [x] (number 1) kern.info: A text",
        ] {
            assert!(has_parts(line, &["kern.info", "A text"]), "{line}");
        }
        for line in [
            "[x] kern.info:A text",
            " [x] A text",
            " [x] A text:kern.info",
            " [x] kern.info:A texts",
            " [x] kern.info:A text and more",
            " [x] my.kern.info:A text",
            " [x] kern.info:A Text",
            " [x] kern.info (number 1) A text",
            " [x] kern.info:A text (the message number 1)",
            " [x] Delivery { (kern.info:A text) }",
        ] {
            assert!(!has_parts(line, &["kern.info", "A text"]), "{line}");
        }
    }

    #[test]
    fn the_first_difference_is_marked() {
        assert_eq!(
            difference(" [x] Sent 'Hello World!'", " [x] Sent 'Hello world!'"),
            "expected:  [x] Sent 'Hello World!'\n     got:  [x] Sent 'Hello world!'\n                           ^ first difference"
        );
        let (long, other) = ("a".repeat(500) + "b" + &"c".repeat(500), "a".repeat(500) + "x" + &"c".repeat(500));
        let shown = difference(&long, &other);
        let lines: Vec<&str> = shown.lines().collect();
        let mark = lines[2].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[0].chars().nth(mark), Some('b'));
        assert_eq!(lines[1].chars().nth(mark), Some('x'));
    }

    #[test]
    fn an_end_where_more_should_be_is_a_difference_too() {
        assert!(difference("Hello World!", "Hello World!\n").contains(r"got: Hello World!\n"));
        assert!(difference("abc", "").ends_with("          ^ first difference"));
    }
}
