//! A program that waits for a key.

use regex_lite::Regex;

use super::{complaints, went_on};
use crate::fault::{Fault, faults::end as faults};
use recording::ProgramRun;

/// The pattern of a request for a key.
const ASKS: &str = r"(?i)\b(?:press|hit|type|push|drücken?|appuyez|presione)\b.*(?:\benter\b|\breturn\b|\bkey\b|\btaste\b|\bentrée\b|\btecla\b)|\[enter\]";

/// Returns the fault of a program that asked for a key and was still running.
#[must_use]
pub fn waits_for_a_key(seen: &ProgramRun) -> Option<Fault> {
    if !went_on(seen) {
        return None;
    }
    let asks = Regex::new(ASKS).ok()?;
    let line = seen.stdout.lines().into_iter().chain(complaints(seen)).filter(|line| asks.is_match(line)).last();
    let line = line.or_else(|| seen.stdout.open_line().filter(|line| line.trim_end().ends_with([':', '?', '>'])))?;
    Some(faults::waits_for_key().seen(format!("printed: {line}\nstill running when the check ended it")))
}
