//! Scenes with workers: the conditions to wait for, and two workers side by side.

use std::time::Duration;

use checker::stage::{RunningProgram, Stage};
use contracts::{receiving, scenes};
use libtest_mimic::Failed;
use recording::ProgramRun;
use wire::{Peer, What, words};

use crate::book::scenes::start;

const QUEUE: &str = "task_queue";

/// The time after which a silent program has come to rest. It is longer than the longest task of a scene, which takes two
/// seconds.
pub(super) const REST: Duration = Duration::from_millis(2500);

/// Four tasks: the first and the third are long.
const FOUR: [&str; 4] = ["long..", "short", "long.", "short"];

/// A scene with two workers.
#[derive(Clone, Copy)]
pub enum Two {
    /// Two workers, both this program, share [`FOUR`] tasks.
    Tasks(&'static str),
    /// Two workers, both this program; one is killed in the middle of a task.
    Killed(&'static str),
    /// The first program takes a task and ends by itself; then the second one gets the task.
    Ends(&'static str, &'static str),
}

/// Waits until the worker has acknowledged this many tasks.
pub(super) async fn acknowledged(worker: &RunningProgram, count: usize) -> Result<(), Failed> {
    let done = |seen: &ProgramRun| acks(seen) >= count;
    if worker.until(done).await { Ok(()) } else { Err(format!("{count} tasks should have been acknowledged").into()) }
}

/// Waits until this many tasks were delivered to the worker, and the first is printed.
pub(super) async fn came(worker: &RunningProgram, count: usize) -> Result<(), Failed> {
    let has = |seen: &ProgramRun| {
        deliveries(seen) >= count && seen.stdout.lines().iter().any(|line| line.contains("Received"))
    };
    if worker.until(has).await { Ok(()) } else { Err(format!("{count} tasks should have come").into()) }
}

/// Waits until the worker has come to rest, so that its recording does not end in the middle.
pub(super) async fn rests(worker: &RunningProgram) {
    let mut last = 0;
    let mut has_grown = |seen: &ProgramRun| {
        let before = last;
        last = seen.events.len() + seen.stdout.lines().len() + seen.stderr.lines().len();
        last > before
    };
    while worker.within(REST, &mut has_grown).await {}
}

fn deliveries(seen: &ProgramRun) -> usize {
    receiving::ledger(seen).len()
}

fn acks(seen: &ProgramRun) -> usize {
    receiving::ledger(seen).iter().filter(|delivered| delivered.acked.is_some()).count()
}

/// Plays one of the scenes. Only the events that the picture is about are kept.
pub(super) async fn play(stage: &Stage<'_>, two: Two) -> Result<Vec<ProgramRun>, Failed> {
    let (first, second) = match two {
        Two::Tasks(name) | Two::Killed(name) => (name, name),
        Two::Ends(first, second) => (first, second),
    };
    let workers = [start(stage, first).await?, start(stage, second).await?];
    match two {
        Two::Tasks(_) => share(stage, workers).await,
        Two::Killed(_) | Two::Ends(..) => die(stage, workers, two).await,
    }
}

/// Sends the tasks one after the other, so that the conversations are the same each time. The next task is sent when the last
/// one was delivered and, if it is short, done; or else when no worker is free to take it.
async fn share(stage: &Stage<'_>, workers: [RunningProgram; 2]) -> Result<Vec<ProgramRun>, Failed> {
    let limited = workers[0].until(|seen| !seen.events.is_empty()).await && has_limit(&workers[0]).await;
    for (index, task) in FOUR.iter().enumerate() {
        send(stage, task).await?;
        // When the workers have a limit, the idle one gets the short task, and the fourth task has to wait for it.
        let (who, count) = match (limited, index) {
            (_, 0) => (0, 1),
            (_, 1) => (1, 1),
            (true, 2) => (1, 2),
            (true, _) => continue,
            (false, _) => (index % 2, 2),
        };
        let done = !task.contains('.');
        let seen = |seen: &ProgramRun| deliveries(seen) >= count && (!done || acks(seen) >= count);
        if !workers[who].until(seen).await {
            return Err(format!("{task}, number {}, should have come to worker {}", index + 1, who + 1).into());
        }
    }
    let counts = if limited { [1, 3] } else { [2, 2] };
    for (worker, count) in workers.iter().zip(counts) {
        acknowledged(worker, count).await?;
    }
    let mut performances = Vec::new();
    for worker in workers {
        assert!(worker.interrupt(), "Ctrl-C can't be pressed here");
        performances.push(only(worker.end().await, &["basic.qos ", "basic.consume ", "basic.deliver", "basic.ack"]));
    }
    Ok(performances)
}

async fn has_limit(worker: &RunningProgram) -> bool {
    worker.promptly(|seen| receiving::is_subscribed(seen, QUEUE)).await
        && worker.within(Duration::ZERO, |seen| says(seen, "basic.qos ")).await
}

fn says(seen: &ProgramRun, start: &str) -> bool {
    seen.events.iter().any(|event| words::line(&event.what).starts_with(start))
}

async fn die(stage: &Stage<'_>, [first, second]: [RunningProgram; 2], two: Two) -> Result<Vec<ProgramRun>, Failed> {
    send(stage, "long..").await?;
    came(&first, 1).await?;
    let first = if matches!(two, Two::Killed(_)) { first.kill().await } else { first.end().await };
    acknowledged(&second, 1).await?;
    assert!(second.interrupt(), "Ctrl-C can't be pressed here");
    let kept = ["basic.consume ", "basic.deliver", "basic.ack"];
    let mut dead = only(first.clone(), &kept);
    let left = |event: &&wire::Event| event.from == Peer::Program && matches!(event.what, What::Ended { .. });
    dead.events.extend(first.events.iter().filter(left).cloned());
    Ok(vec![dead, only(second.end().await, &kept)])
}

/// Keeps only the events whose lines begin with one of these.
fn only(mut seen: ProgramRun, starts: &[&str]) -> ProgramRun {
    seen.events.retain(|event| starts.iter().any(|start| words::line(&event.what).starts_with(start)));
    seen
}

/// Sends a task as the sender of lesson 03 does.
async fn send(stage: &Stage<'_>, task: &str) -> Result<(), Failed> {
    Ok(stage.client.publish_with(QUEUE, task.as_bytes(), scenes::persistent()).await?)
}
