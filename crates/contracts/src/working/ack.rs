//! The requirement that a worker acknowledges each task when it is done.

use wire::{Method, Peer, protocol::basic::AMQPMethod as Basic};

use super::{Crew, TOLERANCE, Worker, quote_body, seconds, work_in};
use crate::{
    ending,
    fault::{Fault, faults::work as faults},
    receiving::{self, Delivered},
    transcript::Transcript,
    verdict::StepResult,
};

/// Checks that each task from the queue is acknowledged once, on the channel that it came on, when it is done.
///
/// # Errors
///
/// The fault. A wrong acknowledgement by one worker comes before a missing one by the other: it ends the scene for both.
pub fn acknowledged(crew: &Crew<'_>, queue: &str) -> StepResult {
    let fault = crew
        .fault(|worker| receiving::refused(worker.run))
        .or_else(|| crew.fault_in_task(rejected))
        .or_else(|| crew.fault_in_task(|_, task| early(task)))
        .or_else(|| crew.fault_in_task(|worker, task| never(crew, worker, task)))
        .or_else(|| (!crew.finished).then(|| not_all(crew, queue)));
    let count: usize = crew.at_start().iter().map(|worker| worker.shared.len()).sum();
    fault.map_or_else(|| Ok(format!("{count} tasks, each acknowledged once, when it was done")), Err)
}

/// Returns the fault of a task that was acknowledged before its work could be done.
pub(super) fn early(delivered: &Delivered<'_>) -> Option<Fault> {
    let (took, asked) = (delivered.took()?, work_in(delivered.body));
    (took + TOLERANCE < asked).then(|| {
        let (took, asked, task) = (seconds(took), asked.as_secs(), quote_body(delivered));
        let evidence = format!("acknowledged {took} s after it came, with {asked} s of work in it: {task}");
        delivered.acked.iter().fold(faults::early_ack().seen(evidence).about(&delivered.said), Fault::about)
    })
}

/// Returns the fault if the acknowledgements are right, but some are missing.
fn not_all(crew: &Crew<'_>, queue: &str) -> Fault {
    let refused = crew
        .workers
        .iter()
        .find_map(|worker| Some((worker.run, Transcript::of(worker.run).closes(Peer::Broker).next()?)));
    if let Some((run, close)) = refused {
        return close.fault(Transcript::of(run), faults::closed_before_done()).of_run(run);
    }
    if let Some(fault) = crew.dropped(queue) {
        return fault;
    }
    let gone = crew.workers.iter().map(|worker| worker.run).find(|run| receiving::ended_by_itself(run));
    let Some(run) = gone.or(crew.workers.first().map(|worker| worker.run)) else { return faults::not_all_done() };
    let cut_short = gone.and_then(ending::cut_short);
    cut_short.unwrap_or_else(|| faults::not_all_done().seen(ending::last_words(run))).of_run(run)
}

fn rejected(worker: &Worker<'_>, delivered: &Delivered<'_>) -> Option<Fault> {
    let said = delivered.rejected?;
    let requeues = match said.method {
        Method::Basic(Basic::Nack(nack)) => nack.requeue,
        Method::Basic(Basic::Reject(reject)) => reject.requeue,
        _ => false,
    };
    let again = worker.shared.iter().filter(|other| other.body == delivered.body).count();
    let fault = if requeues && again > 1 {
        faults::requeued_again()
    } else if requeues {
        faults::requeued()
    } else {
        faults::rejected()
    };
    Some(fault.at(&delivered.said).at(&said))
}

fn never(crew: &Crew<'_>, worker: &Worker<'_>, delivered: &Delivered<'_>) -> Option<Fault> {
    if delivered.acked.is_some() || !crew.had_time(worker, delivered, work_in(delivered.body)) {
        return None;
    }
    if let Some(panic) = ending::panic_of(worker.run) {
        return Some(panic);
    }
    if let Some(close) = Transcript::of(worker.run).closes(Peer::Broker).next() {
        return Some(close.fault(Transcript::of(worker.run), faults::closed_before_ack()));
    }
    if let Some(mistake) = ending::cut_short(worker.run) {
        return Some(mistake);
    }
    let mut others = crew.at_start().iter().flat_map(|worker| &worker.shared);
    let fault = if others.any(|other| other.acked.is_some()) { faults::ack_missing() } else { faults::never_acked() };
    Some(fault.at(&delivered.said))
}
