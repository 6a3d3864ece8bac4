//! The step `message`: the text, and nothing else, is in the body.

use super::{Emitter, Evidence};
use crate::{
    fault::{Fault, faults::emit as faults},
    printed,
    sending::{self, typed, typed::Typed},
    verdict::StepResult,
};

/// Checks that each run sends one message, with the typed text as its body.
///
/// # Errors
///
/// The first fault.
pub fn message(seen: &Evidence<'_>) -> StepResult {
    typed::each_its_own(&seen.runs, |run| confused(seen.emitter, run))
}

/// Returns the fault of a message whose key and text are in each other's place, or both in the body.
fn confused(emitter: &Emitter, run: &Typed<'_>) -> Option<Fault> {
    let (said, publish, content) = sending::the_message(run.run).ok()?;
    let text = run.text();
    let (body, routing_key) = (String::from_utf8_lossy(&content.body), publish.routing_key.as_str());
    let Some(default) = emitter.default_key else {
        return (routing_key == text && body != *text).then(|| faults::text_is_key().at(&said));
    };
    let typed = run.run.arguments.first().map(String::as_str);
    let key = typed.unwrap_or(default);
    if run.is_right(&content.body) {
        return None;
    }
    if body == key && run.is_right(routing_key.as_bytes()) {
        return Some(faults::key_text_swapped().at(&said));
    }
    if is_program(routing_key, key) {
        return Some(faults::key_is_program(key).at(&said));
    }
    let rest = body.strip_prefix(key).map(|rest| rest.trim_start_matches(|letter: char| !letter.is_alphanumeric()));
    // A program that joins all words has nothing but the key, when only a key was typed.
    let has_both = rest.is_some_and(|rest| run.is_right(rest.as_bytes()) || (rest.is_empty() && typed.is_some()));
    let has_both = has_both || (body.starts_with(key) && body.ends_with(text.as_str()));
    has_both.then(|| faults::key_in_text(key).seen(printed::difference(&text, &body)).about(&said))
}

/// Returns whether this routing key is the path of the program itself. `right` is the key that was typed.
pub(super) fn is_program(routing_key: &str, right: &str) -> bool {
    let has_words_of_it = right.split('.').all(|word| routing_key.contains(word));
    routing_key.contains(std::path::MAIN_SEPARATOR) && !has_words_of_it
}
