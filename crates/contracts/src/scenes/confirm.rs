//! One publisher, run several times: undisturbed, with refused messages, with returned ones, and with a channel or a connection
//! that ends. A run is played only if those before it went well.

use std::time::Duration;

use harness::{
    program::Program,
    stage::{Injection, OnDemand, PublishFault, SpawnOptions, Stage},
};
use recording::{NotChecked, ProgramRun};

use super::LiveRecording;
use crate::{
    confirming::{
        CALM, COUNT, Conversation, ENOUGH, IS_KIND, LOST, ONLY_REFUSES, REFUSED, RETURNED, Way, goes_on, waits_for_each,
    },
    contract::AnyContract,
    subscribing::own_queues,
    transcript::Transcript,
    verdict::Outcome,
};

/// The delay of confirms after the first way: long enough for a whole batch to be on its way without one.
const DELAY: Duration = Duration::from_millis(40);

/// The number of messages of the first way whose confirm is late: it shows whether the program waits for it.
const FIRST: u64 = 3;

/// A message of the third way, by its place, whose confirm comes later still, and with it those after it. A program that keeps a
/// number of messages in doubt goes on when those before it are confirmed, and one that sends batches does not. The place is
/// prime, so that no window of another size ends before it.
const HELD: usize = 37;

/// The delay of its confirm: a busy machine does not read it together with those before it.
const HELD_DELAY: Duration = Duration::from_millis(250);

/// The number of messages that a full queue takes.
const FULL: u32 = 10;

/// The number of times that a message is sent, after which a full queue is widened: some programs send until it is taken. Each
/// of the three ways sends it once.
const SENT_AGAIN: usize = 5;

/// The timeout for the broker to delete an exclusive queue.
const GONE_TIMEOUT: Duration = Duration::from_secs(1);

/// Plays the scene of this lesson.
///
/// # Errors
///
/// The reason, if the broker fails or the program can't be started.
pub async fn play(
    contract: &dyn AnyContract,
    stage: &mut Stage<'_>,
    program: &Program,
    seed: u64,
    seen: &mut LiveRecording,
) -> Result<(), NotChecked> {
    let on_demand = stage.on_demand().await;
    stage.does("running the program");
    if on_demand == OnDemand::All {
        let first = Injection { fault: delay(DELAY), after: 0, count: FIRST };
        let held = Injection { fault: delay(HELD_DELAY), after: (2 * COUNT + HELD) as u64, count: 1 };
        stage.inject(&[first, late(), held]).await?;
    }
    match on_demand {
        OnDemand::All => {}
        OnDemand::FullQueues => seen.mark(ONLY_REFUSES, ""),
        OnDemand::Nothing => seen.mark(IS_KIND, ""),
    }
    calm(stage, program, seen).await?;
    are_gone(stage, seen).await?;
    let goes_well = |seen: &LiveRecording| {
        let judged = contract.judge(&seen.recording);
        judged.is_ok_and(|judged| judged.outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Passed(_))))
    };
    if on_demand == OnDemand::Nothing || !goes_well(seen) {
        return Ok(());
    }
    stage.does("running the program while the broker refuses messages");
    if on_demand == OnDemand::FullQueues {
        return with_full_queues(stage, program, seen).await;
    }
    let mut random = fastrand::Rng::with_seed(seed);
    each_way(stage, program, PublishFault::Nack, &REFUSED, &mut random, seen).await?;
    if !goes_well(seen) {
        return Ok(());
    }
    if Conversation::of(&seen.recording.runs[0]).is_mandatory() {
        stage.does("running the program while the broker returns messages");
        each_way(stage, program, PublishFault::Return, &RETURNED, &mut random, seen).await?;
    }
    stage.does("running the program, and cutting it off");
    let ends = [PublishFault::Cut, PublishFault::CloseChannel, PublishFault::Cut];
    for (way, (role, fault)) in LOST.into_iter().zip(ends).enumerate() {
        if !goes_well(seen) {
            return Ok(());
        }
        let after = way * COUNT + random.usize(20..80);
        stage.inject(&[late(), Injection { fault, after: after as u64, count: 1 }]).await?;
        run(stage, program, role, seen).await?;
    }
    stage.inject(&[]).await
}

/// Returns the delay of confirms: for all messages but those that are confirmed one by one.
fn late() -> Injection {
    Injection { fault: delay(DELAY), after: COUNT as u64, count: u64::MAX }
}

fn delay(time: Duration) -> PublishFault {
    PublishFault::DelayConfirm(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Runs the program with a few messages of each way refused or returned. A program may stop at the first of them: it is run again,
/// with none before the next way.
async fn each_way(
    stage: &Stage<'_>,
    program: &Program,
    fault: PublishFault,
    roles: &[&str; 3],
    random: &mut fastrand::Rng,
    seen: &mut LiveRecording,
) -> Result<(), NotChecked> {
    // Messages in a row are refused together; the last one is in the rest that fills no batch.
    // No two ways have the same places or numbers of messages, so that a line about one of them is not taken for another's.
    let mut counts = [3, 4, 5];
    random.shuffle(&mut counts);
    let places: Vec<(usize, usize)> = (0..Way::ALL.len())
        .flat_map(|way| {
            let begin = way * COUNT;
            let together = begin + 20 + 45 * way + random.usize(0..20);
            [(together, counts[way]), (begin + 205 + 15 * way + random.usize(0..10), 1)]
        })
        .collect();
    let mut next = 0;
    while let Some(role) = roles.get(next) {
        let from = next * COUNT;
        let faults = places.iter().filter(|(after, _)| *after >= from);
        let faults = faults.map(|(after, count)| Injection { fault, after: *after as u64, count: *count as u64 });
        stage.inject(&std::iter::once(late()).chain(faults).collect::<Vec<_>>()).await?;
        run(stage, program, role, seen).await?;
        let came_to = seen.recording.runs.last().map_or(0, |run| Conversation::of(run).ways.len());
        if came_to <= next {
            return Ok(());
        }
        next = came_to;
    }
    Ok(())
}

/// Runs the program while each queue takes only a few messages.
async fn with_full_queues(stage: &Stage<'_>, program: &Program, seen: &mut LiveRecording) -> Result<(), NotChecked> {
    stage.limit_queues(FULL).await?;
    let role = REFUSED[0];
    let options = SpawnOptions { role: role.to_owned(), ..SpawnOptions::default() };
    let running = stage.spawn_with(program, &options).await?;
    let insists = |seen: &ProgramRun| {
        let mut publishes = Transcript::of(seen).publishes().rev();
        let Some((_, _, last)) = publishes.next() else { return false };
        let (mut all, mut alike) = (1, 1);
        for (_, _, content) in publishes {
            all += 1;
            alike += usize::from(content.body == last.body);
        }
        alike >= SENT_AGAIN || all > Way::ALL.len() * COUNT
    };
    if running.until(insists).await {
        stage.unlimit_queues().await?;
    }
    let run = running.end_promptly().await;
    // A program that sends again without a pause fills the record before the queue is wide.
    if run.events_cut {
        seen.mark(IS_KIND, "");
    } else {
        seen.recording.runs.push(run);
    }
    stage.unlimit_queues().await
}

/// Runs the program without a fault. It ends early if it waits for each of many late confirms.
async fn calm(stage: &Stage<'_>, program: &Program, seen: &mut LiveRecording) -> Result<(), NotChecked> {
    let options = SpawnOptions { role: CALM.to_owned(), ..SpawnOptions::default() };
    let running = stage.spawn_with(program, &options).await?;
    let mut looked_at = 0;
    let waits = |seen: &ProgramRun| {
        // Not at each event: that would take longer than the program.
        if seen.events.len() < looked_at + ENOUGH {
            return false;
        }
        looked_at = seen.events.len();
        let conversation = Conversation::of(seen);
        if goes_on(&conversation, Way::Individually).is_some() {
            return true;
        }
        let ways = conversation.ways;
        let Some((last, before)) = ways.split_last() else { return false };
        // Confirms are late only from the second way on.
        let is_late = before.iter().map(Vec::len).sum::<usize>() >= COUNT;
        let begins_again =
            before.first().and_then(|way| way.first()).is_some_and(|first| first.text() == last[0].text());
        is_late && begins_again && last.len() > ENOUGH && waits_for_each(&last[..ENOUGH])
    };
    let run = if running.until(waits).await { running.kill().await } else { running.end().await };
    seen.recording.runs.push(run);
    Ok(())
}

/// Runs the program to its end.
async fn run(stage: &Stage<'_>, program: &Program, role: &str, seen: &mut LiveRecording) -> Result<(), NotChecked> {
    let options = SpawnOptions { role: role.to_owned(), ..SpawnOptions::default() };
    let running = stage.spawn_with(program, &options).await?;
    seen.recording.runs.push(running.end().await);
    Ok(())
}

/// Finds out whether the queues of the first run are gone with it.
async fn are_gone(stage: &Stage<'_>, seen: &mut LiveRecording) -> Result<(), NotChecked> {
    let Some(run) = seen.recording.runs.first() else { return Ok(()) };
    let queues: Vec<String> = own_queues(run).into_iter().map(|(_, name)| name.to_owned()).collect();
    for queue in queues {
        seen.is_gone(stage, &queue, GONE_TIMEOUT).await?;
    }
    Ok(())
}
