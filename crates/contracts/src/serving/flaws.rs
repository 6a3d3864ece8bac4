//! The step `go-on`: no request ends the server, or keeps it busy for ever.

use wire::protocol::basic;

use super::{
    Evidence, Flaw, Request, Server, addressed,
    answer::{answers, is_line_about, until_the_next},
};
use crate::{
    ending,
    fault::{Fault, Phrase, faults::serve as faults},
    receiving::{self, Delivered},
    transcript::{MethodEvent, Transcript},
    verdict::StepResult,
};

/// The number of deliveries of one request that shows that the server gives it back again and again.
const LOOPS: usize = 3;

/// Checks that the first server is done with each of the bad requests, and answers the good one after them.
///
/// # Errors
///
/// The fault.
pub fn goes_on(seen: &Evidence<'_>) -> StepResult {
    let Some(server) = seen.servers.first() else { return Ok(String::new()) };
    let fault =
        seen.plan.bad.iter().find_map(|request| fault(server, request).or_else(|| astray(seen, server, request)));
    match fault.or_else(|| not_finished(seen, server)) {
        Some(fault) => Err(fault.of_run(server.run)),
        None => Ok(format!("{} bad requests, and the server goes on", Flaw::ALL.len())),
    }
}

/// Returns the fault of a server that is not done with a request that it got.
fn fault(server: &Server<'_>, request: &Request) -> Option<Fault> {
    let deliveries: Vec<&Delivered<'_>> = server.deliveries(request).collect();
    let last = deliveries.last()?;
    // Of two equal requests, the second is the one that it did not expect.
    let what = if deliveries.len() == 2 && !last.redelivered { faults::duplicate() } else { kind(request) };
    if deliveries.len() >= LOOPS {
        let fault = faults::gives_back(what).at(&last.said);
        return Some(fault.all(deliveries.iter().rev().find_map(|delivered| delivered.rejected)));
    }
    if last.acked.is_some() || last.rejected.is_some() {
        return None;
    }
    let transcript = Transcript::of(server.run);
    if let Some(close) = transcript.closes(wire::Peer::Broker).next() {
        return Some(close.fault(transcript, faults::closed_at(what)).at(&last.said));
    }
    let words = ending::last_words(server.run);
    if receiving::ended_by_itself(server.run) {
        let body = String::from_utf8_lossy(last.body);
        let has_line = server.run.stdout.lines().iter().any(|line| is_line_about(line, &body));
        let is_success = server.run.exit.is_some_and(|exit| exit.code == Some(0));
        // It had not begun with this one.
        if is_success && !has_line {
            return Some(faults::ended_after_first().at(&last.said).line(words));
        }
        return Some(faults::ends_at(what).at(&last.said).line(words));
    }
    let acks_others = server.ledger.iter().any(|other| other.said.order > last.said.order && other.acked.is_some());
    let fault = if acks_others { faults::forgets(what) } else { faults::stuck_at(what) };
    Some(fault.at(&last.said))
}

/// Returns the fault of an answer to a request that names no place for it, or no id: it has those of another request, or the
/// answer to another.
fn astray(seen: &Evidence<'_>, server: &Server<'_>, request: &Request) -> Option<Fault> {
    let delivered = server.deliveries(request).next()?;
    let mut answers = until_the_next(server, delivered);
    let fault = |fault: Fault, said: &MethodEvent<'_>| Some(fault.at(&delivered.said).at(said));
    match request.flaw? {
        Flaw::NoReplyTo => {
            let (said, ..) = answers
                .find(|(_, publish, _)| seen.plan.queues.iter().any(|queue| queue == publish.routing_key.as_str()))?;
            fault(faults::to_first_client(), &said)
        }
        Flaw::NoId => {
            let is_there = |publish: &basic::Publish| request.reply_to.as_deref() == Some(publish.routing_key.as_str());
            let (said, _, content) = answers.find(|(_, publish, _)| is_there(publish))?;
            let all = seen.plan.good.iter().chain(&seen.plan.bad);
            let mut ids = all.filter_map(|request| request.id.as_deref());
            if ids.any(|id| addressed(content).0 == Some(id)) {
                return fault(faults::id_of_before(), &said);
            }
            // An error text is right, too.
            let number = String::from_utf8_lossy(&content.body).parse::<u64>().ok()?.to_string();
            let right = request.answer_to_the_number()?;
            if number == right { None } else { fault(faults::answer_of_before(number, right), &said) }
        }
        _ => None,
    }
}

/// Returns the fault of a server that is done with all requests that it got, and did not get or answer the last one.
fn not_finished(seen: &Evidence<'_>, server: &Server<'_>) -> Option<Fault> {
    let last = seen.plan.bad.last()?;
    if answers(server, last).next().is_some() {
        return None;
    }
    let before = |request: &&Request| server.deliveries(request).next().is_some();
    let reached = seen.plan.bad.iter().rfind(before).map_or_else(|| kind(last), kind);
    let words = ending::last_words(server.run);
    if receiving::ended_by_itself(server.run) {
        let is_success = server.run.exit.is_some_and(|exit| exit.code == Some(0));
        return Some(if is_success { faults::ended_after_first() } else { faults::ends_at(reached) }.line(words));
    }
    match server.deliveries(last).next() {
        Some(delivered) => Some(faults::not_answered_after().at(&delivered.said)),
        None => Some(faults::stuck_at(reached).line(words)),
    }
}

/// Returns the words for a request.
fn kind(request: &Request) -> Phrase {
    match request.flaw {
        Some(Flaw::NoNumber) => faults::no_number(),
        Some(Flaw::Empty) => faults::empty_body(),
        Some(Flaw::Negative) => faults::negative(),
        Some(Flaw::NoReplyTo) => faults::no_reply_to(),
        Some(Flaw::Gone) => faults::gone_reply_to(),
        Some(Flaw::NoId) => faults::without_id(),
        Some(Flaw::Duplicate) => faults::duplicate(),
        Some(Flaw::Large) => faults::large(),
        Some(Flaw::Huge) => faults::huge(),
        None => faults::good(),
    }
}
