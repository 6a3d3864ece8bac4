//! Three receivers of an exchange: two from the start, one that comes late, and the first leaves early.

use std::time::{Duration, Instant};

use harness::{
    program::Program,
    stage::{RunningProgram, SpawnOptions, Stage},
};
use recording::{NotChecked, ProgramRun};
use wire::{Method, Peer, protocol::basic};

use super::{LiveRecording, ctrl_c};
use crate::{
    exchanges::Exchange,
    receiving::{self, quiet::leaves},
    subscribing::{self, BOUND_LATE, Message, PHASES, Plan, READY, ROLES, Receiver, WITHOUT, own_queues},
    transcript::Transcript,
};

/// The shortest time limit of a receiver: it stays while the others start.
const AT_LEAST: Duration = Duration::from_secs(15);

/// The longest time from the waiting line to the first binding.
const AFTER_THE_LINE: Duration = Duration::from_millis(500);

/// The time for bindings that are made after the subscription.
const MORE_BINDINGS: Duration = Duration::from_millis(300);

/// The time without a message after which the receivers that are left get one more. A program may lose its patience in it.
const SILENCE: Duration = Duration::from_millis(1200);

/// The time for work on a message that was printed, before it is acknowledged.
const ACK_TIMEOUT: Duration = Duration::from_secs(1);

/// The timeout for the broker to delete the queue of a receiver that has left.
const GONE_TIMEOUT: Duration = Duration::from_secs(2);

/// Plays the scene.
///
/// # Errors
///
/// The reason, if the broker fails or the program can't be started.
pub async fn play(
    receiver: &Receiver,
    stage: &mut Stage<'_>,
    program: &Program,
    seed: u64,
    seen: &mut LiveRecording,
) -> Result<(), NotChecked> {
    let plan = Plan::chosen(receiver.exchange.kind, seed);
    let without = match receiver.usage {
        Some(_) => Some(without_arguments(stage, program).await?),
        None => None,
    };
    let mut scene = Scene { stage, program, plan: &plan, exchange: receiver.exchange, seen, phases: 0 };
    scene.play().await?;
    let phases = scene.phases;
    seen.count(PHASES, phases);
    seen.recording.runs.extend(without);
    Ok(())
}

/// Runs the program without the arguments that it needs.
async fn without_arguments(stage: &Stage<'_>, program: &Program) -> Result<ProgramRun, NotChecked> {
    stage.does("running the program without arguments");
    let options = SpawnOptions { role: WITHOUT.to_owned(), ..SpawnOptions::default() };
    let running = stage.spawn_with(program, &options).await?;
    let goes_on = |seen: &ProgramRun| Transcript::of(seen).consumes().next().is_some();
    running.promptly(goes_on).await;
    let has_ended = running.within(Duration::ZERO, |seen| seen.exit.is_some()).await;
    Ok(if has_ended { running.end().await } else { running.kill().await })
}

struct Scene<'a, 's> {
    stage: &'a Stage<'s>,
    program: &'a Program,
    plan: &'a Plan,
    exchange: Exchange,
    seen: &'a mut LiveRecording,
    /// The number of phases in which all receivers printed their messages in time.
    phases: usize,
}

impl Scene<'_, '_> {
    async fn play(&mut self) -> Result<(), NotChecked> {
        let mut running: Vec<RunningProgram> = Vec::new();
        let reached_the_end = self.with_all(&mut running).await?;
        let quiet_since = Instant::now();
        let mut running = running.into_iter();
        let first = running.next();
        if let Some(first) = first {
            let run = ctrl_c::press(first).await?;
            self.is_gone(&run).await?;
            self.seen.recording.runs.push(run);
        }
        let others: Vec<RunningProgram> = running.collect();
        if reached_the_end && self.silence(quiet_since, &others).await {
            self.stage.does("sending messages to the receivers that are left");
            self.phase(2, &[1, 2], &others).await?;
        }
        let mut ends = others.into_iter().map(ctrl_c::press);
        if let (Some(second), third) = (ends.next(), ends.next()) {
            let (second, third) = tokio::join!(second, async {
                match third {
                    Some(third) => third.await.map(Some),
                    None => Ok(None),
                }
            });
            self.seen.recording.runs.push(second?);
            self.seen.recording.runs.extend(third?);
        }
        Ok(())
    }

    /// Sends nothing for a while, and returns whether these receivers stay.
    async fn silence(&self, since: Instant, others: &[RunningProgram]) -> bool {
        self.stage.does("sending nothing for a while");
        let programs: Vec<&RunningProgram> = others.iter().collect();
        let left = |seen: &[&ProgramRun]| seen.iter().any(|seen| leaves(seen));
        !self.stage.until(&programs, SILENCE.saturating_sub(since.elapsed()), left).await
    }

    /// Starts the receivers, and plays the first two phases. Returns whether both went well.
    async fn with_all(&mut self, running: &mut Vec<RunningProgram>) -> Result<bool, NotChecked> {
        Ok(self.start(0, running).await?
            && self.start(1, running).await?
            && self.phase(0, &[0, 1], running).await?
            && self.start(2, running).await?
            && self.phase(1, &[0, 1, 2], running).await?)
    }

    /// Starts a receiver. Returns whether it subscribed and printed the waiting line.
    async fn start(&mut self, index: usize, running: &mut Vec<RunningProgram>) -> Result<bool, NotChecked> {
        self.stage.does(&format!("waiting until {} subscribes", ROLES[index]));
        let arguments = self.plan.asks[index].clone();
        let bindings = arguments.len().max(1);
        let options =
            SpawnOptions { role: ROLES[index].to_owned(), arguments, at_least: AT_LEAST, ..SpawnOptions::default() };
        let program = self.stage.spawn_with(self.program, &options).await?;
        let is_hopeless = |seen: &ProgramRun| Transcript::of(seen).closes(Peer::Broker).next().is_some();
        // Some programs subscribe first and bind then; some never bind, and some only poll.
        let is_near =
            |seen: &ProgramRun| is_subscribed(seen) || polls(seen) || subscribing::waits(seen) || is_hopeless(seen);
        let is_near = program.until(is_near).await;
        // Some programs print the line first, and bind at once after it.
        let is_early = |seen: &ProgramRun| subscribing::waits(seen) && subscribing::bound(seen) == 0;
        if is_near
            && program.promptly(|seen| is_ready(seen) || is_early(seen)).await
            && program.within(Duration::ZERO, is_early).await
            && !program.within(AFTER_THE_LINE, |seen| subscribing::bound(seen) > 0).await
        {
            self.seen.mark(BOUND_LATE, ROLES[index]);
        }
        let subscribes = is_near && program.promptly(is_ready).await;
        let waits = subscribes && program.promptly(subscribing::waits).await;
        if waits {
            program.within(MORE_BINDINGS, |seen| subscribing::bound(seen) >= bindings).await;
        }
        for (mark, _) in READY.iter().zip([subscribes, waits]).filter(|(_, reached)| *reached) {
            self.seen.mark(mark, ROLES[index]);
        }
        running.push(program);
        Ok(waits)
    }

    /// Sends the messages of a phase, and waits until the receivers with these numbers have printed what they are due. Returns
    /// whether they did.
    async fn phase(
        &mut self,
        phase: usize,
        receivers: &[usize],
        running: &[RunningProgram],
    ) -> Result<bool, NotChecked> {
        self.stage.does("sending messages, and waiting until the receivers print them");
        let messages = &self.plan.phases[phase];
        let messages: Vec<_> = messages.iter().map(|Message { key, text }| (key.as_str(), text.as_bytes())).collect();
        let sent = self.stage.client.publish_to(self.exchange.name, &messages);
        if !sent.await.map_err(|error| self.stage.lost(&error))? {
            // The exchange is gone, or takes no messages.
            return Ok(false);
        }
        let plan = self.plan;
        let programs: Vec<&RunningProgram> = running.iter().collect();
        let printed = |seen: &ProgramRun, message: &Message| {
            seen.stdout.lines().iter().any(|line| subscribing::is_right(plan.kind, line, message))
        };
        let all = |seen: &[&ProgramRun]| {
            let done = |(receiver, seen): (&usize, &&ProgramRun)| {
                plan.due(*receiver, phase + 1).iter().all(|message| printed(seen, message))
            };
            receivers.iter().zip(seen).all(done)
        };
        let done = self.stage.until(&programs, self.stage.promptly(), all).await;
        if done {
            self.phases = phase + 1;
            let acknowledged = |seen: &[&ProgramRun]| seen.iter().all(|seen| receiving::unacknowledged(seen) == 0);
            self.stage.until(&programs, ACK_TIMEOUT, acknowledged).await;
        }
        Ok(done)
    }

    /// Finds out whether the queue of a receiver is gone with it.
    async fn is_gone(&mut self, run: &ProgramRun) -> Result<(), NotChecked> {
        for (_, queue) in own_queues(run).into_iter().filter(|(_, queue)| !queue.is_empty()) {
            self.seen.is_gone(self.stage, queue, GONE_TIMEOUT).await?;
        }
        Ok(())
    }
}

/// Returns whether a receiver has subscribed to a queue.
fn is_subscribed(seen: &ProgramRun) -> bool {
    let transcript = Transcript::of(seen);
    let mut consumes = transcript.consumes();
    consumes
        .any(|(said, consume)| receiving::is_subscribed(seen, transcript.queue_meant(&said, consume.queue.as_str())))
}

/// Returns whether a receiver has bound a queue, and subscribed to one.
fn is_ready(seen: &ProgramRun) -> bool {
    is_subscribed(seen) && subscribing::bound(seen) > 0
}

/// Returns whether a program asks for single messages.
fn polls(seen: &ProgramRun) -> bool {
    let is_get = |method: &Method| matches!(method, Method::Basic(basic::AMQPMethod::Get(_)));
    Transcript::of(seen).said(is_get).next().is_some()
}
