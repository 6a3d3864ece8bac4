//! Lesson 03: three runs of the program, with no words, one and several. Then the broker is restarted, and the queue is read.

use std::time::Duration;

use crate::{
    lessons::new_task::{QUEUE, RESTARTED, typed},
    transcript::Transcript,
};
use recording::{NotChecked, ProgramRun};

use super::NewTask;
use crate::scenes::{LiveRecording, Scene};
use harness::{
    program::Program,
    stage::{SpawnOptions, Stage},
};

/// The timeout for the messages to show in the queue after the program's end.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);

impl Scene for NewTask {
    async fn play(
        stage: &mut Stage<'_>,
        program: &Program,
        seed: u64,
        seen: &mut LiveRecording,
    ) -> Result<(), NotChecked> {
        let all = typed(seed);
        let mut runs: Vec<ProgramRun> = Vec::new();
        for (number, words) in (1..).zip(all.clone()) {
            stage.does(&format!("running the program, {number} of {} times", all.len()));
            let options = SpawnOptions { role: format!("run {number}"), arguments: words, ..SpawnOptions::default() };
            let run = stage.spawn_with(program, &options).await?.end().await;
            let goes_on = run.exit.is_some_and(|exit| !exit.overdue) && !Transcript::of(&run).is_empty();
            runs.push(run);
            if !goes_on {
                break;
            }
        }
        let to_queue = |run: &&ProgramRun| {
            let mut sent = Transcript::of(run).publishes();
            sent.any(|(_, publish, _)| publish.routing_key.as_str() == QUEUE)
        };
        let expected = u32::try_from(runs.iter().filter(to_queue).count()).unwrap_or(u32::MAX);
        if expected > 0 {
            // A quorum queue may show messages a little later: wait for them before the restart.
            stage.client.holds(QUEUE, expected, QUEUE_TIMEOUT).await.map_err(|error| stage.lost(&error))?;
            // A RabbitMQ takes longer to restart than the whole rest of the check; only lesson 04 takes that time.
            if stage.restarts_at_once() && stage.restart().await? {
                seen.mark(RESTARTED, "");
            }
        }
        seen.look_into(stage, &runs[0], QUEUE, 0, QUEUE_TIMEOUT).await?;
        seen.recording.runs = runs;
        Ok(())
    }
}
