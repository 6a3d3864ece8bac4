//! A run in which little happens: the queue is empty when the program starts, one message comes, and then a long silence before
//! the next. Programs that wait for a first message, or for a limited time, show it here.

use std::time::Duration;

use fastrand::Rng;
use recording::{ProgramRun, Recording};
use wire::{Method, Peer, protocol::basic::AMQPMethod as Basic};

use super::{WAITING, ended_by_itself, goodbye};
use crate::{
    ending,
    fault::{Fault, faults},
    transcript::Transcript,
    verdict::StepResult,
};

/// How long no message comes.
pub const SILENCE: Duration = Duration::from_millis(2500);

/// How far a program came in such a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// It was started.
    Start,
    /// It subscribed.
    Subscribed,
    /// It printed that it waits.
    Waiting,
    /// It dealt with all messages that were sent.
    Received,
    /// It dealt with the one sent after those, and was still there.
    Stayed,
}

impl Reached {
    /// All of them, in their order.
    const ALL: [Reached; 5] =
        [Reached::Start, Reached::Subscribed, Reached::Waiting, Reached::Received, Reached::Stayed];

    /// The mark that a scene leaves in the recording where the program comes so far.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Reached::Start => "start",
            Reached::Subscribed => "subscribed",
            Reached::Waiting => "waiting",
            Reached::Received => "received",
            Reached::Stayed => "stayed",
        }
    }

    /// How far the program with this role came.
    #[must_use]
    pub fn of(recording: &Recording, role: &str) -> Reached {
        let came = |reached: &Reached| recording.has(reached.mark(), role);
        Reached::ALL.into_iter().rfind(came).unwrap_or(Reached::Start)
    }
}

/// What was seen of a quiet run.
#[derive(Clone, Debug)]
pub struct Quiet<'a> {
    /// Of the program.
    pub run: &'a ProgramRun,
    /// The message before the silence, and the one after it.
    pub sent: [String; 2],
    /// How far it came.
    pub reached: Reached,
}

impl<'a> Quiet<'a> {
    /// The quiet run of this role; None where there was none.
    #[must_use]
    pub fn of(recording: &'a Recording, role: &str) -> Option<Quiet<'a>> {
        let run = recording.run(role)?;
        let seed = recording.seed.unwrap_or_default();
        Some(Quiet { run, sent: bodies(seed), reached: Reached::of(recording, role) })
    }
}

/// Two texts, by the seed.
#[must_use]
pub fn bodies(seed: u64) -> [String; 2] {
    let mut rng = Rng::with_seed(!seed);
    let mut text = |front: &str| -> String { front.chars().chain((0..8).map(|_| rng.char('a'..='z'))).collect() };
    [text("first "), text("later ")]
}

/// Whether the program ended, or said that it takes no more messages.
#[must_use]
pub fn leaves(seen: &ProgramRun) -> bool {
    seen.exit.is_some() || goodbye(seen).is_some()
}

/// The program printed the waiting line with nothing in the queue, as it does in another run. Its evidence is there.
///
/// # Errors
///
/// The fault.
pub fn waits(quiet: &Quiet<'_>) -> StepResult {
    let seen = quiet.run;
    if quiet.reached >= Reached::Waiting {
        return Ok(String::new());
    }
    let fault = if let Some(panic) = ending::panic_of(seen) {
        panic
    } else if ended_by_itself(seen) {
        faults::stay::ended_when_empty().seen(ending::last_words(seen))
    } else {
        faults::wait::after_first_message().seen(format!("nothing was in the queue\nexpected: {WAITING}"))
    };
    Err(fault.of_run(seen))
}

/// What a program did that left in the silence; None where it stayed, or where something else went wrong. `kind` is what such
/// a program is called: `receiver`, `worker`.
#[must_use]
pub fn left_in_silence(quiet: &Quiet<'_>, kind: &str) -> Option<Fault> {
    let seen = quiet.run;
    // What the broker refused is the subject of another step, and so is a panic.
    let has_another_cause =
        Transcript::of(seen).closes(Peer::Broker).next().is_some() || ending::panic_of(seen).is_some();
    if quiet.reached != Reached::Received || has_another_cause {
        return None;
    }
    let goodbye = goodbye(seen);
    let ended = seen.exit.filter(|_| ended_by_itself(seen)).map(|exit| exit.at);
    let at = goodbye.map(|said| said.at).or(ended)?;
    let after = at.saturating_sub(last_delivery(seen).unwrap_or(at));
    let seconds = format!("{:.1}", after.as_secs_f64());
    Some(match goodbye {
        Some(said) => faults::stay::cancelled_in_silence(seconds, kind).at(&said),
        None => faults::stay::ended_in_silence(seconds, kind).seen(ending::last_words(seen)),
    })
}

fn last_delivery(seen: &ProgramRun) -> Option<Duration> {
    let is_one = |method: &Method| matches!(method, Method::Basic(Basic::Deliver(_)));
    let last = Transcript::of(seen).methods().rfind(|said| said.from == Peer::Broker && is_one(said.method));
    last.map(|said| said.at)
}
