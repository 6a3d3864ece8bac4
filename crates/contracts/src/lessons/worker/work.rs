//! The steps `work` and `ack`: what a worker does with a task, and when it says that it is done.

use std::{collections::VecDeque, time::Duration};

use wire::{
    Method, Peer, What,
    protocol::{
        basic::AMQPMethod as Basic,
        connection::{self, AMQPMethod as Connection},
    },
    types::AMQPValue,
};

use super::{BUSY, DONE, Evidence, Reached, TOLERANCE, work_in};
use crate::{
    ending,
    fault::{Fault, faults::work as faults},
    printed,
    receiving::{self, Delivered, RECEIVED},
    steps,
    talk::Talk,
    verdict::Finding,
};
use recording::ProgramRun;

/// A program that always takes so much longer than its tasks do counts something else than dots.
const TOO_LONG: Duration = Duration::from_millis(800);

/// A task that was done, by what was printed.
struct Done<'a> {
    worker: &'a ProgramRun,
    delivered: Delivered<'a>,
    /// From when it came to the line that it is done.
    took: Duration,
    /// How long it should take.
    asked: Duration,
}

/// A second for each dot, and then ` [x] Done`.
pub(super) fn work(seen: &Evidence<'_>) -> Finding {
    let (mut done, mut not_done) = (Vec::new(), Vec::new());
    for worker in seen.workers.iter().copied().take(2) {
        let got = seen.first_tasks(worker);
        // Who acknowledges a task at once has several in hand.
        let one_by_one = got.iter().all(|delivered| early(delivered).is_none());
        for (index, delivered) in got.iter().enumerate() {
            let before = got[..index].iter().filter(|other| other.body == delivered.body).count();
            match done_at(worker, delivered, before, one_by_one) {
                Some(at) => {
                    let took = at.saturating_sub(delivered.said.at);
                    done.push(Done { worker, delivered: *delivered, took, asked: work_in(delivered.body) });
                }
                None => not_done.push((worker, *delivered)),
            }
        }
    }
    match judged(seen, &done, &not_done) {
        Some(mistake) => mistake.into(),
        None => {
            let longest = done.iter().max_by_key(|done| done.asked);
            Finding::Passed(
                longest
                    .map(|done| format!("{} s for {}", seconds(done.took), shown(&done.delivered)))
                    .unwrap_or_default(),
            )
        }
    }
}

fn judged(seen: &Evidence<'_>, done: &[Done<'_>], not_done: &[(&ProgramRun, Delivered<'_>)]) -> Option<Fault> {
    let too_early = |done: &&Done<'_>| done.took + TOLERANCE < done.asked && !is_beside_others(seen, done);
    if let Some(first) = done.iter().find(too_early) {
        return Some(too_short(done, first).of_run(first.worker));
    }
    if let Some(mistake) = done.iter().find_map(|done| Some(silent(done)?.of_run(done.worker))) {
        return Some(mistake);
    }
    let more = |done: &Done<'_>| done.took.saturating_sub(done.asked);
    if done.len() > 1 && done.iter().all(|done| more(done) > TOO_LONG) {
        let least = done.iter().min_by_key(|done| more(done))?;
        let evidence = format!("{} s for {}", seconds(least.took), shown(&least.delivered));
        return Some(faults::too_long().seen(evidence).of_run(least.worker));
    }
    // What follows from a refusal is told where the refusal is, and who was interrupted could not finish.
    let could = |(worker, delivered): &&(&ProgramRun, Delivered<'_>)| {
        delivered.rejected.is_none()
            && early(delivered).is_none() // the next step's to tell
            && seen.had_time(worker, delivered, work_in(delivered.body))
    };
    if !seen.is_refused()
        && let Some((worker, delivered)) = not_done.iter().find(could)
    {
        return Some(never_done(worker, delivered).of_run(worker));
    }
    // What the next step has a word for is its to tell.
    let has_other_cause = seen.is_refused() || not_done.iter().any(|(_, task)| task.rejected.is_some());
    (done.is_empty() && !has_other_cause).then(faults::none_done)
}

/// Whether a line that comes too early may be another task's. A program that acknowledges a task at once gets others beside
/// it, and prints that they are done, each in its time: the first line is not earlier than the first could be done, the second
/// not earlier than the second, and so on.
fn is_beside_others(seen: &Evidence<'_>, done: &Done<'_>) -> bool {
    let mut due: Vec<Duration> =
        seen.first_tasks(done.worker).iter().map(|task| task.said.at + work_in(task.body)).collect();
    due.sort();
    let lines = done.worker.stdout.lines();
    let printed = lines.iter().zip(&done.worker.stdout_at).filter(|(line, _)| line.trim_end() == DONE);
    let in_time = printed.zip(due).all(|((_, at), due)| *at + TOLERANCE >= due);
    early(&done.delivered).is_some() && in_time
}

/// When the program printed that this task is done. It had the same task so many times before.
fn done_at(worker: &ProgramRun, delivered: &Delivered<'_>, before: usize, one_by_one: bool) -> Option<Duration> {
    // With several subscriptions there are several tasks at a time, and the lines don't say whose they are.
    if Talk::of(worker).consumes().count() > 1 {
        return delivered.acked.map(|said| said.at);
    }
    let body = std::str::from_utf8(delivered.body).ok()?;
    let lines = worker.stdout.lines();
    let is_it = |(_, line): &(usize, &String)| printed::says(line, RECEIVED, body);
    let (received, _) = lines.iter().enumerate().filter(is_it).nth(before)?;
    let next = || Some(lines.iter().skip(received).position(|line| line.trim_end() == DONE)? + received);
    let done = if one_by_one { done_behind(&lines, received) } else { next() };
    worker.stdout_at.get(done?).copied()
}

/// The line that says that the task of this line is done. Each counts once, in the order of the tasks: that of a later task
/// says nothing about an earlier one.
fn done_behind(lines: &[String], received: usize) -> Option<usize> {
    let mut waiting = VecDeque::new();
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with(RECEIVED) {
            waiting.push_back(index);
        } else if line.trim_end() == DONE && waiting.pop_front() == Some(received) {
            return Some(index);
        }
    }
    None
}

fn never_done(worker: &ProgramRun, delivered: &Delivered<'_>) -> Fault {
    if let Some(mistake) = ending::cut_short(worker) {
        return mistake;
    }
    match steps::line_on_stdout(worker, DONE, |line| line.trim_end() == DONE) {
        Err(mistake) => mistake,
        Ok(()) => faults::not_done().seen(format!("{}\nexpected after it: {DONE}", delivered.said.line())),
    }
}

/// What the program counts instead of dots, by all that it did; `first` is a task that was done too early.
fn too_short(done: &[Done<'_>], first: &Done<'_>) -> Fault {
    let near = |done: &Done<'_>, seconds: u64| {
        done.took + TOLERANCE >= Duration::from_secs(seconds) && done.took < Duration::from_secs(seconds) + BUSY
    };
    let at_end = |done: &Done<'_>| done.delivered.body.iter().rev().take_while(|byte| **byte == b'.').count() as u64;
    let with_dots = || done.iter().filter(|done| !done.asked.is_zero());
    let dots = first.asked.as_secs();
    let works_later = |done: &Done<'_>| done.delivered.took().is_some_and(|took| took + TOLERANCE >= done.asked);
    if with_dots().all(|done| done.took < BUSY && works_later(done)) {
        return faults::done_before_work().seen(format!(
            "done {} s after it came, acknowledged {} s after it came: {}",
            seconds(first.took),
            first.delivered.took().map(seconds).unwrap_or_default(),
            shown(&first.delivered)
        ));
    }
    let fault = if with_dots().all(|done| done.took < BUSY) {
        faults::no_work(dots)
    } else if with_dots().all(|done| near(done, at_end(done))) {
        faults::end_dots_only()
    } else if with_dots().all(|done| near(done, 1)) {
        faults::one_second(dots)
    } else {
        faults::too_short(dots)
    };
    fault.seen(format!("done {} s after it came: {}", seconds(first.took), shown(&first.delivered)))
}

/// A program that agreed to heartbeats and said nothing for a whole interval while it worked: its connection stood still, too.
///
/// It is told to programs in Rust, where the way around it is one word. In a language whose client blocks with the program,
/// as the public tutorials' does, it is no mistake in a lesson with tasks of a few seconds.
fn silent(done: &Done<'_>) -> Option<Fault> {
    let Done { worker, delivered, took, asked } = *done;
    let number = delivered.said.connection;
    let events = || worker.events.iter().filter(|event| event.connection == number && event.from == Peer::Program);
    let said = |pick: fn(&Connection) -> Option<u64>| {
        events().find_map(|event| match &event.what {
            What::Method { method: Method::Connection(method), .. } => pick(method),
            _ => None,
        })
    };
    let interval = said(|method| match method {
        Connection::TuneOk(ok) => Some(u64::from(ok.heartbeat)),
        _ => None,
    })?;
    let is_rust = said(|method| match method {
        Connection::StartOk(start) => Some(u64::from(is_of_rust(start))),
        _ => None,
    })? == 1;
    let applies = is_rust && interval > 0 && interval <= asked.as_secs() && took < asked + BUSY;
    let from = delivered.said.at;
    let lived = events().any(|event| event.at > from && event.at + TOLERANCE < from + asked);
    (applies && !lived).then(|| {
        faults::no_heartbeat().seen(format!(
            "agreed: a heartbeat every {interval} s, and so a sign of life every {} s\nnothing for {} s, while it worked on {}",
            seconds(Duration::from_secs(interval) / 2),
            seconds(took),
            shown(&delivered)
        ))
    })
}

fn is_of_rust(start: &connection::StartOk) -> bool {
    let platform = start.client_properties.inner().get("platform");
    matches!(platform, Some(AMQPValue::LongString(text)) if text.as_bytes().to_ascii_lowercase().starts_with(b"rust"))
}

/// Each task is acknowledged, once, on the channel that it came on, when it is done.
pub(super) fn ack(seen: &Evidence<'_>) -> Finding {
    let workers = || seen.workers.iter().copied().take(2);
    let all = || workers().flat_map(|worker| seen.first_tasks(worker).into_iter().map(move |task| (worker, task)));
    // What somebody did comes before what somebody else did not: of two workers, one ends the other's scene.
    let mistake = workers()
        .find_map(|worker| Some(receiving::refused(worker)?.of_run(worker)))
        .or_else(|| all().find_map(|(worker, task)| Some(rejected(seen, worker, &task)?.of_run(worker))))
        .or_else(|| all().find_map(|(worker, task)| Some(early(&task)?.of_run(worker))))
        .or_else(|| all().find_map(|(worker, task)| Some(never(seen, worker, &task)?.of_run(worker))));
    match mistake {
        Some(mistake) => mistake.into(),
        None if seen.reached < Reached::Shared => not_all(seen).into(),
        None => Finding::Passed(format!("{} tasks, each acknowledged once, when it was done", all().count())),
    }
}

fn early(delivered: &Delivered<'_>) -> Option<Fault> {
    let (took, asked) = (delivered.took()?, work_in(delivered.body));
    (took + TOLERANCE < asked).then(|| {
        faults::early_ack().seen(format!(
            "acknowledged {} s after it came, with {} s of work in it: {}",
            seconds(took),
            asked.as_secs(),
            shown(delivered)
        ))
    })
}

/// Nothing that was acknowledged is wrong, and not all of it was.
fn not_all(seen: &Evidence<'_>) -> Fault {
    let refused =
        seen.workers.iter().copied().find_map(|worker| Some((worker, Talk::of(worker).closes(Peer::Broker).next()?)));
    if let Some((worker, close)) = refused {
        return close.fault(Talk::of(worker), faults::closed_before_done()).of_run(worker);
    }
    let gone = seen.workers.iter().copied().find(|worker| receiving::ended_by_itself(worker));
    let Some(worker) = gone.or(seen.workers.first().copied()) else { return faults::not_all_done() };
    let cut_short = gone.and_then(ending::cut_short);
    cut_short.unwrap_or_else(|| faults::not_all_done().seen(ending::last_words(worker))).of_run(worker)
}

fn rejected(seen: &Evidence<'_>, worker: &ProgramRun, delivered: &Delivered<'_>) -> Option<Fault> {
    let said = delivered.rejected?;
    let requeues = match said.method {
        Method::Basic(Basic::Nack(nack)) => nack.requeue,
        Method::Basic(Basic::Reject(reject)) => reject.requeue,
        _ => false,
    };
    let again = seen.first_tasks(worker).iter().filter(|other| other.body == delivered.body).count();
    let fault = if requeues && again > 1 {
        faults::requeued_again()
    } else if requeues {
        faults::requeued()
    } else {
        faults::rejected()
    };
    Some(fault.seen(format!("{}\n{}", delivered.said.line(), said.line())))
}

fn never(seen: &Evidence<'_>, worker: &ProgramRun, delivered: &Delivered<'_>) -> Option<Fault> {
    if delivered.acked.is_some() || !seen.had_time(worker, delivered, work_in(delivered.body)) {
        return None;
    }
    if let Some(panic) = ending::panic_of(worker) {
        return Some(panic);
    }
    if let Some(close) = Talk::of(worker).closes(Peer::Broker).next() {
        return Some(close.fault(Talk::of(worker), faults::closed_before_ack()));
    }
    if let Some(mistake) = ending::cut_short(worker) {
        return Some(mistake);
    }
    let mut others = seen.workers.iter().copied().take(2).flat_map(|worker| seen.first_tasks(worker));
    let fault = if others.any(|other| other.acked.is_some()) { faults::ack_missing() } else { faults::never_acked() };
    Some(fault.seen(delivered.said.line()))
}

/// As a person reads it.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}

pub(super) fn shown(delivered: &Delivered<'_>) -> String {
    format!("'{}'", String::from_utf8_lossy(delivered.body))
}
