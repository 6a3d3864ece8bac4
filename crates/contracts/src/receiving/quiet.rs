//! A run in which little happens: the queue is empty when the program starts, one message comes, and the next one after a long
//! silence. It exposes programs that wait only for a first message, or for a limited time.

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

/// The time without a message.
pub const SILENCE: Duration = Duration::from_millis(2500);

/// The point that a program reached in such a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// The program was started.
    Start,
    /// The program subscribed.
    Subscribed,
    /// The program printed the waiting line.
    Waiting,
    /// The program handled all messages that were sent.
    Received,
    /// The program handled the message sent after those, and was still running.
    Stayed,
}

impl Reached {
    /// All points, in order.
    const ALL: [Reached; 5] =
        [Reached::Start, Reached::Subscribed, Reached::Waiting, Reached::Received, Reached::Stayed];

    /// Returns the mark that a scene leaves in the recording if the program gets this far.
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

    /// Returns the point that the program with this role reached.
    #[must_use]
    pub fn of(recording: &Recording, role: &str) -> Reached {
        let came = |reached: &Reached| recording.has(reached.mark(), role);
        Reached::ALL.into_iter().rfind(came).unwrap_or(Reached::Start)
    }
}

/// The evidence of a quiet run.
#[derive(Clone, Debug)]
pub struct Quiet<'a> {
    /// The run of the program.
    pub run: &'a ProgramRun,
    /// The message before the silence, and the one after it.
    pub sent: [String; 2],
    /// The point that the program reached.
    pub reached: Reached,
}

impl<'a> Quiet<'a> {
    /// Returns the quiet run of this role; None if there was none.
    #[must_use]
    pub fn of(recording: &'a Recording, role: &str) -> Option<Quiet<'a>> {
        let run = recording.run(role)?;
        let seed = recording.seed.unwrap_or_default();
        Some(Quiet { run, sent: bodies(seed), reached: Reached::of(recording, role) })
    }
}

/// Returns the two texts for this seed.
#[must_use]
pub fn bodies(seed: u64) -> [String; 2] {
    let mut rng = Rng::with_seed(!seed);
    let mut text = |front: &str| -> String { front.chars().chain((0..8).map(|_| rng.char('a'..='z'))).collect() };
    [text("first "), text("later ")]
}

/// Returns whether the program ended, or stopped receiving.
#[must_use]
pub fn leaves(seen: &ProgramRun) -> bool {
    seen.exit.is_some() || goodbye(seen).is_some()
}

/// Checks that the program printed the waiting line with nothing in the queue. The evidence is that of another run.
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

/// Returns the fault of a program that left in the silence; None if it stayed, or if something else went wrong. `kind` is the
/// word for such a program: `receiver`, `worker`.
#[must_use]
pub fn left_in_silence(quiet: &Quiet<'_>, kind: &str) -> Option<Fault> {
    let seen = quiet.run;
    // Refusals by the broker belong to another step, and so do panics.
    let has_another_cause =
        Transcript::of(seen).closes(Peer::Broker).next().is_some() || ending::panic_of(seen).is_some();
    if quiet.reached != Reached::Received || has_another_cause {
        return None;
    }
    left_after(seen, Duration::ZERO, kind)
}

/// Returns the fault of a program that left at least this long after its last message; None if it did not. `kind` is as above.
#[must_use]
pub fn left_after(seen: &ProgramRun, silence: Duration, kind: &str) -> Option<Fault> {
    let goodbye = goodbye(seen);
    let ended = seen.exit.filter(|_| ended_by_itself(seen)).map(|exit| exit.at);
    let at = goodbye.map(|said| said.at).or(ended)?;
    let after = at.saturating_sub(last_delivery(seen).unwrap_or(at));
    if after < silence {
        return None;
    }
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
