//! Lesson 04: work on the tasks in the queue `task_queue`, beside other workers.

#[cfg(feature = "scenes")]
mod scene;
mod survive;

use fastrand::Rng;
use recording::{ProgramRun, Recording};

use crate::{
    contract::{Contract, Step},
    durable,
    receiving::{
        self,
        quiet::{self, Quiet},
    },
    steps,
    verdict::StepResult,
    working::{self, Crew},
};

/// The queue that the tasks come from.
pub const QUEUE: &str = "task_queue";

/// The role of the worker that has next to nothing to do.
pub const IDLE: &str = "idle worker";

/// The mark of a scene that restarted the broker before the third worker.
pub const RESTARTED: &str = "restarted";

/// The contract.
pub struct Worker;

/// What was seen.
pub struct Evidence<'a> {
    /// The workers: two, and a third that comes to a task that waits.
    pub crew: Crew<'a>,
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

impl Contract for Worker {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "worker";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = true;
    const STEPS: &'static [Step<Self>] = &[
        ("connect", &[|seen| seen.crew.each(steps::connect)]),
        ("declare", &[declare]),
        ("prefetch", &[|seen| seen.crew.each(|run| working::prefetch(run, QUEUE))]),
        ("consume", &[|seen| seen.crew.each(|run| working::subscribed(run, QUEUE))]),
        ("wait", &[|seen| seen.crew.each(|run| receiving::wait(run, seen.reached >= Reached::Waiting))]),
        ("receive", &[|seen| working::at_work(&seen.crew), |seen| working::printed(&seen.crew, QUEUE), idle]),
        ("work", &[|seen| working::worked(&seen.crew)]),
        ("ack", &[|seen| working::acknowledged(&seen.crew, QUEUE)]),
        ("share", &[|seen| working::fair(&seen.crew)]),
        ("survive", &[survive::survive]),
    ];

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        let runs: Vec<_> = recording.runs.iter().filter(|run| run.role != IDLE).collect();
        let tasks = Tasks::chosen(recording.seed.unwrap_or_default());
        let idle = Quiet::of(recording, IDLE);
        let (reached, restarted) = (Reached::of(recording), recording.has(RESTARTED, ""));
        let left = recording.bodies(QUEUE);
        (!runs.is_empty()).then(|| Evidence { left, idle, ..Evidence::new(&runs, tasks, reached, restarted) })
    }
}

impl<'a> Evidence<'a> {
    /// What these workers show by themselves: with an empty queue in the end, and no idle worker beside them.
    #[must_use]
    pub fn new(runs: &[&'a ProgramRun], tasks: Tasks, reached: Reached, restarted: bool) -> Evidence<'a> {
        let shared: Vec<&str> = tasks.first().map(String::as_str).collect();
        let killed = runs.iter().position(|run| run.killed_at.is_some());
        let crew = Crew::new(runs, &shared, reached >= Reached::Shared);
        Evidence { crew, tasks, reached, killed, restarted, left: None, idle: None }
    }
}

/// The queue is declared durable, by each worker, before it subscribes.
fn declare(seen: &Evidence<'_>) -> StepResult {
    seen.crew.each(|run| {
        let declared = durable::declare(run, QUEUE)?;
        receiving::declared_in_time(run, QUEUE).map(|_| declared)
    })
}

/// A worker with nothing to do says that it waits, and stays.
fn idle(seen: &Evidence<'_>) -> StepResult {
    let Some(idle) = &seen.idle else { return Ok(String::new()) };
    quiet::waits(idle)?;
    let fault = quiet::left_in_silence(idle, "worker").map(|fault| fault.of_run(idle.run));
    fault.map_or(Ok(String::new()), Err)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tasks_are_chosen_by_the_seed_and_take_what_they_are_said_to() {
        let tasks = Tasks::chosen(7);
        assert_eq!(tasks, Tasks::chosen(7));
        assert_ne!(tasks, Tasks::chosen(8));
        let seconds = |task: &String| working::work_in(task.as_bytes()).as_secs();
        assert_eq!(tasks.first().map(seconds).collect::<Vec<_>>(), [2, 1, 0, 0, 0]);
        assert_eq!(tasks.short.iter().map(|task| tasks.count(task)).collect::<Vec<_>>(), [1, 1, 2, 2]);
        assert_eq!((seconds(&tasks.fatal), seconds(&tasks.last)), (1, 0));
    }
}
