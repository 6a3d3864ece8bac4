//! Durability: the queue of tasks, and the tasks in it, must survive a restart of the broker.

use wire::{
    Method,
    protocol::{basic::AMQPMethod as Basic, queue::AMQPMethod as Queue},
};

use recording::ProgramRun;

use crate::{
    fault::{Fault, faults::durable as faults},
    sending, steps,
    transcript::{MethodEvent, Transcript, has_argument},
    verdict::StepResult,
};

/// Checks that the queue `name` was declared durable and not auto-delete, and that the broker agreed.
pub fn declare(seen: &ProgramRun, name: &str) -> StepResult {
    let found = steps::declare(seen, name)?;
    let transcript = Transcript::of(seen);
    let mine = transcript.declares().find(|(_, declare)| declare.queue.as_str() == name && !declare.passive);
    let Some((said, declare)) = mine else { return Ok(found) };
    if !declare.durable && has_argument(declare, "durable") {
        return Err(faults::durable_among_arguments(name).at(&said));
    }
    if !declare.durable {
        return Err(faults::transient_queue(name).at(&said));
    }
    if declare.auto_delete {
        return Err(faults::auto_delete_queue(name).at(&said));
    }
    emptied(transcript, name).map_or(Ok(found), Err)
}

/// Returns the fault of a queue that was emptied before the program used it: tasks may be waiting there.
fn emptied(transcript: Transcript<'_>, name: &str) -> Option<Fault> {
    let uses = |method: &Method| matches!(method, Method::Basic(Basic::Publish(_) | Basic::Consume(_) | Basic::Get(_)));
    let first = transcript.said(uses).next().map_or(u64::MAX, |said| said.order);
    let (said, did) =
        transcript.methods().take_while(|said| said.order < first).find_map(|said| match said.method {
            Method::Queue(Queue::Delete(delete)) if delete.queue.as_str() == name => Some((said, faults::deletes())),
            Method::Queue(Queue::Purge(purge)) if purge.queue.as_str() == name => Some((said, faults::empties())),
            _ => None,
        })?;
    Some(faults::emptied_at_start(did).at(&said))
}

/// Checks that the program's one message is persistent and does not expire.
///
/// # Errors
///
/// The fault.
pub fn message(seen: &ProgramRun) -> StepResult {
    let (said, ..) = sending::the_message(seen)?;
    let mode = said.content.and_then(|content| *content.properties.delivery_mode());
    let fault = match mode {
        Some(2) => return lives(&said),
        Some(1) => faults::mode_1(),
        Some(other) => faults::mode_unknown(other),
        None => faults::no_mode(),
    };
    Err(fault.at(&said))
}

/// Checks that the message does not expire.
fn lives(said: &MethodEvent<'_>) -> StepResult {
    let Some(time) = said.content.and_then(|content| content.properties.expiration().as_ref()) else {
        return Ok(said.line());
    };
    Err(faults::expires(time.as_str()).at(said))
}
