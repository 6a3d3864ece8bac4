//! Lesson 05: declare the queue `emit_log`.

use recording::{ProgramRun, Recording};

use crate::{
    contract::{Contract, Step},
    sending, steps,
    verdict::Note,
};

/// The queue of the lesson.
pub const QUEUE: &str = "emit_log";

/// The contract.
pub struct EmitLog;

/// The view of a recording that the steps judge.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The run of the program.
    pub run: &'a ProgramRun,
    /// The bodies in the queue after the run; None where there is no such queue.
    pub queued: Option<Vec<&'a [u8]>>,
}

impl Contract for EmitLog {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "emit-log";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = false;
    const STEPS: &'static [Step<Self>] = &[
        ("connect", &[|seen| steps::connect(seen.run)]),
        ("declare", &[|seen| steps::declare(seen.run, QUEUE)]),
        ("close", &[|seen| sending::close(seen.run, seen.queued.as_ref().is_some_and(|bodies| !bodies.is_empty()))]),
    ];

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        Some(Evidence { run: recording.runs.first()?, queued: recording.bodies(QUEUE) })
    }

    fn notes(seen: &Evidence<'_>) -> Vec<Note> {
        steps::transient_queue(seen.run, QUEUE).into_iter().collect()
    }
}

#[cfg(feature = "scenes")]
mod scene {
    use std::time::Duration;

    use harness::{program::Program, stage::Stage};
    use recording::NotChecked;

    use super::{EmitLog, QUEUE};
    use crate::scenes::{LiveRecording, Scene};

    /// The time limit for a message to show in the queue after the program's end.
    const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);

    impl Scene for EmitLog {
        async fn play(
            stage: &mut Stage<'_>,
            program: &Program,
            _seed: u64,
            seen: &mut LiveRecording,
        ) -> Result<(), NotChecked> {
            let run = stage.spawn(program).await?.end().await;
            let expected = 0; // the number of messages that the program should have sent to the queue
            seen.look_into(stage, &run, QUEUE, expected, QUEUE_TIMEOUT).await?;
            seen.recording.runs.push(run);
            Ok(())
        }
    }
}
