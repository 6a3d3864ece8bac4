//! A frame from the program that no broker can read.

use wire::{FrameError, What, frame};

use crate::{
    fault::{Fault, faults::frame as faults},
    transcript::Transcript,
};

/// Returns the fault of such a frame; None if there is none.
#[must_use]
pub fn unread(transcript: Transcript<'_>) -> Option<Fault> {
    let (why, error) = transcript.others(wire::Peer::Program).find_map(|what| match what {
        What::Strange { why, unread, .. } => Some((why, unread)),
        _ => None,
    })?;
    Some(of(why, error.as_ref()).seen(format!("program: {why}")))
}

fn of(why: &str, error: Option<&FrameError>) -> Fault {
    match error {
        Some(FrameError::Table { class, method, key, kind }) => in_table(*class, *method, key, *kind),
        Some(FrameError::Method { class, method }) => match frame::method_name(*class, *method) {
            Some(name) => faults::bad_method_arguments(name),
            None => faults::unknown_method(*class, *method),
        },
        Some(FrameError::TooDeep) => faults::table_too_deep(),
        Some(_) => faults::bad_properties(),
        None => faults::out_of_order(why),
    }
}

/// Returns the fault of a value in a table: an argument of a method, or a header of a message.
fn in_table(class: u16, method: u16, key: &str, kind: u8) -> Fault {
    let key = wire::words::harmless(key);
    let place = match frame::method_name(class, method) {
        Some(name) => faults::argument(name, key),
        None => faults::header(key),
    };
    if frame::SHORT_STRINGS.contains(&kind) { faults::short_string(place) } else { faults::bad_table_value(place) }
}
