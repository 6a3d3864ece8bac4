//! The requirement that a receiver stays until Ctrl-C is pressed, also through a long silence.

use recording::ProgramRun;

use super::{
    RECEIVED, emptied, ended_by_itself, goodbye,
    quiet::{self, Quiet, Reached},
};
use crate::{
    ending,
    fault::{
        Fault,
        faults::{receive, stay as faults},
    },
    transcript::Transcript,
    verdict::StepResult,
};

/// Checks that the program printed one more message, sent after all others were printed, and stayed. `stayed` is true if the
/// scene saw that; the text of `last` had come before.
///
/// # Errors
///
/// The fault.
pub fn one_more(run: &ProgramRun, last: &str, stayed: bool) -> StepResult {
    if !stayed || ended_by_itself(run) {
        return Err(left(run, last, 1));
    }
    Ok("a message that came when all others were printed was printed, too".to_owned())
}

/// Checks that the program printed a message after a long silence, and stayed. `kind` is the word for such a program.
///
/// # Errors
///
/// The fault.
pub fn through_silence(quiet: &Quiet<'_>, kind: &str) -> StepResult {
    if quiet.reached < Reached::Stayed || ended_by_itself(quiet.run) {
        let last = &quiet.sent[usize::from(quiet.reached >= Reached::Received)];
        let fault = quiet::left_in_silence(quiet, kind).unwrap_or_else(|| left(quiet.run, last, 0));
        return Err(fault.of_run(quiet.run));
    }
    let silence = quiet::SILENCE.as_secs_f64();
    Ok(format!("it printed a message that came after {silence:.1} s of silence, too, and was still there"))
}

/// Returns the fault of a program that left, or printed no line for its last message. The same text came `before` times
/// earlier.
fn left(run: &ProgramRun, last: &str, before: usize) -> Fault {
    if let Some(fault) = ending::cut_short(run) {
        return fault;
    }
    let ended = ended_by_itself(run);
    let transcript = Transcript::of(run);
    let goodbye = goodbye(run);
    if let Some(said) = emptied(transcript).filter(|_| !ended) {
        return receive::emptied().at(&said);
    }
    let delivered = transcript.deliveries().filter(|(_, _, content)| content.body == last.as_bytes()).nth(before);
    let fault = if ended {
        faults::ended()
    } else if goodbye.is_some() {
        faults::cancelled()
    } else if delivered.is_some() && before > 0 {
        faults::repeat_unprinted()
    } else if delivered.is_some() {
        faults::unprinted()
    } else {
        faults::no_more()
    };
    match (&goodbye, &delivered) {
        (Some(said), _) => fault.at(said),
        (None, Some((said, ..))) if !ended => fault.at(said).line(format!("expected: {RECEIVED} '{last}'")),
        _ => fault.seen(ending::last_words(run)),
    }
}
