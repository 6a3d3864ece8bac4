//! A message that was published well and is not in the queue, and the cause.

use wire::{
    Method, Peer,
    protocol::{basic, queue, tx},
    words::quoted,
};

use super::Published;
use crate::{
    fault::{Fault, Phrase, faults::lost as faults},
    steps,
    transcript::{Close, MethodEvent, Transcript},
};

/// Returns the fault of a message that was published before the queue existed: the broker dropped it.
pub(super) fn too_early(transcript: Transcript<'_>, published: &MethodEvent<'_>, queue: &str) -> Option<Fault> {
    let is_it = |declare: &queue::Declare| declare.queue.as_str() == queue && !declare.passive;
    let (declared, _) = transcript.declares().find(|(_, declare)| is_it(declare))?;
    (published.order < declared.order).then(|| faults::before_declare().at(published).at(&declared))
}

/// Returns the fault behind a message that was published well, over a connection that was closed well, and is not in the queue.
pub(super) fn lost(
    transcript: Transcript<'_>,
    (published, _, content): &Published<'_>,
    queue: &str,
    queue_is_there: bool,
) -> Fault {
    let with = |fault: Fault, guilty: &MethodEvent<'_>| fault.at(published).at(guilty);
    let is_closed = |close: &Close<'_>| {
        let here = [0, published.channel].contains(&close.said.channel);
        here && close.said.connection == published.connection && close.said.order < published.order
    };
    if let Some(close) = transcript.closes(Peer::Program).find(is_closed) {
        return faults::after_close(close.what()).at(&close.said).at(published);
    }
    let mut selected = transcript.said(|method| matches!(method, Method::Tx(tx::AMQPMethod::Select(_))));
    let mut committed = transcript.said(|method| matches!(method, Method::Tx(tx::AMQPMethod::Commit(_))));
    if let Some(said) = selected.next().filter(|_| committed.next().is_none()) {
        return faults::uncommitted().at(&said).at(published);
    }
    if let Some(taken) = transcript.methods().find(|said| takes_from(queue, transcript, said)) {
        return with(faults::taken_out(), &taken);
    }
    let before: Vec<_> = transcript.methods().take_while(|said| said.order < published.order).collect();
    let is_deleted = |said: &MethodEvent<'_>| matches!(said.method, Method::Queue(queue::AMQPMethod::Delete(_)));
    if let Some(deleted) = before
        .iter()
        .rfind(|said| is_deleted(said) && empties(queue, transcript, said).is_some())
        .filter(|_| !queue_is_there)
    {
        return faults::deleted_before().at(deleted).at(published);
    }
    let mut since = transcript.methods().filter(|said| said.order > published.order);
    if let Some((emptied, did)) = since.find_map(|said| Some((said, empties(queue, transcript, &said)?))) {
        return with(faults::emptied(did), &emptied);
    }
    if let Some(time) = content.properties.expiration() {
        let time = time.as_str();
        return faults::expired(quoted(time.as_bytes()), wire::words::harmless(time)).at(published);
    }
    if let Some((declared, limit)) = steps::limit(transcript, queue) {
        return faults::limited_queue(limit).at(&declared).at(published);
    }
    let fault = if queue_is_there { faults::gone() } else { faults::queue_gone() };
    fault.at(published)
}

fn takes_from<'a>(queue: &str, transcript: Transcript<'a>, said: &MethodEvent<'a>) -> bool {
    let name = match said.method {
        Method::Basic(basic::AMQPMethod::Get(get)) => get.queue.as_str(),
        Method::Basic(basic::AMQPMethod::Consume(consume)) => consume.queue.as_str(),
        _ => return false,
    };
    transcript.queue_meant(said, name) == queue
}

/// Returns the phrase for a method that empties the queue; None for any other method.
fn empties<'a>(queue: &str, transcript: Transcript<'a>, said: &MethodEvent<'a>) -> Option<Phrase> {
    let (name, did) = match said.method {
        Method::Queue(queue::AMQPMethod::Delete(delete)) => (delete.queue.as_str(), faults::deleted()),
        Method::Queue(queue::AMQPMethod::Purge(purge)) => (purge.queue.as_str(), faults::purged()),
        _ => return None,
    };
    (transcript.queue_meant(said, name) == queue).then_some(did)
}
