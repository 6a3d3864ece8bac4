//! The steps `confirm` and `queue`: confirms are on, and the messages go to a queue that is there.

use wire::{
    Method, Peer,
    protocol::{confirm, queue},
    words::quoted,
};

use recording::ProgramRun;

use super::{Conversation, Evidence, Published};
use crate::{
    ending,
    fault::{Fault, faults::confirm as faults},
    steps,
    subscribing::{OwnQueue, own_queues},
    transcript::{MethodEvent, QUEUE_DECLARE, Transcript},
    verdict::StepResult,
};

/// Checks that the channel of the messages is in confirm mode before the first one.
///
/// # Errors
///
/// The fault.
pub fn select(seen: &Evidence<'_>) -> StepResult {
    let (run, transcript) = (seen.calm.run, Transcript::of(seen.calm.run));
    let selects: Vec<MethodEvent<'_>> = selects(transcript).collect();
    let unconfirmed = seen.calm.all().find(|message| message.number.is_none());
    let on_its_channel = |message: &Published<'_>, said: &MethodEvent<'_>| {
        (message.said.connection, message.said.channel) == (said.connection, said.channel)
    };
    match (selects.first(), unconfirmed) {
        (Some(said), None) => Ok(said.line()),
        (None, None) => Err(nothing(run).unwrap_or_else(|| faults::never().seen(ending::last_words(run)))),
        (None, Some(message)) => Err(faults::never().at(&message.said)),
        (Some(said), Some(message)) => {
            let late = selects.iter().find(|said| on_its_channel(message, said) && said.order > message.said.order);
            Err(match late {
                Some(late) => faults::late().at(&message.said).at(late),
                None => faults::other_channel(said.channel, message.said.channel).at(said).at(&message.said),
            })
        }
    }
}

fn selects(transcript: Transcript<'_>) -> impl Iterator<Item = MethodEvent<'_>> {
    transcript.said(|method| matches!(method, Method::Confirm(confirm::AMQPMethod::Select(_))))
}

/// Returns the fault of a program that publishes nothing, if it says more than that.
fn nothing(run: &ProgramRun) -> Option<Fault> {
    let transcript = Transcript::of(run);
    if let Some(fault) = steps::unread(transcript).or_else(|| ending::panic_of(run)) {
        return Some(fault);
    }
    if let Some(close) = transcript.closes(Peer::Broker).next() {
        let what = steps::what_the_broker_did(transcript, &close);
        return Some(close.fault(transcript, faults::nothing_refused(what)));
    }
    ending::cut_short(run)
}

/// Checks that the messages go to queues that the program declared, or bound.
///
/// # Errors
///
/// The fault.
pub fn queue(seen: &Evidence<'_>) -> StepResult {
    let (run, transcript) = (seen.calm.run, Transcript::of(seen.calm.run));
    let own = own_queues(run);
    let bound: Vec<&str> = transcript.binds().map(|(_, bind)| bind.exchange.as_str()).collect();
    let Some(first) = seen.calm.all().next() else {
        return match (transcript.refusal(QUEUE_DECLARE), own.first()) {
            (Some(close), _) => Err(close.fault(transcript, faults::queue_refused())),
            (None, Some((said, name))) => Ok(format!("{}, named `{name}`", said.line())),
            (None, None) => Err(nothing(run).unwrap_or_else(|| faults::no_queue().seen(ending::last_words(run)))),
        };
    };
    if let Some(close) = transcript.refusal(QUEUE_DECLARE) {
        return Err(close.fault(transcript, faults::queue_refused()));
    }
    let is_routed = |message: &&Published<'_>| {
        let (exchange, key) = (message.publish.exchange.as_str(), message.publish.routing_key.as_str());
        let own = own.iter().any(|(said, name)| *name == key && said.order < message.said.order);
        if exchange.is_empty() { own } else { bound.contains(&exchange) }
    };
    if let Some(message) = seen.calm.all().find(|message| !is_routed(message)) {
        return Err(unrouted(&seen.calm, message, &own));
    }
    if let Some(said) = deleted(transcript, &own) {
        return Err(faults::deleted().at(&said));
    }
    let key = first.publish.routing_key.as_str();
    let shown = own.iter().find(|(_, name)| *name == key).or(own.first());
    Ok(shown.map(|(said, name)| format!("{}, named `{name}`", said.line())).unwrap_or_default())
}

fn unrouted(calm: &Conversation<'_>, message: &Published<'_>, own: &[OwnQueue<'_>]) -> Fault {
    let (exchange, key) = (message.publish.exchange.as_str(), message.publish.routing_key.as_str());
    if !exchange.is_empty() {
        let transcript = Transcript::of(calm.run);
        let refusal = transcript.closes(Peer::Broker).next();
        let fault = faults::other_exchange(quoted(exchange.as_bytes())).at(&message.said);
        return fault.all(refusal.map(|close| close.said));
    }
    if let Some((said, _)) = own.iter().find(|(_, name)| *name == key) {
        return faults::declared_late().at(&message.said).at(said);
    }
    match own.first() {
        None => faults::no_queue().at(&message.said),
        Some((said, _)) => faults::other_queue(quoted(key.as_bytes())).at(said).at(&message.said),
    }
}

/// Returns the method by which the program deletes a queue before its messages are confirmed.
fn deleted<'a>(transcript: Transcript<'a>, own: &[OwnQueue<'a>]) -> Option<MethodEvent<'a>> {
    let mut deletes = transcript.methods().filter_map(|said| match said.method {
        Method::Queue(queue::AMQPMethod::Delete(delete)) => Some((said, delete.queue.as_str())),
        _ => None,
    });
    let is_used_after = |said: &MethodEvent<'_>, name: &str| {
        transcript
            .publishes()
            .any(|(other, publish, _)| other.order > said.order && publish.routing_key.as_str() == name)
            && !own.iter().any(|(declared, other)| *other == name && declared.order > said.order)
    };
    deletes.find(|(said, name)| is_used_after(said, name)).map(|(said, _)| said)
}
