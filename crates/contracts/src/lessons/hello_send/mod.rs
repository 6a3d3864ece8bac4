//! Lesson 01: send one message to the queue `hello`.

mod body;
#[cfg(feature = "scenes")]
mod scene;

use recording::{ProgramRun, Recording};

use crate::{
    contract::{Contract, Step},
    sending::{self, SENT},
    steps,
    verdict::Note,
};

/// The queue that the message goes to.
pub const QUEUE: &str = "hello";
const BODY: &str = "Hello World!";

/// The contract.
pub struct HelloSend;

/// The evidence of this lesson.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The run of the program.
    pub run: &'a ProgramRun,
    /// The bodies in the queue afterwards; None if there was no such queue.
    pub queued: Option<Vec<&'a [u8]>>,
}

impl Contract for HelloSend {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "hello-send";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = false;
    const STEPS: &'static [Step<Self>] = &[
        ("connect", &[|seen| steps::connect(seen.run)]),
        ("declare", &[|seen| steps::declare(seen.run, QUEUE)]),
        (
            "publish",
            &[
                |seen| sending::one_message(seen.run, QUEUE, BODY),
                |seen| sending::addressed(seen.run, QUEUE),
                |seen| body::is_right(seen.run),
                |seen| sending::arrived(seen.run, QUEUE, seen.queued.as_deref(), false),
            ],
        ),
        ("print", &[|seen| sending::print(seen.run, BODY)]),
        ("close", &[|seen| sending::close(seen.run, seen.queued.as_ref().is_some_and(|bodies| !bodies.is_empty()))]),
    ];

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        Some(Evidence { run: recording.runs.first()?, queued: recording.bodies(QUEUE) })
    }

    fn notes(seen: &Evidence<'_>) -> Vec<Note> {
        steps::transient_queue(seen.run, QUEUE).into_iter().collect()
    }
}
