//! The steps `share` and `survive`: what comes of limit and acknowledgement where several work.

use super::{
    Evidence, Reached, TOLERANCE, role,
    work::{seconds, shown},
    work_in,
};
use crate::{
    ending,
    fault::Fault,
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
            let why = match subscriptions {
                2.. => format!(": it has {subscriptions} subscriptions, and the limit counts for each."),
                _ => ", which waited behind it.".to_owned(),
            };
            return Fault::new(format!("While {} worked on a long task it got another one{why}", role(index)))
                .seen(format!("{}\n{}", busy.said.line(), other.said.line()))
                .hint("The limit counts for each subscription: subscribe once, and ask for messages in no other way.")
                .of_run(worker)
                .into();
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
    Fault::new("The long task came to no worker.").into()
}

/// A task in hand when its worker was killed is done by another; nothing is lost, and nothing done twice.
pub(super) fn survive(seen: &Evidence<'_>) -> Finding {
    let Some(killed) = seen.killed else {
        let gone = seen.workers.iter().copied().find(|worker| receiving::ended_by_itself(worker));
        let worker = gone.or(seen.workers.first().copied());
        let mistake =
            Fault::new("After its first tasks the program takes no more; one more was sent, and no worker began it.")
                .seen(worker.map(ending::last_words).unwrap_or_default())
                .hint("A worker stays for the next task, whatever the last one was.");
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
        let mut got = receiving::ledger(Talk::of(&seen.workers[index]));
        got.retain(|delivered| delivered.body == task);
        got
    };
    let (dead, alive) = (role(killed), role(1 - killed.min(1)));
    let asked = work_in(task);
    let had = all(killed);
    let before = had.iter().find_map(|delivered| Some((delivered, delivered.took()?)));
    if let Some((delivered, took)) = before {
        if took + TOLERANCE < asked {
            return Err(Fault::new(
                "A worker was killed in the middle of a task that it had acknowledged already: the task is lost.",
            )
            .seen(format!("{dead} acknowledged {} s after it came: {}", seconds(took), shown(delivered)))
            .hint("Acknowledge after the work.")
            .of_run(seen.workers[killed]));
        }
        // It was done before it could be killed.
        return Ok(format!("{dead} was killed when {} was done", shown(delivered)));
    }
    let Some(left) = seen.workers.get(1 - killed.min(1)) else {
        return Err(Fault::new("There was no other worker for the task."));
    };
    let got = all(1 - killed.min(1));
    let Some(delivered) = got.first() else {
        let message = if receiving::ended_by_itself(left) {
            "One worker was killed, and the other ended with it; the task was done by nobody."
        } else {
            "A worker was killed in the middle of a task, and the task did not come to the other worker."
        };
        return Err(Fault::new(message).seen(ending::last_words(left)).hint(
            "The broker delivers again what was not acknowledged, to any subscription that may get another task.",
        ));
    };
    let text = String::from_utf8_lossy(delivered.body);
    if let Some(said) = delivered.rejected {
        return Err(Fault::new("A worker was killed in the middle of a task. The task came to the other worker, which rejected it.")
            .seen(format!("{}\n{}", delivered.said.line(), said.line()))
            .hint("Do a task that comes again like any other: `redelivered` says that somebody had it before, and not that somebody did it."));
    }
    let anew = |said: &Said<'_>| {
        said.order > delivered.said.order && said.content.is_some_and(|content| content.body == delivered.body)
    };
    if let Some((said, ..)) = Talk::of(left).publishes().find(|(said, ..)| anew(said)) {
        return Err(Fault::new("A worker was killed in the middle of a task. The task came to the other worker, which sent it once more.")
            .seen(format!("{}\n{}", delivered.said.line(), said.line()))
            .hint("Do a task that comes again like any other, and acknowledge it. Nothing is to be sent: `redelivered` says that somebody had it before, and not that somebody did it."));
    }
    let Some(took) = delivered.took() else {
        return Err(Fault::new(
            "A worker was killed in the middle of a task. The task came to the other worker, which did not acknowledge it in time.",
        )
        .seen(delivered.said.line())
        .hint("Work on it and acknowledge it, like any other task."));
    };
    if took + TOLERANCE < asked {
        return Err(Fault::new("A worker was killed in the middle of a task. The task came to the other worker, which acknowledged it without doing it.")
            .seen(format!("{alive} acknowledged {} s after it came: {}", seconds(took), shown(delivered)))
            .hint("Do a task that comes again like any other: `redelivered` says that somebody had it before, and not that somebody did it."));
    }
    if receiving::times_printed(left, &text) == 0 {
        return Err(Fault::new(
            "A worker was killed in the middle of a task. The task came to the other worker, which printed no line for it.",
        )
        .seen(delivered.said.line())
        .hint("Print a line for each delivery, whatever `redelivered` says."));
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
            return Err(Fault::new(
                "A task was done, and came once more: its acknowledgement did not reach the broker.",
            )
            .seen(again.said.line())
            .hint("Wait until the acknowledgement is out before you end[[await_it]].")
            .of_run(worker));
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
        return Err(Fault::new("No third worker was started for the task that waits."));
    };
    let when =
        if seen.restarted { "while nobody worked, and after a restart of the broker" } else { "while nobody worked" };
    let got = receiving::ledger(Talk::of(worker));
    let Some(delivered) = got.iter().find(|delivered| delivered.body == last) else {
        let message = if seen.restarted {
            "The broker was restarted while nobody worked, and the task that waited did not come to the next worker."
        } else {
            "A task was sent while nobody worked, and it did not come to the next worker."
        };
        return Err(Fault::new(message)
            .seen(ending::last_words(worker))
            .hint("Declare the queue durable, and without arguments that let its messages go."));
    };
    if delivered.acked.is_none() {
        return Err(Fault::new(format!(
            "A task waited in the queue {when}; it came to a new worker, which did not acknowledge it in time."
        ))
        .seen(delivered.said.line())
        .hint("Work on it and acknowledge it, like any other task."));
    }
    if !receiving::waits(worker) {
        return Err(Fault::new(
            "The program does not print its waiting line when there is a task already; who watches it can't tell that it is ready.",
        )
        .seen(format!("{}\nexpected before it: {}", delivered.said.line(), receiving::WAITING))
        .hint("Print the line always, once you are subscribed."));
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
        return Err(Fault::new("When all workers had ended, tasks were in the queue again that had been done: their acknowledgements did not reach the broker.")
            .seen(format!("{} in the queue, the first '{}'", left.len(), String::from_utf8_lossy(body)))
            .hint("Acknowledge each task after the work[[and_await]]."));
    }
    debug_assert!(seen.reached >= Reached::Killed);
    for worker in seen.workers.iter().copied().filter(|worker| worker.interrupted_at.is_some()) {
        if let Finding::Failed(mistake) = receiving::stop(worker) {
            return Err(mistake.of_run(worker));
        }
    }
    Ok(())
}
