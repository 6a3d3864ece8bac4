//! What a line says that was meant for a message, and says it in another way.

use super::RECEIVED;
use crate::{lessons::printed, verdict::Mistake};

/// Whether a line has the numbers of this body's bytes in it, as Debug prints them.
pub(super) fn has_bytes_of(line: &str, body: &str) -> bool {
    let numbers = format!("{:?}", body.as_bytes());
    !body.is_empty() && line.contains(numbers.trim_matches(['[', ']']))
}

/// The first line that is meant to say that a message was received, and says something else, with that message's body. None
/// where lines are missing or in another order, but right as far as they go.
pub(super) fn wrong_line<'a>(sent: &'a [String], lines: &'a [String]) -> Option<(&'a str, &'a str)> {
    let mut next = 0;
    for line in lines.iter().filter(|line| is_meant_for_a_message(line)) {
        let body = sent.get(next)?;
        if printed::says(line, RECEIVED, body) {
            next += 1;
        } else if sent.iter().any(|other| printed::says(line, RECEIVED, other)) {
            return None;
        } else {
            return Some((line, body));
        }
    }
    None
}

fn is_meant_for_a_message(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(2).collect();
    words.join(" ").eq_ignore_ascii_case(RECEIVED.trim_start())
}

/// A line for this message, in another form than the lesson's.
pub(super) fn printed_otherwise(line: &str, body: &str) -> Mistake {
    let quotes = ['\'', '"', 'b', ' '];
    let told =
        line.split_once("eceived").map_or("", |(_, told)| told.trim_start_matches(quotes).trim_end_matches(quotes));
    let start = told.trim_end_matches(['…', '.']);
    let (message, hint) = if !body.is_empty() && line.contains(body) {
        (
            "A message is printed in another form than the lesson's.",
            "The line is ` [x] Received '…'`, with one blank in front and one behind each word.",
        )
    } else if body.is_empty() {
        (
            "The line for an empty message says something else than nothing.",
            "Print the body as it is, and nothing in its place.",
        )
    } else if !start.is_empty() && body.starts_with(start) {
        (
            "A message is printed in part only: its end is cut off.",
            "Print the whole body, on one line, however long it is.",
        )
    } else if told.eq_ignore_ascii_case(body) {
        ("A message is printed with other upper and lower case letters than it has.", "Print the body as it is.")
    } else if body.is_ascii() {
        ("A message is printed with other text than it has.", "Print the body as it is: all of it, and nothing else.")
    } else {
        (
            "A message that is not ASCII is printed with other text than it has: its bytes are UTF-8.",
            "Make text of all of the body, as UTF-8, and change nothing about it.",
        )
    };
    Mistake::new(message).seen(printed::difference(&format!("{RECEIVED} '{body}'"), line)).hint(hint)
}
