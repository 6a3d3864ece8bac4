//! Lesson 02: receive from the queue `hello`.

#[cfg(feature = "scenes")]
mod scene;

use fastrand::Rng;
use recording::{ProgramRun, Recording};

use crate::{
    contract::{Contract, Step},
    receiving::{self, Backlog, quiet::Quiet},
    steps,
    verdict::{Note, StepResult},
};

pub use receiving::quiet::Reached;

/// The queue that the messages come from.
pub const QUEUE: &str = "hello";

/// The number of messages that wait in the queue before the program starts.
pub const BEFORE: usize = 3;

/// The roles of the two runs.
pub const ROLES: [&str; 2] = ["run 1", "run 2"];

/// The mark with the number of first messages that were printed before anything else happened.
pub const IN_TIME: &str = "in-time";

/// The contract.
pub struct HelloReceive;

/// The evidence of this lesson.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// The run in which messages wait before the program starts.
    pub run: &'a ProgramRun,
    /// The bodies that were sent to it, in order: the first three before it started.
    pub sent: Vec<String>,
    /// One more body, sent after all of those were printed; its text is that of one of them.
    pub last: String,
    /// The number of the first bodies that were printed before anything else happened.
    pub in_time: usize,
    /// The point that the scene reached.
    pub reached: Reached,
    /// The run with an empty queue and a long silence; None if the first run did not subscribe.
    pub quiet: Option<Quiet<'a>>,
}

impl Contract for HelloReceive {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "hello-receive";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = true;
    const SHOWS_ALL: bool = false;
    const STEPS: &'static [Step<Self>] = &[
        ("connect", &[|seen| steps::connect(seen.run)]),
        ("declare", &[|seen| steps::declare(seen.run, QUEUE), |seen| receiving::declared_in_time(seen.run, QUEUE)]),
        ("consume", &[|seen| receiving::consume(seen.run, QUEUE)]),
        (
            "wait",
            &[
                |seen| receiving::wait(seen.run, seen.reached >= Reached::Waiting),
                |seen| in_quiet(seen, receiving::quiet::waits),
            ],
        ),
        ("receive", &[received]),
        (
            "stay",
            &[
                |seen| receiving::one_more(seen.run, &seen.last, seen.reached == Reached::Stayed),
                |seen| in_quiet(seen, |quiet| receiving::through_silence(quiet, "receiver")),
            ],
        ),
        ("stop", &[|seen| receiving::stop(seen.run)]),
    ];

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        let run = recording.runs.first()?;
        let (sent, last) = bodies(recording.seed.unwrap_or_default());
        Some(Evidence {
            run,
            sent,
            last,
            in_time: recording.count(IN_TIME).unwrap_or_default(),
            reached: Reached::of(recording, &run.role),
            quiet: Quiet::of(recording, ROLES[1]),
        })
    }

    fn notes(seen: &Evidence<'_>) -> Vec<Note> {
        let transient = steps::transient_queue(seen.run, QUEUE);
        transient.into_iter().chain(receiving::left_without_goodbye(seen.run)).collect()
    }
}

/// Checks that all bodies are printed, each once, in order.
fn received(seen: &Evidence<'_>) -> StepResult {
    let received = seen.reached >= Reached::Received;
    let shown =
        receiving::printed_in_order(&Backlog { run: seen.run, sent: &seen.sent, in_time: seen.in_time, received })?;
    let after = seen.sent.len() - BEFORE;
    Ok(format!("{shown}: {BEFORE} were waiting in the queue, {after} came later"))
}

/// Checks a requirement on the quiet run, if there was one.
fn in_quiet(seen: &Evidence<'_>, requirement: impl Fn(&Quiet<'_>) -> StepResult) -> StepResult {
    seen.quiet.as_ref().map_or(Ok(String::new()), requirement)
}

/// Returns the bodies to send, chosen at random so that no program can know them: plain ones, an empty one, a long one, one
/// that is not ASCII. The last repeats the plainest of them: two messages with the same text are two messages.
#[must_use]
pub fn bodies(seed: u64) -> (Vec<String>, String) {
    let mut rng = Rng::with_seed(seed);
    let mut token = || -> String { (0..8).map(|_| rng.char('a'..='z')).collect() };
    let long: Vec<String> = (0..200).map(|_| token()).collect();
    let plain = token();
    let mut sent = vec![
        plain.clone(),
        format!("two words: {}", token()),
        format!("Grüße, 世界 🐇 {}", token()),
        format!("long: {}", long.join(" ")),
    ];
    rng.shuffle(&mut sent);
    // The empty body is the fifth: programs that lose the first message, or leave after one or three, fail elsewhere.
    sent.push(String::new());
    (sent, plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bodies_are_chosen_by_the_seed_and_cover_what_goes_wrong() {
        let (sent, last) = bodies(7);
        assert_eq!((sent.clone(), last.clone()), bodies(7));
        assert_ne!(sent, bodies(8).0);
        assert!(sent.iter().any(String::is_empty));
        assert!(sent.iter().any(|body| body.len() > 1000));
        assert!(sent.iter().any(|body| !body.is_ascii()));
        assert!(sent.len() > BEFORE && sent.contains(&last));
    }
}
