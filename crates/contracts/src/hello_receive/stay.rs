//! The steps `wait` and `stay`: a receiver says that it is ready, and stays until somebody presses Ctrl-C.

use super::{Evidence, RECEIVED, Reached, quiet};
use crate::{ending, fault::Fault, receiving, talk::Talk, verdict::Finding};
use recording::ProgramRun;

/// The waiting line, in both runs: with messages in the queue, and without.
pub(super) fn wait(seen: &Evidence<'_>) -> Finding {
    let found = receiving::wait(seen.run, seen.reached >= Reached::Waiting);
    match (&found, &seen.quiet) {
        (Finding::Passed(_), Some(quiet)) => {
            quiet::waiting_line(quiet).map_or(found, |mistake| mistake.of_run(quiet.run).into())
        }
        _ => found,
    }
}

/// One more message, sent when all others were printed, is printed, too, also after a long silence; and then the program is
/// still there.
pub(super) fn stay(seen: &Evidence<'_>) -> Finding {
    let performance = seen.run;
    if seen.reached < Reached::Stayed || receiving::ended_by_itself(performance) {
        return left(performance, &seen.last, 1).into();
    }
    let Some(run) = &seen.quiet else {
        return Finding::Passed("a message that came when all others were printed was printed, too".to_owned());
    };
    if run.reached < Reached::Stayed || receiving::ended_by_itself(run.run) {
        let last = &run.sent[usize::from(run.reached >= Reached::Received)];
        return quiet::left_in_silence(run, "receiver")
            .unwrap_or_else(|| left(run.run, last, 0))
            .of_run(run.run)
            .into();
    }
    let silence = quiet::SILENCE.as_secs_f64();
    Finding::Passed(format!("it printed a message that came after {silence:.1} s of silence, too, and was still there"))
}

/// The program left, or printed no line for its last message. The same text came `before` so many times.
fn left(performance: &ProgramRun, last: &str, before: usize) -> Fault {
    if let Some(mistake) = ending::cut_short(performance) {
        return mistake;
    }
    let ended = receiving::ended_by_itself(performance);
    let talk = Talk::of(performance);
    let goodbye = receiving::goodbye(performance);
    let delivered = talk.deliveries().filter(|(_, _, content)| content.body == last.as_bytes()).nth(before);
    let message = if ended {
        "The program ended by itself when it had printed the messages; a receiver stays for the next one."
    } else if goodbye.is_some() {
        "The program stopped receiving when it had printed the messages; a receiver stays for the next one."
    } else if delivered.is_some() && before > 0 {
        "The program received a message that came after a while, with the same text as one before, and printed no line for it."
    } else if delivered.is_some() {
        "The program received a message that came after a while, and printed no line for it."
    } else {
        "The program let no more messages come when it had printed the first ones; a receiver stays for the next one."
    };
    let evidence = match (&goodbye, &delivered) {
        (Some(said), _) => said.line(),
        (None, Some((said, ..))) if !ended => format!("{}\nexpected: {RECEIVED} '{last}'", said.line()),
        _ => ending::last_words(performance),
    };
    let hint = if delivered.is_some() && !ended && goodbye.is_none() {
        "Print a line for each delivery, in a loop that only Ctrl-C ends. Two messages with the same text are two messages."
    } else {
        "[[stay]]"
    };
    Fault::new(message).seen(evidence).hint(hint)
}
