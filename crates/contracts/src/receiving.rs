//! What all have in common who receive: subscribing, printing that they wait, what became of each delivery, Ctrl-C.

mod acknowledge;
mod otherwise;
pub mod quiet;

use std::time::Duration;

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
    talk::{BASIC_CONSUME, Said, Talk},
    verdict::{Finding, Note},
};

pub use acknowledge::refused;
pub use otherwise::{plainness, printed_otherwise, shown};

/// What a receiver prints once it is subscribed.
pub const WAITING: &str = " [*] Waiting for messages. To exit press CTRL+C";

/// How the line begins that a receiver prints for each message.
pub const RECEIVED: &str = " [x] Received";

/// A program that asks so often for single messages is polling.
const POLLS: usize = 20;

/// A message that the broker gave to the program, and what the program said about it.
#[derive(Clone, Copy)]
pub struct Delivered<'a> {
    /// `basic.deliver`, or `basic.get-ok`.
    pub said: Said<'a>,
    /// Its number on that channel.
    pub tag: u64,
    /// Whether somebody had it before.
    pub redelivered: bool,
    /// What is in it.
    pub body: &'a [u8],
    /// Its first acknowledgement.
    pub acked: Option<Said<'a>>,
    /// Its `basic.nack` or `basic.reject`.
    pub rejected: Option<Said<'a>>,
}

impl Delivered<'_> {
    /// How long after it came it was acknowledged.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        Some(self.acked?.at.saturating_sub(self.said.at))
    }
}

/// All that was delivered to the program, in its order.
#[must_use]
pub fn ledger(talk: Talk<'_>) -> Vec<Delivered<'_>> {
    let mut all: Vec<Delivered<'_>> = Vec::new();
    for said in talk.methods() {
        let came = match said.method {
            Method::Basic(Basic::Deliver(deliver)) => Some((deliver.delivery_tag, deliver.redelivered)),
            Method::Basic(Basic::GetOk(got)) => Some((got.delivery_tag, got.redelivered)),
            _ => None,
        };
        if let Some((tag, redelivered)) = came {
            let body = said.content.map_or(&[][..], |content| &content.body[..]);
            all.push(Delivered { said, tag, redelivered, body, acked: None, rejected: None });
            continue;
        }
        let (tag, multiple, is_ack) = match said.method {
            Method::Basic(Basic::Ack(ack)) => (ack.delivery_tag, ack.multiple, true),
            Method::Basic(Basic::Nack(nack)) => (nack.delivery_tag, nack.multiple, false),
            Method::Basic(Basic::Reject(reject)) => (reject.delivery_tag, false, false),
            _ => continue,
        };
        let is_here = |other: &Said<'_>| (other.connection, other.channel) == (said.connection, said.channel);
        let meant = |other: u64| other == tag || (multiple && (other < tag || tag == 0));
        for delivered in all.iter_mut().filter(|it| is_here(&it.said) && meant(it.tag)) {
            if said.from == Peer::Program && delivered.acked.or(delivered.rejected).is_none() {
                let place = if is_ack { &mut delivered.acked } else { &mut delivered.rejected };
                *place = Some(said);
            }
        }
    }
    all
}

/// The program subscribed to the queue, and the broker agreed.
#[must_use]
pub fn is_subscribed(seen: &ProgramRun, queue: &str) -> bool {
    let talk = Talk::of(seen);
    let agreed = |said: &Said<'_>| {
        let ok = |method: &Method| matches!(method, Method::Basic(Basic::ConsumeOk(_))).then_some(());
        talk.answer(said, ok).is_some()
    };
    let is_it = |said: &Said<'_>, name| talk.queue_meant(said, name) == queue;
    talk.consumes().any(|(said, consume)| is_it(&said, consume.queue.as_str()) && (consume.nowait || agreed(&said)))
}

/// Nothing good will come any more: the broker refused something, or the program polls, or took another queue.
#[must_use]
pub fn is_hopeless(seen: &ProgramRun, queue: &str) -> bool {
    let talk = Talk::of(seen);
    talk.closes(Peer::Broker).next().is_some()
        || polls(talk) >= POLLS
        || talk.consumes().any(|(said, consume)| talk.queue_meant(&said, consume.queue.as_str()) != queue)
}

/// How often it asked for a single message.
fn polls(talk: Talk<'_>) -> usize {
    talk.methods().filter(|said| matches!(said.method, Method::Basic(Basic::Get(_)))).count()
}

/// Whether it printed that it waits.
#[must_use]
pub fn waits(seen: &ProgramRun) -> bool {
    seen.stdout.lines().iter().any(|line| line == WAITING)
}

/// How often the program printed that it received this body.
#[must_use]
pub fn times_printed(seen: &ProgramRun, body: &str) -> usize {
    seen.stdout.lines().iter().filter(|line| printed::says(line, RECEIVED, body)).count()
}

/// Its subscription to the queue.
///
/// # Errors
///
/// The fault: there is none, or the broker refused it, or it was not waited for.
pub fn subscription<'a>(seen: &'a ProgramRun, queue: &str) -> Result<(Said<'a>, &'a basic::Consume), Fault> {
    let talk = Talk::of(seen);
    let found = talk.consumes().find(|(said, consume)| talk.queue_meant(said, consume.queue.as_str()) == queue);
    let Some((said, consume)) = found else {
        return Err(why_not_subscribed(seen, queue).unwrap_or_else(|| never_subscribed(seen)));
    };
    if let Some(close) = talk.refusal(BASIC_CONSUME) {
        return Err(match close.code {
            403 if consume.exclusive => faults::consume::exclusive().seen(close.lines(talk)),
            _ => close.fault(talk, faults::consume::refused()),
        });
    }
    if !is_subscribed(seen, queue) {
        return Err(faults::consume::unanswered().seen(said.line()));
    }
    Ok((said, consume))
}

/// What the program did in place of subscribing to the queue, or what kept it; None where nothing shows.
fn why_not_subscribed(seen: &ProgramRun, queue: &str) -> Option<Fault> {
    let talk = Talk::of(seen);
    if let Some((said, consume)) = talk.consumes().next() {
        let named = quoted(consume.queue.as_str().as_bytes());
        return Some(faults::consume::other_queue(named, queue).seen(said.line()));
    }
    let get = talk.methods().find(|said| matches!(said.method, Method::Basic(Basic::Get(_))));
    if let Some(said) = get {
        let asked = format!("{} (asked {}×)", said.line(), polls(talk));
        return Some(faults::consume::polling().seen(asked));
    }
    if let Some(fault) =
        steps::unread(talk).or_else(|| ending::panic_of(seen)).or_else(|| ending::used_after_close(seen))
    {
        return Some(fault);
    }
    let Some(close) = talk.closes(Peer::Broker).next() else { return ending::cut_short(seen) };
    Some(close.fault(talk, faults::consume::closed_before(steps::what_the_broker_did(talk, &close))))
}

/// It does not, and nothing shows why.
fn never_subscribed(seen: &ProgramRun) -> Fault {
    match Talk::of(seen).publishes().next() {
        Some((said, ..)) => faults::consume::publishes_instead().seen(said.line()),
        None => faults::consume::missing().seen(ending::last_words(seen)),
    }
}

/// The queue is declared, and before the program subscribes to it. `found` is what the declaration by itself comes to.
#[must_use]
pub fn declared_in_time(seen: &ProgramRun, queue: &str, found: Finding) -> Finding {
    let talk = Talk::of(seen);
    let declared = talk.declares().find(|(_, declare)| declare.queue.as_str() == queue && !declare.passive);
    let subscribed = talk.consumes().find(|(_, consume)| consume.queue.as_str() == queue);
    match (&found, declared, subscribed) {
        (Finding::Passed(_), Some((declared, _)), Some((subscribed, _))) if subscribed.order < declared.order => {
            faults::consume::before_declare().seen(format!("{}\n{}", subscribed.line(), declared.line())).into()
        }
        _ => found,
    }
}

/// The waiting line, on stdout, once. `in_time` is whether it came while the program waited.
#[must_use]
pub fn wait(seen: &ProgramRun, in_time: bool) -> Finding {
    if let Err(fault) = steps::line_on_stdout(seen, WAITING, |line| line == WAITING) {
        return ending::cut_short(seen).unwrap_or(fault).into();
    }
    let count = seen.stdout.lines().iter().filter(|line| *line == WAITING).count();
    if count > 1 {
        return faults::wait::repeated().seen(format!("{count} times: {WAITING}")).into();
    }
    if !in_time {
        return waiting_line_too_late(seen).into();
    }
    Finding::Passed(WAITING.to_owned())
}

/// Where it stands among the lines tells what kept it.
fn waiting_line_too_late(seen: &ProgramRun) -> Fault {
    let lines = seen.stdout.lines();
    let mut before = lines.iter().take_while(|line| *line != WAITING);
    let fault = if before.any(|line| line.starts_with(RECEIVED)) {
        faults::wait::after_messages()
    } else {
        faults::wait::held_back()
    };
    let first: Vec<String> = lines.iter().take(2).map(|line| shown(line, 60)).collect();
    fault.seen(first.join("\n"))
}

/// What the program said to the queue as a whole that takes messages away from others.
#[must_use]
pub fn emptied(talk: Talk<'_>) -> Option<Said<'_>> {
    talk.said(|method| matches!(method, Method::Queue(Queue::Purge(_) | Queue::Delete(_)))).next()
}

/// What the program said, before Ctrl-C was pressed, to receive no more.
#[must_use]
pub fn goodbye(seen: &ProgramRun) -> Option<Said<'_>> {
    let is_one = |method: &Method| {
        matches!(
            method,
            Method::Basic(Basic::Cancel(_))
                | Method::Channel(Channel::Close(_))
                | Method::Connection(Connection::Close(_))
        )
    };
    let in_time = |said: &Said<'_>| seen.interrupted_at.is_none_or(|at| said.at < at);
    Talk::of(seen).said(is_one).find(in_time)
}

/// Whether the program ended before Ctrl-C was pressed, or it was killed.
#[must_use]
pub fn ended_by_itself(seen: &ProgramRun) -> bool {
    let asked = seen.interrupted_at.or(seen.killed_at);
    seen.exit.is_some_and(|exit| !exit.overdue && asked.is_none_or(|at| exit.at < at))
}

/// Ctrl-C ends it soon, without a panic.
#[must_use]
pub fn stop(seen: &ProgramRun) -> Finding {
    if let Some(panic) = ending::panic_of(seen) {
        return panic.into();
    }
    let talk = Talk::of(seen);
    let Some(exit) = seen.exit else {
        return faults::stop::end_unseen().into();
    };
    if exit.overdue {
        let closed = talk.closes(Peer::Program).any(|close| close.said.channel == 0);
        let said = if closed { "connection.close" } else { "no connection.close" };
        return faults::stop::overdue().seen(format!("after Ctrl-C: {said}, and no end")).into();
    }
    // SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: a crash. SIGINT is what Ctrl-C is.
    if let Some(signal) = exit.signal.filter(|signal| [4, 6, 7, 8, 11].contains(signal)) {
        let fault = if signal == 6 { faults::stop::abort() } else { faults::stop::crash(signal) };
        return fault.seen(ending::last_words(seen)).into();
    }
    let how = if says_goodbye(talk) { "with connection.close" } else { "without closing its connection" };
    Finding::Passed(format!("Ctrl-C ended it, {how}"))
}

/// Whether the program closed its connection itself.
fn says_goodbye(talk: Talk<'_>) -> bool {
    talk.closes(Peer::Program).any(|close| close.said.channel == 0)
}

/// A note on a program that Ctrl-C ended, and that did not close its connection before.
#[must_use]
pub fn left_without_goodbye(seen: &ProgramRun) -> Option<Note> {
    (!says_goodbye(Talk::of(seen))).then(|| catalogue::note("stop", faults::stop::left_open(), Client::of(seen)))
}
