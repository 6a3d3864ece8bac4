//! The steps `wait` and `stay`: a receiver says that it is ready, and stays until somebody presses Ctrl-C.

use super::{Evidence, RECEIVED, Reached, quiet};
use crate::{
    ending,
    fault::{
        Fault,
        faults::{receive, stay as faults},
    },
    receiving,
    talk::Talk,
    verdict::Finding,
};
use recording::ProgramRun;

/// The waiting line, in both runs: with messages in the queue, and without.
pub(super) fn wait(seen: &Evidence<'_>) -> Finding {
    let found = receiving::wait(seen.run, seen.reached >= Reached::Waiting);
    match (&found, &seen.quiet) {
        (Finding::Passed(_), Some(quiet)) => {
            quiet::waiting_line(quiet).map_or(found, |fault| fault.of_run(quiet.run).into())
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
    if let Some(fault) = ending::cut_short(performance) {
        return fault;
    }
    let ended = receiving::ended_by_itself(performance);
    let talk = Talk::of(performance);
    let goodbye = receiving::goodbye(performance);
    if let Some(said) = receiving::emptied(talk).filter(|_| !ended) {
        return receive::emptied().seen(said.line());
    }
    let delivered = talk.deliveries().filter(|(_, _, content)| content.body == last.as_bytes()).nth(before);
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
    let evidence = match (&goodbye, &delivered) {
        (Some(said), _) => said.line(),
        (None, Some((said, ..))) if !ended => format!("{}\nexpected: {RECEIVED} '{last}'", said.line()),
        _ => ending::last_words(performance),
    };
    fault.seen(evidence)
}
