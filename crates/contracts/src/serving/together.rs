//! The steps `share` and `survive`: two servers share the requests, and the request of a killed one goes to the other.

use super::{Evidence, ROLES, Request, Server, answer};
use crate::{
    ending,
    fault::{Fault, faults::serve as faults},
    receiving,
    transcript::{Transcript, has_argument},
    verdict::StepResult,
};

/// Checks that each of two servers gets some of the requests, and answers them.
///
/// # Errors
///
/// The fault.
pub fn shared(seen: &Evidence<'_>) -> StepResult {
    let [one, two] = both(seen)?;
    let requests = &seen.plan.shared;
    let counts = [one, two].map(|server| count(server, requests));
    for (server, role) in [one, two].into_iter().zip(ROLES) {
        // A server may also panic later, at the request of the killed one.
        if receiving::ended_by_itself(server.run) && ending::panic_of(server.run).is_none() {
            return Err(faults::ended_after_first().seen(ending::last_words(server.run)).of_run(server.run));
        }
        if count(server, requests) == 0 {
            return Err(gets_none(server, role).of_run(server.run));
        }
    }
    for request in requests {
        let got = || [one, two].into_iter().filter(|server| server.deliveries(request).next().is_some());
        let answers = |server: &&Server<'_>| answer::answers(server, request).next().is_some();
        let Some(server) = got().find(answers).or_else(|| got().next()) else {
            return Err(faults::none_delivered().seen(ending::last_words(two.run)).of_run(two.run));
        };
        answer::has_answer(server, request, &seen.plan.good).map_err(|fault| fault.of_run(server.run))?;
    }
    Ok(format!("{} took {} requests, and {} took {}", ROLES[0], counts[0], ROLES[1], counts[1]))
}

/// Returns both servers.
fn both<'s, 'a>(seen: &'s Evidence<'a>) -> Result<[&'s Server<'a>; 2], Fault> {
    match seen.servers.as_slice() {
        [one, two, ..] => Ok([one, two]),
        _ => Err(faults::no_second_server()),
    }
}

/// Returns the number of these requests that a server got.
fn count(server: &Server<'_>, requests: &[Request]) -> usize {
    requests.iter().filter(|request| server.deliveries(request).next().is_some()).count()
}

/// Returns the fault of a server that got no request while two were there.
fn gets_none(server: &Server<'_>, role: &str) -> Fault {
    if receiving::ended_by_itself(server.run) {
        return faults::ended_after_first().seen(ending::last_words(server.run));
    }
    let mut declares = Transcript::of(server.run).declares();
    match declares.find(|(_, declare)| has_argument(declare, "x-single-active-consumer")) {
        Some((said, _)) => faults::single_active().at(&said),
        None => faults::takes_none(role).seen(ending::last_words(server.run)),
    }
}

/// Returns the fault of servers that were not done with the shared requests in time.
fn not_finished(seen: &Evidence<'_>, servers: [&Server<'_>; 2]) -> Fault {
    let open = servers.into_iter().find_map(|server| {
        let mut deliveries = seen.plan.shared.iter().flat_map(|request| server.deliveries(request));
        Some((server, deliveries.find(|delivered| delivered.acked.is_none())?))
    });
    match open {
        Some((server, delivered)) => faults::not_acked().at(&delivered.said).of_run(server.run),
        None => faults::none_delivered().seen(ending::last_words(servers[1].run)).of_run(servers[1].run),
    }
}

/// Checks that the request of a killed server goes to the other one, which answers it; and that Ctrl-C ends that.
///
/// # Errors
///
/// The fault.
pub fn survives(seen: &Evidence<'_>) -> StepResult {
    let [one, two] = both(seen)?;
    let killed = [one, two].into_iter().position(|server| server.run.killed_at.is_some());
    let Some(killed) = killed else { return Err(not_finished(seen, [one, two])) };
    let other = [two, one][killed];
    for request in &seen.plan.held {
        let server = [one, two][killed];
        let was_done = server.deliveries(request).any(|delivered| delivered.acked.is_some());
        if !was_done {
            answer::has_answer(other, request, &seen.plan.good).map_err(|fault| fault.of_run(other.run))?;
        }
    }
    receiving::stop(other.run).map_err(|fault| fault.of_run(other.run))?;
    let held = seen.plan.held.iter().find(|request| {
        let mut deliveries = [one, two][killed].deliveries(request);
        deliveries.any(|delivered| delivered.acked.is_none())
    });
    let role = [ROLES[1], ROLES[0]][killed];
    Ok(match held {
        Some(request) => {
            format!("{} was killed with fib({}) in hand, and {role} answered it", ROLES[killed], request.body)
        }
        None => format!("{} was killed between two requests, and {role} went on", ROLES[killed]),
    })
}
