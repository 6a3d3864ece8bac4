//! The step `stay`: a receiver stays until somebody presses Ctrl-C.

use super::{Evidence, RECEIVED, Reached};
use crate::{
    lessons::{ending, receiving, talk::Talk},
    verdict::{Finding, Mistake},
};

/// One more message, sent when all others were printed, is printed, too; and then the program is still there.
pub(super) fn stay(seen: &Evidence) -> Finding {
    let performance = &seen.performance;
    let ended = receiving::ended_by_itself(performance);
    if seen.reached == Reached::Stayed && !ended {
        return Finding::Passed("a message that came when all others were printed was printed, too".to_owned());
    }
    if let Some(panic) = ending::panic_of(performance) {
        return panic.into();
    }
    let talk = Talk::of(performance);
    let goodbye = receiving::goodbye(performance);
    // Its text came before, too.
    let delivered = talk.deliveries().filter(|(_, _, content)| content.body == seen.last.as_bytes()).nth(1);
    let message = if ended {
        "The program ended by itself when it had printed the messages; a receiver stays for the next one."
    } else if goodbye.is_some() {
        "The program stopped receiving when it had printed the messages; a receiver stays for the next one."
    } else if delivered.is_some() {
        "The program received a message that came after a while, with the same text as one before, and printed no line for it."
    } else {
        "The program let no more messages come when it had printed the first ones; a receiver stays for the next one."
    };
    let evidence = match (&goodbye, &delivered) {
        (Some(said), _) => said.line(),
        (None, Some((said, ..))) if !ended => format!("{}\nexpected: {RECEIVED} '{}'", said.line(), seen.last),
        _ => ending::last_words(performance),
    };
    let hint = if delivered.is_some() && !ended && goodbye.is_none() {
        "Print a line for each delivery, in a loop that only Ctrl-C ends. Two messages with the same text are two messages."
    } else {
        "Receive in a loop that only Ctrl-C ends."
    };
    Mistake::new(message).seen(evidence).hint(hint).into()
}
