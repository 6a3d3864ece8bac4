//! Lesson 03: send a task, the words of the command line, to the queue `task_queue`.

#[cfg(feature = "scenes")]
mod scene;

use fastrand::Rng;
use recording::Recording;

use crate::{
    contract::{Contract, Step},
    durable,
    fault::Fault,
    sending::{
        self,
        typed::{self, Typed},
    },
    steps,
    verdict::StepResult,
};

/// The queue that the tasks go to.
pub const QUEUE: &str = "task_queue";

/// The message that is sent when nothing was typed.
const DEFAULT: [&str; 1] = ["Hello World!"];

/// The mark of a scene that restarted the broker before it looked into the queue.
pub const RESTARTED: &str = "restarted";

/// The contract.
pub struct NewTask;

/// The evidence of this lesson.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The runs of the program.
    pub runs: Vec<Typed<'a>>,
    /// The bodies in the queue afterwards; None if there was no such queue.
    pub queued: Option<Vec<&'a [u8]>>,
    /// True if the broker was restarted before the queue was read.
    pub restarted: bool,
}

impl Contract for NewTask {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "new-task";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = true;
    const STEPS: &'static [Step<Self>] = &[
        ("connect", &[|seen| typed::first(&seen.runs, steps::connect)]),
        ("declare", &[|seen| typed::first(&seen.runs, |run| durable::declare(run, QUEUE))]),
        ("message", &[|seen| typed::each_its_own(&seen.runs, confused)]),
        (
            "publish",
            &[
                |seen| typed::each(&seen.runs, |run| sending::addressed(run.run, QUEUE)),
                |seen| typed::each(&seen.runs, |run| durable::message(run.run)),
                arrived,
            ],
        ),
        ("print", &[|seen| typed::each(&seen.runs, |run| sending::print(run.run, &run.text()))]),
        ("close", &[close]),
    ];

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        let runs: Vec<_> = recording.runs.iter().map(|run| Typed::new(run, &DEFAULT, "task")).collect();
        let restarted = recording.has(RESTARTED, "");
        (!runs.is_empty()).then(|| Evidence { runs, queued: recording.bodies(QUEUE), restarted })
    }
}

/// Returns the words typed after the program's name in each run: none, one, several. They are random, so that no program can
/// know them, and ASCII, because other letters depend on the language and on the system's settings.
#[must_use]
pub fn typed(seed: u64) -> Vec<Vec<String>> {
    let mut rng = Rng::with_seed(seed);
    let mut token = || -> String { (0..6).map(|_| rng.char('a'..='z')).collect() };
    vec![Vec::new(), vec![format!("{}.", token())], vec![token(), format!("{}..", token()), token()]]
}

/// Returns the fault of a message whose key is the task, and whose body is the queue's name.
fn confused(run: &Typed<'_>) -> Option<Fault> {
    sending::one_message(run.run, QUEUE, &run.text()).err()
}

/// Checks that each task is in the queue, after a restart of the broker if the check can make one.
fn arrived(seen: &Evidence<'_>) -> StepResult {
    let is_there = |run: &Typed<'_>| sending::arrived(run.run, QUEUE, seen.queued.as_deref(), seen.restarted);
    let shown = typed::each(&seen.runs, is_there)?;
    let by_the_wire = " (this broker is not ours to restart: durable and persistent are judged by the wire)";
    Ok(if seen.restarted { shown } else { shown + by_the_wire })
}

/// Checks that the program sends `connection.close` and exits with code 0, each time.
fn close(seen: &Evidence<'_>) -> StepResult {
    typed::each(&seen.runs, |run| {
        let kept = seen.queued.as_ref().is_some_and(|bodies| bodies.contains(&run.text().as_bytes()));
        sending::close(run.run, kept)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_chosen_by_the_seed() {
        assert_eq!(typed(7), typed(7));
        assert_ne!(typed(7), typed(8));
        assert_eq!(typed(7).iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 3]);
    }
}
