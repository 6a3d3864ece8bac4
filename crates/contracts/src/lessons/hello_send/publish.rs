//! The step `publish`: one message, the right one, to the right place.

use super::{BODY, Evidence, QUEUE, body};
use crate::{fault::Fault, sending, verdict::Finding};

/// Exactly one message, through the default exchange, with the right key and body; it is in the queue afterwards.
pub(super) fn publish(seen: &Evidence<'_>) -> Finding {
    judged(seen).into()
}

fn judged(seen: &Evidence<'_>) -> Result<String, Fault> {
    let published = sending::the_message(seen.run)?;
    let (said, _, content) = published;
    if let Some(mistake) = sending::swapped(&published, QUEUE, BODY) {
        return Err(mistake);
    }
    sending::addressed(seen.run, &published, QUEUE)?;
    if content.body != BODY.as_bytes() {
        return Err(body::wrong(said.line(), &content.body, content.complete));
    }
    let is_there = sending::arrived(seen.run, &published, QUEUE, seen.queued.as_deref())?;
    Ok(said.line() + if is_there { "; it is in the queue" } else { "" })
}
