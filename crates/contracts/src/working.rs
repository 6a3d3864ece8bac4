//! Requirements on programs that share the work of a queue: each takes one task at a time, does it, prints that it is done, and
//! then acknowledges it. A task is a text, and each dot in it stands for a second of work.

mod ack;
mod prefetch;
mod receive;
mod share;
mod work;

use std::{collections::BTreeMap, time::Duration};

use recording::ProgramRun;
use wire::Peer;

use crate::{
    fault::{Fault, faults},
    printed,
    receiving::{self, Delivered, RECEIVED, ledger},
    steps,
    transcript::Transcript,
    verdict::StepResult,
};

pub use ack::acknowledged;
pub use prefetch::{prefetch, subscribed};
pub use receive::{at_work, printed};
pub use share::fair;
pub use work::worked;

/// The line that a worker prints when a task is done.
const DONE: &str = " [x] Done";

/// The tolerance for a time that is too short: clocks differ.
pub const TOLERANCE: Duration = Duration::from_millis(100);

/// The delay that a busy machine may add to a program's work.
const BUSY: Duration = Duration::from_millis(500);

/// A worker, and the fate of the tasks that it got.
pub struct Worker<'a> {
    /// The run of the worker.
    pub run: &'a ProgramRun,
    /// All its deliveries, in order.
    pub ledger: Vec<Delivered<'a>>,
    /// The deliveries of shared tasks, up to the first Ctrl-C: what comes when the other workers leave is not judged.
    pub shared: Vec<Delivered<'a>>,
    /// The worker's record of each shared task.
    texts: BTreeMap<&'a [u8], Text<'a>>,
}

/// A worker's record of one task.
#[derive(Default)]
struct Text<'a> {
    /// The number of deliveries.
    came: usize,
    /// The shared deliveries that are not repetitions.
    fresh: Vec<Delivered<'a>>,
    /// The lines of stdout that report it as received.
    lines: Vec<usize>,
}

impl<'a> Worker<'a> {
    fn new(run: &'a ProgramRun, is_shared: impl Fn(&Delivered<'_>) -> bool) -> Worker<'a> {
        let ledger = ledger(run);
        let shared: Vec<_> = ledger.iter().copied().filter(is_shared).collect();
        let mut texts: BTreeMap<&[u8], Text<'_>> = BTreeMap::new();
        for delivered in &shared {
            let text = texts.entry(delivered.body).or_default();
            text.fresh.extend((!delivered.redelivered).then_some(*delivered));
        }
        for delivered in &ledger {
            if let Some(text) = texts.get_mut(delivered.body) {
                text.came += 1;
            }
        }
        for (at, line) in run.stdout.lines().iter().enumerate() {
            for (body, text) in &mut texts {
                let says_it = |body| printed::says(line, RECEIVED, body);
                text.lines.extend(std::str::from_utf8(body).is_ok_and(says_it).then_some(at));
            }
        }
        Worker { run, ledger, shared, texts }
    }
}

/// The number of workers at the start; others come later.
const AT_START: usize = 2;

/// The workers of a check.
pub struct Crew<'a> {
    /// All workers, in the order in which they were started.
    pub workers: Vec<Worker<'a>>,
    /// The task during which the others are sent.
    long: String,
    /// True if all shared tasks were acknowledged while the scene waited for that.
    finished: bool,
    /// The time of the first Ctrl-C.
    over: Option<Duration>,
    /// True if the broker closed a channel or a connection of a worker: later mistakes follow from it.
    refused: bool,
}

impl<'a> Crew<'a> {
    /// Returns the crew of these runs. `tasks` are the tasks that it shares, the long one first.
    #[must_use]
    pub fn new(runs: &[&'a ProgramRun], tasks: &[&str], finished: bool) -> Crew<'a> {
        let over = runs.iter().filter_map(|run| run.interrupted_at).min();
        let is_task = |delivered: &Delivered<'_>| tasks.iter().any(|task| task.as_bytes() == delivered.body);
        let in_time = |delivered: &Delivered<'_>| over.is_none_or(|over| delivered.said.at < over);
        let is_shared = |delivered: &Delivered<'_>| is_task(delivered) && in_time(delivered);
        Crew {
            workers: runs.iter().map(|run| Worker::new(run, is_shared)).collect(),
            long: tasks.first().copied().unwrap_or_default().to_owned(),
            finished,
            over,
            refused: runs.iter().any(|run| Transcript::of(run).closes(Peer::Broker).next().is_some()),
        }
    }

    /// Returns the workers that were there at the start.
    fn at_start(&self) -> &[Worker<'a>] {
        &self.workers[..self.workers.len().min(AT_START)]
    }

    /// Checks a requirement on each worker that was there at the start. The evidence is that of the first.
    ///
    /// # Errors
    ///
    /// The first fault, or that there is no worker.
    pub fn each(&self, requirement: impl Fn(&ProgramRun) -> StepResult) -> StepResult {
        let mut shown = None;
        for worker in self.at_start() {
            let line = requirement(worker.run).map_err(|fault| fault.of_run(worker.run))?;
            shown = shown.or(Some(line));
        }
        shown.ok_or_else(faults::work::not_started)
    }

    /// Returns the fault of a queue that was declared with a limit, and so dropped tasks.
    fn dropped(&self, queue: &str) -> Option<Fault> {
        self.fault(|worker| {
            let (said, argument) = steps::limit(Transcript::of(worker.run), queue)?;
            Some(faults::work::limited_queue(argument).at(&said))
        })
    }

    /// Returns the first fault of a worker, with its run.
    fn fault(&self, of: impl Fn(&Worker<'a>) -> Option<Fault>) -> Option<Fault> {
        self.at_start().iter().find_map(|worker| Some(of(worker)?.of_run(worker.run)))
    }

    /// Returns the first fault in a shared task, with the run of its worker.
    fn fault_in_task(&self, of: impl Fn(&Worker<'a>, &Delivered<'a>) -> Option<Fault>) -> Option<Fault> {
        self.fault(|worker| worker.shared.iter().find_map(|task| of(worker, task)))
    }

    /// Returns whether the worker had this much time after a task came: the scene may have ended in the middle.
    fn had_time(&self, worker: &Worker<'_>, delivered: &Delivered<'_>, time: Duration) -> bool {
        let over = self.over.filter(|_| !receiving::ended_by_itself(worker.run));
        over.is_none_or(|over| delivered.said.at + time + BUSY < over)
    }
}

/// Returns the name of a worker.
#[must_use]
pub fn role(index: usize) -> String {
    format!("worker {}", index + 1)
}

/// Returns the time that a task takes.
#[must_use]
pub fn work_in(task: &[u8]) -> Duration {
    Duration::from_secs(task.iter().filter(|byte| **byte == b'.').count() as u64)
}

/// Returns the seconds with one decimal, for people.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}

pub(crate) fn quote_body(delivered: &Delivered<'_>) -> String {
    format!("'{}'", String::from_utf8_lossy(delivered.body))
}
