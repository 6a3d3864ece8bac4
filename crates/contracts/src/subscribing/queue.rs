//! The step `queue`: each receiver has a queue that no other receiver uses.

use wire::{Method, Peer, protocol::queue};

use super::{Evidence, Listener};
use crate::{
    ending::{self, last_words},
    fault::{Fault, faults::own_queue as faults},
    steps,
    transcript::{MethodEvent, QUEUE_DECLARE, Transcript},
    verdict::StepResult,
};
use recording::ProgramRun;

/// A queue that a program declared, and that the broker confirmed: the declaration, and the name.
pub type OwnQueue<'a> = (MethodEvent<'a>, &'a str);

/// Returns the queues that the program declared, and that the broker confirmed.
#[must_use]
pub fn own_queues(run: &ProgramRun) -> Vec<OwnQueue<'_>> {
    let transcript = Transcript::of(run);
    let confirmed = |said: &MethodEvent<'_>, declare: &queue::Declare| {
        let ok = |method: &Method| matches!(method, Method::Queue(queue::AMQPMethod::DeclareOk(_))).then_some(());
        declare.nowait || transcript.answer(said, ok).is_some()
    };
    let own = transcript.declares().filter(|(said, declare)| !declare.passive && confirmed(said, declare));
    own.map(|(said, declare)| (said, transcript.declared_name(&said, declare))).collect()
}

/// Checks that each receiver declares a queue, and that no two have the same one.
///
/// # Errors
///
/// The fault.
pub fn queue(seen: &Evidence<'_>) -> StepResult {
    let shown = seen.each(|listener| {
        let own = declared(listener)?;
        if let Some(fault) = earlier(seen, listener).find_map(|earlier| shared(&own, earlier)) {
            return Err(fault);
        }
        let (said, name) = own[0];
        Ok(format!("{}, named `{name}`", said.line()))
    })?;
    seen.each(|listener| {
        earlier(seen, listener)
            .find_map(|earlier| of_their_keys(seen, listener, earlier))
            .map_or(Ok(String::new()), Err)
    })?;
    Ok(shown)
}

/// Returns the receivers that were started before this one.
fn earlier<'e, 'a>(seen: &'e Evidence<'a>, listener: &Listener<'a>) -> impl Iterator<Item = &'e Listener<'a>> {
    let index = listener.index;
    seen.listeners.iter().take_while(move |earlier| earlier.index < index)
}

/// Returns the fault of a receiver with a queue that an earlier one has, too.
fn shared(own: &[OwnQueue<'_>], earlier: &Listener<'_>) -> Option<Fault> {
    let (first, (said, name)) = in_common(&own_queues(earlier.run), own)?;
    Some(faults::shared(name).at(&first).at(&said))
}

/// Returns the first queue of a program that another one has, too: the declarations of both, and the name.
#[must_use]
pub fn in_common<'a>(one: &[OwnQueue<'a>], other: &[OwnQueue<'a>]) -> Option<(MethodEvent<'a>, OwnQueue<'a>)> {
    other.iter().find_map(|queue| {
        let (first, _) = one.iter().find(|(_, name)| *name == queue.1)?;
        Some((*first, *queue))
    })
}

/// Returns the fault of two receivers whose queues have the same name but for their keys.
fn of_their_keys(seen: &Evidence<'_>, listener: &Listener<'_>, earlier: &Listener<'_>) -> Option<Fault> {
    let rest = |listener: &Listener<'_>, name: &str| without_keys(name, &seen.plan.asks[listener.index]);
    own_queues(listener.run).iter().find_map(|(said, name)| {
        let mine = rest(listener, name)?;
        let others = own_queues(earlier.run);
        let (first, _) = others.iter().find(|(_, other)| rest(earlier, other).as_ref() == Some(&mine))?;
        Some(faults::of_its_keys().at(first).at(said))
    })
}

/// Returns the rest of a queue's name without these keys, and without separators; None if the name has none of them.
fn without_keys(name: &str, keys: &[String]) -> Option<String> {
    let rest = keys.iter().fold(name.to_owned(), |rest, key| rest.replace(key, ""));
    (rest != name).then(|| rest.chars().filter(|letter| letter.is_alphanumeric()).collect())
}

/// Returns the queues of a receiver, at least one.
fn declared<'a>(listener: &Listener<'a>) -> Result<Vec<OwnQueue<'a>>, Fault> {
    let run = listener.run;
    let transcript = Transcript::of(run);
    let own = own_queues(run);
    let refusal = transcript.refusals(QUEUE_DECLARE).last();
    if let Some(close) = refusal.filter(|close| own.iter().all(|(said, _)| said.order < close.said.order)) {
        let fixed = transcript.refused(&close).map(|said| said.line()).unwrap_or_default();
        return Err(match close.code {
            405 => close.show_in(transcript, faults::locked().line(fixed)),
            404 => close.show_in(transcript, faults::passive()),
            _ => close.fault(transcript, faults::refused()),
        });
    }
    if own.is_empty() { Err(not_declared(run)) } else { Ok(own) }
}

/// Returns the fault of a program without a queue.
fn not_declared(run: &ProgramRun) -> Fault {
    let transcript = Transcript::of(run);
    if let Some((said, _)) = transcript.declares().next() {
        return faults::unanswered().at(&said);
    }
    if let Some(mistake) = steps::unread(transcript).or_else(|| ending::panic_of(run)) {
        return mistake;
    }
    let uses = transcript.binds().map(|(said, _)| said).chain(transcript.consumes().map(|(said, _)| said)).next();
    if let Some(close) = transcript.closes(Peer::Broker).next() {
        return close.show_in(transcript, faults::missing());
    }
    if let Some(said) = uses {
        return faults::missing().at(&said);
    }
    ending::cut_short(run).unwrap_or_else(|| faults::missing().seen(last_words(run)))
}
