//! The steps `prefetch`, `consume` and `receive`: how a worker comes by its tasks.

use std::time::Duration;

use wire::{
    Method,
    protocol::basic::{self, AMQPMethod as Basic},
};

use super::{Evidence, QUEUE, Reached};
use crate::{
    ending,
    fault::Fault,
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
            _ => Fault::new("The program sets no limit: the broker hands out all tasks it has, at once, to each worker in turn, busy or not.")
                .seen(asked.map_or_else(|| ending::last_words(worker), |said| said.line()))
                .hint("Set it before you subscribe: [[qos]]. [[unawaited]]")
                .into(),
        };
    };
    if let Some(close) = talk.refusal(BASIC_QOS) {
        return Fault::new("The broker refused the limit.")
            .seen(format!("{}\n{}", first.line(), close.said.line()))
            .hint(
                "The broker's line says why. RabbitMQ knows a limit on the number of messages only, not on their size.",
            )
            .into();
    }
    let here = |said: &Said<'_>| {
        asked.is_none_or(|asked| (asked.connection, asked.channel) == (said.connection, said.channel))
    };
    let on_channel: Vec<_> = limits.iter().filter(|(said, _)| here(said)).collect();
    let in_time = on_channel.iter().rfind(|(said, _)| asked.is_none_or(|asked| said.order < asked.order));
    let Some((said, qos)) = in_time else { return in_vain(&limits, &on_channel, asked).into() };
    match qos.prefetch_count {
        1 => Finding::Passed(said.line()),
        0 => Fault::new("The program sets the limit 0, which means none: the broker hands out all it has.")
            .seen(said.line())
            .hint("Ask for one task at a time: [[qos_one]].")
            .into(),
        count => Fault::new(format!(
            "The program asks for {count} tasks at a time: while it works on one, the others wait behind it, and idle workers don't get them."
        ))
        .seen(said.line())
        .hint("Ask for one task at a time: [[qos_one]].")
        .into(),
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
        return Fault::new("The program sets its limit after it subscribed; it counts for later subscriptions only.")
            .seen(said.line())
            .hint("First [[qos_name]], then [[consume_name]].");
    }
    let (said, qos) = limits[0];
    let message = if qos.global {
        "The program sets its limit on another channel than it subscribes on. `global` means all subscriptions of a channel, and not all channels."
    } else {
        "The program sets its limit on another channel than it subscribes on; it counts for its own channel only."
    };
    Fault::new(message)
        .seen(on(&said) + &asked)
        .hint("Call [[qos_name]] on the channel that you call [[consume_name]] on.")
}

/// What was said, and where.
fn on(said: &Said<'_>) -> String {
    format!("connection {}, channel {}: {}", said.connection, said.channel, said.line())
}

/// `basic.consume` on the queue, with acknowledgements.
pub(super) fn consume(worker: &ProgramRun) -> Finding {
    match receiving::subscription(worker, QUEUE) {
        Err(mistake) => mistake.into(),
        Ok((said, consume)) if consume.no_ack => Fault::new(
            "The program subscribes with no_ack: a task counts as done once it is on its way, and is lost when its worker dies.",
        )
        .seen(said.line())
        .hint("[[auto_ack_off]] And acknowledge each task when it is done.")
        .into(),
        Ok((said, _)) => asked_besides(worker).map_or(Finding::Passed(said.line()), Finding::from),
    }
}

/// A task is asked for besides the subscription.
fn asked_besides(worker: &ProgramRun) -> Option<Fault> {
    let said = Talk::of(worker).said(|method| matches!(method, Method::Basic(Basic::Get(_)))).next()?;
    Some(
        Fault::new("The program subscribes, and asks for single tasks besides (basic.get): for those no limit counts, so it can take all that wait.")
            .seen(said.line())
            .hint("Subscribe, and let the broker bring the tasks, those that wait already, too."),
    )
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
        return Fault::new("A task was sent, and the broker gave it to no worker: none of them is there to take it.")
            .seen(first.map(ending::last_words).unwrap_or_default())
            .hint("Does the program cancel its subscription, or close its channel?")
            .into();
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
        return Some(
            Fault::new("The program prints a task more often than it came.")
                .seen(format!("{times} times: {RECEIVED} '{body}'"))
                .hint("Print each delivery once."),
        );
    }
    let all = seen.first_tasks(worker);
    let new: Vec<_> = all.iter().filter(|other| other.body == delivered.body && !other.redelivered).collect();
    if let Some(second) = new.get(times.max(1))
        && seen.had_time(worker, second, Duration::ZERO)
        && times > 0
    {
        return Some(
            Fault::new("Two tasks with the same text came to the program, and it printed one.")
                .seen(format!("{}\n{}", new[0].said.line(), second.said.line()))
                .hint("Do what comes, each time it comes: two tasks with the same text are two tasks."),
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
    Some(
        Fault::new("A task came to the program, and no line was printed for it while it worked.")
            .seen(format!("{}\nexpected: {expected}", delivered.said.line()))
            .hint("Print a line for each delivery, as it comes. Where lines come at the end only, output is held back: flush it."),
    )
}

/// A worker that is gone while there is work.
fn left(worker: &ProgramRun) -> Option<Fault> {
    if let Some(mistake) = ending::cut_short(worker) {
        return Some(mistake);
    }
    let count = receiving::ledger(Talk::of(worker)).iter().filter(|task| task.acked.is_some()).count();
    if receiving::ended_by_itself(worker) {
        let message = match count {
            0 => "The program ended before it had done a task; a worker stays for the next one.".to_owned(),
            1 => "The program ended after its first task; a worker stays for the next one.".to_owned(),
            count => format!("The program ended after {count} tasks; a worker stays for the next one."),
        };
        return Some(
            Fault::new(message).seen(ending::last_words(worker)).hint("Receive in a loop: in [[name]], [[task_loop]]."),
        );
    }
    if let Some(said) = receiving::emptied(Talk::of(worker)) {
        return Some(
            Fault::new("The program throws tasks away that wait in the queue.")
                .seen(said.line())
                .hint("Neither purge nor delete the queue: what waits there is to be done."),
        );
    }
    receiving::goodbye(worker).map(|said| {
        Fault::new("The program stops receiving while there is work; a worker stays for the next task.")
            .seen(said.line())
            .hint("[[stay]]")
    })
}
