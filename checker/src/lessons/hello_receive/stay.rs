//! The steps `stay` and `stop`: a receiver stays until somebody presses Ctrl-C.

use wire::Peer;

use super::{Evidence, RECEIVED, Reached};
use crate::{
    lessons::{ending, receiving, talk::Talk},
    performance::Performance,
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

/// Ctrl-C ends it soon, without a panic.
pub(super) fn stop(seen: &Evidence) -> Finding {
    let performance = &seen.performance;
    if let Some(panic) = ending::panic_of(performance) {
        return panic.into();
    }
    let talk = Talk::of(performance);
    let Some(exit) = performance.exit else {
        return Mistake::new("The program's end was not seen.").into();
    };
    if exit.overdue {
        let closed = talk.closes(Peer::Program).any(|close| close.said.channel == 0);
        let said = if closed { "connection.close" } else { "no connection.close" };
        return Mistake::new(
            "Ctrl-C was pressed, and the program did not end soon: it takes the signal, and goes on or waits for something.",
        )
        .seen(format!("after Ctrl-C: {said}, and no end"))
        .hint(
            "After `tokio::signal::ctrl_c()`, leave the loop and let `main` return. Wait for nothing that may not come: a \
             key, a second Ctrl-C, the next message, a task that receives for ever. `tokio::select!` goes on with what comes \
             first; `join!` waits for all.",
        )
        .into();
    }
    // SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: a crash. SIGINT is what Ctrl-C is.
    if let Some(signal) = exit.signal.filter(|signal| [4, 6, 7, 8, 11].contains(signal)) {
        let hint = if signal == 6 {
            "`process::abort` ends a program as a crash does. Let `main` return instead."
        } else {
            "A program that crashes reaches for memory that is not its own: look at what runs when it ends."
        };
        return Mistake::new(format!("At Ctrl-C the program crashed (signal {signal})."))
            .seen(ending::last_words(performance))
            .hint(hint)
            .into();
    }
    let gently = talk.closes(Peer::Program).any(|close| close.said.channel == 0);
    let how = if gently { "with connection.close" } else { "without closing its connection" };
    Finding::Passed(format!("Ctrl-C ended it, {how}"))
}

/// Whether the program ended before Ctrl-C was pressed.
pub(super) fn ended_by_itself(seen: &Performance) -> bool {
    seen.exit.is_some_and(|exit| seen.interrupted_at.is_none_or(|at| exit.at < at))
}
