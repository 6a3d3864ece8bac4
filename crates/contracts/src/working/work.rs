//! The requirement that a worker works as long as its tasks say, and prints when they are done.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use recording::ProgramRun;
use wire::{
    Method, Peer, What,
    protocol::connection::{self, AMQPMethod as Connection},
    types::AMQPValue,
};

use super::{BUSY, Crew, DONE, TOLERANCE, Worker, ack::early, quote_body, seconds, work_in};
use crate::{
    ending,
    fault::{Fault, faults::work as faults},
    receiving::{Delivered, RECEIVED},
    steps,
    transcript::Transcript,
    verdict::StepResult,
};

/// The extra time that shows that a program counts something other than dots, if every task takes it.
const TOO_LONG: Duration = Duration::from_millis(800);

/// A task that was done, according to the output.
struct Done<'a> {
    worker: &'a Worker<'a>,
    delivered: Delivered<'a>,
    /// The time from its arrival to the line that reports it as done.
    took: Duration,
    /// The time that it should take.
    asked: Duration,
    /// True if the line may belong to another task.
    is_beside_others: bool,
}

/// Checks that the program works a second for each dot, and then prints ` [x] Done`.
///
/// # Errors
///
/// The fault: too little work or too much, no such line, or no sign of life during the work.
pub fn worked(crew: &Crew<'_>) -> StepResult {
    let (mut done, mut not_done) = (Vec::new(), Vec::new());
    for worker in crew.at_start() {
        let lines = Lines::of(worker);
        let mut before: BTreeMap<&[u8], usize> = BTreeMap::new();
        for delivered in &worker.shared {
            let before = before.entry(delivered.body).or_default();
            match lines.done_at(delivered, *before) {
                Some(at) => {
                    let took = at.saturating_sub(delivered.said.at);
                    let is_beside_others = lines.are_in_time && early(delivered).is_some();
                    let asked = work_in(delivered.body);
                    done.push(Done { worker, delivered: *delivered, took, asked, is_beside_others });
                }
                None => not_done.push((worker, *delivered)),
            }
            *before += 1;
        }
    }
    if let Some(fault) = judged(crew, &done, &not_done) {
        return Err(fault);
    }
    let longest = done.iter().max_by_key(|done| done.asked);
    Ok(longest.map(|done| format!("{} s for {}", seconds(done.took), quote_body(&done.delivered))).unwrap_or_default())
}

fn judged(crew: &Crew<'_>, done: &[Done<'_>], not_done: &[(&Worker<'_>, Delivered<'_>)]) -> Option<Fault> {
    let too_early = |done: &&Done<'_>| done.took + TOLERANCE < done.asked && !done.is_beside_others;
    if let Some(first) = done.iter().find(too_early) {
        return Some(too_short(done, first).of_run(first.worker.run));
    }
    if let Some(mistake) = done.iter().find_map(|done| Some(silent(done)?.of_run(done.worker.run))) {
        return Some(mistake);
    }
    let more = |done: &Done<'_>| done.took.saturating_sub(done.asked);
    if done.len() > 1 && done.iter().all(|done| more(done) > TOO_LONG) {
        let least = done.iter().min_by_key(|done| more(done))?;
        let evidence = format!("{} s for {}", seconds(least.took), quote_body(&least.delivered));
        return Some(faults::too_long().seen(evidence).about(&least.delivered.said).of_run(least.worker.run));
    }
    // The consequences of a refusal are reported with the refusal, and a worker that was interrupted could not finish.
    let could = |(worker, delivered): &&(&Worker<'_>, Delivered<'_>)| {
        delivered.rejected.is_none()
            && early(delivered).is_none() // a fault of the next step
            && crew.had_time(worker, delivered, work_in(delivered.body))
    };
    if !crew.refused
        && let Some((worker, delivered)) = not_done.iter().find(could)
    {
        return Some(never_done(worker.run, delivered).of_run(worker.run));
    }
    // Faults that belong to the next step are left to it.
    let has_other_cause = crew.refused || not_done.iter().any(|(_, task)| task.rejected.is_some());
    (done.is_empty() && !has_other_cause).then(faults::none_done)
}

/// The lines that a worker printed, and which of them report a task as done.
struct Lines<'a> {
    worker: &'a Worker<'a>,
    /// True if there is one subscription. With more, several tasks are in hand at a time, and the lines don't name them.
    has_one_subscription: bool,
    /// The line that reports a task as done, by the line that reports it as received.
    behind: BTreeMap<usize, usize>,
    /// True if the first line that reports a task as done is no earlier than the first task can be done, the second no earlier
    /// than the second, and so on. A program that acknowledges a task at once gets others beside it, and prints each in its own
    /// time.
    are_in_time: bool,
}

impl<'a> Lines<'a> {
    fn of(worker: &'a Worker<'a>) -> Lines<'a> {
        let lines = worker.run.stdout.lines();
        // A worker that acknowledges a task at once has several in hand.
        let one_by_one = worker.shared.iter().all(|delivered| early(delivered).is_none());
        let mut due: Vec<Duration> = worker.shared.iter().map(|task| task.said.at + work_in(task.body)).collect();
        due.sort();
        let printed = lines.iter().zip(&worker.run.stdout_at).filter(|(line, _)| is_done(line));
        Lines {
            worker,
            has_one_subscription: Transcript::of(worker.run).consumes().count() <= 1,
            behind: if one_by_one { done_in_turn(&lines) } else { done_next(&lines) },
            are_in_time: printed.zip(due).all(|((_, at), due)| *at + TOLERANCE >= due),
        }
    }

    /// Returns the time at which the program printed that this task is done. It had the same task `before` times earlier.
    fn done_at(&self, delivered: &Delivered<'_>, before: usize) -> Option<Duration> {
        if !self.has_one_subscription {
            return delivered.acked.map(|said| said.at);
        }
        let received = self.worker.texts.get(delivered.body)?.lines.get(before)?;
        self.worker.run.stdout_at.get(*self.behind.get(received)?).copied()
    }
}

fn is_done(line: &str) -> bool {
    line.trim_end() == DONE
}

/// Returns the lines that report a task as done, each for one task, in the order of the tasks: the line of a later task does
/// not count for an earlier one.
fn done_in_turn(lines: &[String]) -> BTreeMap<usize, usize> {
    let mut waiting = VecDeque::new();
    let mut behind = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with(RECEIVED) {
            waiting.push_back(index);
        } else if is_done(line) {
            behind.extend(waiting.pop_front().map(|received| (received, index)));
        }
    }
    behind
}

/// Returns the next line that reports a task as done, after each line that reports one as received.
fn done_next(lines: &[String]) -> BTreeMap<usize, usize> {
    let mut next = None;
    let mut behind = BTreeMap::new();
    for (index, line) in lines.iter().enumerate().rev() {
        if is_done(line) {
            next = Some(index);
        } else if line.starts_with(RECEIVED) {
            behind.extend(next.map(|done| (index, done)));
        }
    }
    behind
}

fn never_done(worker: &ProgramRun, delivered: &Delivered<'_>) -> Fault {
    if let Some(mistake) = ending::cut_short(worker) {
        return mistake;
    }
    match steps::line_on_stdout(worker, DONE, is_done) {
        Err(mistake) => mistake,
        Ok(()) => faults::not_done().at(&delivered.said).line(format!("expected after it: {DONE}")),
    }
}

/// Returns the fault of counting something other than dots, judged by all tasks; `first` is a task that was done too early.
fn too_short(done: &[Done<'_>], first: &Done<'_>) -> Fault {
    let near = |done: &Done<'_>, seconds: u64| {
        done.took + TOLERANCE >= Duration::from_secs(seconds) && done.took < Duration::from_secs(seconds) + BUSY
    };
    let at_end = |done: &Done<'_>| done.delivered.body.iter().rev().take_while(|byte| **byte == b'.').count() as u64;
    let with_dots = || done.iter().filter(|done| !done.asked.is_zero());
    let dots = first.asked.as_secs();
    let works_later = |done: &Done<'_>| done.delivered.took().is_some_and(|took| took + TOLERANCE >= done.asked);
    if with_dots().all(|done| done.took < BUSY && works_later(done)) {
        let acked = first.delivered.took().map(seconds).unwrap_or_default();
        let (done, task) = (seconds(first.took), quote_body(&first.delivered));
        let evidence = format!("done {done} s after it came, acknowledged {acked} s after it came: {task}");
        return faults::done_before_work().seen(evidence).about(&first.delivered.said);
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
    let evidence = format!("done {} s after it came: {}", seconds(first.took), quote_body(&first.delivered));
    fault.seen(evidence).about(&first.delivered.said)
}

/// Returns the fault of a program that agreed to heartbeats and sent nothing for a whole interval while it worked: its
/// connection stood still, too.
///
/// Only programs in Rust get it, because a single word avoids it there. In a language whose client blocks with the program, as
/// in the public tutorials, it is no mistake in a lesson with tasks of a few seconds.
fn silent(done: &Done<'_>) -> Option<Fault> {
    let Done { worker, delivered, took, asked, .. } = *done;
    let number = delivered.said.connection;
    let events = || worker.run.events.iter().filter(|event| event.connection == number && event.from == Peer::Program);
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
    let lived = || events().any(|event| event.at > from && event.at + TOLERANCE < from + asked);
    (applies && !lived()).then(|| {
        let due = seconds(Duration::from_secs(interval) / 2);
        faults::no_heartbeat()
            .line(format!("agreed heartbeat timeout: {interval} s, so something must be sent every {due} s"))
            .line(format!(
                "the program sent nothing for {} s, while it worked on {}",
                seconds(took),
                quote_body(&delivered)
            ))
            .about(&delivered.said)
    })
}

fn is_of_rust(start: &connection::StartOk) -> bool {
    let platform = start.client_properties.inner().get("platform");
    matches!(platform, Some(AMQPValue::LongString(text)) if text.as_bytes().to_ascii_lowercase().starts_with(b"rust"))
}
