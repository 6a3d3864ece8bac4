//! The steps `share` and `survive`: what comes of limit and acknowledgement where several work.

use super::{
    Evidence, TOLERANCE, role,
    work::{seconds, shown},
    work_in,
};
use crate::{
    ending,
    fault::{Fault, faults},
    receiving::{self, Delivered},
    talk::{Said, Talk},
    verdict::Finding,
};

/// Whoever is busy with the long task gets no other.
pub(super) fn share(seen: &Evidence<'_>) -> Finding {
    let long = seen.tasks.long.as_bytes();
    for (index, worker) in seen.workers.iter().copied().enumerate().take(2) {
        let got = seen.first_tasks(worker);
        let Some(busy) = got.iter().find(|delivered| delivered.body == long) else { continue };
        let until = busy.acked.map_or(u64::MAX, |said| said.order);
        let behind = got.iter().find(|other| other.said.order > busy.said.order && other.said.order < until);
        if let Some(other) = behind {
            let subscriptions = Talk::of(worker).consumes().count();
            let fault = match subscriptions {
                2.. => faults::share::several_subscriptions(role(index), subscriptions),
                _ => faults::share::queued_behind(role(index)),
            };
            let both = format!("{}\n{}", busy.said.line(), other.said.line());
            return fault.seen(both).of_run(worker).into();
        }
        let others = seen.workers.iter().copied().take(2).map(|worker| seen.first_tasks(worker).len()).sum::<usize>()
            - got.len();
        let took = busy.took().map(seconds).unwrap_or_default();
        let idle = role(1 - index.min(1));
        return Finding::Passed(format!(
            "{} worked {took} s on one task and got no other; {others} went to {idle}",
            role(index)
        ));
    }
    faults::share::no_long_task().into()
}

/// A task in hand when its worker was killed is done by another; nothing is lost, and nothing done twice.
pub(super) fn survive(seen: &Evidence<'_>) -> Finding {
    let Some(killed) = seen.killed else {
        let gone = seen.workers.iter().copied().find(|worker| receiving::ended_by_itself(worker));
        let worker = gone.or(seen.workers.first().copied());
        let mistake = faults::survive::no_next_task().seen(worker.map(ending::last_words).unwrap_or_default());
        return worker.map_or(mistake.clone(), |worker| mistake.of_run(worker)).into();
    };
    match fatal(seen, killed).map_err(|mistake| of_the_other(seen, killed, mistake)).and_then(|told| {
        Ok((told, twice(seen)?, waited(seen).map_err(|mistake| of_the_third(seen, mistake))?, rest(seen)?))
    }) {
        Ok((told, (), waited, ())) => Finding::Passed(format!("{told}; {waited}")),
        Err(mistake) => mistake.into(),
    }
}

/// What is wrong with the task that a worker had in hand is seen of the other worker, unless it is known to be seen of the first.
fn of_the_other(seen: &Evidence<'_>, killed: usize, mistake: Fault) -> Fault {
    match seen.workers.get(1 - killed.min(1)) {
        Some(other) => mistake.of_run(other),
        None => mistake,
    }
}

/// What became of the task that a worker had in hand.
fn fatal(seen: &Evidence<'_>, killed: usize) -> Result<String, Fault> {
    let task = seen.tasks.fatal.as_bytes();
    let all = |index: usize| -> Vec<Delivered<'_>> {
        let mut got = receiving::ledger(Talk::of(seen.workers[index]));
        got.retain(|delivered| delivered.body == task);
        got
    };
    let (dead, alive) = (role(killed), role(1 - killed.min(1)));
    let asked = work_in(task);
    let had = all(killed);
    let before = had.iter().find_map(|delivered| Some((delivered, delivered.took()?)));
    if let Some((delivered, took)) = before {
        if took + TOLERANCE < asked {
            let evidence = format!("{dead} acknowledged {} s after it came: {}", seconds(took), shown(delivered));
            return Err(faults::survive::early_ack().seen(evidence).of_run(seen.workers[killed]));
        }
        // It was done before it could be killed.
        return Ok(format!("{dead} was killed when {} was done", shown(delivered)));
    }
    let Some(left) = seen.workers.get(1 - killed.min(1)) else {
        return Err(faults::survive::no_other_worker());
    };
    let got = all(1 - killed.min(1));
    let Some(delivered) = got.first() else {
        let fault = if receiving::ended_by_itself(left) {
            faults::survive::both_ended()
        } else {
            faults::survive::not_redelivered()
        };
        return Err(fault.seen(ending::last_words(left)));
    };
    let text = String::from_utf8_lossy(delivered.body);
    if let Some(said) = delivered.rejected {
        return Err(faults::survive::rejected().seen(format!("{}\n{}", delivered.said.line(), said.line())));
    }
    let anew = |said: &Said<'_>| {
        said.order > delivered.said.order && said.content.is_some_and(|content| content.body == delivered.body)
    };
    if let Some((said, ..)) = Talk::of(left).publishes().find(|(said, ..)| anew(said)) {
        return Err(faults::survive::sent_again().seen(format!("{}\n{}", delivered.said.line(), said.line())));
    }
    let Some(took) = delivered.took() else {
        return Err(faults::survive::not_acked().seen(delivered.said.line()));
    };
    if took + TOLERANCE < asked {
        let evidence = format!("{alive} acknowledged {} s after it came: {}", seconds(took), shown(delivered));
        return Err(faults::survive::not_worked().seen(evidence));
    }
    if receiving::times_printed(left, &text) == 0 {
        return Err(faults::survive::not_printed().seen(delivered.said.line()));
    }
    Ok(format!("{dead} was killed in the middle of {}, and {alive} did it", shown(delivered)))
}

/// Nothing that was acknowledged came again.
fn twice(seen: &Evidence<'_>) -> Result<(), Fault> {
    for task in seen.tasks.first() {
        let of = |worker| receiving::ledger(Talk::of(worker)).into_iter().map(move |delivered| (worker, delivered));
        let all = seen.workers.iter().copied().flat_map(of);
        let mut all = all.filter(|(_, delivered)| delivered.body == task.as_bytes());
        if let Some((worker, again)) = all.nth(seen.tasks.count(task)) {
            return Err(faults::survive::redone().seen(again.said.line()).of_run(worker));
        }
    }
    Ok(())
}

fn of_the_third(seen: &Evidence<'_>, mistake: Fault) -> Fault {
    match seen.workers.get(2) {
        Some(third) => mistake.of_run(third),
        None => mistake,
    }
}

/// A task that was sent when nobody worked was done by the next worker, after a restart where the broker is ours.
fn waited(seen: &Evidence<'_>) -> Result<String, Fault> {
    let last = seen.tasks.last.as_bytes();
    let Some(worker) = seen.workers.get(2) else {
        return Err(faults::survive::no_third_worker());
    };
    let got = receiving::ledger(Talk::of(worker));
    let Some(delivered) = got.iter().find(|delivered| delivered.body == last) else {
        let fault = if seen.restarted { faults::survive::lost_in_restart() } else { faults::survive::not_kept() };
        return Err(fault.seen(ending::last_words(worker)));
    };
    if delivered.acked.is_none() {
        let when = if seen.restarted { faults::survive::alone_and_restarted() } else { faults::survive::alone() };
        return Err(faults::survive::waiting_not_acked(when).seen(delivered.said.line()));
    }
    if !receiving::waits(worker) {
        let evidence = format!("{}\nexpected before it: {}", delivered.said.line(), receiving::WAITING);
        return Err(faults::survive::no_waiting_line().seen(evidence));
    }
    Ok(if seen.restarted {
        "and a task that waited in the queue was there after a restart of the broker".to_owned()
    } else {
        "and a task that waited in the queue came to the next worker (this broker is not ours to restart: that the queue is durable is judged by the wire)".to_owned()
    })
}

/// Nothing is left over, and Ctrl-C ends those who are left.
fn rest(seen: &Evidence<'_>) -> Result<(), Fault> {
    let left = seen.left.as_deref().unwrap_or_default();
    if let Some(body) = left.first() {
        let evidence = format!("{} in the queue, the first '{}'", left.len(), String::from_utf8_lossy(body));
        return Err(faults::survive::requeued_at_end().seen(evidence));
    }
    for worker in seen.workers.iter().copied().filter(|worker| worker.interrupted_at.is_some()) {
        if let Finding::Failed(mistake) = receiving::stop(worker) {
            return Err(mistake.of_run(worker));
        }
    }
    Ok(())
}
