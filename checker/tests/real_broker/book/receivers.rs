//! Scenes with receivers of the exchange `logs`: one alone, and two side by side.

use std::time::Duration;

use checker::stage::{RunningProgram, Stage};
use libtest_mimic::Failed;
use recording::ProgramRun;
use wire::{Event, words};

use crate::book::{events, scenes::start, workers::rests};

/// The messages that the receivers get after they subscribed.
const MESSAGES: [&str; 2] = ["info: the shop is open", "warning: the disk is almost full"];

/// The receivers of a scene.
#[derive(Clone, Copy)]
pub enum Audience {
    /// The scene's program, which prints this many of the messages.
    Alone { gets: usize },
    /// Two of this program. With `share`, they take turns; otherwise each gets every message.
    Both { program: &'static str, share: bool },
}

/// Plays a scene. Each message is printed before the next one is sent, and at the end Ctrl-C is pressed.
pub(super) async fn play(stage: &Stage<'_>, name: &str, audience: Audience) -> Result<Vec<ProgramRun>, Failed> {
    match audience {
        Audience::Alone { gets } => {
            let receiver = subscribed(stage, name).await?;
            for (number, message) in (1..).zip(MESSAGES) {
                publish(stage, message).await?;
                prints(&receiver, number.min(gets)).await?;
            }
            if gets == 0 {
                rests(&receiver).await;
            }
            assert!(receiver.interrupt(), "Ctrl-C can't be pressed here");
            Ok(vec![receiver.end().await])
        }
        Audience::Both { program, share } => both(stage, program, share).await,
    }
}

/// Plays a scene with two receivers. Only the bindings, the subscriptions and the deliveries are kept.
async fn both(stage: &Stage<'_>, program: &str, share: bool) -> Result<Vec<ProgramRun>, Failed> {
    let receivers = [subscribed(stage, program).await?, subscribed(stage, program).await?];
    for (index, message) in MESSAGES.iter().enumerate() {
        publish(stage, message).await?;
        if share {
            prints(&receivers[index % 2], index / 2 + 1).await?;
        } else {
            prints(&receivers[0], index + 1).await?;
            prints(&receivers[1], index + 1).await?;
        }
    }
    let mut runs: Vec<ProgramRun> = Vec::new();
    for receiver in receivers {
        assert!(receiver.interrupt(), "Ctrl-C can't be pressed here");
        let mut seen = receiver.end().await;
        events::keep_only(&mut seen, &["queue.bind ", "basic.consume ", "basic.deliver"]);
        runs.push(seen);
    }
    if !share {
        put_in_order(&mut runs);
    }
    Ok(runs)
}

/// Puts the first receiver's delivery of each message before the second's: the order is a matter of chance.
fn put_in_order(runs: &mut [ProgramRun]) {
    let [first, second] = runs else { return };
    for (one, other) in deliveries(first).zip(deliveries(second)) {
        other.at = other.at.max(one.at) + Duration::from_nanos(1);
    }
}

fn deliveries(run: &mut ProgramRun) -> impl Iterator<Item = &mut Event> {
    run.events.iter_mut().filter(|event| words::line(&event.what).starts_with("basic.deliver"))
}

/// Starts a receiver, and waits until it has subscribed.
async fn subscribed(stage: &Stage<'_>, name: &str) -> Result<RunningProgram, Failed> {
    let receiver = start(stage, name).await?;
    let waits = |seen: &ProgramRun| seen.stdout.lines().iter().any(|line| line.contains("[*] Waiting"));
    if receiver.until(waits).await { Ok(receiver) } else { Err(format!("{name} should wait for messages").into()) }
}

async fn publish(stage: &Stage<'_>, message: &str) -> Result<(), Failed> {
    let sent = stage.client.publish_to("logs", &[("", message.as_bytes())]).await?;
    if sent { Ok(()) } else { Err("the receiver should have declared the exchange".into()) }
}

/// Waits until the receiver has printed this many messages.
async fn prints(receiver: &RunningProgram, messages: usize) -> Result<(), Failed> {
    let count = |seen: &ProgramRun| seen.stdout.lines().iter().filter(|line| line.starts_with(" [x] ")).count();
    let done = receiver.until(|seen| count(seen) >= messages).await;
    if done { Ok(()) } else { Err(format!("{messages} messages should have come").into()) }
}
