//! Lesson 04: work on the tasks in the queue `task_queue`, beside other workers.

mod share;
mod take;
mod work;

use std::time::Duration;

use fastrand::Rng;
use tokio::sync::oneshot;

use crate::{
    lessons::{
        Contract, Rule, durable,
        receiving::{
            self, Delivered,
            quiet::{self, Quiet},
        },
        steps,
        talk::Talk,
    },
    performance::{Part, Performance},
    program::Program,
    stage::{Actor, Call, Stage},
    verdict::{Finding, Mistake, Note, Reason},
};

const QUEUE: &str = "task_queue";

/// What a worker prints when a task is done.
const DONE: &str = " [x] Done";

/// What the address asks for, in seconds: short enough to be missed during the long task.
const HEARTBEAT: u16 = 2;

/// How long a worker may run at least: its tasks take some seconds.
const AT_LEAST: Duration = Duration::from_secs(8);

/// How much shorter than it should a time may seem: clocks differ.
const TOLERANCE: Duration = Duration::from_millis(100);

/// A program that took so much longer than it should was on a machine that was busy.
const BUSY: Duration = Duration::from_millis(500);

/// How long the queue may take to show what comes back to it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The contract.
pub struct Worker;

/// What was seen.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Of each worker, in the order in which they were started: two, and a third that comes to a task that waits.
    pub workers: Vec<Performance>,
    /// What was sent.
    pub tasks: Tasks,
    /// How far the scene came.
    pub reached: Reached,
    /// Which worker was killed, with the last task in hand.
    pub killed: Option<usize>,
    /// The broker was restarted before the third worker.
    pub restarted: bool,
    /// The bodies in the queue when all was over; None when there is no such queue, or the scene did not come so far.
    pub left: Option<Vec<Vec<u8>>>,
    /// A worker that had next to nothing to do; None where the scene did not come so far.
    pub idle: Option<Quiet>,
}

/// The tasks, chosen at random so that nobody can print them beforehand. A dot is a second of work, wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tasks {
    /// Two seconds of work: whoever gets it is busy.
    pub long: String,
    /// Sent while somebody is busy with the long one: a second, and three of none, the last two of which have the same text.
    pub short: Vec<String>,
    /// A second; who has it is killed.
    pub fatal: String,
    /// Sent when nobody works, before the broker is restarted.
    pub last: String,
}

impl Tasks {
    /// The first of them, which nobody is killed over.
    fn first(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.long).chain(&self.short)
    }

    /// How many tasks with this text there are.
    fn count(&self, task: &str) -> usize {
        let all = self.first().chain([&self.fatal, &self.last]);
        all.filter(|other| *other == task).count()
    }

    fn chosen(seed: u64) -> Tasks {
        let mut rng = Rng::with_seed(seed);
        let mut token = || -> String { (0..6).map(|_| rng.char('a'..='z')).collect() };
        let mut tasks = Tasks {
            long: format!("long {}. {}.", token(), token()),
            short: vec![format!("short .{}", token()), format!("short {}, Grüße 🐇", token()), token()],
            fatal: format!("fatal {}.", token()),
            last: format!("last {}", token()),
        };
        tasks.short.push(tasks.short[2].clone());
        tasks
    }
}

/// How far the scene came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// The first worker was started.
    Start,
    /// It subscribed.
    Subscribed,
    /// It printed that it waits, and so did the second.
    Waiting,
    /// The long task, and those beside it, were acknowledged.
    Shared,
    /// A worker was killed that had a task in hand.
    Killed,
    /// That task was acknowledged.
    Survived,
}

impl Contract for Worker {
    type Evidence = Evidence;
    const ID: &'static str = "worker";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = true;
    const STEPS: &'static [Rule<Evidence>] = &[
        ("connect", |seen| seen.each(|_, worker| steps::connect(worker))),
        ("declare", |seen| {
            seen.each(|_, worker| receiving::declared_in_time(worker, QUEUE, durable::declare(worker, QUEUE)))
        }),
        ("prefetch", |seen| seen.each(|_, worker| take::prefetch(worker))),
        ("consume", |seen| seen.each(|_, worker| take::consume(worker))),
        ("wait", |seen| seen.each(|_, worker| receiving::wait(worker, seen.reached >= Reached::Waiting))),
        ("receive", take::receive),
        ("work", work::work),
        ("ack", work::ack),
        ("share", share::share),
        ("survive", share::survive),
    ];

    async fn play(stage: &mut Stage<'_>, program: &Program, seed: u64) -> Result<Evidence, Reason> {
        let plain = Call { at_least: AT_LEAST, ..Call::default() };
        let asks = Call { heartbeat: Some(HEARTBEAT), ..plain.clone() };
        let evidence = scene(stage, program, seed, &asks).await?;
        let first = &evidence.workers[0];
        let gave_up = first.exit.is_some_and(|exit| !exit.overdue) && Talk::of(first).is_empty();
        // Some clients take no address with a question mark in it.
        if gave_up { scene(stage, program, seed, &plain).await } else { Ok(evidence) }
    }

    fn first(evidence: &Evidence) -> Option<&Performance> {
        evidence.workers.first()
    }

    fn notes(_evidence: &Evidence) -> Vec<Note> {
        Vec::new()
    }

    fn parts(evidence: Evidence) -> Vec<Part> {
        let part = |(index, performance)| Part { role: role(index), performance };
        let idle = evidence.idle.map(|idle| Part { role: "idle worker".to_owned(), performance: idle.performance });
        evidence.workers.into_iter().enumerate().map(part).chain(idle).collect()
    }
}

/// What a worker is called.
fn role(index: usize) -> String {
    format!("worker {}", index + 1)
}

impl Evidence {
    /// A rule about each of the two workers that were there from the start; what shows that it is right comes from the first.
    fn each(&self, rule: impl Fn(usize, &Performance) -> Finding) -> Finding {
        let mut shown = None;
        for (index, worker) in self.workers.iter().enumerate().take(2) {
            match rule(index, worker) {
                Finding::Passed(line) => shown = shown.or(Some(line)),
                failed @ Finding::Failed(_) => return failed,
            }
        }
        shown.map_or_else(|| Mistake::new("The program was not started.").into(), Finding::Passed)
    }

    /// What a worker got of the first tasks, before anybody was killed.
    fn first_tasks<'a>(&'a self, worker: &'a Performance) -> Vec<Delivered<'a>> {
        let mut got = receiving::ledger(Talk::of(worker));
        got.retain(|delivered| self.tasks.first().any(|task| task.as_bytes() == delivered.body));
        // What comes when the others leave is for nobody any more.
        got.retain(|delivered| self.over().is_none_or(|over| delivered.said.at < over));
        got
    }

    /// When Ctrl-C was pressed for the first of the workers.
    fn over(&self) -> Option<Duration> {
        self.workers.iter().filter_map(|worker| worker.interrupted_at).min()
    }

    /// Whether there was time for something that takes so long, after a task came: we may have ended it all in the middle.
    fn had_time(&self, worker: &Performance, delivered: &Delivered<'_>, time: Duration) -> bool {
        let over = self.over().filter(|_| !receiving::ended_by_itself(worker));
        over.is_none_or(|over| delivered.said.at + time + BUSY < over)
    }

    /// The broker closed a channel or a connection: what comes after follows from it.
    fn is_refused(&self) -> bool {
        self.workers.iter().any(|worker| Talk::of(worker).closes(wire::Peer::Broker).next().is_some())
    }
}

/// How long a task takes.
fn work_in(task: &[u8]) -> Duration {
    Duration::from_secs(task.iter().filter(|byte| **byte == b'.').count() as u64)
}

fn has(seen: &Performance, task: &str) -> bool {
    receiving::ledger(Talk::of(seen)).iter().any(|delivered| delivered.body == task.as_bytes())
}

fn has_acknowledged(seen: &Performance, task: &str) -> bool {
    times_acknowledged(seen, task) > 0
}

fn times_acknowledged(seen: &Performance, task: &str) -> usize {
    let ledger = receiving::ledger(Talk::of(seen));
    ledger.iter().filter(|delivered| delivered.body == task.as_bytes() && delivered.acked.is_some()).count()
}

async fn scene(stage: &mut Stage<'_>, program: &Program, seed: u64, call: &Call) -> Result<Evidence, Reason> {
    let mut evidence = Evidence {
        workers: Vec::new(),
        tasks: Tasks::chosen(seed),
        reached: Reached::Start,
        killed: None,
        restarted: false,
        left: None,
        idle: None,
    };
    two_workers_and_an_idle_one(stage, program, seed, call, &mut evidence).await?;
    if evidence.reached == Reached::Survived {
        with_a_task_that_waits(stage, program, call, &mut evidence).await?;
    }
    if evidence.reached >= Reached::Killed {
        evidence.left = steps::drain(stage, &evidence.workers[0], QUEUE, 0, PATIENCE).await?;
    }
    if evidence.reached == Reached::Survived && evidence.idle.is_none() {
        // In this vhost, because the broker makes no other.
        evidence.idle = Some(idle(stage, program, seed, call).await?);
    }
    Ok(evidence)
}

/// The two workers that share tasks, and beside them, in a vhost of its own, one that has next to nothing to do.
async fn two_workers_and_an_idle_one(
    stage: &Stage<'_>,
    program: &Program,
    seed: u64,
    call: &Call,
    evidence: &mut Evidence,
) -> Result<(), Reason> {
    let Some(beside) = stage.beside(&[QUEUE]).await? else {
        return two_workers(stage, program, call, evidence, None).await;
    };
    let (waiting, are_waiting) = oneshot::channel();
    let idle = async {
        Ok::<_, Reason>(match are_waiting.await {
            Ok(()) => Some(idle(&beside, program, seed, call).await?),
            Err(_) => None,
        })
    };
    let (done, idle) = tokio::join!(two_workers(stage, program, call, evidence, Some(waiting)), idle);
    beside.hand.close().await;
    done?;
    evidence.idle = idle?;
    Ok(())
}

/// A worker with an empty queue, one task without work, and a long silence after it.
async fn idle(stage: &Stage<'_>, program: &Program, seed: u64, call: &Call) -> Result<Quiet, Reason> {
    let (call, properties) = (call.clone(), durable::persistent());
    quiet::Scene { queue: QUEUE, call, properties, seed, is_done: has_acknowledged }.play(stage, program).await
}

/// Two workers share tasks, and one of them is killed. `waiting` is answered when both wait for work.
async fn two_workers(
    stage: &Stage<'_>,
    program: &Program,
    call: &Call,
    evidence: &mut Evidence,
    waiting: Option<oneshot::Sender<()>>,
) -> Result<(), Reason> {
    let mut on_stage = Vec::new();
    stage.does("waiting until two workers subscribe");
    for _ in 0..2 {
        let worker = stage.call(program, call).await?;
        let reached = began(&worker).await;
        on_stage.push(worker);
        evidence.reached = reached;
        if reached < Reached::Waiting {
            break;
        }
    }
    if let (Reached::Waiting, [one, other]) = (evidence.reached, on_stage.as_slice()) {
        stage.does("two workers share the tasks");
        let _ = waiting.map(|waiting| waiting.send(()));
        evidence.reached = share_tasks(stage, [one, other], &evidence.tasks).await?;
    }
    if evidence.reached == Reached::Shared {
        let fatal = evidence.tasks.fatal.clone();
        evidence.killed = in_hand(stage, &on_stage, &fatal).await?;
    }
    let mut seen = vec![None; on_stage.len()];
    let mut left: Vec<(usize, Actor)> = on_stage.into_iter().enumerate().collect();
    if let Some(killed) = evidence.killed {
        stage.does("a worker was killed, and its task goes to the other");
        seen[killed] = Some(left.remove(killed).1.kill().await);
        evidence.reached = Reached::Killed;
        let fatal = &evidence.tasks.fatal;
        let patience = work_in(fatal.as_bytes()) + stage.promptly();
        if left[0].1.within(patience, |seen| has_acknowledged(seen, fatal)).await {
            evidence.reached = Reached::Survived;
        }
    }
    for (_, worker) in &left {
        receiving::rest(worker).await;
    }
    // All of them at once: who is left would get what the others give back.
    for (_, worker) in &left {
        let _ = worker.interrupt();
    }
    for (index, worker) in left {
        seen[index] = Some(receiving::press_ctrl_c(worker).await?);
    }
    evidence.workers = seen.into_iter().flatten().collect();
    Ok(())
}

/// How far a worker comes by itself.
async fn began(worker: &Actor) -> Reached {
    match quiet::began(worker, QUEUE).await {
        quiet::Reached::Start => Reached::Start,
        quiet::Reached::Subscribed => Reached::Subscribed,
        _ => Reached::Waiting,
    }
}

/// One gets the long task; the short ones are sent while it is busy. Who is idle gets them.
async fn share_tasks(stage: &Stage<'_>, workers: [&Actor; 2], tasks: &Tasks) -> Result<Reached, Reason> {
    send(stage, &tasks.long).await?;
    if !stage.until(&workers, stage.promptly(), |seen| seen.iter().any(|seen| has(seen, &tasks.long))).await {
        return Ok(Reached::Waiting);
    }
    for task in &tasks.short {
        send(stage, task).await?;
    }
    let done = |seen: &[&Performance]| {
        let times = |task| seen.iter().map(|seen| times_acknowledged(seen, task)).sum::<usize>();
        tasks.first().all(|task| times(task) >= tasks.count(task))
    };
    let patience = work_in(tasks.long.as_bytes()) + stage.promptly();
    Ok(if stage.until(&workers, patience, done).await { Reached::Shared } else { Reached::Waiting })
}

/// One more task; returns who has it in hand.
async fn in_hand(stage: &Stage<'_>, workers: &[Actor], task: &str) -> Result<Option<usize>, Reason> {
    send(stage, task).await?;
    let begun = |seen: &&Performance| has(seen, task) && receiving::times_printed(seen, task) > 0;
    let (mut who, actors) = (None, workers.iter().collect::<Vec<_>>());
    let found = |seen: &[&Performance]| {
        who = seen.iter().position(begun);
        who.is_some()
    };
    stage.until(&actors, stage.promptly(), found).await;
    Ok(who)
}

/// A task is sent while nobody works, the broker is restarted where it is ours, and a worker comes.
async fn with_a_task_that_waits(
    stage: &mut Stage<'_>,
    program: &Program,
    call: &Call,
    evidence: &mut Evidence,
) -> Result<(), Reason> {
    stage.does("a task waits for a third worker");
    let last = evidence.tasks.last.clone();
    send(stage, &last).await?;
    evidence.restarted = stage.restart().await?;
    let worker = stage.call(program, call).await?;
    worker.promptly(|seen| receiving::is_subscribed(seen, QUEUE)).await;
    worker.promptly(|seen| has_acknowledged(seen, &last)).await;
    evidence.workers.push(receiving::press_ctrl_c(worker).await?);
    Ok(())
}

/// Sends a task as the sender of lesson 03 does.
async fn send(stage: &Stage<'_>, task: &str) -> Result<(), Reason> {
    let sent = stage.hand.publish_with(QUEUE, task.as_bytes(), durable::persistent());
    sent.await.map_err(|error| stage.lost(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tasks_are_chosen_by_the_seed_and_take_what_they_are_said_to() {
        let tasks = Tasks::chosen(7);
        assert_eq!(tasks, Tasks::chosen(7));
        assert_ne!(tasks, Tasks::chosen(8));
        let seconds = |task: &String| work_in(task.as_bytes()).as_secs();
        assert_eq!(tasks.first().map(seconds).collect::<Vec<_>>(), [2, 1, 0, 0, 0]);
        assert_eq!(tasks.short.iter().map(|task| tasks.count(task)).collect::<Vec<_>>(), [1, 1, 2, 2]);
        assert_eq!((seconds(&tasks.fatal), seconds(&tasks.last)), (1, 0));
    }
}
