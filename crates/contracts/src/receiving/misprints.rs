//! What a line says that was meant for a message, and says it in another way.

use super::RECEIVED;
use crate::{
    ending,
    fault::{Fault, faults::receive as faults},
    printed, steps,
};
use recording::ProgramRun;

/// How a message that came was printed, where it was not printed as it should be: in another form, on stderr, with others.
/// `sent` is what came, in its order, and `body` the message that is looked for. None where no line is meant for it.
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

/// A line that is meant to say that a message was received, and says something else, with that message's body: the plainest
/// one, which tells the most. None where lines are missing or in another order, but right as far as they go.
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

/// Orders messages by how little there is to wonder about them: short ones of plain letters first, an empty one last.
#[must_use]
pub fn plainness(body: &str) -> (bool, bool, usize) {
    (body.is_empty(), !body.is_ascii(), body.len())
}

/// The line that is printed for every message, whatever is in it.
fn one_for_all<'a>(sent: &[String], lines: &'a [String]) -> Option<&'a str> {
    let mut meant = lines.iter().filter(|line| is_meant_for_a_message(line));
    let first = meant.next()?;
    let others: Vec<&String> = meant.collect();
    let says_something = first.split_whitespace().count() > 2;
    let fits = sent.iter().filter(|body| printed::says(first, RECEIVED, body)).count();
    let is_for_all = !others.is_empty() && others.iter().all(|line| *line == first) && others.len() >= fits;
    (says_something && is_for_all).then_some(first)
}

/// A message that stands on the line below the one that is meant for it: both lines.
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

/// A line for this message, in another form than the lesson's.
fn in_another_form(line: &str, body: &str) -> Fault {
    let quotes = ['\'', '"', 'b', ' '];
    let told =
        line.split_once("eceived").map_or("", |(_, told)| told.trim_start_matches(quotes).trim_end_matches(quotes));
    let start = told.trim_end_matches(['…', '.']);
    let has_body = !body.is_empty() && line.contains(body);
    let fault = if has_body && told.starts_with("Ok(") {
        faults::in_ok()
    } else if has_body && told.starts_with("Some(") {
        faults::in_some()
    } else if !line.starts_with(' ') && printed::says(&format!(" {line}"), RECEIVED, body) {
        faults::no_space()
    } else if has_body {
        faults::other_form()
    } else if body.is_empty() {
        faults::empty_replaced()
    } else if !start.is_empty() && body.starts_with(start) {
        faults::cut_off()
    } else if told.eq_ignore_ascii_case(body) {
        faults::letter_case()
    } else if body.is_ascii() {
        faults::other_text()
    } else {
        faults::other_utf_8()
    };
    fault.seen(printed::difference(&format!("{RECEIVED} '{body}'"), line))
}

/// A text, cut where it is longer than so many characters.
#[must_use]
pub fn shorten(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}
