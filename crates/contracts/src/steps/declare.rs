//! The step `declare`: the queue exists, as the lesson requires.

use wire::{
    Method, Peer,
    protocol::{basic, channel, exchange, queue},
    types::AMQPValue,
    words::quoted,
};

use super::{connect::not_amqp, unread::unread};
use crate::{
    catalogue,
    clients::Client,
    ending::{self, last_words},
    fault::{Fault, faults::declare as faults},
    printed,
    transcript::{Close, MethodEvent, QUEUE_DECLARE, Transcript, has_argument},
    verdict::{Note, StepResult},
};
use recording::ProgramRun;

/// Checks that the queue `name` was declared, not passively, and that the broker agreed.
pub fn declare(seen: &ProgramRun, name: &str) -> StepResult {
    let transcript = Transcript::of(seen);
    let mine: Vec<(MethodEvent<'_>, &queue::Declare)> =
        transcript.declares().filter(|(_, declare)| declare.queue.as_str() == name).collect();
    let agreed = |said: &MethodEvent<'_>| agreed(transcript, said);
    let mut active = mine.iter().filter(|(_, declare)| !declare.passive);
    let active = active.clone().find(|(said, declare)| declare.nowait || agreed(said)).or(active.next());
    // A refusal before the accepted declaration does not count: the program asked passively first.
    let overcome = active.filter(|(said, _)| agreed(said)).map_or(0, |(said, _)| said.order);
    if let Some(close) = transcript.refusals(QUEUE_DECLARE).find(|close| close.said.order > overcome) {
        return Err(refused(transcript, name, close, &mine));
    }
    let Some((said, declare)) = active else { return Err(not_declared(seen, transcript, name, &mine)) };
    if declare.exclusive {
        return Err(faults::exclusive(name).at(said));
    }
    if !agreed(said) && !declare.nowait {
        return Err(faults::unanswered(name).at(said));
    }
    Ok(said.line())
}

/// Returns the program's declaration of the queue `name` that limits what the queue keeps, or for how long, with that argument.
#[must_use]
pub fn limit<'a>(transcript: Transcript<'a>, name: &str) -> Option<(MethodEvent<'a>, &'static str)> {
    let limits = ["x-message-ttl", "x-max-length", "x-max-length-bytes", "x-expires"];
    transcript
        .declares()
        .filter(|(_, declare)| declare.queue.as_str() == name)
        .find_map(|(said, declare)| Some((said, limits.into_iter().find(|limit| has_argument(declare, limit))?)))
}

/// Returns whether the program declares the queue `name` as a stream.
pub fn is_stream(seen: &ProgramRun, name: &str) -> bool {
    let is_one = |declare: &queue::Declare| {
        let kind = declare.arguments.inner().get("x-queue-type");
        matches!(kind, Some(AMQPValue::LongString(kind)) if kind.as_bytes() == b"stream")
    };
    Transcript::of(seen).declares().any(|(_, declare)| declare.queue.as_str() == name && is_one(declare))
}

/// Returns the note on a queue that is neither durable nor exclusive: this broker accepted it, but many don't.
#[must_use]
pub fn transient_queue(seen: &ProgramRun, name: &str) -> Option<Note> {
    let is_it = |declare: &queue::Declare| declare.queue.as_str() == name && !declare.passive;
    let (_, declare) = Transcript::of(seen).declares().find(|(_, declare)| is_it(declare))?;
    if declare.durable || declare.exclusive {
        return None;
    }
    Some(catalogue::note("declare", faults::transient(name), Client::of(seen)))
}

/// Returns the fault of a refused declaration. `mine` are the program's declarations of this name.
fn refused(
    transcript: Transcript<'_>,
    name: &str,
    close: Close<'_>,
    mine: &[(MethodEvent<'_>, &queue::Declare)],
) -> Fault {
    let refused = transcript.refused(&close).map_or(close.said.order, |said| said.order);
    let this = mine.iter().find(|(said, _)| said.order == refused);
    let earlier = mine.iter().rfind(|(said, declare)| {
        said.order < refused && !declare.passive && (declare.nowait || agreed(transcript, said))
    });
    let shown = |fault: Fault| close.show_in(transcript, fault);
    let both = |fault: Fault, earlier: &MethodEvent<'_>| close.show_in(transcript, fault.at(earlier));
    match (close.code, earlier) {
        (404, _) if !mine.is_empty() && mine.iter().all(|(_, declare)| declare.passive) => shown(faults::passive(name)),
        (405, Some((said, declare))) if declare.exclusive => both(faults::exclusive_elsewhere(name), said),
        (405, _) if this.is_some_and(|(_, declare)| declare.exclusive) => shown(faults::exclusive_too_late(name)),
        (405, _) => shown(faults::locked(name)),
        (406, Some((said, _))) if close.text.contains("inequivalent") => both(faults::two_ways(name), said),
        _ => close.fault(transcript, faults::refused()),
    }
}

/// Returns whether the broker confirmed that the queue exists.
fn agreed(transcript: Transcript<'_>, said: &MethodEvent<'_>) -> bool {
    let answer = |method: &Method| match method {
        Method::Queue(queue::AMQPMethod::DeclareOk(_)) => Some(true),
        Method::Channel(channel::AMQPMethod::Close(_)) => Some(false),
        _ => None,
    };
    transcript.answer(said, answer).unwrap_or_default()
}

fn not_declared(
    seen: &ProgramRun,
    transcript: Transcript<'_>,
    name: &str,
    passive: &[(MethodEvent<'_>, &queue::Declare)],
) -> Fault {
    if let Some((said, _)) = passive.first() {
        return faults::passive(name).at(said);
    }
    if let Some(mistake) = unread(transcript) {
        return mistake;
    }
    if let Some((said, declare)) = transcript.declares().next() {
        let fault = match declare.queue.as_str() {
            "" => faults::no_name(name),
            other if other.trim() == name => faults::space_in_name(quoted(other.as_bytes()), name),
            other if other.eq_ignore_ascii_case(name) => faults::case_of_name(quoted(other.as_bytes()), name),
            other => faults::other_name(quoted(other.as_bytes()), name),
        };
        return fault.at(&said);
    }
    let mut instead = transcript.said(|method| {
        matches!(method, Method::Exchange(exchange::AMQPMethod::Declare(_)) | Method::Queue(queue::AMQPMethod::Bind(_)))
    });
    if let Some(said) = instead.next() {
        let fault = match said.method {
            Method::Exchange(_) => faults::only_exchange(name),
            _ => faults::only_bind(name),
        };
        return fault.at(&said);
    }
    if let Some(error) = transcript.garbage() {
        return not_amqp(error);
    }
    if let Some(mistake) = ending::cut_short(seen) {
        return mistake;
    }
    let next = transcript
        .said(|method| {
            matches!(
                method,
                Method::Basic(
                    basic::AMQPMethod::Publish(_) | basic::AMQPMethod::Consume(_) | basic::AMQPMethod::Get(_)
                )
            )
        })
        .next();
    let closed = transcript.closes(Peer::Program).next().filter(|_| next.is_none());
    if let Some(close) = closed.filter(|_| seen.exit.is_some_and(|exit| exit.code != Some(0))) {
        return faults::closed_before(close.what(), name).at(&close.said).line(last_words(seen));
    }
    let claims = seen.stdout.lines().iter().any(|line| printed::is_of_a_lesson(line));
    if let Some(number) = ending::left_open(seen).filter(|_| claims && next.is_none()) {
        let not_closed = format!("connection {number}: no connection.close from the program");
        return faults::unsent(name).seen(format!("{}\n{not_closed}", last_words(seen)));
    }
    match next {
        Some(said) => faults::missing(name).at(&said),
        None => faults::missing(name).seen(last_words(seen)),
    }
}
