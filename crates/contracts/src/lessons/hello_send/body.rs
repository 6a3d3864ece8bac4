//! Bodies that are not `Hello World!`, and the fault of each.

use recording::ProgramRun;

use super::{BODY, SENT};
use crate::{
    fault::{Fault, faults::body as faults},
    printed, sending,
    verdict::StepResult,
};

/// Checks that the message's body is right and complete.
pub(super) fn is_right(seen: &ProgramRun) -> StepResult {
    let (said, _, content) = sending::the_message(seen)?;
    if content.body == BODY.as_bytes() {
        return Ok(String::new());
    }
    if !content.complete {
        return Err(faults::incomplete().at(&said));
    }
    let Ok(text) = std::str::from_utf8(&content.body) else { return Err(faults::not_text().at(&said)) };
    Err(of_text(text).seen(printed::difference(BODY, text)))
}

/// Returns the fault in this text.
fn of_text(text: &str) -> Fault {
    if let Some(zeros) = text.strip_prefix(BODY).filter(|more| more.len() > 1 && more.chars().all(|c| c == '\0')) {
        return faults::zero_bytes(zeros.len());
    }
    if let Some(character) = printed::unseen(BODY, text).filter(|_| text.trim_end_matches(['\n', '\r', ' ']) != BODY) {
        return faults::unseen_character(character);
    }
    if let Some(more) = text.strip_prefix(BODY).filter(|more| !more.is_empty() && more.trim().is_empty()) {
        return faults::white_space_after(printed::white_space(more));
    }
    if text.trim_matches(|c| c == '"' || c == '\'') == BODY {
        faults::quoted()
    } else if text.eq_ignore_ascii_case(BODY) {
        faults::case()
    } else if text.is_empty() {
        faults::empty()
    } else if BODY.starts_with(text) {
        faults::start_only()
    } else if printed::has_bytes_of(text, BODY) {
        faults::byte_numbers()
    } else if text.trim_start().starts_with(SENT.trim_start()) {
        faults::printed_line()
    } else if text.trim_start().starts_with(['{', '[']) && text.contains(BODY) {
        faults::wrapped()
    } else if text.starts_with(['/', '\\']) || text.get(1..3) == Some(":\\") {
        faults::program_path()
    } else {
        faults::other()
    }
}
