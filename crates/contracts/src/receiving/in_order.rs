//! The requirement that each message is printed, once, and in order.

use std::time::Duration;

use recording::ProgramRun;
use wire::Peer;

use super::{RECEIVED, emptied, ended_by_itself, goodbye, plainness, printed_otherwise, shorten, times_printed};
use crate::{
    ending,
    fault::{Fault, faults::receive as faults},
    printed,
    transcript::{MethodEvent, Transcript},
    verdict::StepResult,
};

/// The messages sent to a receiver, and its progress with them.
#[derive(Clone, Copy, Debug)]
pub struct Backlog<'a> {
    /// The run of the program.
    pub run: &'a ProgramRun,
    /// The bodies that were sent, in order.
    pub sent: &'a [String],
    /// The number of bodies that were printed before anything else happened.
    pub in_time: usize,
    /// True if all bodies were printed while the scene waited for that.
    pub received: bool,
}

/// Checks that all bodies are printed, each once, in order. The evidence is their number.
///
/// # Errors
///
/// The fault.
pub fn printed_in_order(seen: &Backlog<'_>) -> StepResult {
    let run = seen.run;
    let lines = run.stdout.lines();
    if let Some(body) = missing(seen).min_by_key(|body| plainness(body)) {
        return Err(not_printed(seen, body));
    }
    if !seen.received {
        return Err(too_late(seen));
    }
    let came = |body: &String| {
        let deliveries = Transcript::of(run).deliveries();
        deliveries.filter(|(_, _, content)| content.body == body.as_bytes()).count().max(1)
    };
    if let Some(body) = seen.sent.iter().find(|body| times_printed(run, body) > came(body)) {
        let line = format!("{} times: {RECEIVED} '{}'", times_printed(run, body), shorten(body, 40));
        return Err(faults::repeated().seen(line));
    }
    let order: Vec<&String> =
        lines.iter().filter_map(|line| seen.sent.iter().find(|body| printed::says(line, RECEIVED, body))).collect();
    if order.iter().zip(seen.sent).any(|(printed, sent)| *printed != sent) {
        let list = |bodies: &mut dyn Iterator<Item = &String>| {
            bodies.map(|body| format!("'{}'", shorten(body, 40))).collect::<Vec<_>>().join(", ")
        };
        let (sent, printed) = (list(&mut seen.sent.iter()), list(&mut order.into_iter()));
        return Err(faults::out_of_order().seen(format!("sent:    {sent}\nprinted: {printed}")));
    }
    Ok(format!("{} messages", seen.sent.len()))
}

/// Returns the fault of messages that were all printed, but too late.
fn too_late(seen: &Backlog<'_>) -> Fault {
    let (fault, body) = match (seen.in_time, seen.sent.len()) {
        (0, _) => (faults::held_back(), seen.sent.first()),
        (count, all) => (faults::late(count, all), seen.sent.last()),
    };
    let Some((body, (delivery, delay))) = body.and_then(|body| Some((body, delay(seen.run, body)?))) else {
        return fault;
    };
    fault.at(&delivery).line(format!("printed {:.1} s later: {RECEIVED} '{}'", delay.as_secs_f64(), shorten(body, 40)))
}

/// Returns the delivery of this body, and the time from there to its line.
fn delay<'a>(run: &'a ProgramRun, body: &str) -> Option<(MethodEvent<'a>, Duration)> {
    let (delivery, ..) = Transcript::of(run).deliveries().find(|(_, _, content)| content.body == body.as_bytes())?;
    let lines = run.stdout.lines();
    let (_, at) = lines.iter().zip(&run.stdout_at).find(|(line, _)| printed::says(line, RECEIVED, body))?;
    Some((delivery, at.saturating_sub(delivery.at)))
}

/// Returns whether exactly the first `count` messages were printed, and the next one is empty.
fn ended_at_an_empty_one(seen: &Backlog<'_>, count: usize) -> bool {
    count > 0 && missing(seen).eq(&seen.sent[count..]) && seen.sent[count].is_empty()
}

/// Returns the messages for which no line was printed.
fn missing<'a>(seen: &'a Backlog<'_>) -> impl Iterator<Item = &'a String> {
    seen.sent.iter().filter(|body| times_printed(seen.run, body) == 0)
}

fn not_printed(seen: &Backlog<'_>, body: &str) -> Fault {
    let run = seen.run;
    if let Some(fault) = ending::cut_short(run) {
        return fault;
    }
    if let Some(fault) = printed_otherwise(run, seen.sent, body) {
        return fault;
    }
    let count = seen.sent.iter().filter(|body| times_printed(run, body) > 0).count();
    if let Some(fault) = let_no_more_come(seen, body, count) {
        return fault;
    }
    if missing(seen).eq(seen.sent.first()) && count > 1 {
        let line = format!("expected first: {RECEIVED} '{}'", shorten(body, 40));
        return faults::first_unprinted().seen(line);
    }
    if body.is_empty() {
        return faults::empty_unprinted().seen(format!("expected: {RECEIVED} ''"));
    }
    let all = seen.sent.len();
    let expected = format!("expected: {RECEIVED} '{}'", shorten(body, 40));
    let is_printed = seen.sent.iter().map(|body| times_printed(run, body) > 0);
    if is_printed.enumerate().all(|(index, printed)| printed == (index % 2 == 1)) {
        return faults::every_other(count, all).seen(expected);
    }
    let overdue = run.exit.is_some_and(|exit| exit.overdue);
    let fault = match count {
        0 => faults::none_printed(all),
        _ if overdue => faults::some_unprinted(count, all).and_hint(faults::blocked()),
        _ => faults::some_unprinted(count, all),
    };
    fault.seen(expected)
}

/// Returns the fault if the message never reached the program, or if the program did not wait to print it.
fn let_no_more_come(seen: &Backlog<'_>, body: &str, count: usize) -> Option<Fault> {
    let run = seen.run;
    let transcript = Transcript::of(run);
    let all = seen.sent.len();
    if ended_by_itself(run) {
        let fault = match count {
            0 => faults::ended_before_first(),
            _ if ended_at_an_empty_one(seen, count) => faults::ended_at_empty(count, all),
            _ => faults::ended_early(count, all),
        };
        return Some(fault.because(ending::why(run)).seen(ending::last_words(run)));
    }
    if transcript.consumes().count() > 1 {
        return Some(faults::several_consumers().all(transcript.consumes().take(2).map(|(said, _)| said)));
    }
    if let Some(said) = goodbye(run) {
        return Some(faults::cancelled(count, all).at(&said));
    }
    if transcript.deliveries().any(|(_, _, content)| content.body == body.as_bytes()) {
        return None;
    }
    if let Some(said) = emptied(transcript) {
        return Some(faults::emptied().at(&said));
    }
    if let Some(close) = transcript.closes(Peer::Broker).next() {
        return Some(close.fault(transcript, faults::closed(close.what())));
    }
    let delivered = transcript.deliveries().count();
    Some(faults::no_more(delivered, all).seen(ending::last_words(run)))
}
