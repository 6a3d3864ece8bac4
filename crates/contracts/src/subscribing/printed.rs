//! The step `receive`: each receiver prints the messages that it was asked for, each once, in the order of their delivery.

use super::{Evidence, Listener, Message, lines, started};
use std::{collections::BTreeSet, time::Duration};

use crate::{
    ending,
    exchanges::Kind,
    fault::{
        Fault,
        faults::{logs as faults, receive},
    },
    receiving::{emptied, ended_by_itself, goodbye, quiet, shorten},
    transcript::{MethodEvent, Transcript},
    verdict::StepResult,
};
use recording::ProgramRun;
use wire::{
    Method, Peer,
    protocol::{basic, exchange, queue},
    words::quoted,
};

/// The time without a message after which a program that leaves has lost its patience.
const LONG: Duration = Duration::from_millis(700);

/// The arguments with which a queue drops messages.
const DROP: [&str; 3] = ["x-max-length", "x-max-length-bytes", "x-message-ttl"];

/// Checks that each receiver prints the messages that it was asked for, and no others, each once.
///
/// # Errors
///
/// The fault.
pub fn received(seen: &Evidence<'_>) -> StepResult {
    let phases = (seen.phases + 1).min(seen.plan.phases.len());
    seen.each(|listener| {
        let due = seen.plan.due(listener.index, phases);
        let printed = Printed::of(seen, listener);
        match due.iter().find(|message| printed.count(message) == 0) {
            Some(message) => Err(not_printed(seen, listener, &due, &printed, message)),
            None => Ok(String::new()),
        }
    })?;
    seen.each(|listener| {
        let due = seen.plan.due(listener.index, phases);
        Printed::of(seen, listener).only(seen, listener, &due).map_or(Ok(String::new()), Err)
    })?;
    seen.each(|listener| thrown_away(listener.run).map_or(Ok(String::new()), Err))?;
    if seen.phases < seen.plan.phases.len() {
        let late = seen.listeners.first().map(|listener| listener.run);
        return Err(late.map_or_else(receive::held_back, |run| receive::held_back().of_run(run)));
    }
    let counts: Vec<String> =
        seen.listeners.iter().map(|listener| seen.plan.due(listener.index, phases).len().to_string()).collect();
    Ok(format!("the receivers printed {} messages, each once", counts.join(", ")))
}

/// The messages that a receiver printed, in order.
struct Printed<'p> {
    kind: Kind,
    messages: Vec<&'p Message>,
}

impl<'p> Printed<'p> {
    fn of(seen: &'p Evidence<'_>, listener: &Listener<'_>) -> Printed<'p> {
        let kind = seen.receiver.exchange.kind;
        let of_line = |line: &String| seen.plan.messages().find(|message| lines::is_right(kind, line, message));
        Printed { kind, messages: listener.run.stdout.lines().iter().filter_map(of_line).collect() }
    }

    fn count(&self, message: &Message) -> usize {
        self.messages.iter().filter(|printed| **printed == message).count()
    }

    /// Returns the fault of lines that should not be there: of other messages, repeated, in another order.
    fn only(&self, seen: &Evidence<'_>, listener: &Listener<'_>, due: &[&Message]) -> Option<Fault> {
        let run = listener.run;
        let line = |message: &Message| shorten(&lines::expected(self.kind, message), 60);
        if let Some(extra) = self.messages.iter().find(|message| !due.contains(message)) {
            let is_early = !seen.plan.present(listener.index).any(|message| message == *extra);
            let fault = if is_early { faults::from_before() } else { faults::not_asked(extra.key.as_str()) };
            return Some(started(fault.seen(line(extra)), self.kind, run));
        }
        let deliveries = |message: &Message| {
            let all = Transcript::of(run).deliveries();
            all.filter(|(_, _, content)| content.body == message.text.as_bytes())
                .map(|(said, ..)| said)
                .collect::<Vec<_>>()
        };
        if let Some(twice) = due.iter().find(|message| self.count(message) > 1) {
            let delivered = deliveries(twice);
            return Some(match delivered.len() {
                0 | 1 => receive::repeated().seen(format!("{} times: {}", self.count(twice), line(twice))),
                _ => started(faults::twice().all(delivered), self.kind, run),
            });
        }
        // Each subscription keeps the order of its queue; between two of them there is none.
        let place = |message: &&Message| {
            let mut deliveries = Transcript::of(run).deliveries();
            let (said, deliver, _) = deliveries.find(|(_, _, content)| content.body == message.text.as_bytes())?;
            Some((said.connection, said.channel, deliver.consumer_tag.as_str(), said.order))
        };
        let places: Vec<_> = self.messages.iter().map(place).collect();
        let is_wrong = |pair: &[Option<(u32, u16, &str, u64)>]| match (pair[0], pair[1]) {
            (Some((.., one, before)), Some((.., other, after))) => one == other && before > after,
            _ => false,
        };
        let wrong = places.windows(2).position(is_wrong)?;
        let pair: Vec<String> = self.messages[wrong..wrong + 2].iter().map(|message| line(message)).collect();
        Some(receive::out_of_order().seen(format!("printed:\n{}", pair.join("\n"))))
    }
}

/// Returns the fault behind a message that was not printed.
fn not_printed(
    seen: &Evidence<'_>,
    listener: &Listener<'_>,
    due: &[&Message],
    printed: &Printed<'_>,
    message: &Message,
) -> Fault {
    let run = listener.run;
    let transcript = Transcript::of(run);
    let kind = seen.receiver.exchange.kind;
    let all = due.len();
    let count = due.iter().filter(|message| printed.count(message) > 0).count();
    if let Some(fault) = ending::cut_short(run) {
        return fault;
    }
    if let Some(fault) = lines::otherwise(run, kind, &seen.plan, message) {
        return fault;
    }
    if let Some(fault) = thrown_away(run) {
        return fault;
    }
    if let Some(fault) = quiet::left_after(run, LONG, "receiver") {
        return fault;
    }
    if ended_by_itself(run) {
        let fault = if count == 0 { receive::ended_before_first() } else { receive::ended_early(count, all) };
        return fault.because(ending::why(run)).seen(ending::last_words(run));
    }
    let expected = format!("expected: {}", shorten(&lines::expected(kind, message), 60));
    if let Some(fault) = several_consumers(transcript, count, all) {
        return fault;
    }
    let delivered = transcript.deliveries().find(|(_, _, content)| content.body == message.text.as_bytes());
    if let Some(said) = goodbye(run) {
        return receive::cancelled(count, all).at(&said);
    }
    if let Some((said, ..)) = delivered {
        let fault = if count == 0 { faults::none_printed(all) } else { faults::unprinted(count, all) };
        return started(fault.at(&said).line(expected), kind, run);
    }
    let deletes = |method: &Method| matches!(method, Method::Exchange(exchange::AMQPMethod::Delete(_)));
    let deleted = |listener: &Listener<'_>| {
        let said = Transcript::of(listener.run).said(deletes).next()?;
        Some(faults::exchange_deleted().at(&said))
    };
    if let Some(fault) = seen.listeners.iter().find_map(deleted) {
        return fault;
    }
    let unbinds = |method: &Method| matches!(method, Method::Queue(queue::AMQPMethod::Unbind(_)));
    let in_time = |said: &MethodEvent<'_>| run.interrupted_at.is_none_or(|at| said.at < at);
    if let Some(said) = transcript.said(unbinds).find(in_time) {
        return faults::unbinds(count, all).at(&said);
    }
    if let Some((said, argument)) = drops(run) {
        return faults::thrown_away(quoted(argument.as_bytes()), count, all).at(&said);
    }
    if let Some(close) = transcript.closes(Peer::Broker).next() {
        return close.fault(transcript, receive::closed(close.what()));
    }
    faults::not_delivered(count, all).line(expected).line(last(run))
}

/// Returns the fault of a program that purged or deleted a queue while messages came.
fn thrown_away(run: &ProgramRun) -> Option<Fault> {
    let transcript = Transcript::of(run);
    let (first, ..) = transcript.deliveries().next()?;
    let said = emptied(transcript)?;
    let in_time = run.interrupted_at.is_none_or(|at| said.at < at);
    (said.order > first.order && in_time).then(|| receive::emptied().at(&said))
}

/// Returns the fault of a program that subscribed more than once to a queue, and reads from one subscription only.
fn several_consumers(transcript: Transcript<'_>, count: usize, all: usize) -> Option<Fault> {
    let queue = |(said, consume): &(MethodEvent<'_>, &basic::Consume)| {
        (said.connection, transcript.queue_meant(said, consume.queue.as_str()).to_owned())
    };
    let mut seen = BTreeSet::new();
    transcript.consumes().find(|consume| !seen.insert(queue(consume)))?;
    Some(faults::several_consumers(count, all).all(transcript.consumes().take(3).map(|(said, _)| said)))
}

/// Returns a declaration whose arguments make the queue drop messages, and the argument.
fn drops(run: &ProgramRun) -> Option<(MethodEvent<'_>, &'static str)> {
    Transcript::of(run).declares().find_map(|(said, declare)| {
        let has = |name: &&&str| declare.arguments.inner().contains_key(**name);
        DROP.iter().find(has).map(|name| (said, *name))
    })
}

/// Returns the last method of a conversation, as a line.
fn last(run: &ProgramRun) -> String {
    let last = Transcript::of(run).methods().next_back();
    last.map_or_else(String::new, |said| format!("last method: {}", said.line()))
}
