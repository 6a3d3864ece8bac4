//! Scenes with receivers of an exchange: each asks for some messages, and then messages are sent, one after the other.

use checker::stage::{RunningProgram, Stage};
use libtest_mimic::Failed;
use recording::ProgramRun;
use wire::{sequence, words};

use crate::book::{
    events,
    scenes::{call, sent},
    workers,
};

/// A program of [`crate::step_programs`], and its arguments.
type Typed = (&'static str, &'static [&'static str]);

/// A message.
pub struct Message {
    /// The program that sends it.
    pub from: Typed,
    /// The receivers that print it, by their numbers from 0.
    pub to: &'static [usize],
}

/// A scene with receivers.
pub struct Routed {
    /// The receivers, in the order of their start.
    pub receivers: &'static [Typed],
    /// The messages.
    pub messages: &'static [Message],
    /// True if the recording has the senders, too, as one program with the name "sender", and keeps only the messages.
    pub with_senders: bool,
}

impl Routed {
    /// Returns the parts of a picture.
    pub fn parts<'a>(&self, runs: &'a [ProgramRun]) -> Vec<sequence::Part<'a>> {
        let names: &[&str] = match (self.with_senders, self.receivers.len()) {
            (true, 1) => &["sender", "receiver"],
            (true, _) => &["sender", "first", "second"],
            (false, 1) => &["receiver"],
            (false, _) => &["first", "second"],
        };
        names.iter().zip(runs).map(|(program, seen)| sequence::Part { program, events: &seen.events }).collect()
    }
}

/// Plays the scene. Returns the runs of the senders, as one, if they are recorded, and those of the receivers.
pub(super) async fn play(stage: &Stage<'_>, scene: &Routed) -> Result<Vec<ProgramRun>, Failed> {
    let mut receivers = Vec::new();
    for (name, words) in scene.receivers {
        let receiver = call(stage, name, words).await?;
        let waits = |seen: &ProgramRun| seen.stdout.lines().iter().any(|line| line.contains("[*] Waiting"));
        assert!(receiver.until(waits).await, "{name} does not wait");
        receivers.push(receiver);
    }
    let mut senders: Option<ProgramRun> = None;
    let mut printed = vec![0; receivers.len()];
    for message in scene.messages {
        let (name, words) = message.from;
        let run = sent(call(stage, name, words).await?).await?;
        match &mut senders {
            Some(senders) => senders.events.extend(run.events),
            None => senders = Some(run),
        }
        for receiver in message.to {
            printed[*receiver] += 1;
            prints(&receivers[*receiver], printed[*receiver]).await?;
        }
    }
    let mut runs: Vec<ProgramRun> = senders.filter(|_| scene.with_senders).into_iter().collect();
    for receiver in receivers {
        // No recording ends a line early.
        workers::rests(&receiver).await;
        assert!(receiver.interrupt(), "Ctrl-C can't be pressed here");
        runs.push(receiver.end().await);
    }
    for (index, printed) in printed.into_iter().enumerate() {
        let run = &runs[index + usize::from(scene.with_senders)];
        assert_eq!(lines(run), printed, "the receiver {index} printed other messages: {:?}", run.stdout.lines());
    }
    if scene.with_senders || scene.receivers.len() > 1 {
        runs.iter_mut().for_each(only_messages);
        let receivers = &mut runs[usize::from(scene.with_senders)..];
        copies_come_together(receivers, scene.messages);
    }
    Ok(runs)
}

async fn prints(receiver: &RunningProgram, messages: usize) -> Result<(), Failed> {
    if receiver.until(|seen| lines(seen) >= messages).await {
        return Ok(());
    }
    Err(format!("{messages} messages should have come").into())
}

/// Returns the number of messages that a receiver has printed.
fn lines(seen: &ProgramRun) -> usize {
    seen.stdout.lines().iter().filter(|line| line.starts_with(" [x] ")).count()
}

/// Gives all copies of a message the same time: which receiver gets its copy first is a matter of chance.
fn copies_come_together(receivers: &mut [ProgramRun], messages: &[Message]) {
    let mut come = vec![0; receivers.len()];
    for message in messages {
        let mut copies = Vec::new();
        for receiver in message.to {
            let deliveries = receivers[*receiver].events.iter().enumerate().filter(|(_, event)| is_delivery(event));
            copies.extend(deliveries.map(|(index, event)| (*receiver, index, event.at)).nth(come[*receiver]));
            come[*receiver] += 1;
        }
        let Some(first) = copies.iter().map(|(_, _, at)| *at).min() else { continue };
        for (receiver, index, _) in copies {
            receivers[receiver].events[index].at = first;
        }
    }
}

fn is_delivery(event: &wire::Event) -> bool {
    words::line(&event.what).starts_with("basic.deliver")
}

fn only_messages(seen: &mut ProgramRun) {
    events::keep_only(seen, &["queue.bind ", "basic.publish", "basic.deliver"]);
}
