//! The step `receive`: what the program prints while messages come.

use wire::Peer;

use super::{BEFORE, Evidence, RECEIVED, Reached, times_printed};
use crate::{
    ending,
    fault::{Fault, faults::receive as faults},
    printed, receiving,
    talk::Talk,
    verdict::Finding,
};

/// All bodies, each once, in order.
pub(super) fn receive(seen: &Evidence<'_>) -> Finding {
    let performance = seen.run;
    let lines = performance.stdout.lines();
    if let Some(body) = missing(seen).min_by_key(|body| receiving::plainness(body)) {
        return not_printed(seen, body).into();
    }
    if seen.reached < Reached::Received {
        return too_late(seen).into();
    }
    let came = |body: &String| {
        let deliveries = Talk::of(performance).deliveries();
        deliveries.filter(|(_, _, content)| content.body == body.as_bytes()).count().max(1)
    };
    if let Some(body) = seen.sent.iter().find(|body| times_printed(performance, body) > came(body)) {
        let times = times_printed(performance, body);
        let line = format!("{times} times: {RECEIVED} '{}'", receiving::shown(body, 40));
        return faults::repeated().seen(line).into();
    }
    let order: Vec<&String> =
        lines.iter().filter_map(|line| seen.sent.iter().find(|body| printed::says(line, RECEIVED, body))).collect();
    if order.iter().zip(&seen.sent).any(|(printed, sent)| *printed != sent) {
        let list = |bodies: &mut dyn Iterator<Item = &String>| {
            bodies.map(|body| format!("'{}'", receiving::shown(body, 40))).collect::<Vec<_>>().join(", ")
        };
        let (sent, printed) = (list(&mut seen.sent.iter()), list(&mut order.into_iter()));
        return faults::out_of_order().seen(format!("sent:    {sent}\nprinted: {printed}")).into();
    }
    let after = seen.sent.len() - BEFORE;
    Finding::Passed(format!("{} messages: {BEFORE} were waiting in the queue, {after} came later", seen.sent.len()))
}

/// All were printed in the end.
fn too_late(seen: &Evidence<'_>) -> Fault {
    match (seen.in_time, seen.sent.len()) {
        (0, _) => faults::held_back(),
        (count, all) => faults::late(count, all),
    }
}

/// All messages were printed, so many, up to an empty one.
fn ended_at_an_empty_one(seen: &Evidence<'_>, count: usize) -> bool {
    count > 0 && missing(seen).eq(&seen.sent[count..]) && seen.sent[count].is_empty()
}

/// The messages for which no line was printed.
fn missing<'a>(seen: &'a Evidence<'_>) -> impl Iterator<Item = &'a String> {
    seen.sent.iter().filter(|body| times_printed(seen.run, body) == 0)
}

fn not_printed(seen: &Evidence<'_>, body: &str) -> Fault {
    let performance = seen.run;
    if let Some(fault) = ending::cut_short(performance) {
        return fault;
    }
    if let Some(fault) = receiving::printed_otherwise(performance, &seen.sent, body) {
        return fault;
    }
    let count = seen.sent.iter().filter(|body| times_printed(performance, body) > 0).count();
    if let Some(fault) = let_no_more_come(seen, body, count) {
        return fault;
    }
    if missing(seen).eq(seen.sent.first()) && count > 1 {
        let line = format!("expected first: {RECEIVED} '{}'", receiving::shown(body, 40));
        return faults::first_unprinted().seen(line);
    }
    if body.is_empty() {
        return faults::empty_unprinted().seen(format!("expected: {RECEIVED} ''"));
    }
    let all = seen.sent.len();
    let expected = format!("expected: {RECEIVED} '{}'", receiving::shown(body, 40));
    let is_printed = seen.sent.iter().map(|body| times_printed(performance, body) > 0);
    if is_printed.enumerate().all(|(index, printed)| printed == (index % 2 == 1)) {
        return faults::every_other(count, all).seen(expected);
    }
    let overdue = performance.exit.is_some_and(|exit| exit.overdue);
    let fault = match count {
        0 => faults::none_printed(all),
        _ if overdue => faults::some_unprinted(count, all).and_hint(faults::blocked()),
        _ => faults::some_unprinted(count, all),
    };
    fault.seen(expected)
}

/// The message never reached the program, or the program did not wait to print it.
fn let_no_more_come(seen: &Evidence<'_>, body: &str, count: usize) -> Option<Fault> {
    let performance = seen.run;
    let talk = Talk::of(performance);
    let all = seen.sent.len();
    if receiving::ended_by_itself(performance) {
        let fault = match count {
            0 => faults::ended_before_first(),
            _ if ended_at_an_empty_one(seen, count) => faults::ended_at_empty(count, all),
            _ => faults::ended_early(count, all),
        };
        return Some(fault.because(ending::why(performance)).seen(ending::last_words(performance)));
    }
    if talk.consumes().count() > 1 {
        let lines: Vec<String> = talk.consumes().take(2).map(|(said, _)| said.line()).collect();
        return Some(faults::several_consumers().seen(lines.join("\n")));
    }
    if let Some(said) = receiving::goodbye(performance) {
        return Some(faults::cancelled(count, all).seen(said.line()));
    }
    if talk.deliveries().any(|(_, _, content)| content.body == body.as_bytes()) {
        return None;
    }
    if let Some(said) = receiving::emptied(talk) {
        return Some(faults::emptied().seen(said.line()));
    }
    if let Some(close) = talk.closes(Peer::Broker).next() {
        return Some(close.fault(talk, faults::closed(close.what())));
    }
    let delivered = talk.deliveries().count();
    Some(faults::no_more(delivered, all).seen(ending::last_words(performance)))
}
