//! The scenes: the actions of a check. A scene records what it sees and judges nothing; each one is beside its lesson's
//! contract.

#[cfg(feature = "later-lessons")]
pub mod call;
#[cfg(feature = "later-lessons")]
pub mod confirm;
pub mod ctrl_c;
#[cfg(feature = "later-lessons")]
pub mod emit;
pub mod quiet;
#[cfg(feature = "later-lessons")]
pub mod serve;
#[cfg(feature = "later-lessons")]
pub mod subscribe;

use std::time::{Duration, Instant};

use harness::{brokers::Names, program::Program, stage::Stage};
use recording::{Body, Mark, NotChecked, ProgramRun, Recording};
use wire::protocol::BasicProperties;

use crate::{
    contract::{self, Contract},
    lessons, steps,
    verdict::Outcome,
};

/// The scene of a lesson.
pub trait Scene: Contract {
    /// Plays the scene. The same seed makes the same choices.
    ///
    /// # Errors
    ///
    /// The reason why it could not be played, if that is not the program's fault.
    fn play(
        stage: &mut Stage<'_>,
        program: &Program,
        seed: u64,
        seen: &mut LiveRecording,
    ) -> impl Future<Output = Result<(), NotChecked>>;
}

/// The recording of a check, while its scene is played.
#[derive(Debug, Default)]
pub struct LiveRecording {
    /// The runs, the queues and the marks; a scene leaves the rest of the recording alone.
    pub recording: Recording,
}

impl LiveRecording {
    /// Adds a mark.
    pub fn mark(&mut self, name: &str, role: &str) {
        self.recording.marks.push(Mark { name: name.to_owned(), role: role.to_owned(), count: None });
    }

    /// Adds a mark with a count.
    pub fn count(&mut self, name: &str, count: usize) {
        let mark = Mark { name: name.to_owned(), role: String::new(), count: Some(count) };
        self.recording.marks.push(mark);
    }

    /// Reads the queue that this program declared: `expected` messages should be there, or arrive within `timeout`.
    ///
    /// # Errors
    ///
    /// The reason, if the broker fails.
    pub async fn look_into(
        &mut self,
        stage: &Stage<'_>,
        seen: &ProgramRun,
        queue: &str,
        expected: usize,
        timeout: Duration,
    ) -> Result<(), NotChecked> {
        let bodies = if steps::is_stream(seen, queue) {
            stage.client.read_stream(queue, expected, timeout).await
        } else {
            stage.client.drain(queue, expected, timeout).await
        };
        let bodies = bodies.map_err(|error| stage.lost(&error))?;
        let bodies = bodies.map(|bodies| bodies.into_iter().map(Body).collect());
        self.recording.queues.insert(queue.to_owned(), bodies);
        Ok(())
    }

    /// Finds out whether a queue goes away within `timeout`. One that stays is on record as empty.
    ///
    /// # Errors
    ///
    /// The reason, if the broker fails.
    pub async fn is_gone(&mut self, stage: &Stage<'_>, queue: &str, timeout: Duration) -> Result<(), NotChecked> {
        let gone = stage.client.vanishes(queue, timeout).await.map_err(|error| stage.lost(&error))?;
        self.recording.queues.insert(queue.to_owned(), (!gone).then(Vec::new));
        Ok(())
    }
}

/// Plays the scene of the lesson with this id. The same seed makes the same choices.
///
/// # Errors
///
/// The reason why it could not be played, if that is not the program's fault.
pub async fn play(
    lesson: &str,
    stage: &mut Stage<'_>,
    program: &Program,
    seed: u64,
    seen: &mut LiveRecording,
) -> Result<(), NotChecked> {
    lessons::play(lesson, stage, program, seed, seen).await
}

/// Plays the scene of a lesson as [`play`] does, and finds out whether its result means something. Returns what was seen, and the
/// duration.
///
/// # Errors
///
/// The reason why the scene could not be played, or why an alarm or the end of the broker makes its result meaningless.
pub async fn perform(
    lesson: &str,
    stage: &mut Stage<'_>,
    program: &Program,
    seed: u64,
) -> Result<(Recording, Duration), NotChecked> {
    let begin = Instant::now();
    let blocked = stage.blocked();
    let mut seen = LiveRecording::default();
    let played = tokio::select! {
        played = play(lesson, stage, program, seed, &mut seen) => played,
        alarm = blocked.alarm() => return Err(stage.not_checked(&alarm).await),
    };
    played?;
    let took = begin.elapsed();
    // The behaviour of a program whose broker has gone away, or blocks publishers, proves nothing.
    stage.still_there()?;
    if let Some(alarm) = blocked.now() {
        return Err(stage.not_checked(&alarm).await);
    }
    seen.recording.seed = Some(seed);
    // Only publishers notice an alarm, so it is looked for when a step failed.
    if !passes(lesson, &seen.recording)
        && let Some(alarm) = stage.alarm().await
    {
        return Err(stage.not_checked(&alarm).await);
    }
    Ok((seen.recording, took))
}

/// Returns the names that the scene of a lesson needs to itself in a vhost.
#[must_use]
pub fn names(lesson: &str) -> Names {
    let of =
        |contract: &dyn contract::AnyContract| Names { queues: contract.queues(), exchanges: contract.exchanges() };
    contract::of(lesson).map_or_else(Names::default, of)
}

/// The time limit of a check's own work: making a vhost, the scene's own messages, cleaning up. It does not include the program's
/// time limit and the start of a broker.
pub const CHECK_TIMEOUT: Duration = Duration::from_secs(60);

/// Returns the longest time that a check can take, for a program with this time limit. A scene may run the program several times,
/// and needs extra time after each run.
#[must_use]
pub fn longest(time_limit: Duration) -> Duration {
    time_limit * 4 + CHECK_TIMEOUT
}

/// Returns the reason for a check that took longer.
#[must_use]
pub fn too_long(limit: Duration) -> NotChecked {
    NotChecked {
        message: format!("The check itself took longer than {} s.", limit.as_secs()),
        hints: vec!["Check again with a larger --timeout, because this machine may be very busy".to_owned()],
    }
}

/// Returns whether all steps pass.
fn passes(lesson: &str, seen: &Recording) -> bool {
    let judgement = contract::of(lesson).map(|contract| contract.judge(seen));
    let passed = |(_, outcome): &(&str, Outcome)| matches!(outcome, Outcome::Passed(_));
    judgement.is_none_or(|judgement| judgement.is_ok_and(|judgement| judgement.outcomes.iter().all(passed)))
}

/// Returns the properties of a message that must survive a restart.
#[must_use]
pub fn persistent() -> BasicProperties {
    BasicProperties::default().with_delivery_mode(2)
}
