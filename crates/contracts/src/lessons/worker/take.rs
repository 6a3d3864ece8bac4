//! The steps `prefetch`, `consume` and `receive`: how a worker comes by its tasks.

use std::time::Duration;

use wire::{
    Method,
    protocol::basic::{self, AMQPMethod as Basic},
};

use super::{Evidence, QUEUE, Reached, TOLERANCE, work_in};
use crate::{
    ending,
    fault::{Fault, faults},
    receiving::{
        self, Delivered, RECEIVED,
        quiet::{self, Quiet},
    },
    talk::{BASIC_QOS, Said, Talk},
    verdict::Finding,
};
use recording::ProgramRun;

/// `basic.qos`, before the subscription and on its channel: one at a time.
pub(super) fn prefetch(worker: &ProgramRun) -> Finding {
    let talk = Talk::of(worker);
    let limits: Vec<(Said<'_>, &basic::Qos)> = talk
        .methods()
        .filter_map(|said| match said.method {
            Method::Basic(Basic::Qos(qos)) => Some((said, qos)),
            _ => None,
        })
        .collect();
    let asked = talk.consumes().find(|(_, consume)| consume.queue.as_str() == QUEUE).map(|(said, _)| said);
    let Some((first, _)) = limits.first() else {
        return match ending::cut_short(worker) {
            Some(mistake) if asked.is_none() => mistake.into(),
            _ => faults::prefetch::no_limit()
                .seen(asked.map_or_else(|| ending::last_words(worker), |said| said.line()))
                .into(),
        };
    };
    if let Some(close) = talk.refusal(BASIC_QOS) {
        return faults::prefetch::refused().seen(format!("{}\n{}", first.line(), close.said.line())).into();
    }
    let here = |said: &Said<'_>| {
        asked.is_none_or(|asked| (asked.connection, asked.channel) == (said.connection, said.channel))
    };
    let on_channel: Vec<_> = limits.iter().filter(|(said, _)| here(said)).collect();
    let in_time = on_channel.iter().rfind(|(said, _)| asked.is_none_or(|asked| said.order < asked.order));
    let Some((said, qos)) = in_time else { return in_vain(&limits, &on_channel, asked).into() };
    match qos.prefetch_count {
        1 => Finding::Passed(said.line()),
        0 => faults::prefetch::zero().seen(said.line()).into(),
        count => faults::prefetch::more_than_one(count).seen(said.line()).into(),
    }
}

/// A limit that does not count for the subscription.
fn in_vain(
    limits: &[(Said<'_>, &basic::Qos)],
    on_channel: &[&(Said<'_>, &basic::Qos)],
    asked: Option<Said<'_>>,
) -> Fault {
    let asked = asked.map(|said| format!("\n{}", on(&said))).unwrap_or_default();
    if let Some((said, _)) = on_channel.first() {
        return faults::prefetch::late().seen(said.line());
    }
    let (said, qos) = limits[0];
    let fault = if qos.global { faults::prefetch::other_channel_global() } else { faults::prefetch::other_channel() };
    fault.seen(on(&said) + &asked)
}

/// What was said, and where.
fn on(said: &Said<'_>) -> String {
    format!("connection {}, channel {}: {}", said.connection, said.channel, said.line())
}

/// `basic.consume` on the queue, with acknowledgements.
pub(super) fn consume(worker: &ProgramRun) -> Finding {
    match receiving::subscription(worker, QUEUE) {
        Err(mistake) => mistake.into(),
        Ok((said, consume)) if consume.no_ack => faults::work::no_ack().seen(said.line()).into(),
        Ok((said, _)) => asked_besides(worker).map_or(Finding::Passed(said.line()), Finding::from),
    }
}

/// A task is asked for besides the subscription.
fn asked_besides(worker: &ProgramRun) -> Option<Fault> {
    let said = Talk::of(worker).said(|method| matches!(method, Method::Basic(Basic::Get(_)))).next()?;
    Some(faults::prefetch::basic_get().seen(said.line()))
}

/// Each task that came is printed, once each time it came; and the program is there for it.
pub(super) fn receive(seen: &Evidence<'_>) -> Finding {
    let cut_short = seen.reached < Reached::Shared && !seen.is_refused();
    // Who leaves in the middle of a task has another trouble than not to stay.
    let has_time = |worker: &&ProgramRun| seen.first_tasks(worker).iter().all(|task| task.acked.is_some());
    if let Some(mistake) = seen
        .workers
        .iter()
        .copied()
        .take(2)
        .filter(has_time)
        .find_map(|worker| Some(left(worker)?.of_run(worker)))
        .filter(|_| cut_short)
    {
        return mistake.into();
    }
    let mut count = 0;
    for worker in seen.workers.iter().copied().take(2) {
        let got = seen.first_tasks(worker);
        count += got.len();
        if let Some(mistake) = got.iter().find_map(|delivered| not_printed(seen, worker, delivered)) {
            return mistake.of_run(worker).into();
        }
    }
    if count == 0 && cut_short {
        let first = seen.workers.first().copied();
        return faults::work::no_subscriber().seen(first.map(ending::last_words).unwrap_or_default()).into();
    }
    if let Some(mistake) = seen.idle.as_ref().and_then(idle) {
        return mistake.into();
    }
    Finding::Passed(format!("{count} tasks came to two workers, and each was printed"))
}

/// A worker that left while it had nothing to do.
fn idle(run: &Quiet) -> Option<Fault> {
    Some(quiet::waiting_line(run).or_else(|| quiet::left_in_silence(run, "worker"))?.of_run(run.run))
}

/// A task that came and was not printed, or too often.
fn not_printed(seen: &Evidence<'_>, worker: &ProgramRun, delivered: &Delivered<'_>) -> Option<Fault> {
    let body = std::str::from_utf8(delivered.body).ok()?;
    let times = receiving::times_printed(worker, body);
    // Also what came when the others left: a worker that puts tasks back gets and prints them until its end.
    let came = receiving::ledger(Talk::of(worker)).iter().filter(|other| other.body == delivered.body).count();
    if times > came {
        return Some(faults::work::printed_too_often().seen(format!("{times} times: {RECEIVED} '{body}'")));
    }
    let all = seen.first_tasks(worker);
    let new: Vec<_> = all.iter().filter(|other| other.body == delivered.body && !other.redelivered).collect();
    if let Some(second) = new.get(times.max(1))
        && seen.had_time(worker, second, Duration::ZERO)
        && times > 0
    {
        let both = format!("{}\n{}", new[0].said.line(), second.said.line());
        return Some(faults::work::equal_tasks().seen(both));
    }
    if printed_afterwards(seen, worker, delivered, body) {
        return Some(
            faults::work::not_printed().seen(format!("{}\nexpected: {RECEIVED} '{body}'", delivered.said.line())),
        );
    }
    // A task that came again and again, as one that is put back does, is told about elsewhere.
    if times > 0 || !seen.had_time(worker, delivered, Duration::ZERO) {
        return None;
    }
    if let Some(mistake) = ending::cut_short(worker) {
        return Some(mistake);
    }
    let came = seen.first_tasks(worker);
    let came = came.iter().map(|other| String::from_utf8_lossy(other.body).into_owned()).collect::<Vec<_>>();
    if let Some(mistake) = receiving::printed_otherwise(worker, &came, body) {
        return Some(mistake);
    }
    let expected = format!("{RECEIVED} '{body}'");
    if seen.is_refused() && delivered.acked.is_none() {
        return None;
    }
    if receiving::ended_by_itself(worker) {
        return left(worker);
    }
    Some(faults::work::not_printed().seen(format!("{}\nexpected: {expected}", delivered.said.line())))
}

/// Whether the line about the long task came when its work was over. Before it, no other task is in hand.
fn printed_afterwards(seen: &Evidence<'_>, worker: &ProgramRun, delivered: &Delivered<'_>, body: &str) -> bool {
    let lines = worker.stdout.lines();
    let line = lines.iter().position(|line| crate::printed::says(line, RECEIVED, body));
    let at = line.and_then(|line| worker.stdout_at.get(line));
    body == seen.tasks.long && at.is_some_and(|at| *at + TOLERANCE >= delivered.said.at + work_in(delivered.body))
}

/// A worker that is gone while there is work.
fn left(worker: &ProgramRun) -> Option<Fault> {
    if let Some(mistake) = ending::cut_short(worker) {
        return Some(mistake);
    }
    let count = receiving::ledger(Talk::of(worker)).iter().filter(|task| task.acked.is_some()).count();
    if receiving::ended_by_itself(worker) {
        let when = match count {
            0 => faults::work::before_any(),
            1 => faults::work::after_first(),
            count => faults::work::after_several(count),
        };
        return Some(faults::work::left_early(when).seen(ending::last_words(worker)));
    }
    if let Some(said) = receiving::emptied(Talk::of(worker)) {
        return Some(faults::work::emptied_queue().seen(said.line()));
    }
    receiving::goodbye(worker).map(|said| faults::work::unsubscribed().seen(said.line()))
}
