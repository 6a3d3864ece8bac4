//! Lesson 02: two runs, side by side if the broker has a vhost for each. In one, messages wait before the program starts; in
//! the other, the queue is empty and little happens.

use std::time::Duration;

use crate::{
    lessons::hello_receive::{BEFORE, IN_TIME, QUEUE, ROLES, Reached, bodies},
    receiving::{quiet::leaves, times_printed, unacknowledged},
    transcript::{MethodEvent, QUEUE_DECLARE, Transcript},
};
use recording::{NotChecked, ProgramRun};
use tokio::sync::oneshot;
use wire::protocol::{BasicProperties, queue};

use super::HelloReceive;
use crate::scenes::{LiveRecording, Scene, ctrl_c, quiet};
use harness::{
    brokers::client,
    program::Program,
    stage::{SpawnOptions, Stage},
};

/// The time after the last message in which a program that is about to leave shows it.
const A_WHILE: Duration = Duration::from_millis(300);

impl Scene for HelloReceive {
    async fn play(
        stage: &mut Stage<'_>,
        program: &Program,
        seed: u64,
        seen: &mut LiveRecording,
    ) -> Result<(), NotChecked> {
        let lost = |error: &client::Error| stage.lost(error);
        stage.client.declare(client::durable(QUEUE)).await.map_err(|error| lost(&error))?;
        both(stage, program, seed, true, seen).await?;
        // The queue was declared as the lesson teaches. A program with other flags was rightly refused: the queue is declared
        // again with its flags, or not at all if the broker does not accept them.
        let Some(declare) = seen.recording.runs.first().and_then(declared_otherwise) else {
            return Ok(());
        };
        stage.client.delete(QUEUE).await.map_err(|error| lost(&error))?;
        let accepted = client::is_accepted(&stage.address, declare).await;
        *seen = LiveRecording::default();
        both(stage, program, seed, accepted.map_err(|error| lost(&error))?, seen).await
    }
}

/// Plays both runs; the second begins when the first has subscribed.
async fn both(
    stage: &Stage<'_>,
    program: &Program,
    seed: u64,
    queue_is_there: bool,
    seen: &mut LiveRecording,
) -> Result<(), NotChecked> {
    let mut quiet = LiveRecording::default();
    match stage.beside().await? {
        None => {
            let reached = scene(stage, program, seed, queue_is_there, None, seen).await?;
            if reached > Reached::Start {
                stage.client.delete(QUEUE).await.map_err(|error| stage.lost(&error))?;
                quiet_run(stage, program, seed, &mut quiet).await?;
            }
        }
        Some(beside) => {
            let (subscribed, has_subscribed) = oneshot::channel();
            let second = async {
                match has_subscribed.await {
                    Ok(()) => quiet_run(&beside, program, seed, &mut quiet).await,
                    Err(_) => Ok(()),
                }
            };
            let first = scene(stage, program, seed, queue_is_there, Some(subscribed), seen);
            let (first, second) = tokio::join!(first, second);
            beside.client.close().await;
            first?;
            second?;
        }
    }
    seen.recording.runs.append(&mut quiet.recording.runs);
    seen.recording.marks.append(&mut quiet.recording.marks);
    Ok(())
}

/// Plays the run with an empty queue.
async fn quiet_run(
    stage: &Stage<'_>,
    program: &Program,
    seed: u64,
    seen: &mut LiveRecording,
) -> Result<(), NotChecked> {
    let is_done = |seen: &ProgramRun, body: &str| times_printed(seen, body) > 0;
    let options = SpawnOptions { role: ROLES[1].to_owned(), ..SpawnOptions::default() };
    let properties = BasicProperties::default();
    quiet::Scene { queue: QUEUE, options, properties, seed, is_done }.play(stage, program, seen).await
}

/// Plays one run of the program. `queue_is_there` is true if the queue is declared, so that messages can wait in it.
/// `subscribed` gets a value when the program has subscribed, and is dropped if it does not.
async fn scene(
    stage: &Stage<'_>,
    program: &Program,
    seed: u64,
    queue_is_there: bool,
    subscribed: Option<oneshot::Sender<()>>,
    seen: &mut LiveRecording,
) -> Result<Reached, NotChecked> {
    let (sent, last) = bodies(seed);
    let publish = async |bodies: &[String]| {
        for body in bodies {
            stage.client.publish(QUEUE, body.as_bytes()).await.map_err(|error| stage.lost(&error))?;
        }
        Ok::<(), NotChecked>(())
    };
    if queue_is_there {
        publish(&sent[..BEFORE]).await?;
    }

    stage.does("waiting until the program subscribes");
    let options = SpawnOptions { role: ROLES[0].to_owned(), ..SpawnOptions::default() };
    let running = stage.spawn_with(program, &options).await?;
    let mut in_time = 0;
    let reached = async {
        let reached = quiet::began(&running, QUEUE).await;
        if reached > Reached::Start {
            let _ = subscribed.map(|subscribed| subscribed.send(()));
        }
        if reached < Reached::Waiting {
            return Ok(reached);
        }
        stage.does("sending messages, and waiting until the program prints them");
        publish(&sent[BEFORE..]).await?;
        let all = |seen: &ProgramRun| {
            in_time = sent.iter().filter(|body| times_printed(seen, body) > 0).count();
            in_time == sent.len()
        };
        if !running.promptly(all).await {
            return Ok(Reached::Waiting);
        }
        publish(std::slice::from_ref(&last)).await?;
        if !running.promptly(|seen| times_printed(seen, &last) > 1).await {
            return Ok(Reached::Received);
        }
        // An acknowledgement comes after the line is printed.
        running.promptly(|seen| unacknowledged(seen) == 0).await;
        Ok::<_, NotChecked>(if running.within(A_WHILE, leaves).await { Reached::Received } else { Reached::Stayed })
    };
    let reached = reached.await?;
    stage.does("waiting until the program ends at Ctrl-C");
    let run = ctrl_c::press(running).await?;
    seen.count(IN_TIME, in_time);
    seen.mark(reached.mark(), &run.role);
    seen.recording.runs.push(run);
    Ok(reached)
}

/// Returns the program's own declaration, if it was refused because ours differs.
fn declared_otherwise(seen: &ProgramRun) -> Option<queue::Declare> {
    let transcript = Transcript::of(seen);
    let close = transcript.refusal(QUEUE_DECLARE).filter(|close| close.code == 406)?;
    let mine = |(said, declare): &(MethodEvent<'_>, &queue::Declare)| {
        declare.queue.as_str() == QUEUE && !declare.passive && !declare.exclusive && said.order < close.said.order
    };
    let (_, declare) = transcript.declares().find(mine)?;
    Some(queue::Declare { nowait: false, ..declare.clone() })
}
