//! A program that opened no socket to the broker.

use super::address::{WRITTEN_INTO_IT, written_into_it, wrong_address};
use crate::{
    ending::{self, last_words},
    fault::Fault,
    printed,
};
use recording::ProgramRun;

/// Why it did not.
pub(super) fn never_began(seen: &ProgramRun) -> Fault {
    let panic = ending::panic_of(seen);
    let evidence = panic.as_ref().map_or_else(|| last_words(seen), |panic| panic.evidence.clone());
    if let Some(mistake) = wrong_address(seen) {
        return if mistake.evidence.is_empty() { mistake.seen(evidence) } else { mistake };
    }
    if ending::went_on(seen) {
        let mistake = Fault::new("The program never connected to the broker.").seen(evidence);
        return match ending::waits_for_a_key(seen) {
            Some(waits) => Fault {
                unworded: Some((
                    "The program never connected to the broker: it waits for a key, and none is pressed while it is checked.".to_owned(),
                    waits.unworded.clone().unwrap_or_default().1,
                )),
                ..waits
            },
            None => match written_into_it(seen) {
                Some(written) => written.seen(mistake.evidence),
                None => mistake.hint(format!("[[does_it_wait]] {WRITTEN_INTO_IT}")),
            },
        };
    }
    if let Some(panic) = panic {
        let message = panic.unworded.clone().unwrap_or_default().0.replacen(
            "panicked.",
            "panicked before it connected to the broker.",
            1,
        );
        return Fault::new(message).seen(evidence).hint(panic.unworded.clone().unwrap_or_default().1);
    }
    if let Some(crash) = ending::cut_short(seen) {
        // For a program that never ran, or left for the background, that goes without saying.
        let (crash_message, crash_hint) = crash.unworded.clone().unwrap_or_default();
        let ran = crash_message.starts_with("The program crashed");
        let more = if ran { " The program had not connected to the broker yet." } else { "" };
        return Fault { unworded: Some((crash_message + more, crash_hint)), ..crash };
    }
    if seen.exit.is_some_and(|exit| exit.code != Some(0)) && !ending::complaints(seen).is_empty() {
        let message = "The program failed before it connected to the broker.";
        let mistake = match ending::why(seen) {
            Some(why) => Fault::new(format!("{message} {}", why.cause)).hint(why.remedy),
            None => Fault::new(message).hint(format!(
                "Its stderr says why. The address to connect to is in the environment variable AMQP_URL. {WRITTEN_INTO_IT}"
            )),
        };
        return mistake.seen(evidence);
    }
    let lines = seen.stdout.lines();
    if let Some(line) = lines.iter().find(|line| printed::is_of_a_lesson(line)) {
        return Fault::new(
            "The program ended without connecting to the broker, and yet it prints that it did its work.",
        )
        .seen(format!(
            "{}: {line}",
            if lines.first() == Some(line) { "its first line on stdout" } else { "on its stdout" }
        ))
        .hint(written_into_it(seen).map_or_else(
            || format!("[[is_awaited]] Take the address from AMQP_URL: [[env]]. {WRITTEN_INTO_IT}"),
            |written| written.unworded.unwrap_or_default().1,
        ));
    }
    let evidence = lines.first().map_or(evidence, |line| format!("its first line on stdout: {line}"));
    if let Some(written) = written_into_it(seen) {
        return written.seen(evidence);
    }
    Fault::new("The program ended without connecting to the broker.")
        .seen(evidence)
        .hint(format!("[[connects_late]] {WRITTEN_INTO_IT}"))
}
