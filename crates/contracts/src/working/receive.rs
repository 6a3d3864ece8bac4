//! The requirements that a worker prints each task that comes, and stays for its tasks.

use std::time::Duration;

use recording::ProgramRun;

use super::{Crew, TOLERANCE, Text, Worker, work_in};
use crate::{
    ending,
    fault::{Fault, faults::work as faults},
    receiving::{self, Delivered, RECEIVED},
    transcript::Transcript,
    verdict::StepResult,
};

/// Checks that no worker left while there were tasks. The tasks themselves are the evidence.
///
/// # Errors
///
/// The fault.
pub fn at_work(crew: &Crew<'_>) -> StepResult {
    if crew.finished || crew.refused {
        return Ok(String::new());
    }
    // A worker that leaves in the middle of a task has another fault.
    let has_time = |worker: &Worker<'_>| worker.shared.iter().all(|task| task.acked.is_some());
    let fault = crew.fault(|worker| if has_time(worker) { left(worker) } else { None });
    fault.map_or(Ok(String::new()), Err)
}

/// Checks that each task from the queue is printed, once each time it came.
///
/// # Errors
///
/// The first fault, or that no task came.
pub fn printed(crew: &Crew<'_>, queue: &str) -> StepResult {
    if let Some(fault) = crew.fault_in_task(|worker, task| not_printed(crew, worker, task)) {
        return Err(fault);
    }
    let count: usize = crew.at_start().iter().map(|worker| worker.shared.len()).sum();
    if count == 0 && !crew.finished && !crew.refused {
        let first = || crew.workers.first().map(|worker| ending::last_words(worker.run)).unwrap_or_default();
        return Err(crew.dropped(queue).unwrap_or_else(|| faults::no_subscriber().seen(first())));
    }
    Ok(format!("{count} tasks came to two workers, and each was printed"))
}

/// Returns the fault of a task that came and was not printed, or was printed too often.
fn not_printed(crew: &Crew<'_>, worker: &Worker<'_>, delivered: &Delivered<'_>) -> Option<Fault> {
    let body = std::str::from_utf8(delivered.body).ok()?;
    let text = worker.texts.get(delivered.body)?;
    let times = text.lines.len();
    // Deliveries after the others left count, too: a worker that requeues tasks gets and prints them until its end.
    if times > text.came {
        return Some(faults::printed_too_often().seen(format!("{times} times: {RECEIVED} '{body}'")));
    }
    if let Some(second) = text.fresh.get(times.max(1))
        && crew.had_time(worker, second, Duration::ZERO)
        && times > 0
    {
        return Some(faults::equal_tasks().at(&text.fresh[0].said).at(&second.said));
    }
    let unprinted = || faults::not_printed().at(&delivered.said).line(format!("expected: {RECEIVED} '{body}'"));
    if printed_afterwards(crew, worker.run, delivered, text) {
        return Some(unprinted());
    }
    // A task that came again and again, because it is requeued, has another fault.
    if times > 0 || !crew.had_time(worker, delivered, Duration::ZERO) {
        return None;
    }
    if let Some(fault) = ending::cut_short(worker.run) {
        return Some(fault);
    }
    let came = worker.shared.iter().map(|other| String::from_utf8_lossy(other.body).into_owned()).collect::<Vec<_>>();
    if let Some(fault) = receiving::printed_otherwise(worker.run, &came, body) {
        return Some(fault);
    }
    if crew.refused && delivered.acked.is_none() {
        return None;
    }
    if receiving::ended_by_itself(worker.run) {
        return left(worker);
    }
    Some(unprinted())
}

/// Returns whether the line about the long task came when its work was over. Until then, no other task is in hand.
fn printed_afterwards(crew: &Crew<'_>, worker: &ProgramRun, delivered: &Delivered<'_>, text: &Text<'_>) -> bool {
    let at = text.lines.first().and_then(|line| worker.stdout_at.get(*line));
    let is_late = |at: &Duration| *at + TOLERANCE >= delivered.said.at + work_in(delivered.body);
    delivered.body == crew.long.as_bytes() && at.is_some_and(is_late)
}

/// Returns the fault of a worker that left while there was work.
fn left(worker: &Worker<'_>) -> Option<Fault> {
    if let Some(mistake) = ending::cut_short(worker.run) {
        return Some(mistake);
    }
    let count = worker.ledger.iter().filter(|task| task.acked.is_some()).count();
    if receiving::ended_by_itself(worker.run) {
        let when = match count {
            0 => faults::before_any(),
            1 => faults::after_first(),
            count => faults::after_several(count),
        };
        return Some(faults::left_early(when).seen(ending::last_words(worker.run)));
    }
    if let Some(said) = receiving::emptied(Transcript::of(worker.run)) {
        return Some(faults::emptied_queue().at(&said));
    }
    receiving::goodbye(worker.run).map(|said| faults::unsubscribed().at(&said))
}
