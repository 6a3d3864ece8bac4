//! The steps `queue` and `consume`: a place for the answers that no other client uses.

use recording::ProgramRun;
use wire::{Peer, words::quoted};

use super::{DIRECT, Evidence};
use crate::{
    ending,
    fault::{Fault, faults::call as faults},
    receiving,
    serving::QUEUE,
    steps,
    subscribing::{OwnQueue, in_common, own_queues},
    transcript::{BASIC_PUBLISH, QUEUE_DECLARE, Transcript},
    verdict::StepResult,
};

/// Checks that each client has a queue for its answers that no other client has, or asks for direct ones.
///
/// # Errors
///
/// The fault.
pub fn queue(seen: &Evidence<'_>) -> StepResult {
    let shown = seen.each(|client| has_queue(client.run))?;
    for (index, client) in seen.clients.iter().enumerate() {
        for earlier in seen.alone.into_iter().chain(seen.clients[..index].iter().map(|client| client.run)) {
            if let Some(fault) = shares(client.run, earlier) {
                return Err(fault.of_run(client.run));
            }
        }
    }
    Ok(shown)
}

/// Returns the queues of a program for answers: those that it declared, without that of the requests.
#[must_use]
pub fn for_answers(run: &ProgramRun) -> Vec<OwnQueue<'_>> {
    own_queues(run).into_iter().filter(|(_, name)| *name != QUEUE).collect()
}

/// Returns whether a program asks for direct answers.
pub(super) fn is_direct(run: &ProgramRun) -> bool {
    Transcript::of(run).consumes().any(|(_, consume)| consume.queue.as_str() == DIRECT)
}

fn has_queue(run: &ProgramRun) -> StepResult {
    let transcript = Transcript::of(run);
    if is_direct(run) {
        return Ok(format!("direct answers: {DIRECT}"));
    }
    if let Some((said, name)) = for_answers(run).first() {
        return Ok(format!("{}, named `{name}`", said.line()));
    }
    if let Some(close) = transcript.refusal(QUEUE_DECLARE) {
        let refused = transcript.refused(&close).map(|said| said.line()).unwrap_or_default();
        return Err(match close.code {
            405 => close.show_in(transcript, faults::locked().line(refused)),
            404 => close.show_in(transcript, faults::passive()),
            _ => close.fault(transcript, faults::queue_refused()),
        });
    }
    if let Some(fault) = steps::unread(transcript).or_else(|| ending::panic_of(run)) {
        return Err(fault);
    }
    if let Some(close) = transcript.closes(Peer::Broker).next() {
        return Err(close.fault(transcript, faults::no_queue()));
    }
    let next = transcript.consumes().map(|(said, _)| said).chain(transcript.publishes().map(|(said, ..)| said)).next();
    Err(match next {
        Some(said) => faults::no_queue().at(&said),
        None => ending::cut_short(run).unwrap_or_else(|| faults::no_queue().seen(ending::last_words(run))),
    })
}

/// Returns the fault of two clients that receive from one queue.
fn shares(client: &ProgramRun, earlier: &ProgramRun) -> Option<Fault> {
    let (first, (said, name)) = in_common(&for_answers(earlier), &for_answers(client))?;
    Some(faults::shared(name).at(&first).at(&said))
}

/// Checks that each client subscribes to its queue.
///
/// # Errors
///
/// The fault.
pub fn consume(seen: &Evidence<'_>) -> StepResult {
    seen.each(|client| {
        let run = client.run;
        let transcript = Transcript::of(run);
        let own = for_answers(run);
        let consumed: Vec<_> = transcript
            .consumes()
            .map(|(said, consume)| (said, transcript.queue_meant(&said, consume.queue.as_str())))
            .collect();
        let is_own = |name: &str| name == DIRECT || own.iter().any(|(_, other)| *other == name);
        if let Some((said, name)) = consumed.first().filter(|_| !consumed.iter().any(|(_, name)| is_own(name))) {
            let fault =
                if *name == QUEUE { faults::takes_requests() } else { faults::other_queue(quoted(name.as_bytes())) };
            return Err(fault.at(said));
        }
        let name = consumed.iter().map(|(_, name)| *name).find(|name| is_own(name));
        let name = name.or(own.first().map(|(_, name)| *name)).unwrap_or_default();
        let refused = transcript.refusal(BASIC_PUBLISH).filter(|_| name == DIRECT);
        receiving::subscription(run, name).map(|(said, _)| said.line()).map_err(|fault| match refused {
            // The subscription came too late for the request.
            Some(close) => close.show_in(transcript, faults::direct_too_early()),
            None => fault,
        })
    })
}
