//! The step `publish`: to the exchange, with the right key, and the message arrives.

use wire::{
    Method,
    protocol::{exchange::AMQPMethod as Exchange, tx::AMQPMethod as Tx},
    words::{harmless, quoted},
};

use super::{Emitter, Evidence, message::is_program};
use crate::{
    fault::{
        Fault,
        faults::{emit as faults, lost},
    },
    sending::{
        self, Published,
        typed::{self, Typed},
    },
    transcript::{BASIC_PUBLISH, MethodEvent, Transcript},
    verdict::StepResult,
};
use recording::ProgramRun;

/// Checks that each run publishes to the exchange, with the right routing key, and that a bound queue gets the message.
///
/// # Errors
///
/// The first fault.
pub fn publish(seen: &Evidence<'_>) -> StepResult {
    let shown = typed::each(&seen.runs, |run| addressed(seen.emitter, run.run))?;
    // A mistake in the key is clearer where one was typed.
    let (typed, defaults): (Vec<_>, Vec<_>) = seen.runs.iter().partition(|run| !run.run.arguments.is_empty());
    let fixed = fixed_key(&typed);
    let runs: Vec<_> = typed.into_iter().chain(defaults).copied().collect();
    typed::each(&runs, |run| has_its_key(seen.emitter, run.run, fixed))?;
    let Some(arrived) = &seen.arrived else { return Ok(shown) };
    for run in seen.runs.iter().skip(1) {
        let published = sending::the_message(run.run)?;
        let is_there = arrived.iter().any(|body| **body == published.2.body);
        let transcript = Transcript::of(run.run);
        // A message that was lost with a dropped connection is a fault of the step `close`.
        if !is_there && transcript.closed_gently(published.0.connection) {
            return Err(why_lost(transcript, &published, seen.emitter).of_run(run.run));
        }
    }
    Ok(format!("{shown}; a queue that was bound to the exchange has it"))
}

/// Checks the exchange of the message.
fn addressed(emitter: &Emitter, run: &ProgramRun) -> StepResult {
    let (said, publish, _) = sending::the_message(run)?;
    let transcript = Transcript::of(run);
    if let Some(deleted) = deletes(transcript, emitter.exchange.name, said.order) {
        let mut both = [deleted, said];
        both.sort_by_key(|said| said.order);
        return Err(faults::deletes(emitter.exchange.name).all(both));
    }
    let (name, exchange, key) = (emitter.exchange.name, publish.exchange.as_str(), publish.routing_key.as_str());
    let refusal = transcript.refusal(BASIC_PUBLISH);
    if exchange.is_empty() {
        let fault = if key == name { faults::to_queue(name) } else { faults::default_exchange(name) };
        return Err(fault.at(&said));
    }
    if exchange != name {
        let fault = faults::other_exchange(quoted(exchange.as_bytes()), name);
        return Err(fault.at(&said).all(refusal.map(|close| close.said)));
    }
    if let Some(close) = refusal {
        return Err(close.fault(transcript, faults::refused(close.what())));
    }
    Ok(said.line())
}

/// Checks the routing key of the message. `fixed` is the key of all runs, if they have the same.
fn has_its_key(emitter: &Emitter, run: &ProgramRun, fixed: Option<&str>) -> StepResult {
    let (said, publish, _) = sending::the_message(run)?;
    let key = publish.routing_key.as_str();
    match emitter.keys(run) {
        Some(right) if !right.contains(&key) => Err(other_key(run, key, right[0], fixed).at(&said)),
        _ => Ok(said.line()),
    }
}

/// Returns the fault of a routing key that is not `right`, the one that was typed.
fn other_key(run: &ProgramRun, key: &str, right: &str, fixed: Option<&str>) -> Fault {
    let quoted_key = quoted(key.as_bytes());
    if key.is_empty() {
        return faults::no_key(right);
    }
    if is_program(key, right) {
        return faults::key_is_program(right);
    }
    if key.contains(['*', '#']) {
        return faults::pattern_as_key(quoted_key, right);
    }
    if fixed == Some(key) {
        return faults::key_ignored(quoted_key);
    }
    if run.arguments.is_empty() {
        return faults::other_default_key(quoted_key, right);
    }
    if key.eq_ignore_ascii_case(right) {
        return faults::key_case(quoted_key, right);
    }
    if key.trim_matches(['"', '\'']) == right {
        return faults::key_in_quotes(quoted_key, right);
    }
    let is_word = |letter: char| letter.is_alphanumeric();
    if right.contains('.') && key.split(|letter| !is_word(letter)).eq(right.split('.')) {
        return faults::key_without_dots(quoted_key, right);
    }
    faults::other_key(quoted_key, right)
}

/// Returns the routing key, if all these runs have the same, although different ones were typed.
fn fixed_key<'a>(runs: &[&Typed<'a>]) -> Option<&'a str> {
    let key = |run: &&Typed<'a>| Some(Transcript::of(run.run).publishes().next()?.1.routing_key.as_str());
    let first = runs.first().and_then(key)?;
    (runs.len() > 1 && runs.iter().all(|run| key(run) == Some(first))).then_some(first)
}

/// Returns the method by which the program deletes the exchange, if receivers lose their bindings by that. `published` is the
/// order of its message.
fn deletes<'a>(transcript: Transcript<'a>, name: &str, published: u64) -> Option<MethodEvent<'a>> {
    transcript.methods().find(|said| match said.method {
        // Before the declaration, an exchange without bindings may be deleted: nothing is lost.
        Method::Exchange(Exchange::Delete(delete)) => {
            delete.exchange.as_str() == name && (!delete.if_unused || said.order > published)
        }
        _ => false,
    })
}

/// Returns the fault of a message that was published well, and that the bound queue did not get.
fn why_lost(transcript: Transcript<'_>, (said, _, content): &Published<'_>, emitter: &Emitter) -> Fault {
    let mut selected = transcript.said(|method| matches!(method, Method::Tx(Tx::Select(_))));
    let mut committed = transcript.said(|method| matches!(method, Method::Tx(Tx::Commit(_))));
    if let Some(select) = selected.next().filter(|_| committed.next().is_none()) {
        return lost::uncommitted().at(&select).at(said);
    }
    if let Some(time) = content.properties.expiration() {
        let time = time.as_str();
        return lost::expired(quoted(time.as_bytes()), harmless(time)).at(said);
    }
    faults::lost(emitter.exchange.name).at(said)
}
