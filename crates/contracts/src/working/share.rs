//! The requirement that a busy worker gets no other task.

use super::{Crew, role, seconds};
use crate::{fault::faults::share as faults, receiving::Delivered, transcript::Transcript, verdict::StepResult};

/// Checks that the worker that is busy with the long task gets no other.
///
/// # Errors
///
/// The fault.
pub fn fair(crew: &Crew<'_>) -> StepResult {
    let workers = crew.at_start();
    for (index, worker) in workers.iter().enumerate() {
        let is_long = |delivered: &&Delivered<'_>| delivered.body == crew.long.as_bytes();
        let Some(busy) = worker.shared.iter().find(is_long) else { continue };
        let until = busy.acked.map_or(u64::MAX, |said| said.order);
        let behind = worker.shared.iter().find(|other| other.said.order > busy.said.order && other.said.order < until);
        if let Some(other) = behind {
            let subscriptions = Transcript::of(worker.run).consumes().count();
            let fault = match subscriptions {
                2.. => faults::several_subscriptions(role(index), subscriptions),
                _ => faults::queued_behind(role(index)),
            };
            return Err(fault.at(&busy.said).at(&other.said).of_run(worker.run));
        }
        let others = workers.iter().map(|worker| worker.shared.len()).sum::<usize>() - worker.shared.len();
        let took = busy.took().map(seconds).unwrap_or_default();
        let idle = role(1 - index.min(1));
        return Ok(format!("{} worked {took} s on one task and got no other; {others} went to {idle}", role(index)));
    }
    Err(faults::no_long_task())
}
