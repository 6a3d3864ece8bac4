//! The step `bind`: the queue is bound to the exchange, with the keys that were asked for.

use std::{collections::BTreeSet, time::Duration};

use wire::{Method, Peer, protocol::queue, words::quoted};

use super::{Evidence, Listener, is_waiting_line, started};
use crate::{
    ending::{self, last_words},
    exchanges::{Exchange, Kind},
    fault::{Fault, faults::bind as faults},
    steps,
    transcript::{MethodEvent, QUEUE_BIND, Transcript},
    verdict::StepResult,
};
use recording::ProgramRun;

/// A binding that the broker confirmed.
#[derive(Clone, Copy)]
struct Binding<'a> {
    said: MethodEvent<'a>,
    queue: &'a str,
    exchange: &'a str,
    key: &'a str,
}

fn bindings(run: &ProgramRun) -> Vec<Binding<'_>> {
    let transcript = Transcript::of(run);
    let confirmed =
        |said: &MethodEvent<'_>, bind: &queue::Bind| bind.nowait || confirmed_at(transcript, said).is_some();
    let all = transcript.binds().filter(|(said, bind)| confirmed(said, bind));
    all.map(|(said, bind)| Binding {
        said,
        queue: transcript.queue_meant(&said, bind.queue.as_str()),
        exchange: bind.exchange.as_str(),
        key: bind.routing_key.as_str(),
    })
    .collect()
}

/// Returns the time of the broker's reply to a `queue.bind`.
fn confirmed_at(transcript: Transcript<'_>, bind: &MethodEvent<'_>) -> Option<Duration> {
    let is_reply = |said: &MethodEvent<'_>| {
        (said.connection, said.channel) == (bind.connection, bind.channel)
            && said.order > bind.order
            && said.from == Peer::Broker
            && matches!(said.method, Method::Queue(queue::AMQPMethod::BindOk(_)))
    };
    transcript.methods().find(is_reply).map(|said| said.at)
}

/// Returns the number of bindings that the broker confirmed.
#[must_use]
pub fn bound(run: &ProgramRun) -> usize {
    bindings(run).len()
}

/// Returns the queues that the program bound to the exchange, each once.
pub(super) fn bound_queues(run: &ProgramRun, exchange: Exchange) -> Vec<String> {
    let mut queues: Vec<String> = Vec::new();
    for binding in bindings(run).iter().filter(|binding| binding.exchange == exchange.name) {
        if !queues.iter().any(|queue| queue == binding.queue) {
            queues.push(binding.queue.to_owned());
        }
    }
    queues
}

/// Returns the fault of a binding long after the waiting line: messages sent in between are lost.
pub(super) fn in_time(listener: &Listener<'_>) -> Option<Fault> {
    let run = listener.run;
    if !listener.is_bound_late {
        return None;
    }
    let lines = run.stdout.lines();
    let (line, printed) = lines.iter().zip(&run.stdout_at).find(|(line, _)| is_waiting_line(line))?;
    let transcript = Transcript::of(run);
    let last = transcript.binds().last().map(|(said, _)| said)?;
    let late = confirmed_at(transcript, &last)?.checked_sub(*printed)?;
    let fault = faults::after_the_line(format!("{:.1}", late.as_secs_f64()));
    Some(fault.seen(line.clone()).at(&last))
}

/// Checks that each receiver binds its queue to the exchange, with the keys that it was asked for.
///
/// # Errors
///
/// The fault.
pub fn bind(seen: &Evidence<'_>) -> StepResult {
    seen.each(|listener| {
        let exchange = seen.receiver.exchange;
        let run = listener.run;
        let transcript = Transcript::of(run);
        let all = bindings(run);
        let mine: Vec<Binding<'_>> = all.iter().copied().filter(|binding| binding.exchange == exchange.name).collect();
        if let Some(close) = transcript.refusal(QUEUE_BIND) {
            return Err(close.fault(transcript, faults::refused()));
        }
        if let Some(fault) = wrong_keys(seen, listener, &mine) {
            return Err(fault);
        }
        match mine.first() {
            Some(first) => Ok(first.said.line()),
            None => Err(not_bound(run, exchange, all.first())),
        }
    })
}

/// Returns the fault of a program that bound no queue to the exchange. `other` is a binding to another exchange.
fn not_bound(run: &ProgramRun, exchange: Exchange, other: Option<&Binding<'_>>) -> Fault {
    let transcript = Transcript::of(run);
    if let Some(other) = other {
        return faults::other_exchange(quoted(other.exchange.as_bytes()), exchange.name).at(&other.said);
    }
    if let Some((said, _)) = transcript.binds().next() {
        return faults::unanswered().at(&said);
    }
    if let Some(mistake) = steps::unread(transcript).or_else(|| ending::panic_of(run)) {
        return mistake;
    }
    if let Some(close) = transcript.closes(Peer::Broker).next() {
        return close.fault(transcript, faults::missing(exchange.name));
    }
    if let Some((said, _)) = transcript.consumes().next() {
        return faults::missing(exchange.name).at(&said);
    }
    ending::cut_short(run).unwrap_or_else(|| faults::missing(exchange.name).seen(last_words(run)))
}

/// Returns the fault of bindings that take other messages than those that the receiver was asked for.
fn wrong_keys(seen: &Evidence<'_>, listener: &Listener<'_>, mine: &[Binding<'_>]) -> Option<Fault> {
    let kind = seen.receiver.exchange.kind;
    let asked = &seen.plan.asks[listener.index];
    if kind == Kind::Fanout || mine.is_empty() {
        return None;
    }
    let all =
        |fault: Fault| Some(started(fault.all(mine.iter().take(4).map(|binding| binding.said)), kind, listener.run));
    if let Some(fault) = no_key_of_the_command_line(asked, mine) {
        return all(fault);
    }
    let takes = |key: &str| mine.iter().any(|binding| kind.takes(binding.key, key));
    let present = || seen.plan.present(listener.index);
    let lacks = present().find(|message| seen.plan.is_asked_for(listener.index, message) && !takes(&message.key));
    let extra = present().find(|message| !seen.plan.is_asked_for(listener.index, message) && takes(&message.key));
    let keys: Vec<&str> = mine.iter().map(|binding| binding.key).collect();
    let fault = match (lacks, extra) {
        (None, None) => return None,
        (_, Some(message)) if kind == Kind::Topic && keys.contains(&"#") => faults::everything(message.key.as_str()),
        _ if is_fixed(seen) => faults::fixed(),
        (Some(message), _) => lacking(kind, asked, &keys, &message.key),
        (None, Some(message)) => faults::extra(message.key.as_str()),
    };
    all(fault)
}

/// Returns the fault of a binding key that can't come from the command line: the program's path, or the queue's name.
fn no_key_of_the_command_line(asked: &[String], mine: &[Binding<'_>]) -> Option<Fault> {
    let first = asked.first().map_or("", String::as_str);
    let mut others = mine.iter().filter(|binding| !asked.iter().any(|asked| asked == binding.key));
    others.find_map(|binding| match binding.key {
        key if key.contains(std::path::MAIN_SEPARATOR) && is_a_path(key) => Some(faults::key_is_program(first)),
        key if !key.is_empty() && key == binding.queue => Some(faults::key_is_queue(first)),
        _ => None,
    })
}

/// Returns whether a key is the path of a program: its folders have letters, and no stars.
fn is_a_path(key: &str) -> bool {
    key.starts_with([std::path::MAIN_SEPARATOR, '.']) && !key.contains(['*', '#'])
}

/// Returns whether all receivers have the same bindings, although they were asked for different keys.
fn is_fixed(seen: &Evidence<'_>) -> bool {
    let exchange = seen.receiver.exchange.name;
    let keys = |listener: &Listener<'_>| {
        let all = bindings(listener.run);
        let mine = all.iter().filter(|binding| binding.exchange == exchange);
        mine.map(|binding| binding.key.to_owned()).collect::<BTreeSet<_>>()
    };
    let mut all = seen.listeners.iter().map(keys).filter(|keys| !keys.is_empty());
    let Some(first) = all.next() else { return false };
    let others: Vec<_> = all.collect();
    !others.is_empty() && first.iter().all(|key| !key.is_empty()) && others.iter().all(|keys| *keys == first)
}

/// Returns the fault of bindings that do not take a message with this key, although it was asked for.
fn lacking(kind: Kind, asked: &[String], bound: &[&str], key: &str) -> Fault {
    let is_asked = |bound: &&&str| asked.iter().any(|asked| asked == **bound);
    let missing = asked.iter().find(|asked| kind.takes(asked, key)).map_or("", String::as_str);
    let fewer = bound.len() < asked.len();
    if bound.iter().all(|key| key.is_empty()) {
        return faults::no_key(missing);
    }
    // A list in its Debug form begins with a bracket, also if it has one key.
    let joined =
        |key: &&&str| key.starts_with('[') || asked.iter().filter(|asked| key.contains(asked.as_str())).count() > 1;
    if let Some(key) = bound.iter().find(joined) {
        return faults::joined(quoted(key.as_bytes()));
    }
    if fewer && bound.iter().all(|key| is_asked(&key)) {
        return match bound.first() == asked.first().map(String::as_str).as_ref() {
            true => faults::first_only(missing),
            false => faults::some_only(missing),
        };
    }
    faults::lacks(missing)
}
