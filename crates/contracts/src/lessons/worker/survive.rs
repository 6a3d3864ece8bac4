//! The step `survive`: another worker does the task of a killed one, and the next worker does a task that waits.

use super::Evidence;
use crate::{
    ending,
    fault::{Fault, faults::survive as faults},
    receiving::{self, Delivered},
    transcript::{MethodEvent, Transcript},
    verdict::StepResult,
    working::{self, TOLERANCE, quote_body, role, seconds, work_in},
};

/// Checks that nothing is lost and nothing is done twice.
pub(super) fn survive(seen: &Evidence<'_>) -> StepResult {
    let taken_over = taken_over(seen)?;
    done_once(seen)?;
    let waited = waited(seen)?;
    nothing_left(seen)?;
    all_stop(seen)?;
    Ok(format!("{taken_over}; {waited}"))
}

/// Checks that the task of the killed worker was done by the other. The fault is in the other worker's run, or else in the
/// killed one's.
fn taken_over(seen: &Evidence<'_>) -> StepResult {
    let workers = &seen.crew.workers;
    let Some(killed) = seen.killed else {
        let ended = workers.iter().map(|worker| worker.run).find(|run| receiving::ended_by_itself(run));
        let Some(run) = ended.or(workers.first().map(|worker| worker.run)) else { return Err(faults::no_next_task()) };
        return Err(faults::no_next_task().seen(ending::last_words(run)).of_run(run));
    };
    if let Some(shown) = done_before(seen, killed)? {
        return Ok(format!("{} was killed when {shown} was done", role(killed)));
    }
    let heir = 1 - killed.min(1);
    let Some(other) = workers.get(heir) else { return Err(faults::no_other_worker()) };
    let shown = done_by(seen, other, heir).map_err(|fault| fault.of_run(other.run))?;
    Ok(format!("{} was killed in the middle of {shown}, and {} did it", role(killed), role(heir)))
}

/// Returns the deliveries of the task whose worker is killed.
fn fatal<'b, 'a>(seen: &'b Evidence<'a>, worker: &'b working::Worker<'a>) -> impl Iterator<Item = &'b Delivered<'a>> {
    let task = seen.tasks.fatal.as_bytes();
    worker.ledger.iter().filter(move |delivered| delivered.body == task)
}

/// Returns the task if the worker worked on it and acknowledged it before it could be killed.
fn done_before(seen: &Evidence<'_>, killed: usize) -> Result<Option<String>, Fault> {
    let dead = &seen.crew.workers[killed];
    let Some((task, took)) = fatal(seen, dead).find_map(|task| Some((task, task.took()?))) else { return Ok(None) };
    if took + TOLERANCE < work_in(task.body) {
        let evidence = format!("{} acknowledged {} s after it came: {}", role(killed), seconds(took), quote_body(task));
        return Err(faults::early_ack().seen(evidence).about(&task.said).of_run(dead.run));
    }
    Ok(Some(quote_body(task)))
}

/// Checks that the other worker, with this index, got the task, did it, printed it and acknowledged it.
fn done_by(seen: &Evidence<'_>, other: &working::Worker<'_>, at: usize) -> StepResult {
    let run = other.run;
    let Some(task) = fatal(seen, other).next() else {
        let ended = receiving::ended_by_itself(run);
        let fault = if ended { faults::both_ended() } else { faults::not_redelivered() };
        return Err(fault.seen(ending::last_words(run)));
    };
    if let Some(said) = task.rejected {
        return Err(faults::rejected().at(&task.said).at(&said));
    }
    let again = |said: &MethodEvent<'_>| {
        said.order > task.said.order && said.content.is_some_and(|content| content.body == task.body)
    };
    if let Some((said, ..)) = Transcript::of(run).publishes().find(|(said, ..)| again(said)) {
        return Err(faults::sent_again().at(&task.said).at(&said));
    }
    let Some(took) = task.took() else { return Err(faults::not_acked().at(&task.said)) };
    if took + TOLERANCE < work_in(task.body) {
        let evidence = format!("{} acknowledged {} s after it came: {}", role(at), seconds(took), quote_body(task));
        return Err(faults::not_worked().seen(evidence).about(&task.said));
    }
    if receiving::times_printed(run, &String::from_utf8_lossy(task.body)) == 0 {
        return Err(faults::not_printed().at(&task.said));
    }
    Ok(quote_body(task))
}

/// Checks that no acknowledged task came again.
fn done_once(seen: &Evidence<'_>) -> Result<(), Fault> {
    for task in seen.tasks.first() {
        let workers = seen.crew.workers.iter();
        let all = workers.flat_map(|worker| worker.ledger.iter().map(move |delivered| (worker.run, delivered)));
        let mut all = all.filter(|(_, delivered)| delivered.body == task.as_bytes());
        if let Some((run, again)) = all.nth(seen.tasks.count(task)) {
            return Err(faults::redone().at(&again.said).of_run(run));
        }
    }
    Ok(())
}

/// Checks that a task sent while there was no worker was done by the next one, after a restart if the broker is ours.
fn waited(seen: &Evidence<'_>) -> StepResult {
    let Some(third) = seen.crew.workers.get(2) else { return Err(faults::no_third_worker()) };
    let run = third.run;
    let last = seen.tasks.last.as_bytes();
    let Some(task) = third.ledger.iter().find(|delivered| delivered.body == last) else {
        let fault = if seen.restarted { faults::lost_in_restart() } else { faults::not_kept() };
        return Err(fault.seen(ending::last_words(run)).of_run(run));
    };
    if task.acked.is_none() {
        let when = if seen.restarted { faults::alone_and_restarted() } else { faults::alone() };
        return Err(faults::waiting_not_acked(when).at(&task.said).of_run(run));
    }
    if !receiving::waits(run) {
        let expected = format!("expected before it: {}", receiving::WAITING);
        return Err(faults::no_waiting_line().at(&task.said).line(expected).of_run(run));
    }
    Ok(if seen.restarted {
        "and a task that waited in the queue was there after a restart of the broker".to_owned()
    } else {
        "and a task that waited in the queue came to the next worker (this broker is not ours to restart: that the queue is durable is judged by the wire)".to_owned()
    })
}

/// Checks that nothing is left in the queue.
fn nothing_left(seen: &Evidence<'_>) -> Result<(), Fault> {
    let left = seen.left.as_deref().unwrap_or_default();
    let Some(body) = left.first() else { return Ok(()) };
    let evidence = format!("{} in the queue, the first '{}'", left.len(), String::from_utf8_lossy(body));
    Err(faults::requeued_at_end().seen(evidence))
}

/// Checks that Ctrl-C ends the remaining workers.
fn all_stop(seen: &Evidence<'_>) -> Result<(), Fault> {
    let pressed = seen.crew.workers.iter().map(|worker| worker.run).filter(|run| run.interrupted_at.is_some());
    for run in pressed {
        receiving::stop(run).map_err(|fault| fault.of_run(run))?;
    }
    Ok(())
}
