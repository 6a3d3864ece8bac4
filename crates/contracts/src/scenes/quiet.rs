//! A run in which little happens: the queue is empty when the program starts, one message comes, and the next one after a long
//! silence.

use std::time::Duration;

use crate::receiving::{
    is_hopeless, is_subscribed,
    quiet::{Reached, SILENCE, bodies, leaves},
    waits,
};
use recording::{NotChecked, ProgramRun};
use wire::protocol::BasicProperties;

use super::{LiveRecording, ctrl_c};
use harness::{
    program::Program,
    stage::{RunningProgram, SpawnOptions, Stage},
};

/// The scene of a quiet run.
pub struct Scene<'a, F> {
    /// The queue.
    pub queue: &'a str,
    /// The options that the program is started with.
    pub options: SpawnOptions,
    /// The properties of its messages.
    pub properties: BasicProperties,
    /// The seed of its messages.
    pub seed: u64,
    /// The test of whether the program is done with a message.
    pub is_done: F,
}

impl<F: Fn(&ProgramRun, &str) -> bool> Scene<'_, F> {
    /// Plays the run.
    ///
    /// # Errors
    ///
    /// The reason, if the broker fails or the program can't be started.
    pub async fn play(self, stage: &Stage<'_>, program: &Program, seen: &mut LiveRecording) -> Result<(), NotChecked> {
        let at_least = SILENCE + stage.promptly() + Duration::from_secs(3);
        let running = stage.spawn_with(program, &SpawnOptions { at_least, ..self.options.clone() }).await?;
        let reached = self.reach(stage, &running).await?;
        let run = ctrl_c::press(running).await?;
        seen.mark(reached.mark(), &run.role);
        seen.recording.runs.push(run);
        Ok(())
    }

    async fn reach(&self, stage: &Stage<'_>, running: &RunningProgram) -> Result<Reached, NotChecked> {
        let [first, later] = &bodies(self.seed);
        let deals_with = async |body: &String| {
            let sent = stage.client.publish_with(self.queue, body.as_bytes(), self.properties.clone());
            sent.await.map_err(|error| stage.lost(&error))?;
            Ok::<_, NotChecked>(running.promptly(|seen| (self.is_done)(seen, body)).await)
        };
        let reached = began(running, self.queue).await;
        if reached < Reached::Waiting || !deals_with(first).await? {
            return Ok(reached);
        }
        let stays = !running.within(SILENCE, leaves).await && deals_with(later).await?;
        Ok(if stays { Reached::Stayed } else { Reached::Received })
    }
}

/// Returns the point that a program reaches before anything is sent to it.
pub async fn began(running: &RunningProgram, queue: &str) -> Reached {
    let subscribed = |seen: &ProgramRun| is_subscribed(seen, queue);
    let over = |seen: &ProgramRun| subscribed(seen) || is_hopeless(seen, queue);
    if !(running.until(over).await && running.promptly(subscribed).await) {
        return Reached::Start;
    }
    if running.promptly(waits).await { Reached::Waiting } else { Reached::Subscribed }
}
