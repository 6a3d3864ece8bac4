//! The runs of a program that publishes to an exchange: once with no queue bound to it, then with one of the checker's own.

use std::time::Duration;

use harness::{
    brokers::client,
    program::Program,
    stage::{SpawnOptions, Stage},
};
use recording::{NotChecked, ProgramRun};

use super::LiveRecording;
use crate::{
    emitting::{Emitter, LISTENER, listens_for},
    transcript::Transcript,
};

/// The timeout for the messages to arrive after the program's end.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);

/// Plays one run for each list of words in `typed`.
///
/// # Errors
///
/// The reason, if the broker fails or the program can't be started.
pub async fn play(
    emitter: &Emitter,
    typed: &[Vec<String>],
    stage: &mut Stage<'_>,
    program: &Program,
    seen: &mut LiveRecording,
) -> Result<(), NotChecked> {
    let exchange = emitter.exchange.name;
    let lost = |error: &client::Error| stage.lost(error);
    let mut runs: Vec<ProgramRun> = Vec::new();
    let mut listens = false;
    for (number, words) in (1..).zip(typed) {
        stage.does(&format!("running the program, {number} of {} times", typed.len()));
        let options =
            SpawnOptions { role: format!("run {number}"), arguments: words.clone(), ..SpawnOptions::default() };
        let run = stage.spawn_with(program, &options).await?.end().await;
        let goes_on = run.exit.is_some_and(|exit| !exit.overdue) && !Transcript::of(&run).is_empty();
        runs.push(run);
        if !goes_on {
            break;
        }
        // The program made the exchange in its first run, and no queue was bound to it.
        if number == 1 && stage.client.has_exchange(exchange).await.map_err(|error| lost(&error))? {
            stage.client.declare(client::durable(LISTENER)).await.map_err(|error| lost(&error))?;
            for key in listens_for(emitter, typed) {
                stage.client.bind(LISTENER, exchange, &key).await.map_err(|error| lost(&error))?;
            }
            listens = true;
        }
    }
    if listens {
        let to_it = |run: &&ProgramRun| {
            Transcript::of(run).publishes().any(|(_, publish, _)| publish.exchange.as_str() == exchange)
        };
        let expected = runs.iter().skip(1).filter(to_it).count();
        seen.look_into(stage, &runs[0], LISTENER, expected, QUEUE_TIMEOUT).await?;
    }
    seen.recording.runs = runs;
    Ok(())
}
