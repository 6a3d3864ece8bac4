//! The end of a program, and its last words.

mod cut_short;
mod keyboard;
mod noise;

pub use cut_short::{crash, crashed, cut_short};
pub use keyboard::waits_for_a_key;
pub use noise::telling;

use std::time::Duration;

use wire::{Method, Peer, protocol::channel, words};

use recording::{ProgramExit, ProgramRun};

use crate::{
    crash,
    fault::{Fault, Param, faults::end as faults},
    transcript::{MethodEvent, Transcript},
    translate::{self, Translation},
};

/// Returns the fault of a bad end: a panic, an exit code, a signal.
#[must_use]
pub fn bad_end(seen: &ProgramRun) -> Option<Fault> {
    let exit = seen.exit?;
    if let Some(mistake) = crashed(seen) {
        return Some(mistake);
    }
    let fault = match (exit.code, exit.signal) {
        _ if exit.overdue => return None,
        (Some(0), _) | (None, None) => return None,
        (Some(code), _) => faults::exit_code(code, remedy(seen, exit)),
        (None, Some(signal)) => faults::signal(signal, remedy(seen, exit)),
    };
    used_after_close(seen).or_else(|| Some(fault.because(why(seen)).seen(last_words(seen))))
}

/// Returns the advice for a bad end whose cause is unknown.
fn remedy(seen: &ProgramRun, exit: ProgramExit) -> Param {
    if !complaints(seen).is_empty() {
        faults::stderr_says_why().into()
    } else if exit.code.is_some() && Transcript::of(seen).closes(Peer::Broker).next().is_none() {
        faults::wire_went_well().into()
    } else if exit.signal == Some(6) {
        faults::by_abort().into()
    } else if exit.signal.is_some() {
        faults::by_signal().into()
    } else {
        "".into()
    }
}

/// Returns the fault of a Rust panic, from its text on stderr.
#[must_use]
pub fn panic_of(seen: &ProgramRun) -> Option<Fault> {
    let panic = panic_lines(seen)?;
    if let Some(mistake) = used_after_close(seen) {
        return Some(mistake);
    }
    let words = panic.get(1).map_or("", String::as_str);
    let fault = match why(seen) {
        Some(why) => faults::panicked("").because(Some(why)),
        None if words.contains("on a `None` value") => faults::unwrap_none(""),
        None if is_of_an_error(words) => faults::unwrap_error(""),
        None => faults::panicked(""),
    };
    Some(fault.seen(panic.join("\n")))
}

/// Returns the place and the reason of a panic: the two lines that name them.
fn panic_lines(seen: &ProgramRun) -> Option<Vec<String>> {
    let mut lines = if seen.events_cut { Vec::new() } else { seen.stderr.lines() };
    let at = lines.iter().position(|line| line.starts_with("thread '") && line.contains("panicked at"))?;
    Some(lines.drain(at..).take(2).collect())
}

/// Returns whether a panic's text comes from `unwrap` or `expect` on an error: it then ends with the error's Debug form.
fn is_of_an_error(words: &str) -> bool {
    let is_debug_form = |text: &str| {
        let end = text.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let of_two_words = name.chars().filter(|letter| letter.is_uppercase()).count() > 1;
        let goes_on = [" {", "(", "::"].iter().any(|mark| rest.starts_with(mark));
        name.starts_with(char::is_uppercase) && (goes_on || rest.is_empty() && of_two_words)
    };
    let mut ends = words.match_indices(": ").map(|(at, mark)| &words[at + mark.len()..]);
    words.contains("called `Result::unwrap()`") || !words.starts_with("assertion") && ends.any(is_debug_form)
}

/// Returns the fault of a program that closed its only connection itself, and then complained that it is closed.
#[must_use]
pub fn used_after_close(seen: &ProgramRun) -> Option<Fault> {
    let transcript = Transcript::of(seen);
    if transcript.opened().len() != 1 || transcript.closes(Peer::Broker).next().is_some() {
        return None;
    }
    let close = transcript.closes(Peer::Program).find(|close| close.said.channel == 0)?;
    let closed_a_channel = transcript.closes(Peer::Program).any(|close| close.said.channel != 0);
    let complains = |line: &String| {
        let says = |state: &str| {
            let forms = [format!("invalid {state} state: Clos"), format!("Invalid{}State(Clos", capital(state))];
            forms.iter().any(|form| line.contains(form))
        };
        // A call that was waiting for its reply when the connection was closed ends in `received` or `sent`.
        let waited = [" received", " sent"].iter().any(|end| line.contains(end));
        says("connection") || (says("channel") && !closed_a_channel && !waited)
    };
    let line = complaints(seen).into_iter().find(complains)?;
    let (fault, evidence) = match panic_lines(seen) {
        Some(panic) => (faults::used_after_close(faults::panicked_when_it()), panic.join("\n")),
        None => (faults::used_after_close(""), format!("on stderr: {line}")),
    };
    Some(fault.at(&close.said).line(evidence))
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

/// Returns the meaning of the last known line on stderr, and its remedy; after a crash, the error's line comes first. Errors
/// after a conversation that was cut mean nothing: the check itself ended the connection.
#[must_use]
pub fn why(seen: &ProgramRun) -> Option<Translation> {
    if seen.events_cut {
        return None;
    }
    let lines = complaints(seen);
    let error = crash::find(&lines).and_then(|crash| translate::line(&crash.error));
    error.or_else(|| lines.iter().rev().find_map(|line| translate::line(line)))
}

/// Returns whether the program would have gone on: it was ended at its time limit, or by Ctrl-C.
#[must_use]
pub fn went_on(seen: &ProgramRun) -> bool {
    let ended_before_ctrl_c = |at| seen.interrupted_at.is_none_or(|pressed| at < pressed);
    seen.exit.is_none_or(|exit| exit.overdue || !ended_before_ctrl_c(exit.at))
}

/// The number of equal requests in a row, up to the program's end, that show that it repeats them.
const IN_A_ROW: usize = 20;

/// The longest time from the last of these requests to the program's end.
const SHORTLY_BEFORE: Duration = Duration::from_secs(2);

/// Returns whether the program was ended while it repeated the same request: more often than is recorded, or up to its time
/// limit, because the broker or the machine is slow.
#[must_use]
pub fn loops(seen: &ProgramRun) -> bool {
    if seen.events_cut {
        return true;
    }
    let Some(exit) = seen.exit.filter(|exit| exit.overdue) else { return false };
    let last: Vec<_> = Transcript::of(seen).said(|_| true).rev().take(IN_A_ROW).collect();
    let goes_on = last.first().is_some_and(|said| said.at + SHORTLY_BEFORE >= exit.at);
    goes_on && last.len() == IN_A_ROW && last.iter().all(|said| said.name() == last[0].name())
}

/// Returns the connection, with a channel on it, that the program left open when it ended by itself. Anything not sent by then
/// is lost.
#[must_use]
pub fn left_open(seen: &ProgramRun) -> Option<u32> {
    if seen.exit.is_none() || went_on(seen) {
        return None;
    }
    let transcript = Transcript::of(seen);
    let opened = |said: &MethodEvent<'_>| matches!(said.method, Method::Channel(channel::AMQPMethod::OpenOk(_)));
    let numbers = transcript.methods().filter(opened).map(|said| said.connection);
    let is_open = |number: &u32| !transcript.closes(Peer::Program).any(|close| close.said.connection == *number);
    { numbers }.find(is_open)
}

/// Returns its stderr, without the traceback that Python prints on Ctrl-C.
#[must_use]
pub fn complaints(seen: &ProgramRun) -> Vec<String> {
    let mut lines = seen.stderr.lines();
    if seen.interrupted_at.is_some() && lines.last().is_some_and(|line| line.starts_with("KeyboardInterrupt")) {
        let traceback = lines.iter().rposition(|line| line.starts_with("Traceback "));
        lines.truncate(traceback.unwrap_or(lines.len() - 1));
    }
    lines
}

/// Returns the program's last words: on stderr, else on the wire, else the way it ended.
#[must_use]
pub fn last_words(seen: &ProgramRun) -> String {
    if let Some((line, is_last)) = telling(&complaints(seen)) {
        return format!("{}: {line}", if is_last { "last line on stderr" } else { "on stderr" });
    }
    let said = Transcript::of(seen).methods().rfind(|said| said.from == Peer::Program);
    match (said, seen.exit) {
        (Some(said), _) => {
            format!("last method sent to the broker: {}", words::method_line(said.method, said.content))
        }
        (None, Some(exit)) if exit.overdue && seen.events_cut => {
            "stopped by the check, because its conversation grew too long".to_owned()
        }
        (None, Some(exit)) if exit.overdue => "still running at the time limit".to_owned(),
        (None, Some(_)) if went_on(seen) => "still running when Ctrl-C was pressed".to_owned(),
        (None, Some(exit)) => match (exit.code, exit.signal) {
            (Some(code), _) => format!("exited with code {code}"),
            (None, Some(signal)) => format!("terminated by signal {signal}"),
            (None, None) => "exited".to_owned(),
        },
        (None, None) => String::new(),
    }
}
