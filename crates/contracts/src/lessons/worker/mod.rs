//! Lesson 04: work on the tasks in the queue `task_queue`, beside other workers.

#[cfg(feature = "scenes")]
mod scene;
mod share;
mod take;
mod work;

use std::time::Duration;

use fastrand::Rng;
use recording::{ProgramRun, Recording};

use crate::{
    contract::{Contract, Rule},
    durable,
    fault::faults,
    receiving::{self, Delivered, quiet::Quiet},
    steps,
    talk::Talk,
    verdict::Finding,
};

/// The queue that the tasks come from.
pub const QUEUE: &str = "task_queue";

/// What a worker prints when a task is done.
const DONE: &str = " [x] Done";

/// How much shorter than it should a time may seem: clocks differ.
const TOLERANCE: Duration = Duration::from_millis(100);

/// A program that took so much longer than it should was on a machine that was busy.
const BUSY: Duration = Duration::from_millis(500);

/// The role of the worker that has next to nothing to do.
pub const IDLE: &str = "idle worker";

/// The mark of a scene that restarted the broker before the third worker.
pub const RESTARTED: &str = "restarted";

/// The contract.
pub struct Worker;

/// What was seen.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// Of each worker, in the order in which they were started: two, and a third that comes to a task that waits.
    pub workers: Vec<&'a ProgramRun>,
    /// What was sent.
    pub tasks: Tasks,
    /// How far the scene came.
    pub reached: Reached,
    /// Which worker was killed, with the last task in hand.
    pub killed: Option<usize>,
    /// The broker was restarted before the third worker.
    pub restarted: bool,
    /// The bodies in the queue when all was over; None when there is no such queue, or the scene did not come so far.
    pub left: Option<Vec<&'a [u8]>>,
    /// A worker that had next to nothing to do; None where the scene did not come so far.
    pub idle: Option<Quiet<'a>>,
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
    pub fn first(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.long).chain(&self.short)
    }

    /// How many tasks with this text there are.
    #[must_use]
    pub fn count(&self, task: &str) -> usize {
        let all = self.first().chain([&self.fatal, &self.last]);
        all.filter(|other| *other == task).count()
    }

    /// By the seed.
    #[must_use]
    pub fn chosen(seed: u64) -> Tasks {
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

impl Reached {
    /// All of them, in their order.
    const ALL: [Reached; 6] =
        [Reached::Start, Reached::Subscribed, Reached::Waiting, Reached::Shared, Reached::Killed, Reached::Survived];

    /// The mark that the scene leaves in the recording where it comes so far.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Reached::Start => "start",
            Reached::Subscribed => "subscribed",
            Reached::Waiting => "waiting",
            Reached::Shared => "shared",
            Reached::Killed => "killed",
            Reached::Survived => "survived",
        }
    }

    fn of(recording: &Recording) -> Reached {
        let came = |reached: &Reached| recording.has(reached.mark(), "");
        Reached::ALL.into_iter().rfind(came).unwrap_or(Reached::Start)
    }
}

impl Contract for Worker {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "worker";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = true;
    const STEPS: &'static [Rule<Self>] = &[
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

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        let workers: Vec<_> = recording.runs.iter().filter(|run| run.role != IDLE).collect();
        (!workers.is_empty()).then(|| Evidence {
            tasks: Tasks::chosen(recording.seed.unwrap_or_default()),
            reached: Reached::of(recording),
            killed: workers.iter().position(|worker| worker.killed_at.is_some()),
            restarted: recording.has(RESTARTED, ""),
            left: recording.bodies(QUEUE),
            idle: Quiet::of(recording, IDLE),
            workers,
        })
    }
}

/// What a worker is called.
#[must_use]
pub fn role(index: usize) -> String {
    format!("worker {}", index + 1)
}

impl<'a> Evidence<'a> {
    /// A rule about each of the two workers that were there from the start; what shows that it is right comes from the first.
    fn each(&self, rule: impl Fn(usize, &ProgramRun) -> Finding) -> Finding {
        let mut shown = None;
        for (index, worker) in self.workers.iter().enumerate().take(2) {
            match rule(index, worker) {
                Finding::Passed(line) => shown = shown.or(Some(line)),
                failed @ Finding::Failed(_) => return failed.of_run(worker),
            }
        }
        shown.map_or_else(|| faults::work::not_started().into(), Finding::Passed)
    }

    /// What a worker got of the first tasks, before anybody was killed.
    fn first_tasks<'b>(&self, worker: &'b ProgramRun) -> Vec<Delivered<'b>> {
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
    fn had_time(&self, worker: &ProgramRun, delivered: &Delivered<'_>, time: Duration) -> bool {
        let over = self.over().filter(|_| !receiving::ended_by_itself(worker));
        over.is_none_or(|over| delivered.said.at + time + BUSY < over)
    }

    /// The broker closed a channel or a connection: what comes after follows from it.
    fn is_refused(&self) -> bool {
        self.workers.iter().any(|worker| Talk::of(worker).closes(wire::Peer::Broker).next().is_some())
    }
}

/// How long a task takes.
#[must_use]
pub fn work_in(task: &[u8]) -> Duration {
    Duration::from_secs(task.iter().filter(|byte| **byte == b'.').count() as u64)
}

/// Whether the program got this task.
#[must_use]
pub fn has(seen: &ProgramRun, task: &str) -> bool {
    receiving::ledger(Talk::of(seen)).iter().any(|delivered| delivered.body == task.as_bytes())
}

/// Whether the program acknowledged this task.
#[must_use]
pub fn has_acknowledged(seen: &ProgramRun, task: &str) -> bool {
    times_acknowledged(seen, task) > 0
}

/// How often the program acknowledged a task with this text.
#[must_use]
pub fn times_acknowledged(seen: &ProgramRun, task: &str) -> usize {
    let ledger = receiving::ledger(Talk::of(seen));
    ledger.iter().filter(|delivered| delivered.body == task.as_bytes() && delivered.acked.is_some()).count()
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
