//! The step `print`: one line about the message, with its key.

use super::{Emitter, Evidence};
use crate::{
    catalogue,
    clients::Client,
    fault::{
        Fault,
        faults::{emit as faults, line as of_a_line, sent},
    },
    printed,
    sending::{
        self, SENT,
        typed::{self, Typed},
    },
    verdict::{Note, StepResult},
};

/// Checks that each run prints its line.
///
/// # Errors
///
/// The first fault.
pub fn print(seen: &Evidence<'_>) -> StepResult {
    typed::each(&seen.runs, |run| {
        let Ok((_, publish, content)) = sending::the_message(run.run) else { return Ok(String::new()) };
        let (key, text) = (publish.routing_key.as_str(), String::from_utf8_lossy(&content.body));
        let keys: &[&str] = if seen.emitter.default_key.is_some() { &[key] } else { &[] };
        let expected = keys.iter().fold(format!("{SENT} "), |line, key| format!("{line}{key}:")) + &text;
        let says_it = |line: &str| {
            // Some public programs leave the key out.
            printed::says(line, SENT, &text) || about(line, keys, &text)
        };
        if !run.run.stdout.lines().iter().any(|line| says_it(line))
            && let Some(fault) = other_parts(seen.emitter, run, keys, &text)
        {
            return Err(fault(&expected));
        }
        sending::print_as(run.run, &expected, &text, says_it)
    })
}

/// Returns the note on a program that prints a text without its key. None if it prints the key, or has none to print.
pub(super) fn without_key(seen: &Evidence<'_>) -> Option<Note> {
    seen.emitter.default_key?;
    let is_without = |run: &&Typed<'_>| {
        let Ok((_, publish, content)) = sending::the_message(run.run) else { return false };
        let (key, text) = (publish.routing_key.as_str(), String::from_utf8_lossy(&content.body));
        !run.run.stdout.lines().iter().any(|line| about(line, &[key], &text))
    };
    let run = seen.runs.iter().find(is_without)?;
    Some(catalogue::note("print", faults::printed_without_key(), Client::of(run.run)))
}

/// Returns whether a line is about a message with these keys and this text, and not a receiver's.
fn about(line: &str, keys: &[&str], text: &str) -> bool {
    let parts: Vec<&str> = keys.iter().copied().chain([text]).collect();
    printed::has_parts(line, &parts) && !line.starts_with(" [x] Received")
}

/// Returns the fault of a line whose form is right, and whose key or text is not what was sent. The fault still lacks the line
/// that is expected.
fn other_parts<'a>(
    emitter: &Emitter,
    run: &Typed<'a>,
    keys: &[&str],
    text: &str,
) -> Option<impl FnOnce(&str) -> Fault + use<'a>> {
    let typed = run.run.arguments.first().map(String::as_str);
    let lines = run.run.stdout.lines();
    let find = |says: &dyn Fn(&str) -> bool| lines.iter().find(|line| says(line)).cloned();
    let other_text = |line: &str| {
        let differs = |other: &&&str| **other != text;
        emitter.default_texts.iter().filter(differs).any(|other| about(line, keys, other))
    };
    let other_key = |line: &str| {
        let mut others = emitter.default_key.into_iter().chain(typed).filter(|other| !keys.contains(other));
        others.any(|other| about(line, &[other], text))
    };
    let other_order = |line: &str| keys.iter().any(|key| about(line, &[text], key));
    let (line, fault) = if let Some(line) = find(&other_text) {
        (line, sent::other_text())
    } else if keys.is_empty() {
        return None;
    } else if let Some(line) = find(&other_key) {
        (line, faults::printed_other_key())
    } else {
        (find(&other_order)?, of_a_line::different())
    };
    Some(move |expected: &str| fault.seen(printed::difference(expected, &line)))
}
