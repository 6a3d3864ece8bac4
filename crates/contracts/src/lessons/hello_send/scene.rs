//! Lesson 01: the program runs once, and the check looks into its queue.

use std::time::Duration;

use crate::{lessons::hello_send::QUEUE, transcript::Transcript};
use recording::NotChecked;

use super::HelloSend;
use crate::scenes::{LiveRecording, Scene};
use harness::{program::Program, stage::Stage};

/// The timeout for the message to show in the queue after the program's end.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);

impl Scene for HelloSend {
    async fn play(
        stage: &mut Stage<'_>,
        program: &Program,
        _seed: u64,
        seen: &mut LiveRecording,
    ) -> Result<(), NotChecked> {
        let run = stage.spawn(program).await?.end().await;
        let sent = Transcript::of(&run).publishes().filter(|(_, publish, _)| publish.routing_key.as_str() == QUEUE);
        let expected = sent.count().min(1);
        seen.look_into(stage, &run, QUEUE, expected, QUEUE_TIMEOUT).await?;
        seen.recording.runs.push(run);
        Ok(())
    }
}
