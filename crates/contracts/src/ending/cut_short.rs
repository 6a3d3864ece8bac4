//! A program that ended before it was done, and the cause: an error in its own code, the form of its script, or its wrapper.

use std::path::Path;

use regex_lite::Regex;

use super::{complaints, panic_of, went_on, why};
use crate::{
    crash::{self, Crash, Phase, Place},
    fault::{Fault, Phrase, faults::end as faults},
};
use recording::ProgramRun;

/// The longest error that a first sentence repeats, in characters; the evidence has all of it.
const LONGEST: usize = 160;

/// A refusal by a shell, or by `env`, to run a script.
struct Refusal {
    pattern: &'static str,
    is_about_line_ends: bool,
    /// The fault, for the pattern's capture `what`.
    fault: fn(&str) -> Fault,
}

const REFUSALS: [Refusal; 5] = [
    Refusal {
        pattern: r"env: [‘'“]?(?<what>[\w./+-]+)(?:\\r|\r)[’'”]?: No such file",
        is_about_line_ends: true,
        fault: |program| faults::cr_in_interpreter(program),
    },
    Refusal {
        pattern: r"(?:\$'\\r'|\r): (?:command )?not found",
        is_about_line_ends: true,
        fault: |_| faults::cr_in_command(),
    },
    Refusal {
        pattern: r"(?<what>[\w./+-]+)(?:\\r|\r)",
        is_about_line_ends: true,
        fault: |name| faults::cr_in_name(name),
    },
    Refusal {
        pattern: r"(?<what>[\w./+-]+): Permission denied$",
        is_about_line_ends: false,
        fault: |file| faults::not_executable(file),
    },
    Refusal {
        pattern: r"(?:^|: )(?<what>[\w./+-]+): (?:command )?not found$",
        is_about_line_ends: false,
        fault: |command| faults::command_not_found(command),
    },
];

/// The exit codes with which a shell reports that it could not run something.
const NOT_RUN: [i32; 2] = [126, 127];

/// Returns the cause of an early end; None if there is no sign of one.
#[must_use]
pub fn cut_short(seen: &ProgramRun) -> Option<Fault> {
    crashed(seen).or_else(|| left_behind(seen))
}

/// Returns the error that ended the program: a panic, an exception, or a script that could not be run.
#[must_use]
pub fn crashed(seen: &ProgramRun) -> Option<Fault> {
    panic_of(seen).or_else(|| crash(seen)).or_else(|| not_run(seen))
}

/// Returns the error in the program's own code that ended it, in any language except Rust.
#[must_use]
pub fn crash(seen: &ProgramRun) -> Option<Fault> {
    if !has_failed(seen) {
        return None;
    }
    let mut lines = complaints(seen);
    let crash = crash::find(&lines).or_else(|| {
        // PHP writes its errors to stdout if its settings say so.
        lines = seen.stdout.lines();
        crash::find(&lines)
    })?;
    let (error, remedy) = (sentence(&crash.error), look_at(&crash, &seen.program.folder));
    let fault = match crash.phase {
        Phase::Running => faults::crashed(error, remedy),
        Phase::Compiling => faults::does_not_compile(error, remedy),
    };
    Some(fault.because(why(seen)).seen(evidence(&crash, &seen.program.folder)))
}

/// Returns whether the program ended by itself with a failure.
fn has_failed(seen: &ProgramRun) -> bool {
    !went_on(seen) && !seen.events_cut && seen.killed_at.is_none() && seen.exit.is_some_and(|exit| exit.code != Some(0))
}

/// Returns the error as a sentence: shortened if it is long, and with a full stop.
fn sentence(error: &str) -> String {
    let start: String = error.chars().take(LONGEST).collect();
    if start.len() < error.len() {
        let whole_words = start.rsplit_once(' ').map_or(start.as_str(), |(words, _)| words);
        return format!("{whole_words} …");
    }
    if error.ends_with(['.', '!', '?']) { start } else { format!("{start}.") }
}

fn evidence(crash: &Crash, folder: &Path) -> String {
    let Some(at) = &crash.at else { return crash.error.clone() };
    let code = at.code.as_ref().map(|code| format!(": {code}")).unwrap_or_default();
    format!("{}\nat {}{code}", crash.error, display_place(at, folder))
}

fn look_at(crash: &Crash, folder: &Path) -> Phrase {
    crash.at.as_ref().map_or_else(faults::read_the_error, |at| faults::fix_there(display_place(at, folder)))
}

/// Returns a line of a file in words, with the path relative to the folder that the program ran in.
fn display_place(at: &Place, folder: &Path) -> String {
    let file = Path::new(&at.file).strip_prefix(folder).unwrap_or(Path::new(&at.file)).display();
    at.line.map_or_else(|| file.to_string(), |line| format!("{file}, line {line}"))
}

/// Returns the fault of a shell, or of `env`, that could not run the script or a command in it.
fn not_run(seen: &ProgramRun) -> Option<Fault> {
    let code = seen.exit.and_then(|exit| exit.code).filter(|code| *code != 0 && !went_on(seen))?;
    let lines = complaints(seen);
    // Wrong line ends also spoil the arguments of a command that does run.
    let may_be = |refusal: &&Refusal| NOT_RUN.contains(&code) || refusal.is_about_line_ends;
    REFUSALS.iter().filter(may_be).find_map(|refusal| {
        let pattern = Regex::new(refusal.pattern).ok()?;
        let (line, found) = lines.iter().find_map(|line| Some((line, pattern.captures(line)?)))?;
        let what = found.name("what").map_or("", |what| what.as_str());
        Some((refusal.fault)(what).seen(line))
    })
}

/// Returns the fault of a program that ended at once, while a process that it had started in the background still ran.
fn left_behind(seen: &ProgramRun) -> Option<Fault> {
    let ended_well = !went_on(seen) && seen.exit.is_some_and(|exit| exit.code == Some(0));
    if !ended_well || !(seen.left_running || seen.program.backgrounds) {
        return None;
    }
    Some(faults::in_background().seen("exited with code 0 while a process that it had started was still running"))
}
