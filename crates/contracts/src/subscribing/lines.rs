//! The line of a message, and lines that are meant for it and have the wrong form.

use super::{Message, Plan};
use crate::{
    ending,
    exchanges::Kind,
    fault::{
        Fault,
        faults::{logs as faults, receive},
    },
    printed,
    receiving::{RECEIVED, shorten},
    steps,
};
use recording::ProgramRun;

/// Returns the lesson's line of a message.
pub(super) fn expected(kind: Kind, message: &Message) -> String {
    match kind {
        Kind::Fanout => format!(" [x] {}", message.text),
        Kind::Direct | Kind::Topic => format!(" [x] {}:{}", message.key, message.text),
    }
}

/// Returns whether a line prints this message, in the form of any language or tutorial.
pub fn is_right(kind: Kind, line: &str, message: &Message) -> bool {
    match kind {
        Kind::Fanout => {
            printed::has_parts(line, &[&message.text])
                || printed::says(line, " [x]", &message.text)
                || printed::says(line, RECEIVED, &message.text)
        }
        Kind::Direct | Kind::Topic => printed::has_parts(line, &[&message.key, &message.text]),
    }
}

/// Returns the fault of a message that was printed in the wrong way: in another form, on stderr, with others. None if no line is
/// meant for it.
pub(super) fn otherwise(run: &ProgramRun, kind: Kind, plan: &Plan, message: &Message) -> Option<Fault> {
    let (stdout, stderr) = (run.stdout.lines(), ending::complaints(run));
    let text = message.text.as_str();
    let expected = expected(kind, message);
    if let Some(line) = stderr.iter().find(|line| is_right(kind, line, message)) {
        return Some(receive::stderr().seen(line.clone()));
    }
    let behind = |line: &&String| printed::behind_other_text(line).is_some_and(|line| is_right(kind, &line, message));
    if let Some(line) = stderr.iter().find(behind) {
        return Some(steps::logged(line));
    }
    if let Some(line) = stdout.iter().find(|line| printed::is_overwritten(line) && behind(line)) {
        return Some(steps::overwritten(line));
    }
    if let Some(line) = stdout.iter().find(|line| line.contains("Delivery { delivery_tag:")) {
        return Some(receive::delivery_debug().seen(shorten(line, 100)));
    }
    if let Some(line) = stdout.iter().find(|line| printed::has_bytes_of(line, text)) {
        return Some(receive::byte_numbers().seen(line.clone()));
    }
    let Some(line) = stdout.iter().find(|line| line.contains(text)) else { return changed(&stdout, plan, message) };
    if plan.messages().filter(|message| line.contains(&message.text)).count() > 1 {
        return Some(receive::no_newline().seen(shorten(line, 60)));
    }
    let has_key = kind == Kind::Fanout || line.contains(&message.key);
    let fault = if !has_key {
        match in_place_of_key(line, text) {
            Some(other) => faults::other_key(other, message.key.as_str()),
            None => faults::no_key(message.key.as_str()),
        }
    } else if line.contains("Ok(") {
        receive::in_ok()
    } else if line.contains("Some(") {
        receive::in_some()
    } else if is_right(kind, &format!(" {line}"), message) {
        receive::no_space()
    } else {
        receive::other_form()
    };
    Some(fault.seen(printed::difference(&expected, line)))
}

/// Returns what a line has where the routing key belongs, before the text. None if there is nothing.
fn in_place_of_key<'a>(line: &'a str, text: &str) -> Option<&'a str> {
    let before = line.strip_prefix(" [x]")?.split(text).next()?;
    let other = before.trim_matches(|letter: char| !letter.is_alphanumeric() && !"*#".contains(letter));
    (!other.is_empty()).then_some(other)
}

/// Returns the fault of lines with a text that was changed, or without one. None if there is none.
fn changed(stdout: &[String], plan: &Plan, message: &Message) -> Option<Fault> {
    let expected = |line: &str| printed::difference(&expected(plan.kind, message), line);
    let lower = message.text.to_lowercase();
    if let Some(line) = stdout.iter().find(|line| line.to_lowercase().contains(&lower)) {
        return Some(receive::letter_case().seen(expected(line)));
    }
    let first = message.text.split(' ').next().unwrap_or_default();
    if let Some(line) = stdout.iter().find(|line| line.contains(first)) {
        return Some(receive::cut_off().seen(expected(line)));
    }
    let mut meant = stdout.iter().filter(|line| line.starts_with(" [x]"));
    let one = meant.next()?;
    let is_constant = meant.clone().next().is_some() && meant.all(|line| line == one);
    if is_constant {
        return Some(receive::constant_line().seen(one.clone()));
    }
    let has_text = |line: &&String| plan.messages().any(|message| line.contains(&message.text));
    let mut without = stdout.iter().filter(|line| line.starts_with(" [x]") && !has_text(line));
    let line = without.find(|line| plan.kind != Kind::Fanout && line.contains(&message.key))?;
    Some(faults::no_text().seen(expected(line)))
}
