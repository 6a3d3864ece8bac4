//! The step `stay`: a receiver stays until somebody presses Ctrl-C.

use super::{Evidence, Reached};
use crate::{
    lessons::{
        ending,
        receiving::{ended_by_itself, goodbye},
        talk::Talk,
    },
    verdict::{Finding, Mistake},
};

/// One more message, sent when all others were printed, is printed, too; and then the program is still there.
pub(super) fn stay(seen: &Evidence) -> Finding {
    let performance = &seen.performance;
    let ended = ended_by_itself(performance);
    if seen.reached == Reached::Stayed && !ended {
        return Finding::Passed("a message that came when all others were printed was printed, too".to_owned());
    }
    if let Some(panic) = ending::panic_of(performance) {
        return panic.into();
    }
    let talk = Talk::of(performance);
    let goodbye = goodbye(performance);
    let delivered = talk.deliveries().any(|(_, _, content)| content.body == seen.last.as_bytes());
    let message = if ended {
        "The program ended by itself when it had printed the messages; a receiver stays for the next one."
    } else if goodbye.is_some() {
        "The program stopped receiving when it had printed the messages; a receiver stays for the next one."
    } else if delivered {
        "The program received a message that came after a while, and printed no line for it."
    } else {
        "The program let no more messages come when it had printed the first ones; a receiver stays for the next one."
    };
    let evidence = goodbye.map_or_else(|| ending::last_words(performance), |said| said.line());
    Mistake::new(message).seen(evidence).hint("Receive in a loop that only Ctrl-C ends.").into()
}
