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

/// The role of the worker that has almost nothing to do.
pub const IDLE: &str = "idle worker";

/// The mark of a scene that restarted the broker before the third worker.
pub const RESTARTED: &str = "restarted";

/// The contract.
pub struct Worker;

/// The evidence of this lesson.
pub struct Evidence<'a> {
    /// The workers: two, and a third that comes to a waiting task.
    pub crew: Crew<'a>,
    /// The tasks that were sent.
    pub tasks: Tasks,
    /// The point that the scene reached.
    pub reached: Reached,
    /// The index of the worker that was killed in the middle of a task.
    pub killed: Option<usize>,
    /// True if the broker was restarted before the third worker started.
    pub restarted: bool,
    /// The bodies in the queue at the end; None if there is no such queue, or if the scene did not get that far.
    pub left: Option<Vec<&'a [u8]>>,
    /// The worker that had almost nothing to do; None if the scene did not get that far.
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
    /// Returns the evidence of these workers alone: the bodies in the queue are unknown, and there is no idle worker.
    #[must_use]
    pub fn new(runs: &[&'a ProgramRun], tasks: Tasks, reached: Reached, restarted: bool) -> Evidence<'a> {
        let shared: Vec<&str> = tasks.first().map(String::as_str).collect();
        let killed = runs.iter().position(|run| run.killed_at.is_some());
        let crew = Crew::new(runs, &shared, reached >= Reached::Shared);
        Evidence { crew, tasks, reached, killed, restarted, left: None, idle: None }
    }
}

/// Checks that each worker declares the queue durable before it subscribes.
fn declare(seen: &Evidence<'_>) -> StepResult {
    seen.crew.each(|run| {
        let declared = durable::declare(run, QUEUE)?;
        receiving::declared_in_time(run, QUEUE).map(|_| declared)
    })
}

/// Checks that a worker with nothing to do prints that it waits, and stays.
fn idle(seen: &Evidence<'_>) -> StepResult {
    let Some(idle) = &seen.idle else { return Ok(String::new()) };
    quiet::waits(idle)?;
    let fault = quiet::left_in_silence(idle, "worker").map(|fault| fault.of_run(idle.run));
    fault.map_or(Ok(String::new()), Err)
}

/// The tasks, chosen at random so that no program can know them. A dot is a second of work, anywhere in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tasks {
    /// The task of two seconds, which keeps a worker busy.
    pub long: String,
    /// The tasks sent while a worker is busy with the long one: one of a second, and three without work, of which the last two
    /// have the same text.
    pub short: Vec<String>,
    /// The task of one second, whose worker is killed.
    pub fatal: String,
    /// The task sent while there is no worker, before the broker is restarted.
    pub last: String,
}

impl Tasks {
    /// Returns the long task and the short ones, over which no worker is killed.
    pub fn first(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.long).chain(&self.short)
    }

    /// Returns the number of tasks with this text.
    #[must_use]
    pub fn count(&self, task: &str) -> usize {
        let all = self.first().chain([&self.fatal, &self.last]);
        all.filter(|other| *other == task).count()
    }

    /// Returns the tasks for this seed.
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

/// The point that the scene reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// A worker was started.
    Start,
    /// A worker subscribed.
    Subscribed,
    /// Both workers printed that they wait.
    Waiting,
    /// The long task and the short ones were acknowledged.
    Shared,
    /// A worker was killed in the middle of a task.
    Killed,
    /// The task of the killed worker was acknowledged.
    Survived,
}

impl Reached {
    /// All points, in order.
    const ALL: [Reached; 6] =
        [Reached::Start, Reached::Subscribed, Reached::Waiting, Reached::Shared, Reached::Killed, Reached::Survived];

    /// Returns the mark that the scene leaves in the recording if it gets this far.
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
