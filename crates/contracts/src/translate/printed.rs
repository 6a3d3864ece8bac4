//! Replies in printed lines: the broker's code and its text, in the forms of lapin, of Pika and of our own reports.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

/// The codes and their names in the broker's texts and, with other signs between the words, in lapin.
pub(super) const NAMES: [(u16, &str); 18] = [
    (311, "CONTENT_TOO_LARGE"),
    (312, "NO_ROUTE"),
    (313, "NO_CONSUMERS"),
    (320, "CONNECTION_FORCED"),
    (402, "INVALID_PATH"),
    (403, "ACCESS_REFUSED"),
    (404, "NOT_FOUND"),
    (405, "RESOURCE_LOCKED"),
    (406, "PRECONDITION_FAILED"),
    (501, "FRAME_ERROR"),
    (502, "SYNTAX_ERROR"),
    (503, "COMMAND_INVALID"),
    (504, "CHANNEL_ERROR"),
    (505, "UNEXPECTED_FRAME"),
    (506, "RESOURCE_ERROR"),
    (530, "NOT_ALLOWED"),
    (540, "NOT_IMPLEMENTED"),
    (541, "INTERNAL_ERROR"),
];

/// The forms of a reply in a line, the most informative first: a name or a code, and maybe the text.
#[expect(clippy::unwrap_used, reason = "the patterns are constants, and every test compiles them")]
static FORMS: LazyLock<[Regex; 6]> = LazyLock::new(|| {
    let names = NAMES.map(|(_, name)| name).join("|");
    let named = format!(r#"(?s)(?<quote>["']?)\b(?<text>(?<name>{names}) - .*)"#);
    [
        // The text itself, anywhere, and the quote in front of it.
        &named,
        // lapin, Debug: of an error with another text, or with none.
        r#"(?s)(?:Soft|Hard)\((?<name>[A-Z]+)\), message: ShortString\((?<quote>")(?<text>.*)"#,
        // lapin, Display.
        r"(?s)AMQP (?:soft|hard) error: (?<name>[A-Z-]+): (?<text>.*)",
        // Pika: in a traceback, and in an error that contains another.
        r#"(?s)Closed(?:By(?:Broker|Client))?: \((?<code>\d{3}), (?<quote>["'])(?<text>.*)"#,
        r#"(?s)Closed(?:By(?:Broker|Client))?: \((?<code>\d{3})\) (?<quote>["'])(?<text>.*)"#,
        // A returned message in lapin's or Pika's Debug form, and our own reports.
        r"(?s)reply[-_ ]code\W{1,3}(?<code>\d{3})\b(?<text>)",
    ]
    .map(|form| Regex::new(form).unwrap())
});

/// Returns the reply in this line: code and text.
pub(super) fn reply(line: &str) -> Option<(u16, String)> {
    FORMS.iter().find_map(|form| of(&form.captures(line)?))
}

fn of(found: &Captures<'_>) -> Option<(u16, String)> {
    let part = |name| found.name(name).map_or("", |part| part.as_str());
    let code = match part("name") {
        "" => part("code").parse().ok()?,
        name => code(name)?,
    };
    Some((code, unquoted(part("quote").chars().next(), part("text"))))
}

fn code(name: &str) -> Option<u16> {
    let letters = |name: &str| name.replace(['-', '_'], "");
    NAMES.iter().find(|(_, known)| letters(known) == letters(name)).map(|(code, _)| *code)
}

/// Returns the text up to the quote that it began with, without escapes. Returns all of it if there is no quote.
fn unquoted(quote: Option<char>, text: &str) -> String {
    let Some(quote) = quote else { return text.to_owned() };
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => plain.extend(letters.next().map(|escaped| if escaped == 'n' { '\n' } else { escaped })),
            end if end == quote => break,
            letter => plain.push(letter),
        }
    }
    plain
}
