//! Requirements on programs that publish many messages, and know of each whether the broker has it: publisher confirms.
//!
//! A program sends the same messages in three ways. In the first run, all goes well, and confirms come a little late. In the
//! others, the broker refuses messages, returns them, or ends the channel or the connection.

mod line;
mod lost;
mod published;
mod refused;
mod route;
mod ways;

use recording::{ProgramRun, Recording};

use crate::{
    catalogue,
    clients::Client,
    fault::{Fault, Phrase, faults::confirm as faults},
    sending, steps,
    verdict::{Note, StepResult},
};

pub use lost::lost;
pub use published::{Conversation, Published};
pub use refused::{refused, returned};
pub use route::{queue, select};
pub use ways::{ENOUGH, goes_on, waits_for_each, way};

/// The number of messages in each way.
pub const COUNT: usize = 250;

/// The role of the run without a fault.
pub const CALM: &str = "undisturbed";

/// The roles of the runs in which the broker refuses messages, from this way on.
pub const REFUSED: [&str; 3] =
    ["with refused messages", "with refused messages in batches", "with messages refused asynchronously"];

/// The roles of the runs in which the broker returns messages, from this way on.
pub const RETURNED: [&str; 3] =
    ["with returned messages", "with returned messages in batches", "with messages returned asynchronously"];

/// The roles of the runs in which the broker ends something: the connection at the first message of a way, the channel, and
/// the connection among many messages without a confirm.
pub const LOST: [&str; 3] = ["with a cut connection", "with a closed channel", "with a connection cut later"];

/// The mark of a broker that can do none of the last.
pub const ONLY_REFUSES: &str = "only refuses";

/// The mark of a broker that can do nothing of it.
pub const IS_KIND: &str = "does nothing on demand";

/// A way to publish many messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Each is confirmed before the next is published.
    Individually,
    /// Some are published, and then all of these are confirmed.
    Batch,
    /// Confirms are handled as they come.
    Asynchronously,
}

impl Way {
    /// All, in the order of the lesson.
    pub const ALL: [Way; 3] = [Way::Individually, Way::Batch, Way::Asynchronously];

    /// Returns the position in the order of the lesson, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// Returns the words for it.
    fn words(self) -> Phrase {
        match self {
            Way::Individually => faults::individually(),
            Way::Batch => faults::in_batches(),
            Way::Asynchronously => faults::asynchronously(),
        }
    }
}

/// The evidence of the lesson.
pub struct Evidence<'a> {
    /// The run without a fault.
    pub calm: Conversation<'a>,
    /// The runs with refused messages.
    pub refused: Vec<Conversation<'a>>,
    /// The runs with returned messages.
    pub returned: Vec<Conversation<'a>>,
    /// The runs in which the channel or the connection ended.
    pub lost: Vec<Conversation<'a>>,
    /// A queue of the first run that was there after its end.
    pub left_behind: Option<&'a str>,
    /// True if the broker refuses on demand, and can do no more.
    pub only_refuses: bool,
    /// True if the broker does nothing on demand.
    pub is_kind: bool,
}

impl<'a> Evidence<'a> {
    /// Returns the view of a recording; None if no program was started.
    #[must_use]
    pub fn of(recording: &'a Recording) -> Option<Evidence<'a>> {
        let runs = |roles: &[&str]| roles.iter().filter_map(|role| recording.run(role)).map(Conversation::of).collect();
        let left = recording.queues.iter().find(|(_, bodies)| bodies.is_some());
        Some(Evidence {
            calm: Conversation::of(recording.run(CALM)?),
            refused: runs(&REFUSED),
            returned: runs(&RETURNED),
            lost: runs(&LOST),
            left_behind: left.map(|(name, _)| name.as_str()),
            only_refuses: recording.has(ONLY_REFUSES, ""),
            is_kind: recording.has(IS_KIND, ""),
        })
    }

    /// Returns whether confirms came late in the second and the third way. A quick broker may confirm messages before the next
    /// one leaves: then nothing shows whether the program would wait.
    fn is_late(&self) -> bool {
        !self.is_kind && !self.only_refuses
    }
}

/// Checks that the program connects.
///
/// # Errors
///
/// The fault.
pub fn connect(seen: &Evidence<'_>) -> StepResult {
    steps::connect(seen.calm.run)
}

/// Checks that the program ends when all messages are confirmed: with `connection.close`, and exit code 0.
///
/// # Errors
///
/// The fault.
pub fn close(seen: &Evidence<'_>) -> StepResult {
    sending::close(seen.calm.run, true)
}

/// Returns the notes on a program that passed.
#[must_use]
pub fn notes(seen: &Evidence<'_>) -> Vec<Note> {
    let run = seen.calm.run;
    let note = |holds: bool, step: &'static str, fault: fn() -> Fault| holds.then(|| (step, fault()));
    let all = [
        note(seen.left_behind.is_some(), "queue", faults::queue_stays),
        note(seen.is_kind, "refused", faults::refused_not_checked),
        note(!seen.calm.is_mandatory(), "returned", faults::not_mandatory),
        note(lost::ended_well(seen), "lost", faults::exit_zero),
        note(!seen.is_late(), "lost", faults::not_checked),
    ];
    all.into_iter().flatten().map(|(step, fault)| catalogue::note(step, fault, Client::of(run))).collect()
}

/// Returns whether a run says nothing about what went wrong: neither by a line nor by an exit code other than 0.
fn is_silent(run: &ProgramRun) -> bool {
    let fails = run.exit.is_some_and(|exit| exit.code != Some(0));
    let complains = run.stderr.lines().iter().any(|line| !line.trim().is_empty());
    !fails && !complains && !run.stdout.lines().iter().any(|line| line::is_complaint(line))
}
