//! How a program ended, and what it said last.

use wire::{Peer, words};

use crate::{
    lessons::{talk::Talk, translate},
    performance::Performance,
    verdict::Mistake,
};

/// How the program ended, when it was not well: a panic, an exit code, a signal.
#[must_use]
pub fn bad_end(seen: &Performance) -> Option<Mistake> {
    let exit = seen.exit?;
    if let Some(panic) = panic_of(seen) {
        return Some(panic);
    }
    match (exit.code, exit.signal) {
        _ if exit.overdue => None,
        (Some(0), _) => None,
        (Some(code), _) => {
            Some(Mistake::new(format!("The program ended with exit code {code}; 0 means that all went well.")))
        }
        (None, Some(signal)) => Some(Mistake::new(format!("The program was ended by signal {signal}."))),
        (None, None) => None,
    }
    .map(|mistake| {
        let hint = if complaints(seen).is_empty() { "" } else { "Its stderr says why." };
        mistake.seen(last_words(seen)).hint(why(seen).unwrap_or_else(|| hint.to_owned()))
    })
}

/// A Rust panic, as it shows on stderr.
#[must_use]
pub fn panic_of(seen: &Performance) -> Option<Mistake> {
    let stderr = seen.stderr.lines();
    let at = stderr.iter().position(|line| line.starts_with("thread '") && line.contains("panicked at"))?;
    let told = stderr[at..].iter().take(2).cloned().collect::<Vec<_>>().join("\n");
    let unwrapped =
        ["unwrap()", "expect()", "called `"].iter().any(|call| told.contains(call)) || told.contains("Error {");
    let advice = if unwrapped {
        "Handle the error instead of unwrapping it: `?` hands it to the caller."
    } else {
        "The lines above say where, and over what."
    };
    let hint = why(seen).map_or_else(|| advice.to_owned(), |why| format!("{why} {advice}"));
    Some(Mistake::new("The program panicked.").seen(told).hint(hint))
}

/// What the last line on stderr means that we know, and what to do about it.
#[must_use]
pub fn why(seen: &Performance) -> Option<String> {
    let translation = complaints(seen).iter().rev().find_map(|line| translate::line(line))?;
    Some(format!("{} {}", translation.cause, translation.remedy))
}

/// What it wrote to stderr, without the traceback that Python prints when we press Ctrl-C.
#[must_use]
pub fn complaints(seen: &Performance) -> Vec<String> {
    let mut lines = seen.stderr.lines();
    if seen.interrupted_at.is_some() && lines.last().is_some_and(|line| line.starts_with("KeyboardInterrupt")) {
        let traceback = lines.iter().rposition(|line| line.starts_with("Traceback "));
        lines.truncate(traceback.unwrap_or(lines.len() - 1));
    }
    lines
}

/// The last thing the program said: on stderr, else on the wire, else how it ended.
#[must_use]
pub fn last_words(seen: &Performance) -> String {
    let says_something = |line: &String| !line.trim().is_empty() && !line.starts_with("note: run with `RUST_BACKTRACE");
    if let Some(line) = complaints(seen).into_iter().rfind(says_something) {
        return format!("its last line on stderr: {line}");
    }
    let said = Talk::of(seen).methods().rfind(|said| said.from == Peer::Program);
    match (said, seen.exit) {
        (Some(said), _) => format!("the last it said: {}", words::method_line(said.method, said.content)),
        (None, Some(exit)) if exit.overdue => "it was still running at its time limit".to_owned(),
        (None, Some(exit)) => match (exit.code, exit.signal) {
            (Some(code), _) => format!("it ended with exit code {code}"),
            (None, Some(signal)) => format!("it was ended by signal {signal}"),
            (None, None) => "it ended".to_owned(),
        },
        (None, None) => String::new(),
    }
}
