//! The step `ack`: each request is acknowledged once, when its answer is on its way.

use std::time::Duration;

use super::{
    Evidence, Request, Server,
    answer::{answers, not_delivered},
};
use crate::{
    ending,
    fault::{Fault, faults::serve as faults},
    receiving,
    transcript::{MethodEvent, Transcript},
    verdict::StepResult,
};

/// The tolerance where request and answer have connections of their own: each is recorded by itself.
const TOLERANCE: Duration = Duration::from_millis(100);

/// Checks that the first server acknowledges each of the good requests, after it published the answer.
///
/// # Errors
///
/// The fault.
pub fn acknowledged(seen: &Evidence<'_>) -> StepResult {
    let Some(server) = seen.servers.first() else { return Ok(String::new()) };
    let fault = receiving::refused(server.run)
        .or_else(|| seen.plan.good.iter().find_map(|request| early(server, request)))
        .or_else(|| seen.plan.good.iter().find_map(|request| missing(server, request)));
    match fault {
        Some(fault) => Err(fault.of_run(server.run)),
        None => Ok(format!("{} requests, each acknowledged after its answer", seen.plan.good.len())),
    }
}

/// Returns the fault of a request that was acknowledged before its answer was published, or rejected.
fn early(server: &Server<'_>, request: &Request) -> Option<Fault> {
    let delivered = server.deliveries(request).next()?;
    if let Some(said) = delivered.rejected {
        return Some(faults::rejected().at(&delivered.said).at(&said));
    }
    let (acked, (answer, ..)) = (delivered.acked?, answers(server, request).next()?);
    is_before(&acked, &answer).then(|| faults::early_ack().at(&delivered.said).at(&acked).at(&answer))
}

fn is_before(acked: &MethodEvent<'_>, answer: &MethodEvent<'_>) -> bool {
    let tolerance = if acked.connection == answer.connection { Duration::ZERO } else { TOLERANCE };
    acked.order < answer.order && acked.at + tolerance <= answer.at
}

/// Returns the fault of a request that was not acknowledged.
fn missing(server: &Server<'_>, request: &Request) -> Option<Fault> {
    let Some(delivered) = server.deliveries(request).next() else { return Some(not_delivered(server)) };
    if delivered.acked.is_some() {
        return None;
    }
    if let Some(close) = Transcript::of(server.run).closes(wire::Peer::Broker).next() {
        return Some(close.fault(Transcript::of(server.run), faults::closed()));
    }
    let cut_short = ending::panic_of(server.run).or_else(|| ending::cut_short(server.run));
    Some(cut_short.unwrap_or_else(|| faults::not_acked().at(&delivered.said)))
}
