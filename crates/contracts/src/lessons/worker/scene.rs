//! Lesson 04: two workers share tasks, and one of them is killed. A third comes to a waiting task, after a restart if the
//! broker is ours. Beside them, in a vhost of its own, one worker has almost nothing to do.

use std::time::Duration;

use crate::{
    lessons::worker::{IDLE, QUEUE, RESTARTED, Reached, Tasks},
    receiving::{self, Ledger},
    transcript::Transcript,
    working::{role, work_in},
};
use recording::{NotChecked, ProgramRun};
use tokio::sync::oneshot;

use super::Worker;
use crate::scenes::{LiveRecording, Scene, ctrl_c, persistent, quiet};
use harness::{
    program::Program,
    stage::{RunningProgram, SpawnOptions, Stage},
};

/// The heartbeat interval in the address, in seconds: short enough to be missed during the long task.
const HEARTBEAT: u16 = 2;

/// The shortest time limit of a worker: its tasks take some seconds.
const AT_LEAST: Duration = Duration::from_secs(8);

/// The timeout for the queue to show the messages that come back to it.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);

impl Scene for Worker {
    async fn play(
        stage: &mut Stage<'_>,
        program: &Program,
        seed: u64,
        seen: &mut LiveRecording,
    ) -> Result<(), NotChecked> {
        let plain = SpawnOptions { at_least: AT_LEAST, ..SpawnOptions::default() };
        let asks = SpawnOptions { heartbeat: Some(HEARTBEAT), ..plain.clone() };
        scene(stage, program, seed, &asks, seen).await?;
        let first = seen.recording.runs.first();
        let gave_up =
            first.is_some_and(|run| run.exit.is_some_and(|exit| !exit.overdue) && Transcript::of(run).is_empty());
        // Some clients do not accept an address with a question mark in it.
        if gave_up {
            *seen = LiveRecording::default();
            scene(stage, program, seed, &plain, seen).await?;
        }
        Ok(())
    }
}

async fn scene(
    stage: &mut Stage<'_>,
    program: &Program,
    seed: u64,
    options: &SpawnOptions,
    seen: &mut LiveRecording,
) -> Result<(), NotChecked> {
    let tasks = Tasks::chosen(seed);
    let mut idle_seen = LiveRecording::default();
    let reached = two_workers_and_an_idle_one(stage, program, seed, options, &tasks, seen, &mut idle_seen).await?;
    if reached == Reached::Survived {
        with_a_task_that_waits(stage, program, options, &tasks, seen).await?;
    }
    if reached >= Reached::Killed {
        let first = seen.recording.runs[0].clone();
        seen.look_into(stage, &first, QUEUE, 0, QUEUE_TIMEOUT).await?;
    }
    if reached == Reached::Survived && idle_seen.recording.runs.is_empty() {
        // This run takes the same vhost, because the broker makes no other.
        idle(stage, program, seed, options, &mut idle_seen).await?;
    }
    seen.mark(reached.mark(), "");
    seen.recording.runs.append(&mut idle_seen.recording.runs);
    seen.recording.marks.append(&mut idle_seen.recording.marks);
    Ok(())
}

/// Plays the two workers that share tasks, and beside them one that has almost nothing to do.
async fn two_workers_and_an_idle_one(
    stage: &Stage<'_>,
    program: &Program,
    seed: u64,
    options: &SpawnOptions,
    tasks: &Tasks,
    seen: &mut LiveRecording,
    idle_seen: &mut LiveRecording,
) -> Result<Reached, NotChecked> {
    let Some(beside) = stage.beside().await? else {
        return two_workers(stage, program, options, tasks, seen, None).await;
    };
    let (waiting, are_waiting) = oneshot::channel();
    let idle = async {
        match are_waiting.await {
            Ok(()) => idle(&beside, program, seed, options, idle_seen).await,
            Err(_) => Ok(()),
        }
    };
    let (reached, idle) = tokio::join!(two_workers(stage, program, options, tasks, seen, Some(waiting)), idle);
    beside.client.close().await;
    idle?;
    reached
}

/// Plays a worker with an empty queue, one task without work, and a long silence after it.
async fn idle(
    stage: &Stage<'_>,
    program: &Program,
    seed: u64,
    options: &SpawnOptions,
    seen: &mut LiveRecording,
) -> Result<(), NotChecked> {
    let options = SpawnOptions { role: IDLE.to_owned(), ..options.clone() };
    let properties = persistent();
    let is_done = |seen: &ProgramRun, body: &str| Ledger::default().times_acknowledged(seen, body) > 0;
    quiet::Scene { queue: QUEUE, options, properties, seed, is_done }.play(stage, program, seen).await
}

/// Plays two workers that share tasks; one of them is killed. `waiting` gets a value when both wait for work.
async fn two_workers(
    stage: &Stage<'_>,
    program: &Program,
    options: &SpawnOptions,
    tasks: &Tasks,
    seen: &mut LiveRecording,
    waiting: Option<oneshot::Sender<()>>,
) -> Result<Reached, NotChecked> {
    let mut on_stage = Vec::new();
    let mut reached = Reached::Start;
    stage.does("waiting until two workers subscribe");
    for index in 0..2 {
        let worker = stage.spawn_with(program, &SpawnOptions { role: role(index), ..options.clone() }).await?;
        reached = began(&worker).await;
        on_stage.push(worker);
        if reached < Reached::Waiting {
            break;
        }
    }
    if let (Reached::Waiting, [one, other]) = (reached, on_stage.as_slice()) {
        stage.does("two workers share the tasks");
        let _ = waiting.map(|waiting| waiting.send(()));
        reached = share_tasks(stage, [one, other], tasks).await?;
    }
    let killed = if reached == Reached::Shared { in_hand(stage, &on_stage, &tasks.fatal).await? } else { None };
    let mut runs = vec![None; on_stage.len()];
    let mut left: Vec<(usize, RunningProgram)> = on_stage.into_iter().enumerate().collect();
    if let Some(killed) = killed {
        stage.does("a worker was killed, and its task goes to the other");
        runs[killed] = Some(left.remove(killed).1.kill().await);
        reached = Reached::Killed;
        let timeout = work_in(tasks.fatal.as_bytes()) + stage.promptly();
        // The task may have been done before its worker could be killed.
        let was_done = runs[killed].as_ref().is_some_and(acknowledges(&tasks.fatal));
        if was_done || left[0].1.within(timeout, acknowledges(&tasks.fatal)).await {
            reached = Reached::Survived;
        }
    }
    for (_, worker) in &left {
        ctrl_c::rest(worker).await;
    }
    // All at once: a worker that stays longer would get the messages that the others give back.
    for (_, worker) in &left {
        let _ = worker.interrupt();
    }
    for (index, worker) in left {
        runs[index] = Some(ctrl_c::press(worker).await?);
    }
    seen.recording.runs = runs.into_iter().flatten().collect();
    Ok(reached)
}

/// Returns how far a worker gets by itself.
async fn began(worker: &RunningProgram) -> Reached {
    match quiet::began(worker, QUEUE).await {
        receiving::quiet::Reached::Start => Reached::Start,
        receiving::quiet::Reached::Subscribed => Reached::Subscribed,
        _ => Reached::Waiting,
    }
}

/// Sends the long task, and the short ones while a worker is busy with it: the idle worker should get those.
async fn share_tasks(stage: &Stage<'_>, workers: [&RunningProgram; 2], tasks: &Tasks) -> Result<Reached, NotChecked> {
    send(stage, &tasks.long).await?;
    let mut ledgers = [Ledger::default(), Ledger::default()];
    let begun =
        |seen: &[&ProgramRun]| seen.iter().zip(&mut ledgers).any(|(seen, ledger)| ledger.has(seen, &tasks.long));
    if !stage.until(&workers, stage.promptly(), begun).await {
        return Ok(Reached::Waiting);
    }
    for task in &tasks.short {
        send(stage, task).await?;
    }
    let done = |seen: &[&ProgramRun]| {
        let mut times = |task| -> usize {
            seen.iter().zip(&mut ledgers).map(|(seen, ledger)| ledger.times_acknowledged(seen, task)).sum()
        };
        tasks.first().all(|task| times(task) >= tasks.count(task))
    };
    let timeout = work_in(tasks.long.as_bytes()) + stage.promptly();
    Ok(if stage.until(&workers, timeout, done).await { Reached::Shared } else { Reached::Waiting })
}

/// Sends one more task, and returns the index of the worker that has it in hand.
async fn in_hand(stage: &Stage<'_>, workers: &[RunningProgram], task: &str) -> Result<Option<usize>, NotChecked> {
    send(stage, task).await?;
    let mut ledgers = vec![Ledger::default(); workers.len()];
    let (mut who, actors) = (None, workers.iter().collect::<Vec<_>>());
    let found = |seen: &[&ProgramRun]| {
        let mut both = seen.iter().zip(&mut ledgers);
        who = both.position(|(seen, ledger)| ledger.has(seen, task) && receiving::times_printed(seen, task) > 0);
        who.is_some()
    };
    stage.until(&actors, stage.promptly(), found).await;
    Ok(who)
}

/// Sends a task while there is no worker, restarts the broker if it is ours, and starts a worker.
async fn with_a_task_that_waits(
    stage: &mut Stage<'_>,
    program: &Program,
    options: &SpawnOptions,
    tasks: &Tasks,
    seen: &mut LiveRecording,
) -> Result<(), NotChecked> {
    stage.does("a task waits for a third worker");
    send(stage, &tasks.last).await?;
    if stage.restart().await? {
        seen.mark(RESTARTED, "");
    }
    let worker = stage.spawn_with(program, &SpawnOptions { role: role(2), ..options.clone() }).await?;
    worker.promptly(|seen| receiving::is_subscribed(seen, QUEUE)).await;
    worker.promptly(acknowledges(&tasks.last)).await;
    seen.recording.runs.push(ctrl_c::press(worker).await?);
    Ok(())
}

/// Returns a test of whether the program acknowledged this task. Its recording may grow between calls.
fn acknowledges(task: &str) -> impl FnMut(&ProgramRun) -> bool {
    let mut ledger = Ledger::default();
    move |seen| ledger.times_acknowledged(seen, task) > 0
}

/// Sends a task as the sender of lesson 03 does.
async fn send(stage: &Stage<'_>, task: &str) -> Result<(), NotChecked> {
    let sent = stage.client.publish_with(QUEUE, task.as_bytes(), persistent());
    sent.await.map_err(|error| stage.lost(&error))
}
