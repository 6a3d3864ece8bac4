//! Lines that are meant for a message and print it in the wrong form.

use super::RECEIVED;
use crate::{
    ending,
    fault::{Fault, faults::receive as faults},
    printed, steps,
};
use recording::ProgramRun;

/// Returns the fault of a message that was printed in the wrong way: in another form, on stderr, with others. `sent` is the
/// messages that came, in order, and `body` the one to look for. None if no line is meant for it.
#[must_use]
pub fn printed_otherwise(seen: &ProgramRun, sent: &[String], body: &str) -> Option<Fault> {
    let lines = seen.stdout.lines();
    let stderr = ending::complaints(seen);
    if let Some(line) = stderr.iter().find(|line| sent.iter().any(|body| printed::says(line, RECEIVED, body))) {
        return Some(faults::stderr().seen(line.clone()));
    }
    let says_one = |line: &str| sent.iter().any(|body| !body.is_empty() && printed::says(line, RECEIVED, body));
    let in_it = |line: &&String| printed::behind_other_text(line).is_some_and(|line| says_one(&line));
    if let Some(line) = stderr.iter().find(in_it) {
        return Some(steps::logged(line));
    }
    if let Some(line) = lines.iter().find(|line| printed::is_overwritten(line) && in_it(line)) {
        return Some(steps::overwritten(line));
    }
    if let Some(line) = lines.iter().find(|line| line.contains("Delivery { delivery_tag:")) {
        return Some(faults::delivery_debug().seen(shorten(line, 100)));
    }
    let in_numbers = lines.iter().filter(|line| sent.iter().any(|body| printed::has_bytes_of(line, body)));
    if let Some(line) = in_numbers.min_by_key(|line| line.len()) {
        return Some(faults::byte_numbers().seen(line.clone()));
    }
    if let Some(line) = lines.iter().find(|line| line.matches("[x] Received").count() > 1) {
        return Some(faults::no_newline().seen(shorten(line, 60)));
    }
    if let Some(lines) = on_the_line_below(sent, &lines) {
        return Some(faults::two_lines().seen(lines.join("\n")));
    }
    if let Some(line) = one_for_all(sent, &lines) {
        return Some(faults::constant_line().seen(line));
    }
    if let Some((line, body)) = wrong_line(sent, &lines) {
        return Some(in_another_form(line, body));
    }
    if let Some(line) = lines.iter().find(|line| !body.is_empty() && line.contains(body)) {
        return Some(in_another_form(line, body));
    }
    None
}

/// Returns the plainest line that is meant for a received message and is wrong, with that message's body: it shows the most.
/// None if lines are missing or in another order, but right so far.
fn wrong_line<'a>(sent: &'a [String], lines: &'a [String]) -> Option<(&'a str, &'a str)> {
    let mut wrong: Vec<(&str, &str)> = Vec::new();
    for (line, body) in lines.iter().filter(|line| is_meant_for_a_message(line)).zip(sent) {
        if printed::says(line, RECEIVED, body) {
            continue;
        }
        if sent.iter().any(|other| printed::says(line, RECEIVED, other)) {
            break;
        }
        wrong.push((line, body));
    }
    wrong.into_iter().min_by_key(|(_, body)| plainness(body))
}

/// Returns a sort key that puts plain messages first: short ones of ASCII letters at the start, an empty one at the end.
#[must_use]
pub fn plainness(body: &str) -> (bool, bool, usize) {
    (body.is_empty(), !body.is_ascii(), body.len())
}

/// Returns the line that is printed for every message, whatever its body.
fn one_for_all<'a>(sent: &[String], lines: &'a [String]) -> Option<&'a str> {
    let mut meant = lines.iter().filter(|line| is_meant_for_a_message(line));
    let first = meant.next()?;
    let others: Vec<&String> = meant.collect();
    let says_something = first.split_whitespace().count() > 2;
    let fits = sent.iter().filter(|body| printed::says(first, RECEIVED, body)).count();
    let is_for_all = !others.is_empty() && others.iter().all(|line| *line == first) && others.len() >= fits;
    (says_something && is_for_all).then_some(first)
}

/// Returns a line that is meant for a message, and the line below it, if that has the body.
fn on_the_line_below<'a>(sent: &[String], lines: &'a [String]) -> Option<[&'a str; 2]> {
    let is_bare = |line: &str| is_meant_for_a_message(line) && line.split_whitespace().count() == 2;
    let has_a_body = |line: &str| sent.iter().any(|body| !body.is_empty() && line.contains(body.as_str()));
    let mut pairs = lines.windows(2).map(|pair| [pair[0].as_str(), pair[1].as_str()]);
    pairs.find(|[one, two]| is_bare(one) && !is_meant_for_a_message(two) && has_a_body(two))
}

fn is_meant_for_a_message(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(2).collect();
    words.join(" ").eq_ignore_ascii_case(RECEIVED.trim_start())
}

/// Returns the fault of a line that prints this message in a form other than the lesson's.
fn in_another_form(line: &str, body: &str) -> Fault {
    let quotes = ['\'', '"', 'b', ' '];
    let text =
        line.split_once("eceived").map_or("", |(_, text)| text.trim_start_matches(quotes).trim_end_matches(quotes));
    let start = text.trim_end_matches(['…', '.']);
    let has_body = !body.is_empty() && line.contains(body);
    let fault = if has_body && text.starts_with("Ok(") {
        faults::in_ok()
    } else if has_body && text.starts_with("Some(") {
        faults::in_some()
    } else if !line.starts_with(' ') && printed::says(&format!(" {line}"), RECEIVED, body) {
        faults::no_space()
    } else if has_body {
        faults::other_form()
    } else if body.is_empty() {
        faults::empty_replaced()
    } else if !start.is_empty() && body.starts_with(start) {
        faults::cut_off()
    } else if text.eq_ignore_ascii_case(body) {
        faults::letter_case()
    } else if body.is_ascii() {
        faults::other_text()
    } else {
        faults::other_utf_8()
    };
    fault.seen(printed::difference(&format!("{RECEIVED} '{body}'"), line))
}

/// Returns a text, cut if it is longer than `most` characters.
#[must_use]
pub fn shorten(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}
