//! The step `declare`, of an exchange.

use wire::{Method, protocol::channel, protocol::exchange, words::quoted};

use recording::ProgramRun;

use super::Exchange;
use crate::{
    catalogue,
    clients::Client,
    ending::{self, last_words},
    fault::{Fault, faults::exchange as faults},
    steps,
    transcript::{BASIC_PUBLISH, Close, EXCHANGE_DECLARE, MethodEvent, QUEUE_BIND, Transcript},
    verdict::{Note, StepResult},
};

/// Checks that the exchange was declared with its type, not passively, and that the broker agreed.
pub fn declare(seen: &ProgramRun, exchange: Exchange) -> StepResult {
    let transcript = Transcript::of(seen);
    let mine: Vec<_> =
        transcript.exchange_declares().filter(|(_, declare)| declare.exchange.as_str() == exchange.name).collect();
    let active = mine.iter().filter(|(_, declare)| !declare.passive);
    let active = active.clone().find(|(said, _)| agreed(transcript, said)).or(active.clone().next());
    // A refusal before the accepted declaration does not count: the program asked passively first.
    let overcome = active.filter(|(said, _)| agreed(transcript, said)).map_or(0, |(said, _)| said.order);
    if let Some(close) = transcript.refusals(EXCHANGE_DECLARE).find(|close| close.said.order > overcome) {
        return Err(refused(transcript, exchange, &close));
    }
    let Some((said, declare)) = active else { return Err(not_declared(seen, exchange, mine.first())) };
    let got = declare.kind.as_str();
    if got != exchange.kind.name() {
        return Err(other_type(exchange, got).at(said));
    }
    if declare.internal {
        return Err(faults::internal(exchange.name).at(said));
    }
    if let Some(close) = used_before(transcript, said) {
        return Err(close.show_in(transcript, faults::used_before(exchange.name)).at(said));
    }
    if !agreed(transcript, said) && !declare.nowait {
        return Err(faults::unanswered(exchange.name).at(said));
    }
    Ok(said.line())
}

/// Returns a note on an exchange that is durable or auto-delete: the tutorials' programs declare it otherwise, and the broker
/// refuses the second of two different declarations.
#[must_use]
pub fn differs(seen: &ProgramRun, exchange: Exchange) -> Option<Note> {
    let mut declares = Transcript::of(seen).exchange_declares();
    let is_it = |declare: &exchange::Declare| {
        declare.exchange.as_str() == exchange.name && (declare.durable || declare.auto_delete)
    };
    let (_, declare) = declares.find(|(_, declare)| is_it(declare))?;
    let how = if declare.durable { faults::durable() } else { faults::auto_delete() };
    Some(catalogue::note("declare", faults::differs(exchange.name, how), Client::of(seen)))
}

fn other_type(exchange: Exchange, got: &str) -> Fault {
    faults::other_type(exchange.name, quoted(got.as_bytes()), exchange.kind.name())
}

/// Returns whether the broker confirmed that the exchange exists.
fn agreed(transcript: Transcript<'_>, said: &MethodEvent<'_>) -> bool {
    let answer = |method: &Method| match method {
        Method::Exchange(exchange::AMQPMethod::DeclareOk(_)) => Some(true),
        Method::Channel(channel::AMQPMethod::Close(_)) => Some(false),
        _ => None,
    };
    transcript.answer(said, answer).unwrap_or_default()
}

/// Returns the refusal of a method that used the exchange before it was declared.
fn used_before<'a>(transcript: Transcript<'a>, declared: &MethodEvent<'a>) -> Option<Close<'a>> {
    if agreed(transcript, declared) {
        return None;
    }
    let is_earlier = |close: &Close<'a>| transcript.refused(close).is_some_and(|said| said.order < declared.order);
    let uses = |close: &Close<'a>| [BASIC_PUBLISH, QUEUE_BIND].contains(&close.about) && close.code == 404;
    transcript.closes(wire::Peer::Broker).find(|close| uses(close) && is_earlier(close))
}

/// Returns the fault of a refused declaration.
fn refused(transcript: Transcript<'_>, exchange: Exchange, close: &Close<'_>) -> Fault {
    let refused = transcript.refused(close).map(|said| said.order);
    let declared = |order: u64| transcript.exchange_declares().find(|(said, _)| said.order == order);
    let Some((_, declare)) = refused.and_then(declared) else { return close.fault(transcript, faults::refused()) };
    if declare.passive && close.code == 404 {
        return close.show_in(transcript, faults::passive(exchange.name));
    }
    if declare.exchange.as_str() != exchange.name && !declare.passive {
        return close.show_in(transcript, named_otherwise(declare.exchange.as_str(), exchange.name));
    }
    let known = ["fanout", "direct", "topic", "headers"].contains(&declare.kind.as_str());
    if declare.kind.as_str() != exchange.kind.name() && !declare.passive {
        let fault = close.show_in(transcript, other_type(exchange, declare.kind.as_str()));
        return if known { fault } else { fault.and(faults::unknown_type()) };
    }
    close.fault(transcript, faults::refused())
}

/// Returns the fault of an exchange that was not declared. `passive` is a declaration that only asks for it.
fn not_declared(
    seen: &ProgramRun,
    exchange: Exchange,
    passive: Option<&(MethodEvent<'_>, &exchange::Declare)>,
) -> Fault {
    let name = exchange.name;
    let transcript = Transcript::of(seen);
    if let Some((said, _)) = passive {
        return faults::passive(name).at(said);
    }
    if let Some(mistake) = steps::unread(transcript) {
        return mistake;
    }
    if let Some((said, declare)) = transcript.exchange_declares().next() {
        return named_otherwise(declare.exchange.as_str(), name).at(&said);
    }
    if let Some(close) = transcript.closes(wire::Peer::Broker).next() {
        return close.fault(transcript, faults::used_undeclared(name));
    }
    let mut declares = transcript.declares();
    if let Some((said, _)) = declares.find(|(_, declare)| declare.queue.as_str() == name) {
        return faults::queue_instead(name).at(&said);
    }
    if let Some(mistake) = ending::cut_short(seen) {
        return mistake;
    }
    faults::missing(name, exchange.kind.name()).seen(last_words(seen))
}

/// Returns the fault of an exchange whose name is not `name`.
fn named_otherwise(other: &str, name: &str) -> Fault {
    let quoted = quoted(other.as_bytes());
    if other.eq_ignore_ascii_case(name) { faults::case_of_name(quoted, name) } else { faults::other_name(quoted, name) }
}
