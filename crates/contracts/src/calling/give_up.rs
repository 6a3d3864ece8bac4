//! The step `give-up`: a client does not wait for ever.

use recording::ProgramRun;

use super::Evidence;
use crate::{
    ending,
    fault::faults::{call as faults, end},
    verdict::StepResult,
};

/// Checks that a client without a server ends after a time, says so, and has an exit code other than 0.
///
/// # Errors
///
/// The fault.
pub fn gives_up(seen: &Evidence<'_>) -> StepResult {
    let Some(run) = seen.alone else { return Ok(String::new()) };
    ends_with_a_reason(run).map_err(|fault| fault.of_run(run))
}

fn ends_with_a_reason(run: &ProgramRun) -> StepResult {
    let words = ending::last_words(run);
    let lines = run.stdout.lines();
    if let Some(line) = lines.iter().find(|line| line.starts_with(" [.]")) {
        return Err(faults::claims().seen(line));
    }
    let Some(exit) = run.exit.filter(|exit| !exit.overdue) else {
        return Err(faults::waits_for_ever().seen(words));
    };
    if let Some(panic) = ending::panic_of(run) {
        return Err(panic.and(faults::without_server()));
    }
    let said = reasons(run);
    match (exit.code, said.last()) {
        (Some(0), _) => Err(faults::exit_zero().seen(said.last().cloned().unwrap_or_default()).line("exit code 0")),
        (_, None) => Err(faults::silent().seen(words)),
        (Some(code), Some(line)) => Ok(format!("{line}, exit code {code}")),
        (None, _) => Err(end::signal(exit.signal.unwrap_or_default(), end::by_signal()).seen(words)),
    }
}

/// Returns the lines that may say why the client gives up: all but the one about its request.
fn reasons(run: &ProgramRun) -> Vec<String> {
    let lines = run.stdout.lines().into_iter().filter(|line| !line.starts_with(" [x]"));
    lines.chain(run.stderr.lines()).filter(|line| !line.trim().is_empty()).collect()
}

/// Returns whether one of these lines names a time.
pub(super) fn says_a_time(run: &ProgramRun) -> bool {
    reasons(run).iter().any(|line| line.contains(|letter: char| letter.is_ascii_digit()))
}
