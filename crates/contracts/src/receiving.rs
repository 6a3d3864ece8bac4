//! Requirements shared by all receiver lessons: subscribing, the waiting line, the fate of each delivery, Ctrl-C.

mod acknowledge;
mod in_order;
mod ledger;
mod misprints;
pub mod quiet;
mod stay;

use wire::{
    Method, Peer,
    protocol::{
        basic::{self, AMQPMethod as Basic},
        channel::AMQPMethod as Channel,
        connection::AMQPMethod as Connection,
        queue::AMQPMethod as Queue,
    },
    words::quoted,
};

use recording::ProgramRun;

use crate::{
    catalogue,
    clients::Client,
    ending,
    fault::{Fault, faults},
    printed, steps,
    transcript::{BASIC_CONSUME, MethodEvent, Transcript},
    verdict::{Note, StepResult},
};

pub use acknowledge::{consume, refused, unacknowledged};
pub use in_order::{Backlog, printed_in_order};
pub use ledger::{Delivered, Ledger, ledger};
pub use misprints::{plainness, printed_otherwise, shorten};
pub use stay::{one_more, through_silence};

/// The line that a receiver prints once it is subscribed.
pub const WAITING: &str = " [*] Waiting for messages. To exit press CTRL+C";

/// The start of the line that a receiver prints for each message.
pub const RECEIVED: &str = " [x] Received";

/// The number of requests for single messages that counts as polling.
const POLLS: usize = 20;

/// Returns whether the program subscribed to the queue and the broker agreed.
#[must_use]
pub fn is_subscribed(seen: &ProgramRun, queue: &str) -> bool {
    let transcript = Transcript::of(seen);
    let agreed = |said: &MethodEvent<'_>| {
        let ok = |method: &Method| matches!(method, Method::Basic(Basic::ConsumeOk(_))).then_some(());
        transcript.answer(said, ok).is_some()
    };
    let is_it = |said: &MethodEvent<'_>, name| transcript.queue_meant(said, name) == queue;
    transcript
        .consumes()
        .any(|(said, consume)| is_it(&said, consume.queue.as_str()) && (consume.nowait || agreed(&said)))
}

/// Returns whether waiting is pointless: the broker refused something, or the program polls, or it took another queue.
#[must_use]
pub fn is_hopeless(seen: &ProgramRun, queue: &str) -> bool {
    let transcript = Transcript::of(seen);
    transcript.closes(Peer::Broker).next().is_some()
        || polls(transcript) >= POLLS
        || transcript.consumes().any(|(said, consume)| transcript.queue_meant(&said, consume.queue.as_str()) != queue)
}

/// Returns the number of requests for a single message.
fn polls(transcript: Transcript<'_>) -> usize {
    transcript.methods().filter(|said| matches!(said.method, Method::Basic(Basic::Get(_)))).count()
}

/// Returns whether the program printed the waiting line.
#[must_use]
pub fn waits(seen: &ProgramRun) -> bool {
    seen.stdout.lines().iter().any(|line| line == WAITING)
}

/// Returns the number of times that the program printed this body as received.
#[must_use]
pub fn times_printed(seen: &ProgramRun, body: &str) -> usize {
    seen.stdout.lines().iter().filter(|line| printed::says(line, RECEIVED, body)).count()
}

/// Returns the program's subscription to the queue.
///
/// # Errors
///
/// The fault: there is no subscription, or the broker refused it, or it got no reply.
pub fn subscription<'a>(seen: &'a ProgramRun, queue: &str) -> Result<(MethodEvent<'a>, &'a basic::Consume), Fault> {
    let transcript = Transcript::of(seen);
    let found =
        transcript.consumes().find(|(said, consume)| transcript.queue_meant(said, consume.queue.as_str()) == queue);
    let Some((said, consume)) = found else {
        return Err(why_not_subscribed(seen, queue).unwrap_or_else(|| never_subscribed(seen)));
    };
    if let Some(close) = transcript.refusal(BASIC_CONSUME) {
        return Err(match close.code {
            403 if consume.exclusive => close.show_in(transcript, faults::consume::exclusive()),
            _ => close.fault(transcript, faults::consume::refused()),
        });
    }
    if !is_subscribed(seen, queue) {
        return Err(faults::consume::unanswered().at(&said));
    }
    Ok((said, consume))
}

/// Returns the reason why the program did not subscribe to the queue: something else that it did, or an error. None if there is
/// no sign of one.
fn why_not_subscribed(seen: &ProgramRun, queue: &str) -> Option<Fault> {
    let transcript = Transcript::of(seen);
    if let Some((said, consume)) = transcript.consumes().next() {
        let named = quoted(consume.queue.as_str().as_bytes());
        return Some(faults::consume::other_queue(named, queue).at(&said));
    }
    let get = transcript.methods().find(|said| matches!(said.method, Method::Basic(Basic::Get(_))));
    if let Some(said) = get {
        let asked = format!("{} (asked {}×)", said.line(), polls(transcript));
        return Some(faults::consume::polling().seen(asked).about(&said));
    }
    if let Some(fault) =
        steps::unread(transcript).or_else(|| ending::panic_of(seen)).or_else(|| ending::used_after_close(seen))
    {
        return Some(fault);
    }
    let Some(close) = transcript.closes(Peer::Broker).next() else { return ending::cut_short(seen) };
    Some(close.fault(transcript, faults::consume::closed_before(steps::what_the_broker_did(transcript, &close))))
}

/// Returns the fault of a program that did not subscribe, for no visible reason.
fn never_subscribed(seen: &ProgramRun) -> Fault {
    match Transcript::of(seen).publishes().next() {
        Some((said, ..)) => faults::consume::publishes_instead().at(&said),
        None => faults::consume::missing().seen(ending::last_words(seen)),
    }
}

/// Checks that a program that declares the queue does so before it subscribes. Its evidence is that of the declaration.
///
/// # Errors
///
/// The fault.
pub fn declared_in_time(seen: &ProgramRun, queue: &str) -> StepResult {
    let transcript = Transcript::of(seen);
    let declared = transcript.declares().find(|(_, declare)| declare.queue.as_str() == queue && !declare.passive);
    let subscribed = transcript.consumes().find(|(_, consume)| consume.queue.as_str() == queue);
    if let (Some((declared, _)), Some((subscribed, _))) = (declared, subscribed)
        && subscribed.order < declared.order
    {
        return Err(faults::consume::before_declare().at(&subscribed).at(&declared));
    }
    Ok(String::new())
}

/// Checks that the waiting line is on stdout, once. `in_time` is true if it came while the program waited.
pub fn wait(seen: &ProgramRun, in_time: bool) -> StepResult {
    wait_line(seen, WAITING, |line| line == WAITING, in_time)
}

/// Checks as [`wait`] does, for another line: `expected` is the lesson's, and `fits` finds any that is right.
pub fn wait_line(seen: &ProgramRun, expected: &str, fits: impl Fn(&str) -> bool, in_time: bool) -> StepResult {
    if let Err(fault) = steps::line_on_stdout(seen, expected, &fits) {
        return Err(ending::cut_short(seen).unwrap_or(fault));
    }
    let lines = seen.stdout.lines();
    let mut waiting = lines.iter().filter(|line| fits(line));
    let shown = waiting.next().cloned().unwrap_or_default();
    let more = waiting.count();
    if more > 0 {
        return Err(faults::wait::repeated().seen(format!("{} times: {shown}", more + 1)));
    }
    if !in_time {
        return Err(waiting_line_too_late(&lines, fits));
    }
    Ok(shown)
}

/// Returns the fault of a late waiting line: its place among the lines shows the cause.
fn waiting_line_too_late(lines: &[String], fits: impl Fn(&str) -> bool) -> Fault {
    let mut before = lines.iter().take_while(|line| !fits(line));
    let fault = if before.any(|line| line.starts_with(" [x]")) {
        faults::wait::after_messages()
    } else {
        faults::wait::held_back()
    };
    let first: Vec<String> = lines.iter().take(2).map(|line| shorten(line, 60)).collect();
    fault.seen(first.join("\n"))
}

/// Returns the method by which the program purged or deleted a queue, which takes messages away from others.
#[must_use]
pub fn emptied(transcript: Transcript<'_>) -> Option<MethodEvent<'_>> {
    transcript.said(|method| matches!(method, Method::Queue(Queue::Purge(_) | Queue::Delete(_)))).next()
}

/// Returns the method by which the program stopped receiving before Ctrl-C was pressed: a cancellation, or the close of a channel or
/// connection with a subscription.
#[must_use]
pub fn goodbye(seen: &ProgramRun) -> Option<MethodEvent<'_>> {
    let is_one = |method: &Method| {
        matches!(
            method,
            Method::Basic(Basic::Cancel(_))
                | Method::Channel(Channel::Close(_))
                | Method::Connection(Connection::Close(_))
        )
    };
    let in_time = |said: &MethodEvent<'_>| seen.interrupted_at.is_none_or(|at| said.at < at);
    let transcript = Transcript::of(seen);
    // A program may declare and bind on a channel or a connection of its own, and close that when it is done.
    let subscribed: Vec<MethodEvent<'_>> = transcript.consumes().map(|(said, _)| said).collect();
    let ends_subscription = |said: &MethodEvent<'_>| {
        let is_on = |consume: &MethodEvent<'_>| match said.method {
            Method::Connection(_) => consume.connection == said.connection,
            _ => (consume.connection, consume.channel) == (said.connection, said.channel),
        };
        // A closed channel's number may be used again.
        let mut before = subscribed.iter().filter(|consume| consume.order < said.order);
        matches!(said.method, Method::Basic(_)) || subscribed.is_empty() || before.any(is_on)
    };
    transcript.said(is_one).filter(in_time).find(ends_subscription)
}

/// Returns whether the program ended before Ctrl-C was pressed, or before it was killed.
#[must_use]
pub fn ended_by_itself(seen: &ProgramRun) -> bool {
    let asked = seen.interrupted_at.or(seen.killed_at);
    seen.exit.is_some_and(|exit| !exit.overdue && asked.is_none_or(|at| exit.at < at))
}

/// Checks that Ctrl-C ends the program soon, without a panic.
pub fn stop(seen: &ProgramRun) -> StepResult {
    if let Some(panic) = ending::panic_of(seen) {
        return Err(panic);
    }
    let transcript = Transcript::of(seen);
    let Some(exit) = seen.exit else {
        return Err(faults::stop::end_unseen());
    };
    if exit.overdue {
        let closed = transcript.closes(Peer::Program).any(|close| close.said.channel == 0);
        let said = if closed { "connection.close" } else { "no connection.close" };
        return Err(faults::stop::overdue().seen(format!("after Ctrl-C: {said}")));
    }
    // SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: a crash. Ctrl-C is SIGINT.
    if let Some(signal) = exit.signal.filter(|signal| [4, 6, 7, 8, 11].contains(signal)) {
        let fault = if signal == 6 { faults::stop::abort() } else { faults::stop::crash(signal) };
        return Err(fault.seen(ending::last_words(seen)));
    }
    let how = if says_goodbye(transcript) { "with connection.close" } else { "without closing its connection" };
    Ok(format!("Ctrl-C ended it, {how}"))
}

/// Returns whether the program closed its connection itself.
fn says_goodbye(transcript: Transcript<'_>) -> bool {
    transcript.closes(Peer::Program).any(|close| close.said.channel == 0)
}

/// Returns a note on a program that did not close its connection before Ctrl-C ended it.
#[must_use]
pub fn left_without_goodbye(seen: &ProgramRun) -> Option<Note> {
    (!says_goodbye(Transcript::of(seen))).then(|| catalogue::note("stop", faults::stop::left_open(), Client::of(seen)))
}
