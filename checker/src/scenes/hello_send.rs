//! Lesson 01: the program runs once, and its queue is looked into.

use std::time::Duration;

use contracts::{hello_send::QUEUE, talk::Talk};
use recording::NotChecked;

use super::Seen;
use crate::{program::Program, stage::Stage};

/// How long the message may take to show in the queue after the program's end.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn play(stage: &Stage<'_>, program: &Program, seen: &mut Seen) -> Result<(), NotChecked> {
    let run = stage.start(program).await?.end().await;
    let sent = Talk::of(&run).publishes().filter(|(_, publish, _)| publish.routing_key.as_str() == QUEUE);
    let expected = sent.count().min(1);
    seen.look_into(stage, &run, QUEUE, expected, PATIENCE).await?;
    seen.recording.runs.push(run);
    Ok(())
}
