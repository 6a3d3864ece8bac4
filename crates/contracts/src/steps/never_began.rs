//! A program that opened no socket to the broker.

use super::address::{Written, written_into_it, wrong_address};
use crate::{
    ending::{self, last_words},
    fault::{
        Fault,
        faults::{connect as faults, end},
    },
    printed,
};
use recording::ProgramRun;

/// Returns the reason why the program opened no socket.
pub(super) fn never_began(seen: &ProgramRun) -> Fault {
    let panic = ending::panic_of(seen);
    let evidence = panic.as_ref().map_or_else(|| last_words(seen), Fault::lines);
    if let Some(fault) = wrong_address(seen) {
        return if fault.evidence.is_empty() { fault.seen(evidence) } else { fault };
    }
    if ending::went_on(seen) {
        if let Some(waits) = ending::waits_for_a_key(seen) {
            return faults::waits_for_key().seen(waits.lines());
        }
        return written_into_it(seen).map_or_else(faults::never_connected, Written::fault).seen(evidence);
    }
    if let Some(panic) = panic {
        return panic.with("when", end::before_connecting());
    }
    if let Some(crash) = ending::cut_short(seen) {
        // Programs that never ran, or went into the background, need no such sentence.
        let ran = crash.code == end::crashed("", "").code;
        return if ran { crash.and(end::not_connected_yet()) } else { crash };
    }
    if seen.exit.is_some_and(|exit| exit.code != Some(0)) && !ending::complaints(seen).is_empty() {
        return faults::failed_before().because(ending::why(seen)).seen(evidence);
    }
    let lines = seen.stdout.lines();
    if let Some(line) = lines.iter().find(|line| printed::is_of_a_lesson(line)) {
        let place = if lines.first() == Some(line) { "first line on stdout" } else { "on stdout" };
        let remedy = written_into_it(seen).map_or_else(faults::is_awaited, |written| written.remedy);
        return faults::printed_without(remedy).seen(format!("{place}: {line}"));
    }
    let evidence = lines.first().map_or(evidence, |line| format!("first line on stdout: {line}"));
    written_into_it(seen).map_or_else(faults::ended_before, Written::fault).seen(evidence)
}
